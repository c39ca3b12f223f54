"""Temporaries that are written over: the memory of one is the memory of the next.

A fresh result that nothing else uses may become the next one in place, which spares an
allocation, and the cache all that it would have thrown out.  It is done where it is
right in every mode of torch, so that there is one text for all of them: where autograd
has not kept the temporary, where it and its tangent have all dimensions, and the batch
of every vmap, of what it is combined with, and where nothing has arrived in it: in
forward mode that may be a zero of torch's own, which cannot be written to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter

from symgrad.backends.torch_names import spelling
from symgrad.layout import Speller
from symgrad.leaf_sets import LeafSets
from symgrad.printer import ATOM, Text, call
from symgrad.program import Kind, Node, Program

_ARITHMETIC = frozenset({"add", "sub", "mul", "div", "neg", "clamped", "gated"})
"""Primitives whose results autograd does not keep."""

NOT_KEPT = frozenset(
    {"abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "clamp"}
    | {"cos", "cosh", "digamma", "erf", "erfc", "erfinv", "log", "log10", "log1p"}
    | {"log2", "logaddexp", "loggamma", "Max", "Min", "sin", "sinh", "xlogy"}
)
"""Functions whose results autograd does not keep, and that have a derivative."""

IN_PLACE = frozenset(
    {"abs", "acos", "asin", "atan", "ceiling", "cos", "cosh", "digamma", "erf"}
    | {"erfc", "erfinv", "exp", "exp2", "expm1", "floor", "log", "log10", "log1p"}
    | {"log2", "loggamma", "reciprocal", "relu", "rsqrt", "sigmoid", "sign", "sin"}
    | {"sinh", "sqrt", "tan", "tanh", "trunc"}
)
"""Functions that torch can also put in the place of their argument, all derivatives."""

_METHODS = {"add": "add_", "sub": "sub_", "mul": "mul_", "div": "div_"}


def reusing(program: Program, spell: Speller, anchor: str) -> Speller:
    """``spell``, but what is computed from a temporary takes its place if it may.

    A number that became a tensor like the ``anchor`` is in every vmap that this is in.
    """
    nodes = program.nodes
    behind, made_of = _sources(nodes), _sources(nodes, _branches)
    whole = _whole(nodes, behind)
    # of an integer torch makes float32, and what is summed to a shape may be smaller
    unsure = made_of.those(lambda n: n.kind is Kind.INDEX or n.op == "reduce")
    fresh: dict[int, str] = {}
    anchored = set[int]()

    def may_become(arg: int, text: Text, value: int) -> bool:
        """Whether an argument is a temporary that its value may be written into."""
        own, node = nodes[arg], nodes[value]
        is_temporary = fresh.get(arg) == text.text and whole[arg]
        has_shape = own.axes == node.axes and behind[arg] == behind[value]
        has_dtype = own.kind is node.kind is Kind.REAL and not made_of[arg] & unsure
        has_dtype = has_dtype and made_of[arg] == made_of[value]
        is_free = value not in program.arriving and anchored.isdisjoint(node.args)
        return is_temporary and has_shape and has_dtype and is_free

    def write(value: int, args: Sequence[Text]) -> Text:
        node = nodes[value]
        text = _in_place(nodes, node, args, [
            may_become(arg, part, value)
            for arg, part in zip(node.args, args, strict=True)
        ])  # fmt: skip
        text = spell(value, args) if text is None else text
        if f"{anchor}.new_" in text.text or not anchored.isdisjoint(node.args):
            anchored.add(value)
        if _is_fresh(nodes, node):
            fresh[value] = text.text
        return text

    return write


def _is_fresh(nodes: Sequence[Node], node: Node) -> bool:
    """Whether a value has memory of its own that autograd does not keep."""
    if node.op in ("where", "guard"):  # of a number Python chooses one of two tensors
        return nodes[node.args[0]].kind is Kind.MASK
    return node.op in _ARITHMETIC or (node.op == "call" and node.data in NOT_KEPT)


def _in_place(
    nodes: Sequence[Node], node: Node, args: Sequence[Text], may: Sequence[bool]
) -> Text | None:
    """A value as the method of a temporary that becomes it, ``None`` if none may."""
    if not any(may) or not all(_fits(nodes[arg], node) for arg in node.args):
        return None
    if node.op == "neg":
        return _method(args[0], "neg_")
    if node.op == "call" and node.data in IN_PLACE:
        name = str(spelling(str(node.data))).removeprefix("torch.")
        return _method(args[0], f"{name}_")
    if node.op not in _METHODS:
        return None
    if may[0]:
        return _method(args[0], _METHODS[node.op], args[1])
    turned = node.op in ("add", "mul")
    return _method(args[1], _METHODS[node.op], args[0]) if turned else None


def _method(temporary: Text, name: str, *args: Text) -> Text:
    return call(f"{temporary.within(ATOM)}.{name}", args)


def _fits(part: Node, node: Node) -> bool:
    """Whether an argument needs no change to stand beside the others."""
    number = part.kind in (Kind.FLOAT, Kind.INT)
    return number or (part.kind is Kind.REAL and part.axes == node.axes)


_LIKE = frozenset({"add", "sub", "neg", "where", "guard"})
"""Primitives whose tangent has no batch but that of their arguments' tangents."""

_FLAT = frozenset(
    {"ceiling", "conjugate", "floor", "im", "re", "round", "sign", "trunc"}
)
"""Functions whose tangent is zero, or a part of that of their argument."""


def _whole(nodes: Sequence[Node], behind: LeafSets) -> list[bool]:
    """Whether a value's tangent has the batch of all that the value depends on.

    It has where it is a product with something of the value, whichever inputs move.
    """
    found: list[bool] = []
    for value, node in enumerate(nodes):
        tensors = [arg for arg in _branches(node) if nodes[arg].kind.is_tensor]
        if node.op in _LIKE:
            alike = (found[v] and behind[v] == behind[value] for v in tensors)
            found.append(bool(tensors) and all(alike))
        else:
            by_rule = node.op in _ARITHMETIC or node.op == "call"
            found.append(by_rule and node.data not in _FLAT)
    return found


def _branches(node: Node) -> Sequence[int]:
    """What a value is made of, not what chooses: of two numbers it is a float32."""
    return node.args[1:] if node.op in ("where", "guard") else node.args


def _sources(
    nodes: Sequence[Node], through: Callable[[Node], Sequence[int]] = attrgetter("args")
) -> LeafSets:
    """The tensors behind each value: it has the shape, or the dtype, of all of them."""

    def is_source(node: Node) -> bool:
        own = node.op in ("input", "cotangent", "tangent") and node.kind.is_tensor
        return own or node.op == "reduce"

    return LeafSets(nodes, is_source, through)
