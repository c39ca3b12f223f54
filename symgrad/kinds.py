"""What a value is at run time, and what comes of values of several kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache


class Kind(Enum):
    """What a value is at run time."""

    REAL = "real"  # floating tensor
    COMPLEX = "complex"  # complex tensor
    INDEX = "index"  # integer tensor
    MASK = "mask"  # bool tensor, a condition
    FLOAT = "float"  # Python number
    INT = "int"  # Python integer
    BOOL = "bool"  # Python bool, a condition
    PLANE = "plane"  # Python complex number; no input is one

    @property
    def is_tensor(self) -> bool:
        """Whether the value is a torch tensor rather than a Python number."""
        return self._value_ in ("real", "complex", "index", "mask")

    @property
    def is_floating(self) -> bool:
        """Whether the value is a tensor that derivatives pass through."""
        return self._value_ in ("real", "complex")

    @property
    def is_condition(self) -> bool:
        """Whether the value chooses between branches and is never a number."""
        return self._value_ in ("mask", "bool")

    @property
    def is_complex(self) -> bool:
        """Whether the value may have an imaginary part."""
        return self._value_ in ("complex", "plane")


COMMUTATIVE = frozenset({"add", "mul"})
COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
CONNECTIVES = frozenset({"and", "or", "not"})

REAL_VALUED = frozenset({"re", "im", "arg", "abs"})
"""Functions of complex numbers whose values are real."""

_KEEPING = frozenset(
    {"neg", "add", "sub", "mul", "div", "call", "stop_gradient", "einsum"}
    | {"clamped", "gated", "polynomial"}
)
"""Primitives whose result is floating as soon as one argument is."""


_OF_FIRST = frozenset(
    {"access", "place", "ordered", "select", "insert", "part", "pad"}
    | {"gather", "scatter"}
    | {"sum", "prod", "amax", "amin", "cumsum", "cumsum_back", "others"}
)
"""Primitives whose result is what their first argument is."""

_FLOATING = frozenset(
    {"mean", "logsumexp", "norm", "var", "std", "softmax", "log_softmax", "ones"}
)
"""Primitives of axes whose result is floating whatever they are of."""


_ALONG: Mapping[str, Kind | None] = {
    **dict.fromkeys(_OF_FIRST),
    **dict.fromkeys(_FLOATING, Kind.REAL),
    "count": Kind.INDEX,
    "steps": Kind.INDEX,
}
"""The primitives of axes; ``None``: their result is what their first argument is."""


@lru_cache(maxsize=4096)  # asked for every node that is made
def joined_kind(op: str, kinds: tuple[Kind, ...], function: object = None) -> Kind:
    """The kind of a primitive's result from the kinds of its arguments."""
    if op == "mean" and kinds[0].is_complex:
        return kinds[0]
    if op in _ALONG:
        return _ALONG[op] or kinds[0]
    tensor = any(kind.is_tensor for kind in kinds)
    if op in COMPARISONS or op in CONNECTIVES:
        return Kind.MASK if tensor else Kind.BOOL
    if any(kind.is_complex for kind in kinds):
        if function in REAL_VALUED:
            return Kind.REAL if tensor else Kind.FLOAT
        return Kind.COMPLEX if tensor else Kind.PLANE
    if Kind.REAL in kinds and op in _KEEPING:
        return Kind.REAL
    if op in ("where", "guard"):
        values = kinds[1:]
        tensor_values = [kind for kind in values if kind.is_tensor]
        if tensor and not tensor_values:
            return Kind.REAL
        kinds = values
    return _joined_numbers(op, kinds)


def _joined_numbers(op: str, kinds: Sequence[Kind]) -> Kind:
    """The kind of a result where nothing is complex."""
    if Kind.REAL in kinds:
        return Kind.REAL
    if Kind.INDEX in kinds:
        whole = op not in ("div", "call") and Kind.FLOAT not in kinds
        return Kind.INDEX if whole else Kind.REAL
    if op in ("div", "call") or Kind.FLOAT in kinds:
        return Kind.FLOAT
    return Kind.INT
