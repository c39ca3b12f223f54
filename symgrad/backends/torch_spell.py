"""How PyTorch writes one value."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symgrad.backends.torch_names import number_spelling, scalars, spelling
from symgrad.layout import Speller
from symgrad.printer import (
    ATOM,
    UNARY,
    Text,
    binary,
    call,
    choice,
    literal,
    negative,
    power,
)
from symgrad.program import COMPARISONS, Kind, Node, Program

_ARITHMETIC = frozenset({"add", "sub", "mul", "div"}) | COMPARISONS


def speller(program: Program, anchor: str) -> Speller:
    """Writes values of ``program``; ``anchor`` is a tensor that is always at hand.

    Where torch asks for a tensor and the formula has a number, the number becomes a
    0-dim tensor of the anchor's dtype and device.
    """
    nodes = program.nodes
    alone = sum(nodes[v].kind.is_tensor for v in program.inputs.values()) == 1

    def spell(value: int, args: Sequence[Text]) -> Text:
        node = nodes[value]
        if node.op == "div" and node.kind.is_tensor:
            args = _floating(nodes, node, args, anchor)
        if node.op in _ARITHMETIC:
            return binary(node.op, args[0], args[1])
        if node.op == "neg":
            return negative(args[0])
        if node.op in ("and", "or"):
            op = f"bit_{node.op}" if node.kind is Kind.MASK else node.op
            return binary(op, args[0], args[1])
        if node.op == "not":
            return negative(args[0], "~" if node.kind is Kind.MASK else "not ")
        if node.op in ("where", "guard"):
            return _choice(nodes, node, args, anchor, alone)
        if node.op == "stop_gradient":
            return _detached(node, args[0])
        if node.op == "reduce":
            return Text(f"{args[0].within(ATOM)}.sum_to_size({args[1].text}.shape)")
        if node.data == "pow":
            return _power(nodes, node, args)
        return _call(nodes, node, args, anchor)

    return spell


def _choice(
    nodes: Sequence[Node], node: Node, args: Sequence[Text], anchor: str, alone: bool
) -> Text:
    """A choice; of two numbers it has the anchor's dtype where that may matter.

    torch.where makes float32 of two numbers.  Beside a 0-dim float64 that dtype wins,
    unless the op has one tensor input alone: then all its values have one shape.
    """
    condition, a, b = args
    test = nodes[node.args[0]]
    if test.kind is Kind.BOOL:
        return choice(condition, a, b)
    branches = [nodes[arg] for arg in node.args[1:]]
    if node.op == "guard" and condition.text.startswith("~") and test.op == "not":
        condition = Text(condition.text[1:].removeprefix("(").removesuffix(")"))
        a, b, branches = b, a, branches[::-1]
    if not any(branch.kind.is_tensor for branch in branches):
        exact = alone and all(map(_is_exact, branches))
        a, b = (_as_float(*pair) for pair in zip(branches, (a, b), strict=True))
        a = a if exact else _lifted(a, anchor)
    return call("torch.where", [condition, a, b])


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
    return Text(repr(number), UNARY) if number < 0 else Text(repr(number))


def _detached(node: Node, operand: Text) -> Text:
    if not node.kind.is_tensor:
        return operand
    return Text(f"{operand.within(ATOM)}.detach()")


def _power(nodes: Sequence[Node], node: Node, args: Sequence[Text]) -> Text:
    """Cheap powers as products and roots."""
    base, exponent = args
    data = nodes[node.args[1]].data if nodes[node.args[1]].op == "const" else None
    if data in (2, 3):
        product = binary("mul", base, base)
        return product if data == 2 else binary("mul", product, base)
    if data == Fraction(1, 2) and node.kind.is_tensor:
        return call("torch.sqrt", [base])
    if data == Fraction(-1, 2) and node.kind.is_tensor:
        return call("torch.rsqrt", [base])
    if nodes[node.args[1]].kind is Kind.FLOAT and not node.kind.is_tensor:
        return call("math.pow", args)  # where ** would make a complex number
    return power(base, exponent)


def _call(nodes: Sequence[Node], node: Node, args: Sequence[Text], anchor: str) -> Text:
    name = str(node.data)
    tensors = [nodes[arg].kind.is_tensor for arg in node.args]
    native = number_spelling(name)
    if not any(tensors) and native is not None:
        return call(native, args)
    args = _floating(nodes, node, args, anchor)
    admitted = scalars(name, tensors)
    lifted = [
        text if tensor or (number_ok and any(tensors)) else _lifted(text, anchor)
        for text, tensor, number_ok in zip(args, tensors, admitted, strict=True)
    ]
    spelled = spelling(name)
    assert spelled is not None, f"{name} was not lowered"
    return call(spelled, lifted)


def _floating(
    nodes: Sequence[Node], node: Node, args: Sequence[Text], anchor: str
) -> Sequence[Text]:
    """The arguments, integer tensors made floating if no other tensor is.

    By itself torch would make them float32, whatever the rest of the op is in.
    """
    kinds = [nodes[arg].kind for arg in node.args]
    if Kind.REAL in kinds or Kind.INDEX not in kinds:
        return args
    dtype = f".to({anchor}.dtype)"
    return [
        Text(f"{text.within(ATOM)}{dtype}") if kind is Kind.INDEX else text
        for text, kind in zip(args, kinds, strict=True)
    ]


def _lifted(text: Text, anchor: str) -> Text:
    return call(f"{anchor}.new_tensor", [text])


__all__ = ["literal", "speller"]
