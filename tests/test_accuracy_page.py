"""What the page of accuracy is made of: forms by hand, examples, tables and plots."""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

import accuracy
import accuracy_by_hand
import accuracy_examples as examples
import accuracy_forms as forms
import accuracy_plots as plots
import accuracy_subjects as subjects
import pages
from accuracy_set import PUBLIC, Case

from symgrad.generate import generate
from symgrad.measure.errors import SOUND, error
from symgrad.measure.formats import FORMATS
from symgrad.measure.truth import truth
from symgrad.op import Spec

BY_HAND = ("value", "gradient")


def test_every_public_expression_has_forms_by_hand() -> None:
    assert list(accuracy_by_hand.BY_HAND) == [case.name for case in PUBLIC]


@pytest.mark.parametrize("dtype", accuracy.DTYPES)
@pytest.mark.parametrize("case", PUBLIC, ids=lambda case: case.name)
def test_forms_by_hand_are_true_at_ordinary_points(case: Case, dtype: str) -> None:
    subject, fmt = subjects.of_case(case), FORMATS[dtype]
    rng = random.Random(1)
    columns = [
        fmt.rounded(rng.uniform(*where.typical) for _ in range(5))
        for where in case.inputs.values()
    ]
    places = [p for p in zip(*columns, strict=True) if _is_inside(case, p)]
    values = subjects.tensors(subject, places, dtype)
    found = accuracy_by_hand.derivatives(case.name, values, BY_HAND)
    exact = subjects.exact_functions(subject.op, case.wrt)
    for order in BY_HAND:
        for place, got in zip(places, found[order].double().tolist(), strict=True):
            true = truth(exact[order], place)
            assert true is not None
            assert error(fmt, got, true).conditioned <= SOUND, (order, place)


def _is_inside(case: Case, place: tuple[float, ...]) -> bool:
    ranges = case.inputs.values()
    return all(x in where.domain for x, where in zip(place, ranges, strict=True))


def test_nothing_by_hand_is_said_of_others() -> None:
    assert accuracy_by_hand.derivatives("swish", {}, BY_HAND) == {}


# -- examples --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def specs() -> list[Spec]:
    return examples.specs()


def test_all_examples_are_measured_or_left_out_for_a_reason(specs: list[Spec]) -> None:
    text = examples.left_out(specs)
    measured, every, *others = map(int, re.findall(r"(?:^ *|of )(\d+) ", text, re.M))
    assert measured + sum(others) == every == sum(len(spec.ops) for spec in specs)


def test_every_output_is_differentiated_by_every_input(specs: list[Spec]) -> None:
    [spec] = [spec for spec in specs if spec.stem == "rotary_pair"]
    names = [pair.name for pair in examples.pairs([spec])]
    ours = [name for name in names if name.startswith("rotary_pair.rotary_pair")]
    assert ours == [
        f"rotary_pair.rotary_pair {output} by {wrt}"
        for output in ("y1", "y2")
        for wrt in ("x1", "x2", "cos", "sin")
    ]


def test_an_example_is_measured_with_the_defaults_of_its_options(
    specs: list[Spec],
) -> None:
    [spec] = [spec for spec in specs if spec.stem == "smooth_activations"]
    [pair] = [p for p in examples.pairs([spec]) if "log_gate" in p.name]
    assert pair.fixed == {"temperature": 16.0}
    found = list(accuracy.measured(subjects.of_pair(pair), 5))
    ours = [f for f in found if f.rival == "symgrad"]
    assert Counter(f.order for f in ours) == dict.fromkeys(accuracy.ORDERS, 2)
    assert all(f.summary.is_sound for f in ours if f.order != "second")


# -- the command -----------------------------------------------------------------------


def test_one_command_writes_tables_of_all_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, drawn = tmp_path / "page.md", []
    page.write_text(f"{accuracy.MARK}{pages.END}")
    monkeypatch.setattr(plots, "require", lambda: None)
    monkeypatch.setattr(plots, "draw_all", drawn.append)
    names = ["softsign", "gumbel", "swish.double_swish"]
    words = ["accuracy", "--count", "5", "--update", "--page", str(page), *names]
    monkeypatch.setattr(sys, "argv", words)
    accuracy.main()
    text = page.read_text()
    assert drawn == [tmp_path / "plots"]
    assert all(title in text for title in ("public set", "second set", "examples"))
    assert re.search(r"^float32  gradient  by hand +1 +1 +0 +0$", text, re.M)
    assert "by hand %" not in text.partition("second, float32")[2]


def test_it_says_what_it_lacks_before_it_measures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plots.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(accuracy, "collected", lambda options: pytest.fail("measured"))
    monkeypatch.setattr(sys, "argv", ["accuracy", "--update"])
    with pytest.raises(SystemExit, match=r"need matplotlib.*\[benchmarks\]"):
        accuracy.main()


# -- forms -----------------------------------------------------------------------------

WRITTEN = {
    "sigmoid": ("sigmoid(x)", "value*sigmoid(-x); value = sigmoid(x)"),
    "gumbel": ("u - exp(u); u = -x", "expm1(-x)"),
    "logaddexp": ("logaddexp(x, y)", "sigmoid(x - y)"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_form_is_said_with_the_names_that_it_needs(name: str) -> None:
    [case] = [case for case in PUBLIC if case.name == name]
    source = generate(subjects.declared(case)).source
    assert forms.forms(source, case.wrt) == WRITTEN[name]


def test_a_patch_is_said_by_its_place_and_long_forms_are_cut() -> None:
    cases = [case for case in PUBLIC if case.name in ("so3", "expm1_ratio")]
    long, patched = (
        forms.forms(generate(subjects.declared(c)).source, "x")[1] for c in cases
    )
    assert re.search(r"; patched where abs\(x\) < \d\.\d+$", patched)
    assert not re.search(r"\b(near|far|series)", patched)
    assert long.endswith("; ...") and len(long) < 2 * forms.ENOUGH


# -- plots -----------------------------------------------------------------------------


def test_the_plots_are_those_of_the_page() -> None:
    linked = re.findall(r"\(plots/(\w+)\.svg\)", accuracy.PAGE.read_text("utf-8"))
    assert linked == list(plots.PLOTTED)
    files = (accuracy.PAGE.parent / "plots").iterdir()
    assert sorted(file.name for file in files) == sorted(f"{n}.svg" for n in linked)


def test_errors_are_those_of_every_rival_on_the_axes() -> None:
    [case] = [case for case in plots.cases() if case.name == "softplus"]
    found = plots.errors(subjects.of_case(case), 6)
    assert set(found) == set(plots.MARKERS)
    shown = [ulp for pairs in found.values() for _, ulp in pairs]
    assert all(plots.LEAST <= ulp <= plots.MOST for ulp in shown)
    assert max(ulp for _, ulp in found["autograd"]) == plots.MOST
    assert max(ulp for _, ulp in found["symgrad"]) < SOUND


def test_a_plot_is_the_same_whenever_it_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    case, texts = plots.cases()[0], []
    for name in ("first.svg", "second.svg"):
        plots.draw(case, tmp_path / name, 4)
        texts.append((tmp_path / name).read_text("utf-8"))
    assert texts[0] == texts[1]
    assert "generated" in texts[0]
    assert "dc:date" not in texts[0]
