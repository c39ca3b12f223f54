"""How PyTorch writes a choice of two values, and numbers as tensors."""

from __future__ import annotations

from collections.abc import Sequence, Set
from fractions import Fraction

from symgrad.printer import Text, binary, call, choice, literal
from symgrad.program import COMPARISONS, Kind, Node

ARITHMETIC = frozenset({"add", "sub", "mul", "div"}) | COMPARISONS


def spelled_choice(
    nodes: Sequence[Node],
    node: Node,
    args: Sequence[Text],
    anchor: str,
    small: bool,
    held: Set[int],
) -> Text:
    """A choice; of two numbers it has the anchor's dtype where that may matter.

    Both branches of a Python condition are computed too where one is a tensor: the
    result has the shape of both, and is a tensor whichever is taken.

    torch.where makes float32 of two numbers.  Beside a 0-dim float64 that dtype wins,
    unless it is ``small``: used with tensors of its own shape and nothing else.
    """
    condition, a, b = args
    test = nodes[node.args[0]]
    if is_number(nodes, node.args[0], held):
        if held.isdisjoint(node.args[1:]):
            return choice(condition, a, b)
        lifted = [Text("()"), condition, Text("dtype=torch.bool")]
        condition = call(f"{anchor}.new_full", lifted)
    branches = [nodes[arg] for arg in node.args[1:]]
    if node.op == "guard" and condition.text.startswith("~") and test.op == "not":
        condition = Text(condition.text[1:].removeprefix("(").removesuffix(")"))
        a, b, branches = b, a, branches[::-1]
    if node.kind is Kind.COMPLEX:  # torch cannot differentiate a mixed choice
        a, b = (widened(*pair) for pair in zip(branches, (a, b), strict=True))
    if held.isdisjoint(node.args[1:]):
        exact = small and all(map(_is_exact, branches))
        a, b = (_as_float(*pair) for pair in zip(branches, (a, b), strict=True))
        a = a if exact else as_tensor(a, anchor, branches[0].kind)
    return call("torch.where", [condition, a, b])


def is_number(nodes: Sequence[Node], condition: int, held: Set[int]) -> bool:
    """Whether a condition is a Python bool in code."""
    return nodes[condition].kind is Kind.BOOL and condition not in held


def beside_tensors(nodes: Sequence[Node]) -> set[int]:
    """The choices that only meet tensors, or nothing: never a number to be rounded."""
    found = {v for v, node in enumerate(nodes) if node.op == "where"}
    for node in nodes:
        parts = node.args[1:] if node.op == "where" else node.args
        firm = [v for v in parts if nodes[v].kind is Kind.REAL]
        firm = [v for v in firm if nodes[v].op != "where"]
        if not firm or node.op not in (*ARITHMETIC, "where"):
            found.difference_update(() if node.op == "reduce" else node.args)
    return found


def _is_exact(node: Node) -> bool:
    """Whether float32 holds a literal; of two numbers torch.where makes a float32."""
    if not isinstance(node.data, Fraction) or node.op != "const":
        return False
    bottom = node.data.denominator
    return (
        abs(node.data.numerator) < 2**24
        and bottom & (bottom - 1) == 0
        and bottom < 2**24
    )


def _as_float(node: Node, text: Text) -> Text:
    """A literal with a decimal point: of two ints torch.where makes an int tensor."""
    if node.op != "const" or not isinstance(node.data, Fraction):
        return text
    number = float(node.data)
    return literal(number)


def widened(node: Node, text: Text) -> Text:
    """A real tensor as a complex one."""
    return binary("add", text, Text("0j")) if node.kind is Kind.REAL else text


def as_tensor(text: Text, anchor: str, kind: Kind) -> Text:
    if kind is Kind.PLANE:
        return binary("mul", text, Text(f"{anchor}.new_ones(())"))
    return call(f"{anchor}.new_full", [Text("()"), text])
