"""How PyTorch writes one value."""

from __future__ import annotations

from collections.abc import Sequence, Set
from fractions import Fraction

from symgrad.axes import BATCH
from symgrad.backends.torch_align import all_aligned
from symgrad.backends.torch_along import SPELLINGS
from symgrad.backends.torch_along import spell as along
from symgrad.backends.torch_choices import (
    ARITHMETIC,
    as_tensor,
    beside_tensors,
    is_number,
    spelled_choice,
    widened,
)
from symgrad.backends.torch_names import (
    is_of_one_shape,
    number_spelling,
    options,
    scalars,
    spelling,
)
from symgrad.backends.torch_reuse import reusing
from symgrad.layout import Speller
from symgrad.printer import (
    ATOM,
    Text,
    binary,
    call,
    choice,
    negative,
    power,
)
from symgrad.program import (
    CONNECTIVES,
    Kind,
    Node,
    Program,
    is_complex,
    is_constant,
)


def speller(program: Program, anchor: str) -> Speller:
    """Writes values of ``program``; ``anchor`` is a tensor that is always at hand.

    Where torch asks for a tensor and the formula has a number, the number becomes a
    0-dim tensor of the anchor's dtype and device.
    """
    nodes = program.nodes
    held = _held_as_tensors(nodes)
    factors = _only_factors(program)
    alone = sum(nodes[v].kind.is_tensor for v in program.inputs.values()) == 1
    small = beside_tensors(nodes) if alone else set()

    def spell(value: int, args: Sequence[Text]) -> Text:
        node = nodes[value]
        if node.op in SPELLINGS:
            return along(nodes, node, args, anchor)
        args = all_aligned(nodes, node, args)
        if node.kind is Kind.PLANE and value in held:
            args = _in_plane(nodes, node, args, anchor, held)
        if node.kind.is_floating:
            args = _floating(nodes, node, args, anchor)
        if node.op in ("eq", "ne") and {*node.args} == {node.args[0]} <= held:
            test = call("torch.isnan", args[:1])  # as linters want it said
            return test if node.op == "ne" else negative(test, "~")
        if node.op in ("eq", "ne") and [a in held for a in node.args] == [False, True]:
            args = args[::-1]  # by the types, a number == a tensor is a bool
        if node.op in ARITHMETIC:
            return binary(node.op, args[0], args[1])
        if node.op == "neg":
            return negative(args[0])
        if node.op in ("and", "or"):
            op = f"bit_{node.op}" if node.kind is Kind.MASK else node.op
            return binary(op, args[0], args[1])
        if node.op == "not":
            return negative(args[0], "~" if node.kind is Kind.MASK else "not ")
        if value in factors and is_number(nodes, node.args[0], held):
            return choice(*args)
        if node.op in ("where", "guard"):
            return spelled_choice(nodes, node, args, anchor, value in small, held)
        if node.op == "clamped":
            return call(f"torch.clamp_{node.data}", args)
        if node.op == "gated":
            return call("_gated", args)
        if node.op == "polynomial":
            return call("_polynomial", [*args, Text(f"single={node.data}")])
        if node.op == "stop_gradient":
            return _detached(node, args[0])
        if node.op == "reduce":
            return _reduced(nodes, node, args)
        if node.data == "pow":
            return _power(nodes, node, args, anchor, held)
        return _call(nodes, node, args, anchor, held)

    return reusing(program, spell, anchor)


def _reduced(nodes: Sequence[Node], node: Node, args: Sequence[Text]) -> Text:
    """A sum to the shape of another value, some of whose axes may be missing."""
    value, shape = args[0], f"{args[1].text}.shape"
    own, whole = (set(nodes[arg].axes) for arg in node.args)
    if not whole <= own | {BATCH}:
        value = call("_spread", [value, Text(shape)])
    return Text(f"{value.within(ATOM)}.sum_to_size({shape})")


def _held_as_tensors(nodes: Sequence[Node]) -> set[int]:
    """The values that are tensors in code: also functions of numbers in torch only."""
    held: set[int] = set()
    for value, node in enumerate(nodes):
        lacking = node.op == "call" and number_spelling(str(node.data)) is None
        lacking = lacking and node.data != "pow" and not is_constant(nodes, value)
        by_mask = node.args and nodes[node.args[0]].kind is Kind.MASK
        chosen = node.op in ("where", "guard") and by_mask
        parts = node.args[1:] if chosen else node.args
        parts = () if node.op in CONNECTIVES else parts  # Python's give a bool
        # torch.compile takes no function of Python's complex numbers
        lacking = lacking or (node.kind is Kind.PLANE and not is_constant(nodes, value))
        if node.kind.is_tensor or lacking or not held.isdisjoint(parts):
            held.add(value)
    return held


