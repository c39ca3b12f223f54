"""``symgrad explain``: how a backward comes about, what is kept, what a code means."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from generated_modules import EXAMPLES, ROOT
from latex_fragments import problems
from specs import op

from symgrad import cli, explain_command, limits
from symgrad.backends.torch import steps
from symgrad.explain import FORMATS, build, derivations, explain
from symgrad.explain.build import WHAT, derivation
from symgrad.explain.tree import Derivation
from symgrad.terminal import NO_TERMINAL

GENERATED = ROOT / "generated"


def of_example(place: str, backend: str | None = None) -> list[Derivation]:
    return derivations(f"{EXAMPLES / place}", backend, GENERATED)


@pytest.fixture(scope="module")
def layer_norm() -> Derivation:
    return of_example("normalisations.yaml:layer_norm")[0]


def test_formulas_backward_steps_and_ledger_of_one_op(layer_norm: Derivation) -> None:
    text = FORMATS["text"].ops([layer_norm], NO_TERMINAL)
    assert text.startswith("layer_norm: Layer normalisation")
    assert "  rstd = rsqrt(var(x[i], i, 0) + eps)\n" in text
    assert "  grad_b = grad_y[i]\n" in text
    assert "        grad_b = grad_y.sum_to_size(ctx.b_shape)\n" in text
    assert re.search(r"  differentiate +8 +\d+  gradients and tangents", text)
    assert re.search(r"  x\[\.\.\., n\] +input +4\*B\*n\n", text)
    assert re.search(r"  mu +statistic +4\*B\n", text)
    assert re.search(r"  together +4\*B\*n \+ 8\*B \+ 4\*n\n", text)
    assert re.search(r"  without statistics +4\*B\*n \+ 4\*n\n", text)
    assert re.search(r"  by torch, composed +12\*B\*n \+ 4\*B \+ 4\*n\n", text)


def test_all_ops_of_a_spec() -> None:
    found = of_example("first_op.yaml")
    assert [d.name for d in found] == ["product", "product_bias", "product_and_sum"]
    assert [e.text for e in found[0].gradients] == ["dy/dx = w", "dy/dw = x"]
    assert found[0].chain.startswith("Backward multiplies each by grad_y,")
    assert found[2].gradients[0].text == "grad_x = grad_y*w + grad_z"
    assert "as grad_y, grad_z is" in found[2].chain


# What was rewritten, and why


@pytest.mark.parametrize(
    ("formula", "step", "before", "after", "why"),
    [
        (
            "x/(1 + exp(-x))",
            "stabilise",
            "x/(1 + exp(-x))",
            "x*sigmoid(x)",
            "stable derivative",
        ),
        (
            "where(x > 0, log(x), 0)",
            "guard",
            "log(x)",
            "log(where(x > 0, x, 1))",
            "NaN",
        ),
        ("ndtr(x)", "lower", "ndtr(x)", "erfc(-sqrt(1/2)*x)/2", "torch"),
        (
            "relu(x)",
            "cheapen_choices",
            "where(x <= 0, 0, grad_y)",
            "threshold_backward(grad_y, x, 0)",
            "torch",
        ),
        (
            "where(x > 2, sqrt(x - 1), 0)",
            "guard",
            "sqrt(x - 1)",
            "sqrt(where(x > 2, x - 1, 1))",
            "NaN",
        ),
    ],
)
def test_what_was_rewritten(
    formula: str, step: str, before: str, after: str, why: str
) -> None:
    found = derivation(op("x", formula, accuracy="fast"), {}, "")
    [rewrite] = [r for r in found.rewrites if (r.step, r.before) == (step, before)]
    assert rewrite.after == after
    assert why in rewrite.why
    assert bool(rewrite.rule) == (step == "stabilise")


def test_forms_near_what_loses_its_digits_are_those_of_the_lock(tmp_path: Path) -> None:
    spec = EXAMPLES / "swish.yaml"
    by_lock = derivations(f"{spec}:double_swish", folder=GENERATED)[0]
    [*_, patch] = by_lock.rewrites
    assert (patch.step, patch.why) == (
        "patch",
        "beyond -80 a factor underflows before the product does",
    )
    assert by_lock.searches.known and not by_lock.searches.new
    searched = derivations(f"{spec}:double_swish", folder=tmp_path)[0]
    assert searched.rewrites == by_lock.rewrites
    assert searched.searches.new and not searched.searches.known


def test_a_lock_that_was_edited_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(GENERATED / "swish.lock.json", tmp_path)
    with (tmp_path / "swish.lock.json").open("a") as file:
        file.write(" ")
    words = ["explain", str(EXAMPLES / "swish.yaml"), "-o", str(tmp_path)]
    assert cli.run(words) == 2
    assert "SG509" in capsys.readouterr().err


def test_every_step_is_described() -> None:
    with_axes = op({"x": "real[..., n]", "w": "real[n]"}, {"y": "sum(x[i]*w[i], i)"})
    names = {name for spec in (with_axes, op("x", "x")) for name, _ in steps(spec)}
    assert names == set(WHAT)


# Conventions


@pytest.mark.parametrize(
    ("inputs", "forward", "edges", "said"),
    [
        ("x", "abs(x)", "torch", ("abs(x)", "x == 0", "d/dx = 0", "torch")),
        ("x", "abs(x)", "right", ("abs(x)", "x == 0", "d/dx = 1", "right")),
        (
            "a b",
            "Max(a, b)",
            "half",
            ("Max(a, b)", "a == b", "d/da = 0.5, d/db = 0.5", "half"),
        ),
        (
            {"x": "real[..., n]"},
            "amax(x[i], i)",
            "torch",
            ("amax", "elements are equally large", "an equal share for each", "torch"),
        ),
    ],
)
def test_what_is_taken_at_kinks(inputs, forward, edges, said) -> None:
    keys = {} if edges == "torch" else {"edges": edges}
    [kink] = derivation(op(inputs, forward, **keys), {}, "").kinks
    assert (kink.call, kink.when, kink.taken, kink.policy) == said


def test_an_adjoint_of_a_lookup_names_no_invented_axis() -> None:
    lookup = op({"x": "real[..., n]", "label": "index[...]"}, {"y": "x[label]"})
    [gradient] = derivation(lookup, {}, "").gradients
    assert gradient.text == "grad_x = scatter(grad_y, label)"


def test_surrogates_and_given_gradients_are_told() -> None:
    straight = op("x", "round(x)", backward={"x": "grad_y"})
    [remark] = derivation(straight, {}, "").remarks
    assert remark.startswith("The gradient of x is given: grad_y.")


# Kernels


def test_of_kernels_the_loops_are_shown() -> None:
    [with_loops] = of_example("first_op.yaml:product", "cpu")
    assert with_loops.kernels and "Kernels on a CPU, as they are written:" in (
        FORMATS["text"].ops([with_loops], NO_TERMINAL)
    )
    [without] = of_example("lookups.yaml:embedding", "cpu")
    assert without.kernels == ()
    assert "It has none" in FORMATS["text"].ops([without], NO_TERMINAL)


# The command


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("first_op.yaml:prodct", 2, "did you mean 'product'"),
        ("frst_op.yaml", 2, "SG104"),
        ("o" * 300, 2, "SG104"),
        ("o" * 300 + ":product", 2, "SG104"),
    ],
)
def test_what_is_not_there(
    words: str, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["explain", str(EXAMPLES / words)]) == code
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("asked", [["--json"], ["--format", "json"]])
def test_for_machines_what_is_wrong_is_json(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["explain", "nothing.yaml", *asked]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 2
    assert [d["code"] for d in document["diagnostics"]] == ["SG104"]
    assert cli.run(["explain", "SG999", *asked]) == 2
    [said] = json.loads(capsys.readouterr().out)["notes"]
    assert said.startswith("there is no code SG999")


@pytest.mark.parametrize("form", FORMATS)
def test_a_code_is_explained_in_every_format(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["explain", "sg210", "--format", form]) == 0
    said = capsys.readouterr().out
    assert "SG210" in said and "an unknown name or function" in said
    assert said == explain("SG210", form=form)


@pytest.mark.parametrize(
    ("subject", "meant"),
    [
        ("SG21O", "SG210"),
        ("sg2l0", "SG210"),
        ("SG-210", "SG210 or SG710 or SG610"),
        ("SG999", "SG709 or SG609 or SG509"),
    ],
)
def test_what_is_no_code(
    subject: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["explain", subject]) == 2
    said = f"there is no code {subject}; did you mean {meant}?"
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("subject", ["sg.yaml", "sgd2.yaml", "sgd2.yaml:step"])
def test_a_spec_may_begin_like_a_code(
    subject: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["explain", subject]) == 2
    assert "SG104" in capsys.readouterr().err


def test_an_explanation_has_the_limits_of_a_derivation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def endless(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr(limits, "SECONDS", 0.01)
    monkeypatch.setattr(build, "derivation", endless)
    assert cli.run(["explain", str(EXAMPLES / "swish.yaml")]) == 2
    assert "SG303" in capsys.readouterr().err


def test_the_command_offers_the_formats_that_there_are() -> None:
    [option] = [p for p in explain_command.explain.params if p.name == "form"]
    assert list(option.type.choices) == list(FORMATS)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_example_can_be_explained(path: Path) -> None:
    found = derivations(str(path), folder=GENERATED)
    said = {name: form.ops(found, NO_TERMINAL) for name, form in FORMATS.items()}
    assert said["text"].count("  together ") == len(found)
    assert problems(said["latex"]) == []
    assert said["markdown"].count("```math\n") == said["markdown"].count("aligned") // 2
    assert len(json.loads(said["json"])["ops"]) == len(found)
