"""The JSON Schema of a spec: it is that of the models, and says what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from generated_modules import ROOT
from jsonschema import Draft7Validator

from symgrad import cli, yamlfile
from symgrad.errors import SpecError
from symgrad.kinds import Kind
from symgrad.schema import FORMS, UNBUILT, schema, text
from symgrad.schema_words import WORDS
from symgrad.spec import load_text

FILE = ROOT / "symgrad" / "spec.schema.json"
SCHEMA = schema()
VALIDATOR = Draft7Validator(SCHEMA)

GOOD = sorted(
    path
    for folder in ("examples", "benchmarks", "tests")
    for path in (ROOT / folder).rglob("*.yaml")
    if "errors" not in path.parts
)


def test_the_file_is_that_of_the_models(update: bool) -> None:
    if update:
        FILE.write_text(text(), encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == text()


def test_it_is_a_schema_of_draft_7() -> None:
    Draft7Validator.check_schema(SCHEMA)
    later = {"$defs", "prefixItems", "unevaluatedProperties", "dependentRequired"}
    assert not later & set(re.findall(r'"([^"]+)":', text()))


def objects(part: Any) -> Iterator[Mapping[str, Any]]:
    """Every schema of a mapping with keys of its own."""
    if isinstance(part, dict):
        if "properties" in part and "type" in part:
            yield part
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from objects(inner)


def test_nothing_else_is_allowed_and_every_key_is_described() -> None:
    found = list(objects(SCHEMA))
    assert len(found) == 7
    properties = [p for part in found for p in part["properties"].items()]
    of_keys = [place for place in WORDS if "." in place]
    assert len(properties) == len(of_keys)
    for part in found:
        assert part["additionalProperties"] is False
    for key, said in properties:
        assert said["description"].endswith("."), key
        assert said["examples"], key


def test_examples_fit() -> None:
    for name in ("name", "indexed", "formula"):
        rules = SCHEMA["definitions"][name]
        assert rules["examples"]
        assert all(map(Draft7Validator(rules).is_valid, rules["examples"]))
    for part in objects(SCHEMA):
        for key, said in part["properties"].items():
            rules = {**said, "definitions": SCHEMA["definitions"]}
            for example in said["examples"]:
                assert not list(Draft7Validator(rules).iter_errors(example)), key


@pytest.mark.parametrize("path", GOOD, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_specs_fit(path: Path) -> None:
    data = yamlfile.read(path.read_bytes(), str(path)).data
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []


OP: dict[str, Any] = {"inputs": {"x": "real"}, "forward": {"y": "x*x"}}
SQUARE = {"inputs": ["a"], "value": "a*a"}


def spec(**changes: Any) -> dict[str, Any]:
    """A spec in which only what is said differs from a good one."""
    return {"symgrad": 1, "ops": {"op": OP | changes}}


def declared(declaration: Any) -> dict[str, Any]:
    """A spec with an input declared so."""
    forward = {"y": "where(a > 0, x, 1)"}
    return spec(inputs={"x": "real", "a": declaration}, forward=forward)


INITIAL = {"module": {"parameters": {"x": "one"}}}

WRONG: list[tuple[str, Any]] = [
    ("no version", {"ops": {"op": OP}}),
    ("no ops", {"symgrad": 1}),
    ("empty ops", {"symgrad": 1, "ops": {}}),
    ("a list of ops", {"symgrad": 1, "ops": [{"name": "op"}]}),
    ("another version", {**spec(), "symgrad": 2}),
    ("an unknown key of the file", {**spec(), "op": {}}),
    ("a reserved name of an op", {"symgrad": 1, "ops": {"class": OP}}),
    ("a name that begins with a digit", {"symgrad": 1, "ops": {"1x": OP}}),
    ("no inputs", {"symgrad": 1, "ops": {"op": {"forward": {"y": "1"}}}}),
    ("an unknown key of an op", spec(outputs=["y"])),
    ("a reserved prefix", spec(inputs={"grad_x": "real"}, forward={"y": "grad_x"})),
    ("a long name", spec(let={"a" * 65: "x"})),
    ("a formula that is a number", spec(forward={"y": 1})),
    ("an empty formula", spec(forward={"y": ""})),
    ("an output that is no name", spec(forward={"y z": "x"})),
    ("a doc that is none", spec(doc=3)),
    ("an unknown kind", declared("float32")),
    ("a default of a tensor", declared("real = 1")),
    ("axes of a number", declared("float[n]")),
    ("a domain of a condition", declared("bool in (0, 1)")),
    ("a default that is no number", declared("float = one")),
    ("a whole number that is none", declared("int = 1.5")),
    ("a domain without brackets", declared("real in 0, 1")),
    ("a mapping without kind", declared({"domain": "(0, 1)"})),
    ("an unknown key of an input", declared({"kind": "real", "range": [0, 1]})),
    ("a default of a tensor, in a mapping", declared({"kind": "real", "default": 1})),
    ("axes of a number, in a mapping", declared({"kind": "int", "axes": ["n"]})),
    (
        "a domain of a mask, in a mapping",
        declared({"kind": "mask", "domain": "(0, 1)"}),
    ),
    ("grad of an index", declared({"kind": "index", "grad": False})),
    ("grad that is a word", declared({"kind": "real", "grad": "no"})),
    ("an unknown policy", spec(edges="both")),
    ("a policy of a smooth function", spec(edges={"exp": "half"})),
    ("an unknown accuracy", spec(accuracy="high")),
    ("an unknown way to save", spec(save="everything")),
    ("a name that is saved twice", spec(save=["x", "x"])),
    ("a range with one end", spec(samples={"x": {"range": [0]}})),
    ("an unknown key of samples", spec(samples={"x": {"rnage": [0, 1]}})),
    ("a shape below 0", spec(samples={"x": {"shape": [-1]}})),
    ("an initial value that is none", spec(**INITIAL)),
    ("a shape of size 0", spec(module={"parameters": {"x": {"shape": 0, "init": 1}}})),
    ("a parameter without init", spec(module={"parameters": {"x": {"shape": 1}}})),
    ("a function that the format has", {**spec(), "functions": {"exp": SQUARE}}),
    (
        "a function without value",
        {**spec(), "functions": {"gate": {"inputs": ["a"]}}},
    ),
    ("an unknown backend", spec(backend="cuda")),
]


@pytest.mark.parametrize(("what", "data"), WRONG, ids=[what for what, _ in WRONG])
def test_wrong_specs_do_not_fit(what: str, data: Any) -> None:
    assert len(list(VALIDATOR.iter_errors(data))) == 1
    with pytest.raises(SpecError):
        load_text(json.dumps(data), "wrong.yaml")


@pytest.mark.parametrize(
    "data",
    [
        spec(backend="triton"),
        declared({"kind": "real", "boundary": "zero"}),
    ],
)
def test_nobody_is_led_to_what_is_not_built(data: Any) -> None:
    assert sum(map(len, UNBUILT.values())) == 2
    assert list(VALIDATOR.iter_errors(data))
    with pytest.raises(SpecError, match="SG70"):
        load_text(json.dumps(data), "later.yaml")


ENDS = {
    Kind.REAL: ["", "[]", "[...]", "[..., n]", " [m, n] in (0, oo)", " in [-1,pi/2]"],
    Kind.COMPLEX: ["", "[n, m]"],
    Kind.INDEX: ["", "[...]", " in [0, 10)"],
    Kind.MASK: ["", "[n]"],
    Kind.FLOAT: ["", " = 1", "=-1.5e-3", " in (0, 1) = .5", " in (0, oo)"],
    Kind.INT: ["", " = 3", " in [0, 5] = +2"],
    Kind.BOOL: ["", " = True", " = false"],
}


def test_declarations_fit_as_far_as_they_are_right() -> None:
    assert set(FORMS) == set(Kind) - {Kind.PLANE}
    validator = Draft7Validator(SCHEMA["definitions"]["input"])
    from symgrad.declare import DeclarationError, from_text

    for kind in FORMS:
        for end in {end for ends in ENDS.values() for end in ends}:
            try:
                from_text("x", f"{kind.value}{end}")
            except DeclarationError:
                assert end not in ENDS[kind]
            else:
                assert validator.is_valid(f"{kind.value}{end}")
            if end in ENDS[kind]:
                assert validator.is_valid(f" {kind.value}{end} ")


# The command


def test_the_command_prints_or_writes_it(tmp_path, capsys) -> None:
    assert cli.run(["schema"]) == 0
    assert capsys.readouterr().out == text()
    target = tmp_path / "symgrad.schema.json"
    for _ in range(2):
        assert cli.run(["schema", "-o", str(target)]) == 0
        assert target.read_text() == text()
    assert "yaml-language-server: $schema=symgrad" in capsys.readouterr().err


@pytest.mark.parametrize("held", ["{}", "mine", "[1]"])
def test_the_command_replaces_nothing_else(held, tmp_path, capsys) -> None:
    target = tmp_path / "mine.json"
    target.write_text(held)
    assert cli.run(["schema", "-o", str(target)]) == 2
    assert "SG510" in capsys.readouterr().err
    assert target.read_text() == held
    assert cli.run(["schema", "-o", str(tmp_path / "no" / "x.json")]) == 2
    assert "SG505" in capsys.readouterr().err


def test_the_command_writes_through_no_link(tmp_path, capsys) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "elsewhere")
    for target in (link, tmp_path):
        assert cli.run(["schema", "-o", str(target)]) == 2
        assert "error[SG5" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [link]
