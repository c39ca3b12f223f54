"""The nodes of programs: primitives of earlier values, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from symgrad.axes import Axes
from symgrad.kinds import Kind

Constant = Fraction | str
"""An exact rational, or one of ``pi``, ``E``, ``I``, ``oo``, ``nan``."""

PRIMITIVES: Mapping[str, int] = {
    # leaves
    "input": 0,
    "cotangent": 0,
    "tangent": 0,
    "const": 0,
    # the size of an axis, by its name
    "size": 0,
    # arithmetic
    "neg": 1,
    "add": 2,
    "sub": 2,
    "mul": 2,
    "div": 2,
    # a row of the function table; its name is the node's data, its arity the row's
    "call": -1,
    # conditions
    "lt": 2,
    "le": 2,
    "gt": 2,
    "ge": 2,
    "eq": 2,
    "ne": 2,
    "and": 2,
    "or": 2,
    "not": 1,
    # choice
    "where": 3,
    "guard": 3,  # where(p, a, harmless); its result only counts where p holds
    "clamped": 2,  # a guard at a bound, its data "min" or "max", of what it guards
    "gated": 3,  # gated(a, x, b): where(x <= b, 0, a), of one shape
    # value without derivative
    "stop_gradient": 1,
    # reduce(a, like): a, summed to the shape of like over what was broadcast
    "reduce": 2,
    # other labels for the axes of a value, and the way back
    "access": 1,
    "place": 1,
    "ordered": 1,
    # one place of an axis, and zeros around it: insert(a, size)
    "select": 1,
    "insert": 2,
    # a part of an axis, and zeros around it: pad(a, size)
    "part": 1,
    "pad": 2,
    # ones along an axis, and its places as numbers: ones(size), steps(size)
    "ones": 1,
    "steps": 1,
    # gather(a, index), and its adjoint, scatter(a, index, sizes ...)
    "gather": 2,
    "scatter": -1,
    # along axes that are gone then
    "sum": 1,
    "mean": 1,
    "prod": 1,
    "amax": 1,
    "amin": 1,
    "logsumexp": 1,
    "norm": 1,
    "var": 1,
    "std": 1,
    "count": 1,  # how often a condition holds
    # along an axis that stays
    "softmax": 1,
    "log_softmax": 1,
    "cumsum": 1,
    "cumsum_back": 1,
    "others": 1,  # the product of all other elements
    # polynomial(s, c0, c1, ...): c0 + c1*s + c2*s**2 + ...; its data is the number of
    # terms that do in float32
    "polynomial": -1,
    # a sum of products, and what is multiplied in the dtype of the inputs
    "einsum": -1,
    "narrow": 1,
}
"""Primitive name to number of arguments."""

VARIABLES = frozenset({"input", "cotangent", "tangent", "size"})
LEAVES = VARIABLES | {"const"}


VIEWS = frozenset({"access", "ordered", "select", "part", "stop_gradient", "narrow"})
"""Primitives whose result may share the memory of their argument."""


@dataclass(frozen=True, slots=True)
class Node:
    """One assignment: a primitive of earlier values.

    ``data`` is the name of an input or cotangent, the value of a constant, or the
    name of the called function.
    """

    op: str
    args: tuple[int, ...]
    data: Constant | None
    kind: Kind
    axes: Axes


def depending_on(nodes: Sequence[Node], inputs: Iterable[int]) -> set[int]:
    """The values that have a derivative by some of the inputs."""
    active = set(inputs)
    for value, node in enumerate(nodes):
        blocked = node.op == "stop_gradient" or node.kind.is_condition
        if not blocked and not active.isdisjoint(node.args):
            active.add(value)
    return active


def is_complex(nodes: Sequence[Node], node: Node) -> bool:
    """Whether an argument of a node is complex."""
    return any(nodes[arg].kind.is_complex for arg in node.args)


def viewed(nodes: Sequence[Node], value: int) -> int:
    """The value whose memory a value may be in."""
    while nodes[value].op in VIEWS:
        [value] = nodes[value].args
    return value


def moving_kind(node: Node) -> Kind:
    """The kind of a cotangent or a tangent of a value."""
    return Kind.COMPLEX if node.kind.is_complex else Kind.REAL


def is_constant(nodes: Sequence[Node], value: int) -> bool:
    """Whether a value is the same on every call (no axes, and no input behind it)."""
    seen, todo = set(), [value]
    while todo:
        node = nodes[todo.pop()]
        if node.kind.is_tensor or node.op in VARIABLES:
            return False
        fresh = [arg for arg in node.args if arg not in seen]
        seen.update(fresh)
        todo.extend(fresh)
    return True


def show(node: Node) -> str:
    """One assignment as text, for dumps and error messages."""
    label = node.op if node.data is None else f"{node.op}[{node.data}]"
    return (
        f"{label}({', '.join(f'v{arg}' for arg in node.args)})" if node.args else label
    )
