"""Specs in a few words, for tests that need an op and not a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.op import Op, Spec
from symgrad.spec import load_text


def spec(name: str, inputs: Mapping[str, Any] | str, forward: Any, **keys: Any) -> Spec:
    """A spec of one op; inputs may be names in a row, forward one formula for y."""
    declared = (
        dict.fromkeys(inputs.split(), "real") if isinstance(inputs, str) else inputs
    )
    formulas = {"y": forward} if isinstance(forward, str) else forward
    op = {"inputs": dict(declared), "forward": formulas, **keys}
    return load_text(json.dumps({"symgrad": 1, "ops": {name: op}}), "<test>")


def op(inputs: Mapping[str, Any] | str, forward: Any, **keys: Any) -> Op:
    """The checked op ``f`` of such a spec."""
    return spec("f", inputs, forward, **keys).ops[0]


def module(inputs: Mapping[str, Any] | str, forward: Any, **keys: Any) -> ModuleType:
    """The emitted module of such a spec, its op called ``f``."""
    return load_module("emitted", generate(spec("f", inputs, forward, **keys)).source)
