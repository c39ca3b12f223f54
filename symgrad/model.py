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
MAX_ELEMENTS = 4_096

Policy = Literal["torch", "min_norm", "half", "left", "right", "nan"]
KindName = Literal["real", "complex", "index", "mask", "float", "int", "bool"]
Number = float | int
Size = Annotated[int, Field(ge=0, le=MAX_ELEMENTS)]
Extent = Annotated[int, Field(ge=1, le=2**31)] | str


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
    shape: list[Size] | None = Field(None, max_length=8)


class FunctionModel(Strict):
    """A named formula for use in several ops."""

    inputs: list[str] = Field(min_length=1, max_length=MAX_INPUTS)
    value: str


class ParameterModel(Strict):
    """A parameter of a module: its shape, in sizes or their names, and its start."""

    shape: Extent | Annotated[list[Extent], Field(max_length=8)] = Field(
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
    accuracy: Literal["fast", "stable", "max"] = "stable"
    save: Literal["auto", "inputs", "outputs"] | list[str] = "auto"
    module: Any = None
    samples: dict[str, Any] = Field(default_factory=dict)
    backend: Literal["torch", "cpu", "triton"] = "torch"

    @property
    def outputs(self) -> list[str]:
        """The names of the outputs, without the indices that they are written with."""
        return [base_name(key) for key in self.forward]


class OutlineModel(OpModel):
    """An op that a program declares: it has as many inputs and outputs as it likes."""

    inputs: dict[str, Any] = Field(min_length=1)
    forward: dict[str, str] = Field(min_length=1)


class SpecModel(Strict):
    """A spec file; its functions and ops are checked one by one."""

    symgrad: int
    functions: dict[str, Any] = Field(default_factory=dict)
    ops: dict[str, Any] = Field(min_length=1, max_length=MAX_OPS)


def base_name(key: str) -> str:
    """The name in a key such as ``y[i]``."""
    return key.partition("[")[0].strip()


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
        return self.help in (_SPLIT, _NOTHING)


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
        wanted, way = _WANTED[type_]
        message = f"this should be {wanted}, not {shown}"
        return Complaint("SG122", message, loc, _help_with_type(item) or way)
    if type_ in _LIMITS:
        code, message, help = _LIMITS[type_]
        return Complaint(code, message.format(**item["ctx"]), loc, help)
    if type_ == "literal_error":
        message = f"{shown} is not one of the allowed values"
        return Complaint("SG123", message, loc, _nearest_value(item))
    return Complaint("SG122", f"{shown} is not allowed here", loc)


def _help_with_type(item: Any) -> str | None:
    """What YAML makes of a text that is not quoted."""
    given, type_ = item["input"], item["type"]
    if given is None and type_ == "string_type":
        return _NOTHING if str(item["loc"][-1]).isidentifier() else _SPLIT
    if isinstance(given, (int, float)) and type_ == "string_type":
        return f"quote it: '{_shown(given)}'"
    return None


_KEYS = "write names with their values, each as 'name: value'"
_WANTED: Mapping[str, tuple[str, str]] = {
    "string_type": ("text", "write one text"),
    "dict_type": ("a mapping", _KEYS),
    "model_type": ("a mapping", _KEYS),
    "list_type": ("a list", "write '[first, second]'"),
    "int_type": ("a whole number", "write it without a point or quotes"),
    "float_type": ("a number", "write it without quotes"),
    "bool_type": ("true or false", "write it without quotes"),
}
"""What is wanted, and how to write that."""

_SPLIT = "inside of braces, a text that has a comma in it is quoted"
_NOTHING = "write it after the colon; inside of braces, quote it if it has a comma"
_LIMITS: Mapping[str, tuple[str, str, str | None]] = {
    "too_long": (
        "SG106",
        "there are too many of these: {max_length} is the limit",
        None,
    ),
    "string_too_long": ("SG106", "this is too long: {max_length} is the limit", None),
    "too_short": (
        "SG124",
        "there are too few of these: {min_length} is the least",
        "add one",
    ),
    "greater_than_equal": ("SG123", "this is too small: {ge} is the least", None),
    "less_than_equal": ("SG123", "this is too large: {le} is the limit", None),
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
