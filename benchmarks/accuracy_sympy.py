"""The derivatives that SymPy prints, run in torch: what one gets without symgrad."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
import torch
from torch import Tensor

from symgrad.op import Op
from symgrad.to_sympy import to_sympy

_IN_SYMPY: Mapping[str, Callable[..., Any]] = {
    "pow": sympy.Pow,
    "i0": lambda x, evaluate: sympy.besseli(0, x),
}
"""Functions of specs by what SymPy calls them, where that is not their name."""

_BESSEL = (torch.special.i0, torch.special.i1)


_SAME = (
    *("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "acosh", "atanh", "erf", "erfc", "sign"),
)
"""Functions of one name in SymPy and in torch."""

_IN_TORCH: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(torch, name) for name in _SAME},
    "Abs": torch.abs,
    "loggamma": torch.lgamma,
    "polygamma": lambda n, x: torch.polygamma(int(n), x),
    "besseli": lambda n, x: _BESSEL[int(n)](x),
}


def _of_any(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of torch that takes numbers too, which it computes as doubles."""

    def applied(*args: Any) -> Any:
        if any(isinstance(arg, Tensor) for arg in args):
            return function(*args)
        return function(*(torch.tensor(a, dtype=torch.float64) for a in args)).item()

    return applied


_NAMESPACE = {name: _of_any(function) for name, function in _IN_TORCH.items()}


def derivatives(
    op: Op, values: Mapping[str, Tensor], wrt: str, orders: Sequence[str]
) -> dict[str, Tensor]:
    """An op's value and derivatives, as SymPy prints them, as far as it can."""
    symbols = {name: sympy.Symbol(name, real=True) for name in values}
    leaves = {
        v: symbols[str(n.data)] for v, n in enumerate(op.nodes) if n.op == "input"
    }
    calls = {n.data for n in op.nodes if n.op == "call"}
    functions = {
        str(c): _IN_SYMPY.get(str(c)) or getattr(sympy, str(c), None) for c in calls
    }
    if not all(functions.values()):
        return {}
    formula = to_sympy(op.nodes, op.outputs[0].value, leaves, functions, evaluate=True)
    found: dict[str, Tensor] = {}
    for order in orders:
        run = sympy.lambdify(list(symbols.values()), formula, modules=[_NAMESPACE])
        try:
            result = run(*values.values())
        except (IndexError, NameError, RuntimeError, TypeError):
            break  # a function or a choice that torch has not
        like = values[wrt]
        found[order] = torch.as_tensor(result, dtype=like.dtype).expand_as(like)
        formula = sympy.diff(formula, symbols[wrt])
    return found
