"""The lock of a module: searched once, read again, and never trusted blindly."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import spec

import symgrad
from symgrad import cli, gen, lock, write
from symgrad.errors import OutputError
from symgrad.generate import generate
from symgrad.patches import find as searching
from symgrad.patches import lost
from symgrad.patches.charts import Inverse, Root, Shift
from symgrad.patches.choices import Choice, Loss
from symgrad.patches.choose import Patch
from symgrad.patches.series import Series
from symgrad.patches.tails import Tail

TEXT = """\
symgrad: 1
ops:
  f:
    inputs: {x: real, w: real}
    forward: {y: w*(x - sin(x))/x**3 + x*sigmoid(x)}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "f.yaml"
    path.write_text(TEXT)
    return path


def run(*words: object) -> int:
    return cli.run([*map(str, words)])


def fail(*_: object) -> Choice:
    raise AssertionError("searched")


def test_what_the_lock_has_is_not_searched_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run("gen", source, "-o", out, "--verify", "off") == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(before) == {"f.py", "test_f.py", "f.lock.json"}
    monkeypatch.setattr(searching, "_search", fail)
    monkeypatch.setattr(lost, "_loss", fail)
    assert run("gen", source, "-o", out, "--verify", "off") == 0
    assert run("gen", source, "-o", out, "--check") == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(AssertionError, match="searched"):
        gen.make([str(source)], out, reselect=True)


def test_the_lock_has_the_last_word(source: Path, tmp_path: Path) -> None:
    """What it chose is emitted, though a search would come to something else."""
    [made] = gen.make([str(source)], tmp_path)
    known = dict.fromkeys(made.module.choices, Choice())
    assert "_polynomial" in made.module.source
    assert "_polynomial" not in generate(made.spec, known).source


def test_without_a_search_there_is_no_lock(tmp_path: Path) -> None:
    fast = spec("f", {"x": "real"}, "sin(x)/x", accuracy="fast")
    assert [f.path.name for f in write.files(generate(fast), fast, tmp_path)] == [
        "test.py",
        "test_test.py",
    ]


def test_what_is_no_longer_asked_for_leaves_the_lock(
    source: Path, tmp_path: Path
) -> None:
    [made] = gen.make([str(source)], tmp_path)
    known = {**made.module.choices, "0" * 16: Choice()}
    assert generate(made.spec, known).choices == made.module.choices


def _edited(text: str) -> str:
    return text.replace('"radius": ', '"radius": 1')


def _merged(text: str) -> str:
    return f"<<<<<<< ours\n{text}"


def _empty(_: str) -> str:
    return ""


@pytest.mark.parametrize("spoil", [_edited, _merged, _empty])
def test_a_spoilt_lock_is_said(
    spoil: object, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("gen", source, "-o", out, "--verify", "off") == 0
    locked = out / "f.lock.json"
    whole = locked.read_text()
    locked.write_text(spoil(whole))  # type: ignore[operator]
    assert run("gen", source, "-o", out) == 2
    said = capsys.readouterr().err
    assert "SG509" in said
    assert "--reselect" in said
    assert run("gen", source, "-o", out, "--reselect", "--verify", "off") == 2
    force = "--reselect", "--force", locked, "--verify", "off"
    assert run("gen", source, "-o", out, *force) == 0
    assert locked.read_text() == whole


NEAR = {
    "centre": None,
    "radius": 0.25,
    "sides": [1],
    "far": 1.0,
    "has_centre": True,
    "is_between": False,
    "series": {"valuation": 0, "even": False, "coefficients": [1.0]},
}

SPOILT = [
    {**NEAR, "radius": 0.0},
    {**NEAR, "radius": 1e-320},
    {**NEAR, "sides": [1, 1]},
    {**NEAR, "sides": []},
    {**NEAR, "far": "1.0"},
]

CHANGES = [
    ({"patches": [{"rate": 3.0, "series": {}}]}),
    ({"bad": ["nan"], "patches": []}),
    ({"bad": [], "patches": [], "more": 1}),
    ({"bad": [], "patches": "x*2"}),
    ({"infinite": 1, "small": False}),
    ({"infinite": True}),
    *({"bad": [], "patches": [spoilt]} for spoilt in SPOILT),
]


@pytest.mark.parametrize("choice", CHANGES, ids=str)
def test_what_is_no_choice_is_said(
    choice: object, source: Path, tmp_path: Path
) -> None:
    """Its hash is right: someone made it so."""
    from symgrad import provenance

    body = '"choices": {\n"0123456789abcdef": ' + json.dumps(choice) + "\n}\n}\n"
    [made] = gen.make([str(source)], tmp_path)
    path = tmp_path / "f.lock.json"
    path.write_text(provenance.stamped(body, made.spec, tmp_path, suffix=".json"))
    with pytest.raises(OutputError, match="SG509"):
        lock.read(path)


def test_ops_written_from_python_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = symgrad.reals("x")
    op = symgrad.Op("f", inputs=[x], forward={"y": (1 - symgrad.cos(x)) / x**2})
    names = {path.name for path in op.write(tmp_path, verify="off")}
    assert "f.lock.json" in names
    monkeypatch.setattr(searching, "_search", fail)
    op.write(tmp_path, verify="off")
    locked = tmp_path / "f.lock.json"
    with pytest.raises(AssertionError, match="searched"):
        op.write(tmp_path, force=[locked], verify="off")


numbers = st.floats(allow_nan=False, allow_infinity=False)
series = st.builds(
    Series,
    st.integers(-3, 3),
    st.booleans(),
    st.lists(numbers, min_size=1, max_size=9).map(tuple),
    st.integers(0, 9),
)
sides = st.sampled_from([(1,), (-1,), (1, -1)])


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    stood = draw(sides)
    charts = [numbers.map(Shift), st.just(Inverse(sides=stood))]
    if len(stood) == 1:
        charts.append(numbers.map(lambda centre: Root(centre, stood)))
    chart = draw(st.one_of(charts))
    radius = draw(st.floats(1e-30, 1e30))
    said = draw(st.booleans()), draw(st.booleans())
    return Patch(chart, radius, stood, draw(series), draw(numbers), *said)


tails = st.builds(Tail, st.sampled_from([0.5, -1.0, 2.0]), series, st.booleans())
choices = st.builds(
    Choice,
    st.lists(st.one_of(patches(), tails), max_size=3).map(tuple),
    st.frozensets(st.one_of(numbers, st.just(math.inf)), max_size=3),
) | st.builds(Loss, st.booleans(), st.booleans())


@given(st.dictionaries(st.text("0123456789abcdef", min_size=16, max_size=16), choices))
def test_a_lock_says_what_was_chosen(tmp_path_factory: object, made: object) -> None:
    from symgrad import provenance

    assert isinstance(tmp_path_factory, pytest.TempPathFactory)
    assert isinstance(made, dict)
    folder = tmp_path_factory.mktemp("lock")
    path = folder / "f.lock.json"
    whole = spec("f", {"x": "real"}, "x")
    path.write_text(provenance.stamped(lock.text(made), whole, folder, suffix=".json"))
    assert lock.read(path) == made


def test_a_lock_without_use_is_said(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not even read, so that it may be spoilt."""
    out = tmp_path / "out"
    assert run("gen", source, "-o", out, "--verify", "off") == 0
    source.write_text(TEXT + "    accuracy: fast\n")
    (out / "f.lock.json").write_text((out / "f.lock.json").read_text() + " ")
    assert run("gen", source, "-o", out, "--verify", "off") == 0
    assert "SG507" in capsys.readouterr().err
