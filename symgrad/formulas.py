"""Formulas built in a graph: primitives with other arguments, shortcuts taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symgrad.algebra import ARITHMETIC, is_i, neg, power, root
from symgrad.conditions import absolute, condition, sign, where
from symgrad.program import COMPARISONS, CONNECTIVES, Graph, Kind, Node

_EXACT_PARTS = ("neg", "add", "sub", "mul", "div", "where")


def conj(graph: Graph, a: int) -> int:
    """The conjugate of a; taken of the part of it that is a complex tensor."""
    node = graph[a]
    if not node.kind.is_complex:
        return a
    if is_i(graph, a):
        return neg(graph, a)
    if node.data == "conjugate":
        return node.args[0]
    tensors = sum(graph[arg].kind is Kind.COMPLEX for arg in node.args)
    if node.op in _EXACT_PARTS and tensors < 2:
        return int(rebuilt(graph, node, [conj(graph, arg) for arg in node.args]))
    return graph.call("conjugate", a)


def real_part(graph: Graph, a: int) -> int:
    """The real part of a: that of the complex tensor in it, where there is but one."""
    node = graph[a]
    if not node.kind.is_complex:
        return a
    if node.data == "conjugate":
        return real_part(graph, node.args[0])
    if node.op == "mul" and is_i(graph, node.args[0]):
        return neg(graph, imaginary_part(graph, node.args[1]))
    flat = [not graph[arg].kind.is_complex for arg in node.args]
    linear = node.op in ("neg", "add", "sub", "mul") or flat[1:] == [True]
    if node.op in ARITHMETIC and linear and (any(flat) or node.op == "neg"):
        parts = [real_part(graph, arg) for arg in node.args]
        return ARITHMETIC[node.op](graph, *parts)
    return graph.call("re", a)


def imaginary_part(graph: Graph, a: int) -> int:
    """The imaginary part of a; torch has no vmap for that of a conjugate."""
    node = graph[a]
    if not node.kind.is_complex:
        return graph.node("mul", graph.const(0), a)
    if node.data == "conjugate":
        return neg(graph, imaginary_part(graph, node.args[0]))
    return graph.call("im", a)


_SHORTCUTS: Mapping[object, Callable[..., int]] = {
    "pow": power,
    "sqrt": root,
    "sign": sign,
    "abs": absolute,
    "re": real_part,
    "im": imaginary_part,
    "conjugate": conj,
}


def rebuilt(graph: Graph, node: Node, args: Sequence[int | bool]) -> int | bool:
    """``node`` with other arguments, shortcuts taken.

    A condition that is decided by constants comes back as a Python bool.
    """
    if node.op in COMPARISONS or node.op in CONNECTIVES:
        return condition(graph, node, args)
    if node.op == "where":
        return where(graph, args[0], int(args[1]), int(args[2]))
    if node.op == "guard" and isinstance(args[0], bool):
        return args[1] if args[0] else args[2]
    values = [int(arg) for arg in args]
    if node.op in ARITHMETIC:
        return ARITHMETIC[node.op](graph, *values)
    if node.op == "call" and node.data in _SHORTCUTS:
        return _SHORTCUTS[node.data](graph, *values)
    if node.op == "const":
        assert node.data is not None
        return graph.const(node.data)
    return graph.node(node.op, *values, data=node.data)


def substitute(
    graph: Graph, nodes: Sequence[Node], root: int, bindings: Mapping[str, int]
) -> int | bool:
    """Build the formula ``root`` of ``nodes`` in ``graph``, its inputs bound by name.

    Inputs that the formula does not use need no binding.
    """
    unbound = -1
    built: list[int | bool] = []
    for node in nodes[: root + 1]:
        if node.op == "input":
            built.append(bindings.get(str(node.data), unbound))
        else:
            built.append(rebuilt(graph, node, [built[arg] for arg in node.args]))
    return built[root]