def _in_plane(
    nodes: Sequence[Node],
    node: Node,
    args: Sequence[Text],
    anchor: str,
    held: Set[int],
) -> Sequence[Text]:
    """The arguments, of which a number that is no constant becomes a tensor."""
    return [
        text
        if arg in held or is_constant(nodes, arg) or nodes[arg].kind.is_condition
        else as_tensor(text, anchor, nodes[arg].kind)
        for arg, text in zip(node.args, args, strict=True)
    ]


def _only_factors(program: Program) -> set[int]:
    """Choices that derivatives only multiply tensors by: there a number will do."""
    others = set(program.reachable(program.outputs.values()))
    others.update(v for terms in program.gradients.values() for v in terms)
    others.update(program.jvps.values())
    for node in program.nodes:
        whole = all(program.nodes[arg].kind is Kind.REAL for arg in node.args)
        others.update(node.args if node.op != "mul" or not whole else ())
    choices = {v for v, node in enumerate(program.nodes) if node.op == "where"}
    return choices - others


def _complex_base(node: Node, text: Text, anchor: str, held: bool) -> Text:
    """The base of a complex power: torch's jvp of a real one is wrong.

    And that of a number would forget channels_last.
    """
    if held:
        return widened(node, text)
    one = Text(f"{anchor}.new_ones(())")
    lifted = binary("mul", text, one)
    return lifted if node.kind is Kind.PLANE else binary("add", lifted, Text("0j"))


def _detached(node: Node, operand: Text) -> Text:
    if not node.kind.is_tensor:
        return operand
    return Text(f"{operand.within(ATOM)}.detach()")


def _power(
    nodes: Sequence[Node],
    node: Node,
    args: Sequence[Text],
    anchor: str,
    held: Set[int],
) -> Text:
    """Cheap powers as products and roots."""
    base, exponent = args
    if node.kind is Kind.COMPLEX:
        base = _complex_base(nodes[node.args[0]], base, anchor, node.args[0] in held)
    data = nodes[node.args[1]].data if nodes[node.args[1]].op == "const" else None
    if data in (2, 3):
        product = binary("mul", base, base)
        return product if data == 2 else binary("mul", product, base)
    if data == Fraction(1, 2) and node.kind.is_tensor:
        return call("torch.sqrt", [base])
    if data == Fraction(-1, 2) and node.kind.is_tensor:
        return call("torch.rsqrt", [base])
    plain = not node.kind.is_tensor and held.isdisjoint(node.args)
    if nodes[node.args[1]].kind is Kind.FLOAT and plain:
        return call("math.pow", args)  # where ** would make a complex number
    return power(base, exponent)


def _call(
    nodes: Sequence[Node],
    node: Node,
    args: Sequence[Text],
    anchor: str,
    held: Set[int],
) -> Text:
    name = str(node.data)
    tensors = [arg in held for arg in node.args]
    plane = is_complex(nodes, node)
    native = number_spelling(name)
    if not any(tensors) and native is not None:
        return call(native, args)
    admitted = scalars(name, tensors)
    anchor = _nearest(nodes, node, args) or anchor
    lifted = [
        text
        if tensor or (number_ok and (any(tensors) or not all(admitted)))
        else as_tensor(text, anchor, nodes[arg].kind)
        for arg, text, tensor, number_ok in zip(
            node.args, args, tensors, admitted, strict=True
        )
    ]
    spelled = spelling(name, plane)
    assert spelled is not None, f"{name} was not lowered"
    if is_of_one_shape(nodes, node):
        lifted = [Text(f"*{call('_alike', lifted).text}")]
    return call(spelled, [*lifted, *map(Text, options(name))])


def _nearest(nodes: Sequence[Node], node: Node, args: Sequence[Text]) -> str | None:
    """A floating argument that has a name: a number beside it takes its dtype."""
    pairs = zip(node.args, args, strict=True)
    named = (text.text for arg, text in pairs if nodes[arg].kind is Kind.REAL)
    return next((text for text in named if text.isidentifier()), None)


def _floating(
    nodes: Sequence[Node], node: Node, args: Sequence[Text], anchor: str
) -> Sequence[Text]:
    """The arguments, integer tensors made floating if no other tensor is.

    By itself torch would make them float32, whatever the rest of the op is in.
    """
    kinds = [nodes[arg].kind for arg in node.args]
    if any(k.is_floating for k in kinds) or Kind.INDEX not in kinds:
        return args
    dtype = f".to({anchor}.dtype)"
    return [
        Text(f"{text.within(ATOM)}{dtype}") if kind is Kind.INDEX else text
        for text, kind in zip(args, kinds, strict=True)
    ]
