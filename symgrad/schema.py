"""The JSON Schema of a spec, for editors: from the models, and what the checks know.

It is of draft 7, which language servers for YAML read.  What only a reading of
formulas can tell is left to symgrad: a spec that fits may still be wrong.  An empty
value, which symgrad takes for a key that is left out, does not fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from symgrad import model, write
from symgrad.declare import MAX_CHARACTERS as LONGEST_DECLARATION
from symgrad.disk import File, os_errors, problem
from symgrad.errors import OutputError
from symgrad.functions import NAMES
from symgrad.grammar import MAX_CHARACTERS
from symgrad.kinds import Kind
from symgrad.names import FIXED_FUNCTIONS, LONGEST, RESERVED, RESERVED_PREFIXES
from symgrad.outcome import Outcome
from symgrad.schema_words import WORDS
from symgrad.spec import VERSION

DRAFT = "http://json-schema.org/draft-07/schema#"
TITLE = "A spec of symgrad"

Schema = dict[str, Any]

UNBUILT: Mapping[str, Iterable[str]] = {
    "input": ("boundary",),
    "op.backend": ("triton",),
}
"""Keys and values that the format has and this version refuses: nobody is led to
them."""

_NAME = rf"(?!{'|'.join(RESERVED_PREFIXES)})[A-Za-z][A-Za-z0-9_]{{0,{LONGEST - 1}}}"
_AXES = r"(\s*\[[^\[\]]*\])?"
_DOMAIN = r"(\s+in\s*[(\[][\s\S]*[)\]])?"
_INTEGER = r"(\s*=\s*[-+]?[0-9]+)?"
_FLOAT = r"(\s*=\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)?"
_TRUTH = r"(\s*=\s*([Tt]rue|[Ff]alse))?"

FORMS: Mapping[Kind, str] = {
    Kind.REAL: _AXES + _DOMAIN,
    Kind.COMPLEX: _AXES,
    Kind.INDEX: _AXES + _DOMAIN,
    Kind.MASK: _AXES,
    Kind.FLOAT: _DOMAIN + _FLOAT,
    Kind.INT: _DOMAIN + _INTEGER,
    Kind.BOOL: _TRUTH,
}
"""What may follow the word for a kind in a declaration of one line."""

HAVING: Mapping[str, Iterable[Kind]] = {
    "axes": [kind for kind in FORMS if kind.is_tensor],
    "domain": [k for k in FORMS if not (k.is_condition or k.is_complex)],
    "default": [kind for kind in FORMS if not kind.is_tensor],
    "grad": [kind for kind in FORMS if kind.is_floating],
}
"""The kinds of input that may have a key."""

CORNERED = sorted(name for name, row in NAMES.items() if row.kinks)
"""Functions that have a policy."""


def schema() -> Schema:
    """The schema, as JSON has it."""
    functions = {"allOf": [_ref("name"), {"not": {"enum": sorted(FIXED_FUNCTIONS)}}]}
    parts = {
        "symgrad": {"enum": [VERSION]},
        "functions": _named("function", functions),
        "ops": _named("op", _ref("name")),
    }
    whole = _model("file", model.SpecModel, "Ops by their forward formulas.", parts)
    return {"$schema": DRAFT, "title": TITLE, **whole, "definitions": _definitions()}


def text() -> str:
    """The schema as text."""
    return json.dumps(schema(), indent=2) + "\n"


def publish(path: Path) -> Outcome:
    """Write the schema; a file that is none of symgrad is not replaced.

    Raises ``OutputError`` (SG510) for such a file, and where nothing can be written.
    """
    with os_errors(f"cannot write {path}"):
        if path.exists() and not _is_ours(path):
            help = "choose another name, or remove it"
            said = f"{path} is there already, and it is no schema of symgrad"
            raise OutputError(problem("SG510", said, help=help))
        write.one(File(path, text(), ""), replace=path.exists())
    notes = (
        f"wrote {path}",
        "in a spec of that folder, the first line leads an editor to it:",
        f"# yaml-language-server: $schema={path.name}",
    )
    return Outcome(notes=notes)


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("title") == TITLE


# Definitions


def _definitions() -> Schema:
    formula = {"type": "string", "pattern": r"\S", "maxLength": MAX_CHARACTERS}
    name = {"pattern": f"^{_NAME}$", "not": {"enum": sorted(RESERVED)}}
    indexed = {"pattern": rf"^{_NAME}\s*(\[[^\[\]]*\])?$", "not": name["not"]}
    return {
        "name": {**_words("name"), "type": "string", **name},
        "indexed": {**_words("indexed"), "type": "string", **indexed},
        "formula": {**_words("formula"), **formula},
        "function": _model("function", model.FunctionModel, "A formula by name."),
        "op": _op(),
        "input": {"anyOf": [_line(), _mapping()]},
        "sample": _model("sample", model.SampleModel, "Values of one input."),
        "module": _model(
            "module",
            model.ModuleModel,
            "The module of an op.",
            {"parameters": _named("parameter", _ref("name"))},
        ),
        "parameter": {"anyOf": [*_initial(), _parameter()]},
    }


def _op() -> Schema:
    formulas = ("let", "forward", "surrogate", "backward")
    backends = [b for b in _values("backend") if b not in UNBUILT["op.backend"]]
    policies = _values("edges")
    names = {"items": _ref("name"), "uniqueItems": True, "type": "array"}
    by_function = {
        "type": "object",
        "propertyNames": {"enum": CORNERED},
        "additionalProperties": {"enum": policies},
    }
    parts: dict[str, Schema] = {
        **{key: _named("formula", _ref("indexed")) for key in formulas},
        "inputs": _named("input", _ref("name")),
        "edges": {"anyOf": [{"enum": policies}, by_function]},
        "nondifferentiable": names,
        "save": {"anyOf": [{"enum": _values("save")}, names]},
        "module": {"allOf": [_ref("module")]},
        "samples": _named("sample", _ref("name")),
        "backend": {"enum": backends},
    }
    return _model("op", model.OpModel, "An op: formulas of its inputs.", parts)


def _values(key: str) -> list[str]:
    """The words that the model allows for a key of an op."""
    found = model.OpModel.model_json_schema()["properties"][key]
    return list((found if "enum" in found else found["anyOf"][0])["enum"])


def _line() -> Schema:
    """A declaration in one line."""
    forms = "|".join(f"{kind.value}{rest}" for kind, rest in FORMS.items())
    return {
        **_words("line"),
        "type": "string",
        "pattern": rf"^\s*({forms})\s*$",
        "maxLength": LONGEST_DECLARATION,
    }


def _mapping() -> Schema:
    """A declaration as a mapping; which keys there are is a matter of its kind."""
    whole = _model("input", model.DeclarationModel, "A declaration, key by key.")
    for key in UNBUILT["input"]:
        del whole["properties"][key]
    return {**whole, "allOf": [_without(key, kinds) for key, kinds in HAVING.items()]}


def _without(key: str, having: Iterable[Kind]) -> Schema:
    others = [kind.value for kind in FORMS if kind not in having]
    is_other = {"required": ["kind"], "properties": {"kind": {"enum": others}}}
    return {"if": is_other, "then": {"properties": {key: False}}}


def _initial() -> list[Schema]:
    forms = r"zeros|ones|(normal|uniform)\(.+,.+\)|[-+.0-9].*"
    return [{"type": "number"}, {"type": "string", "pattern": rf"^\s*({forms})\s*$"}]


def _parameter() -> Schema:
    number, said = _initial()
    init = {"init": {"anyOf": [number, said]}}
    words = "A parameter with a shape."
    return _model("parameter", model.ParameterModel, words, init)


# Models


def _model(
    place: str,
    kind: type[model.Strict],
    words: str,
    parts: Mapping[str, Schema] | None = None,
) -> Schema:
    """A model with words on each key; ``parts`` say more of keys than it does."""
    found = kind.model_json_schema()
    said = parts or {}
    properties = {
        key: {**_words(f"{place}.{key}"), **_joined(_plain(value), said.get(key, {}))}
        for key, value in found["properties"].items()
    }
    required = {"required": found["required"]} if "required" in found else {}
    return {
        "description": words,
        "type": "object",
        "additionalProperties": False,
        **required,
        "properties": properties,
    }


def _words(place: str) -> Schema:
    description, examples = WORDS.get(place, ("", []))  # a test finds what is missing
    return {"description": description, "examples": examples}


def _joined(value: Schema, more: Schema) -> Schema:
    """A property with what is said of it besides, in place of a choice of types."""
    kept = {"default": value["default"]} if "default" in value else {}
    is_new = bool(more.keys() & {"anyOf", "allOf", "enum"})
    return {**(kept if is_new else value), **more}


def _plain(value: Any) -> Any:
    """A schema of pydantic without titles, and without what stands for no value."""
    if isinstance(value, list):
        return [_plain(item) for item in value if item != {"type": "null"}]
    if not isinstance(value, dict):
        return value
    kept = {k: _plain(v) for k, v in value.items() if k != "title"}
    if kept.get("default", "") in (None, ""):
        kept.pop("default", None)
    choices = kept.pop("anyOf", [])
    if {"type": "number"} in choices:  # whole ones are among them
        choices = [c for c in choices if c != {"type": "integer"}]
    if len(choices) == 1:
        return {**kept, **choices[0]}
    return {**kept, "anyOf": choices} if choices else kept


def _named(definition: str, names: Schema) -> Schema:
    """A mapping of names to what a definition says."""
    return {"additionalProperties": _ref(definition), "propertyNames": names}


def _ref(definition: str) -> Schema:
    return {"$ref": f"#/definitions/{definition}"}
