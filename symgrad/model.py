"""The keys of a spec and the types of their values; what they mean is checked later."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_DOC = 4_000
MAX_INPUTS = 64
MAX_OUTPUTS = 64
MAX_OPS = 200

Policy = Literal["torch", "min_norm", "half", "left", "right", "nan"]
KindName = Literal["real", "complex", "index", "mask", "float", "int", "bool"]
Number = int | float


class Strict(BaseModel):
    """Nothing unknown, nothing converted, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DeclarationModel(Strict):
    """An input as a mapping; ``domain`` and ``default`` as in the short form."""

    kind: KindName
    axes: list[str] | str | None = None
    domain: str | None = None
    default: bool | Number | None = None
    grad: bool = True
    boundary: Literal["zero", "circular", "clamp", "valid"] | None = None


class SampleModel(Strict):
    """Where verification takes the values of an input from."""

    range: list[Number] | None = Field(None, min_length=2, max_length=2)
    values: list[bool | Number] | None = Field(None, min_length=1, max_length=1000)
    shape: list[Annotated[int, Field(ge=0, le=4096)]] | None = Field(None, max_length=8)


class FunctionModel(Strict):
    """A named formula for use in several ops."""

    inputs: list[str] = Field(min_length=1, max_length=MAX_INPUTS)
    value: str


class OpModel(Strict):
    """One op; its inputs and samples are checked one by one."""

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
    module: dict[str, Any] | None = None
    samples: dict[str, Any] = Field(default_factory=dict)
    backend: Literal["torch", "cpu", "triton"] = "torch"


class SpecModel(Strict):
    """A spec file; its functions and ops are checked one by one."""

    symgrad: Annotated[int, Field(ge=1, le=1)]
    functions: dict[str, Any] = Field(default_factory=dict)
    ops: dict[str, Any] = Field(min_length=1, max_length=MAX_OPS)
