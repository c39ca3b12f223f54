"""symgrad: forward expressions in, readable ``torch.autograd.Function`` source out.

The names of this module load what they need when they are first used, so that
``import symgrad`` itself loads neither torch nor SymPy.  Besides those in ``__all__``,
every function of the function table, and every reduction, is here as a maker of SymPy
expressions: ``symgrad.sigmoid(x)``, ``symgrad.mean(x[i], i)``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from symgrad._version import __version__

if TYPE_CHECKING:
    from symgrad.api import Op, Ops, load
    from symgrad.errors import SymgradError
    from symgrad.symbols import complexes, indexed, reals

__all__ = [
    "Op",
    "Ops",
    "SymgradError",
    "__version__",
    "complexes",
    "indexed",
    "load",
    "reals",
]

_HOMES = {
    "Op": "symgrad.api",
    "Ops": "symgrad.api",
    "SymgradError": "symgrad.errors",
    "complexes": "symgrad.symbols",
    "indexed": "symgrad.symbols",
    "load": "symgrad.api",
    "reals": "symgrad.symbols",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _functions():
        symbols = import_module("symgrad.symbols")
        return {**symbols.REDUCTIONS, **symbols.SYMBOLS}[name]
    raise AttributeError(f"module 'symgrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_functions()})


def _functions() -> frozenset[str]:
    """The names that are functions in formulas; reading the table loads little."""
    from symgrad.axes import REDUCTIONS
    from symgrad.functions import NAMES

    return frozenset(NAMES) | {"stop_gradient", "where", *REDUCTIONS}
