"""What PyTorch and Python call the functions of the table.

By rule a function is ``torch.<name>``, and one that has a definition in the table is
written by that.  Here stand the exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symgrad.functions import TABLE
from symgrad.program import Node

_OTHERWISE: Mapping[str, str] = {
    "Max": "torch.maximum",
    "Min": "torch.minimum",
    "Mod": "torch.remainder",
    "arg": "torch.angle",
    "ceiling": "torch.ceil",
    "deg": "torch.rad2deg",
    "entr": "torch.special.entr",
    "erfcx": "torch.special.erfcx",
    "hardswish": "F.hardswish",
    "hardtanh": "F.hardtanh",
    "i0e": "torch.special.i0e",
    "i1": "torch.special.i1",
    "i1e": "torch.special.i1e",
    "log_ndtr": "torch.special.log_ndtr",
    "loggamma": "torch.lgamma",
    "logit": "torch.logit",
    "mish": "F.mish",
    "ndtri": "torch.special.ndtri",
    "polygamma": "torch.polygamma",
    "rad": "torch.deg2rad",
    "relu6": "F.relu6",
    "selu": "F.selu",
    "silu": "F.silu",
    "softplus": "F.softplus",
    "softsign": "F.softsign",
    "xlog1py": "torch.special.xlog1py",
    "zeta": "torch.special.zeta",
}

_IN_PLANE: Mapping[str, str | None] = {
    "arg": None,
    "conjugate": "torch.conj",
    "im": "torch.imag",
    "re": "torch.real",
    "sign": "torch.sgn",
}
"""The same for complex tensors, where it is another function."""

NOT_IN_HALF = frozenset({"erfcx", "log_ndtr", "ndtri", "zeta"})
"""Functions whose operators take no half precision, at least on CPU."""

IN_ITSELF = frozenset({"polygamma"})
"""Functions that torch has, and that are written by definitions that call them.

In those they stand with arguments at which torch's are right, and quick.
"""

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    # by default it is x from 20 on, where float64 still holds the difference
    "softplus": ("threshold=40",),
}
"""Options of torch's functions that make them what the table says."""

_WITH_NUMBERS: Mapping[str, tuple[bool, ...]] = {
    "Mod": (True, True),
    "clamp": (False, True, True),
    "copysign": (False, True),
    "fmod": (False, True),
    "polygamma": (True, False),
    "pow": (True, True),
    "xlog1py": (True, True),
    "xlogy": (True, True),
    "zeta": (True, False),
}

_ALIKE: Mapping[str, tuple[int, ...]] = {"clamp": (1, 2)}
"""Arguments that must all be numbers or all be tensors.

Where these are tensors all arguments are broadcast beforehand: torch's backward fails
where one of them is larger than the first.
"""

_NUMBERS: Mapping[str, str] = {
    "Max": "max",
    "Min": "min",
    "abs": "abs",
    "ceiling": "math.ceil",
    "deg": "math.degrees",
    "loggamma": "math.lgamma",
    "rad": "math.radians",
    "round": "round",
}

_IN_MATH = frozenset(
    {"exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "erf", "erfc", "gamma"}
    | {"sin", "cos", "tan", "asin", "acos", "atan", "atan2", "hypot", "floor", "trunc"}
    | {"sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "copysign", "fmod"}
)


def is_of_one_shape(nodes: Sequence[Node], node: Node) -> bool:
    """Whether the arguments of a call are broadcast before torch sees them.

    Then none of them is 0-dim, which would count less in promotion.
    """
    places = _ALIKE.get(str(node.data), ())
    return any(nodes[node.args[place]].kind.is_tensor for place in places)


def spelling(name: str, plane: bool = False) -> str | None:
    """How PyTorch calls a function of the table; ``None``: by its definition.

    ``plane`` says that an argument is complex.
    """
    if plane and name in _IN_PLANE:
        return _IN_PLANE[name]
    if name in _OTHERWISE:
        return _OTHERWISE[name]
    return None if TABLE[name].definition else f"torch.{name}"


def options(name: str) -> tuple[str, ...]:
    """Keyword arguments that PyTorch's function takes besides the row's own."""
    return _OPTIONS.get(name, ())


def scalars(name: str, tensors: Sequence[bool] = ()) -> tuple[bool, ...]:
    """For each argument whether PyTorch takes a Python number there.

    At least one of the others must be a tensor.  ``tensors`` says which arguments
    are, for functions that take numbers only in each other's company.
    """
    row = TABLE[name]
    taken = _WITH_NUMBERS.get(name, (False,) * len(row.args))
    alike = _ALIKE.get(name, ())
    if any(tensors[index] for index in alike if tensors):
        return tuple(ok and index not in alike for index, ok in enumerate(taken))
    return taken


def number_spelling(name: str) -> str | None:
    """How Python calls the function for real numbers; ``None`` where it has none."""
    return f"math.{name}" if name in _IN_MATH else _NUMBERS.get(name)
