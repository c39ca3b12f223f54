"""From values to statements that a person would write.

What is used twice gets a name, what is used once goes back into the expression that
uses it, and an expression that would not fit on its line is cut at its longest part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from symgrad import precise
from symgrad.axes import RULES as along_axes
from symgrad.functions import TABLE
from symgrad.lines import LINE
from symgrad.naming import Names
from symgrad.printer import Number, Text, constant
from symgrad.program import LEAVES, VARIABLES, Node, Program

DEEPEST = 12
"""The deepest indentation of a statement: inside a guard of a method."""

EXPRESSION = 60
"""An expression longer than this is cut, wherever it stands."""

_SEVERAL = -1
"""In the place of a block: more than one."""

_GENERAL = ("u", "v", "w", "p", "q", "r")
"""Names for values that have no better one, in the order in which they are given."""


@dataclass(frozen=True)
class Statement:
    """``target = value``, the same in the language of specs, and why it is there."""

    target: str
    value: Text
    formula: str
    note: str = ""


Speller = Callable[[int, Sequence[Text]], Text]
"""Writes one value of a program, given the texts of its arguments."""


class Layout:
    """The statements of one function, block by block.

    ``leaves`` are the values that have a name from the start: arguments, residuals,
    cotangents.  A block's values are those that its roots need and no earlier block
    has written.
    """

    def __init__(
        self,
        program: Program,
        spell: Speller,
        formula: Callable[[Node, Sequence[Text]], Text],
        leaves: Mapping[int, str],
        names: Names,
        roots: Iterable[Sequence[int]],
        constant: Callable[[Number], Text] = constant,
    ) -> None:
        self._program, self._spell, self._formula = program, spell, formula
        self._constant_text = constant
        self._names = names
        self._blocks = [list(block) for block in roots]
        self._stop = frozenset(leaves)
        self._constant = _constants(program.nodes)
        self._code = {value: Text(name) for value, name in leaves.items()}
        self._shown = dict(self._code)
        self._bound: dict[int, str] = {}
        self._statements: list[Statement] = []
        self._needed_in = self._blocks_of_values()
        self._uses = self._count_uses()
        self.shared = self._shared()

    def _blocks_of_values(self) -> Mapping[int, int]:
        """The block that needs a value, for those that any does, or ``_SEVERAL``."""
        found: dict[int, int] = {}

        def needed(value: int, block: int) -> None:
            found[value] = block if found.get(value, block) == block else _SEVERAL

        for number, block in enumerate(self._blocks):
            for value in block:
                needed(value, number)
        for value in range(len(self._program.nodes) - 1, -1, -1):
            if value in found and value not in self._stop:
                for arg in self._program.nodes[value].args:
                    needed(arg, found[value])
        return found

    def _count_uses(self) -> Counter[int]:
        """How often each live value is written out in this function."""
        uses: Counter[int] = Counter(v for block in self._blocks for v in block)
        for value in self._needed_in:
            if value not in self._stop and value not in self._constant:
                uses.update(_written(self._program.nodes, self._program.nodes[value]))
        return uses

    def _shared(self) -> list[int]:
        """The values that more than one block needs, and that need a name for it."""
        several = [v for v, block in self._needed_in.items() if block == _SEVERAL]
        return [v for v in sorted(several) if self._must_name(v)]

    def _must_name(self, value: int) -> bool:
        node = self._program.nodes[value]
        if value in self._stop or value in self._constant or node.op in LEAVES:
            return False
        named = value in self._program.names or value in self._program.notes
        if named or self._uses[value] > 1:
            return True
        return value in self._program.hints and self._is_compound(node)

    def _is_compound(self, node: Node) -> bool:
        """Whether a value takes more than one operation from what has a name."""
        parts = [self._code[arg].text for arg in node.args if arg in self._code]
        named = all(p.isidentifier() or p.replace(".", "").isdigit() for p in parts)
        return node.op != "call" and not (named and len(parts) == len(node.args))

    def block(self, roots: Sequence[int]) -> list[Statement]:
        """The statements that come before the expressions of ``roots``."""
        self._statements = []
        for value in self._program.reachable(roots, self._code):
            if value not in self._code:
                self._write(value, EXPRESSION)
                if self._must_name(value) and not self._is_another_name(value):
                    self._bind(value)
        return self._statements

    def _is_another_name(self, value: int) -> bool:
        """Whether a value is another by its axes alone, and its code has a name."""
        axes = self._program.nodes[value].op in along_axes
        return axes and self._code[value].text.isidentifier()

    def root(self, value: int, width: int) -> Text:
        """The expression of a value, in at most ``width`` columns if it can be.

        Statements that this takes are added to those of the last block.
        """
        long = len(self._code[value]) > width
        if long and value not in self._stop and self._can_name(value):
            self._write(value, width)
        return self._code[value]

    def item(self, value: int, width: int) -> Text:
        """``root`` for a place that is never broken: at worst a name stands there."""
        text = self.root(value, width)
        return text if len(text) <= width else self.named(value)

    def named(self, value: int) -> Text:
        """A name for a value, bound by one more statement of the last block."""
        if not self._code[value].text.isidentifier():
            self._bind(value)
        return self._code[value]

    @property
    def bound(self) -> dict[int, str]:
        """The values that statements have given a name, with that name."""
        return {value: self._code[value].text for value in self._bound}

    def shown(self, value: int) -> str:
        """A value in the language of specs, in the names that are bound by now.

        A value that has got a name of ours is shown as what it is.
        """
        return self._bound.get(value) or self._show(value).text

    def _write(self, value: int, width: int) -> None:
        """The texts of a value; its longest parts get names until it fits."""
        node = self._program.nodes[value]
        if value in self._constant:
            self._code[value] = self._literal(value)
            self._shown[value] = self._formula(
                node, [self._show(arg) for arg in node.args]
            )
            return
        while True:
            self._code[value] = self._spell(
                value, [self._code[arg] for arg in node.args]
            )
            self._shown[value] = self._formula(
                node, [self._show(arg) for arg in node.args]
            )
            long = [arg for arg in node.args if self._can_name(arg)]
            if len(self._code[value]) <= width or not long:
                return
            self._bind(max(long, key=lambda arg: len(self._code[arg])))

    def _can_name(self, value: int) -> bool:
        free = value in self._constant or self._program.nodes[value].op == "size"
        return not free and not self._code[value].text.isidentifier()

    def _show(self, value: int) -> Text:
        """The formula of a value; what no statement needs is not deep."""
        if value not in self._shown:
            node = self._program.nodes[value]
            self._shown[value] = self._formula(
                node, [self._show(arg) for arg in node.args]
            )
        return self._shown[value]

    def _literal(self, value: int) -> Text:
        """A constant; a derivative may have infinite ones, such as log(0) in 0**x."""
        node = self._program.nodes[value]
        if node.op == "const" and not isinstance(node.data, str):
            assert node.data is not None
            return self._constant_text(node.data)
        if node.kind.is_condition:
            return self._constant_text(precise.holds(self._program.nodes, value))
        [number] = precise.floats(self._program.nodes, [value], {})
        return self._constant_text(number)

    def _bind(self, value: int) -> None:
        """Give a value a name and write the statement that computes it."""
        name = self._name(value)
        self._bound[value] = self._shown[value].text
        room = LINE - DEEPEST - len(f"{name} = ")
        if len(self._code[value]) > room:
            self._write(value, room)
        text = self._code[value]
        note = self._program.notes.get(value)
        reason = note.reason if note else ""
        self._statements.append(Statement(name, text, self._shown[value].text, reason))
        self._code[value] = self._shown[value] = Text(name)

    def _name(self, value: int) -> str:
        node = self._program.nodes[value]
        if value in self._program.names:
            return self._program.names[value]
        if value in self._program.notes:
            return self._names.claim(self._program.notes[value].name)
        if value in self._program.hints:
            return self._names.claim(self._program.hints[value])
        if node.op == "call":
            return self._names.claim(TABLE[str(node.data)].stem)
        if node.kind.is_condition:
            return self._names.claim("inside")
        return self._names.claim(*_GENERAL)


def _constants(nodes: Sequence[Node]) -> set[int]:
    """The values that are the same on every call."""
    constant: set[int] = set()
    for value, node in enumerate(nodes):
        fixed = node.op not in VARIABLES and not node.axes
        if fixed and constant.issuperset(node.args):
            constant.add(value)
    return constant


def _written(nodes: Sequence[Node], node: Node) -> Sequence[int]:
    """The arguments of a value as often as its text repeats them."""
    if node.op == "call" and node.data == "pow" and nodes[node.args[1]].data in (2, 3):
        return (node.args[0], node.args[0])
    return node.args
