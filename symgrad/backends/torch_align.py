"""Values with named axes side by side: which dimension is which.

A value's tensor has its batch in front and then its named axes, in the order of its
node.  What a value lacks of another's axes becomes a dimension of size 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.axes import BATCH, named
from symgrad.printer import ATOM, Text
from symgrad.program import Node


def aligned(text: Text, axes: Sequence[str], target: Sequence[str | None]) -> Text:
    """A value of some axes with its dimensions as in ``target``.

    Places of the target that the value lacks, and those that are ``None``, have size 1.
    A value without batch may lack the first of them altogether.
    """
    own = list(named(axes))
    order = [axis for axis in target if axis in own]
    text = reordered(text, own, [axis for axis in order if axis is not None])
    pattern = [":" if axis in own else "None" for axis in target if axis != BATCH]
    if BATCH not in axes:
        while pattern and pattern[0] == "None":
            pattern.pop(0)
    while pattern and pattern[0] == ":":
        pattern.pop(0)
    if "None" not in pattern:
        return text
    return Text(f"{text.within(ATOM)}[{', '.join(['...', *pattern])}]")


def reordered(text: Text, own: Sequence[str], order: Sequence[str]) -> Text:
    """A tensor with its last dimensions in another order."""
    if list(own) == list(order) or not order:
        return text
    rank = len(own)
    moved = [k for k in range(rank) if own[k] != order[k]]
    if moved == [rank - 2, rank - 1]:
        return Text(f"{text.within(ATOM)}.mT")
    ends = ", ".join(str(order.index(own[k]) - rank) for k in moved)
    starts = ", ".join(str(k - rank) for k in moved)
    head, pieces = f"{text.within(ATOM)}.movedim", (f"({starts})", f"({ends})")
    return Text(f"{head}({', '.join(pieces)})", ATOM, pieces, head)


def all_aligned(
    nodes: Sequence[Node], node: Node, args: Sequence[Text]
) -> Sequence[Text]:
    """The arguments of a pointwise value, each with its dimensions as in that."""
    target = named(node.axes)
    if not target:
        return args
    return [
        aligned(text, nodes[arg].axes, target) if nodes[arg].kind.is_tensor else text
        for arg, text in zip(node.args, args, strict=True)
    ]
