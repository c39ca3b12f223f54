"""A derivation as JSON, described in docs/explain.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from symgrad._version import __version__
from symgrad.codes import Code
from symgrad.explain.tree import Derivation
from symgrad.terminal import Terminal

VERSION = 1
"""Of the document: another key does not change it, another meaning does."""


def ops(derivations: Sequence[Derivation], _: Terminal) -> str:
    """The derivations, in the order of the spec."""
    return _document({"ops": [asdict(derivation) for derivation in derivations]})


def of_code(code: Code, _: Terminal) -> str:
    """What a code of an error means."""
    return _document({"code": asdict(code)})


def _document(said: Mapping[str, Any]) -> str:
    head = {"symgrad": __version__, "exit_code": 0, "diagnostics": []}
    return json.dumps({**head, "explain": VERSION, **said}, indent=2) + "\n"
