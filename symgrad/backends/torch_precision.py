"""Which values of an op with products of matrices are in which precision.

Products are in the dtype of the inputs, for which hardware has units, and torch adds up
in float32.  All else is computed in at least float32: what is multiplied is rounded
before, and a product that is computed on with is widened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgrad.backends.torch_lines import unpack
from symgrad.layout import Speller
from symgrad.lines import assignment
from symgrad.narrow import EXACT
from symgrad.printer import ATOM, Text, call
from symgrad.program import Kind, Node, Program


@dataclass(frozen=True)
class Precision:
    """``narrow`` values are in the dtype of the inputs, all others at least float32.

    ``wide`` are the names of leaves that have to be widened, and ``widened`` products.
    ``dtype`` is the text of the dtype in which what is wide is multiplied; empty where
    nothing is.
    """

    narrow: frozenset[int] = frozenset()
    wide: tuple[str, ...] = ()
    widened: frozenset[int] = frozenset()
    dtype: str = ""

    @property
    def is_mixed(self) -> bool:
        """Whether there are products at all."""
        return bool(self.narrow or self.dtype)

    def spelled(self, nodes: Sequence[Node], spell: Speller) -> Speller:
        """The speller, with casts around products."""

        def write(value: int, args: Sequence[Text]) -> Text:
            if nodes[value].op == "narrow":
                return self._rounded(args[0]) if self.is_mixed else args[0]
            if nodes[value].op != "einsum":
                return spell(value, args)
            pairs = zip(nodes[value].args, args, strict=True)
            rounded = [self._factor(v, a) for v, a in pairs]
            text = spell(value, rounded)
            return call("_wide", [text]) if value in self.widened else text

        return write

    def anchor(self, text: str) -> str:
        """A tensor like this one, of the precision that numbers are computed in."""
        if not self.is_mixed or text in self.wide:
            return text
        return self.wide[0] if self.wide else f"_wide({text}.new_empty(()))"

    def casts(self, tensors: Sequence[str], source: Text) -> list[str]:
        """The lines that bring leaves, unpacked from a source, to their precisions."""
        lines = unpack(tensors, source, 8)
        if self.dtype.isidentifier():
            lines += assignment(self.dtype, Text(f"{tensors[0]}.dtype"), 8)
        if self.wide:
            lines += unpack(self.wide, call("_opmath", list(map(Text, self.wide))), 8)
        return lines

    def _factor(self, value: int, text: Text) -> Text:
        given = value in self.narrow or not self.is_mixed
        return text if given else self._rounded(text)

    def _rounded(self, text: Text) -> Text:
        return Text(f"{text.within(ATOM)}.to({self.dtype})", ATOM)


FULL = Precision()
"""Where nothing is multiplied: all that is computed with is widened at the start."""


def precision(
    program: Program, live: Sequence[int], leaves: Mapping[int, str], dtype: str
) -> Precision:
    """The precisions of the ``live`` values, some of which are named ``leaves``.

    Without a narrow leaf the dtype of products goes by the name ``dtype``.
    """
    nodes = program.nodes
    products = [v for v in live if nodes[v].op == "einsum" and v not in leaves]
    if not products or program.in_plane:
        return FULL
    computed_with = _computed_with(nodes, live, leaves)
    narrow = set[int]()
    for value in live:
        if nodes[value].op == "narrow":
            own = True
        elif _is_given(program, value, leaves) or value in products:
            own = value not in computed_with
        else:
            own = nodes[value].op in EXACT and nodes[value].args[0] in narrow
        narrow.update([value] if own else [])
    given = [v for v in leaves if v in live and _is_given(program, v, leaves)]
    named = [leaves[v] for v in given if v in narrow]
    factors = [arg for v in products for arg in nodes[v].args]
    rounds = any(v not in narrow or nodes[v].op == "narrow" for v in factors)
    return Precision(
        narrow=frozenset(narrow),
        wide=tuple(leaves[v] for v in given if v not in narrow),
        widened=frozenset(products) - narrow,
        dtype="" if not rounds else f"{named[0]}.dtype" if named else dtype,
    )


def _is_given(program: Program, value: int, leaves: Mapping[int, str]) -> bool:
    """Whether a value comes in the dtype of the inputs; statistics are wide."""
    real = program.nodes[value].kind is Kind.REAL
    return value in leaves and real and value not in program.statistics


def _computed_with(
    nodes: Sequence[Node], live: Sequence[int], leaves: Mapping[int, str]
) -> set[int]:
    """The values that something but a product is computed from."""
    found = set[int]()
    for value in reversed(live):
        node = nodes[value]
        if value in leaves:
            continue
        if node.op != "einsum" and (node.op not in EXACT or value in found):
            found.update(node.args)
    return found
