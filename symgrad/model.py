"""The keys of a spec and the types of their values; what they mean is checked later."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from symgrad.names import nearest

MAX_DOC = 4_000
MAX_INPUTS = 64
MAX_OUTPUTS = 64
MAX_OPS = 200

Policy = Literal["torch", "min_norm", "half", "left", "right", "nan"]
KindName = Literal["real", "complex", "index", "mask", "float", "int", "bool"]
Number = float | int
Size = Annotated[int, Field(ge=1, le=2**31)] | str


class Strict(BaseModel):
    """Nothing unknown, nothing converted, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DeclarationModel(Strict):
    """An input as a mapping; ``domain`` and ``default`` as in the short form."""

    kind: KindName
    axes: list[str] | str | None = None
    domain: str | None = None
    default: Number | bool | None = None
    grad: bool = True
    boundary: Literal["zero", "circular", "clamp", "valid"] | None = None


class SampleModel(Strict):
    """Where verification takes the values of an input from."""

    range: list[Number] | None = Field(None, min_length=2, max_length=2)
    values: list[Number | bool] | None = Field(None, min_length=1, max_length=1000)
    shape: list[Annotated[int, Field(ge=0, le=4096)]] | None = Field(None, max_length=8)


class FunctionModel(Strict):
    """A named formula for use in several ops."""

    inputs: list[str] = Field(min_length=1, max_length=MAX_INPUTS)
    value: str


class ParameterModel(Strict):
    """A parameter of a module: its shape, in sizes or their names, and its start."""

    shape: Size | Annotated[list[Size], Field(max_length=8)] = Field(
        default_factory=list
    )
    init: Number | str


class ModuleModel(Strict):
    """The ``nn.Module`` of an op; its parameters are checked one by one."""

    name: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class OpModel(Strict):
    """One op; its inputs, samples and module are checked one by one."""

    doc: str = Field("", max_length=MAX_DOC)
    inputs: dict[str, Any] = Field(min_length=1, max_length=MAX_INPUTS)
    let: dict[str, str] = Field(default_factory=dict)
    forward: dict[str, str] = Field(min_length=1, max_length=MAX_OUTPUTS)
    surrogate: dict[str, str] = Field(default_factory=dict)
    backward: dict[str, str] = Field(default_factory=dict)
    nondifferentiable: list[str] = Field(default_factory=list)
    edges: Policy | dict[str, Policy] = "torch"
    accuracy: Literal["fast", "stable", "max"] | None = None
    save: Literal["auto", "inputs", "outputs"] | list[str] = "auto"
    module: Any = None
    samples: dict[str, Any] = Field(default_factory=dict)
    backend: Literal["torch", "cpu", "triton"] = "torch"


class SpecModel(Strict):
    """A spec file; its functions and ops are checked one by one."""

    symgrad: int
    functions: dict[str, Any] = Field(default_factory=dict)
    ops: dict[str, Any] = Field(min_length=1, max_length=MAX_OPS)


_Model = TypeVar("_Model", bound=Strict)


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a value, or with a key, at the end of a path of keys.

    Steps of ``loc`` that are no keys name alternatives of a type.
    """

    code: str
    message: str
    loc: tuple[str | int, ...]
    help: str | None = None
    is_key: bool = False

    @property
    def is_split(self) -> bool:
        """Whether a comma seems to have cut a text in two: both parts are wrong."""
        return self.help == _SPLIT


def validate(kind: type[_Model], data: Any) -> _Model | tuple[Complaint, ...]:
    """Data as a model, or all that is wrong with it."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        items = error.errors(include_url=False)
        return tuple(_complaint(kind, item) for item in items)


def _complaint(kind: type[Strict], item: Any) -> Complaint:
    loc, type_ = item["loc"], item["type"]
    if type_ == "extra_forbidden":
        help = _nearest_key(str(loc[-1]), list(kind.model_fields))
        return Complaint("SG120", f"unknown key '{loc[-1]}'", loc, help, True)
    if type_ == "missing":
        message = f"the key '{loc[-1]}' is missing"
        return Complaint("SG121", message, loc[:-1], is_key=True)
    shown = _shown(item["input"])
    if type_ in _WANTED:
        message = f"this should be {_WANTED[type_]}, not {shown}"
        return Complaint("SG122", message, loc, _help_with_type(item))
    if type_ in _LIMITS:
        code, message = _LIMITS[type_]
        return Complaint(code, message.format(**item["ctx"]), loc)
    if type_ == "literal_error":
        message = f"{shown} is not one of the allowed values"
        return Complaint("SG123", message, loc, _nearest_value(item))
    return Complaint("SG122", f"{shown} is not allowed here", loc)


def _help_with_type(item: Any) -> str | None:
    """What YAML makes of a text that is not quoted."""
    given, type_ = item["input"], item["type"]
    if given is None and type_ in ("string_type", "model_type"):
        return _SPLIT
    if isinstance(given, (int, float)) and type_ == "string_type":
        return f"quote it: '{_shown(given)}'"
    return None


_WANTED: Mapping[str, str] = {
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}
_SPLIT = "inside of braces, a text that has a comma in it is quoted"
_LIMITS: Mapping[str, tuple[str, str]] = {
    "too_long": ("SG106", "there are too many of these: {max_length} is the limit"),
    "string_too_long": ("SG106", "this is too long: {max_length} is the limit"),
    "too_short": ("SG124", "there are too few of these: {min_length} is the least"),
    "greater_than_equal": ("SG123", "this is too small: {ge} is the least"),
    "less_than_equal": ("SG123", "this is too large: {le} is the limit"),
}

_SYNONYMS: Mapping[str, str] = {
    "expression": "forward",
    "expr": "forward",
    "formula": "forward",
    "outputs": "forward",
    "output": "forward",
    "args": "inputs",
    "description": "doc",
    "version": "symgrad",
    "gradient": "backward",
    "lets": "let",
}
"""What people write for a key of a spec."""


def _nearest_key(given: str, allowed: Sequence[str]) -> str | None:
    synonym = _SYNONYMS.get(given)
    if synonym in allowed:
        return f"did you mean '{synonym}'?"
    return nearest(given, allowed, "allowed")


def _nearest_value(item: Any) -> str | None:
    allowed = re.findall(r"'([^']*)'", item["ctx"]["expected"])
    return nearest(str(item["input"]), allowed, "allowed")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
