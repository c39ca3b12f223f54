"""An op as mathematics: its formulas, and the derivatives that symgrad found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import sympy

from symgrad import maths
from symgrad.as_text import as_text, for_readers
from symgrad.axes import index_of, named
from symgrad.derive import differentiate, primal
from symgrad.op import Op
from symgrad.program import Graph, Node, Program
from symgrad.symbols import SYMBOLS
from symgrad.to_sympy import to_sympy, tree_size

_LONGEST = 400
"""Formulas of more nodes are left out: nobody reads them."""


@dataclass(frozen=True)
class Equation:
    """One line of a derivation in three writings.

    ``text`` is in the language of specs, ``latex`` are both sides of an alignment, and
    ``unicode`` are lines for a terminal.
    """

    text: str
    latex: tuple[str, str]
    unicode: tuple[str, ...]


@dataclass(frozen=True)
class Sides:
    """Both sides of an equation; no ``right`` where nobody would read it.

    ``left`` is a symbol, or an output and an input of which it is the partial.
    ``text`` is the right side as somebody wrote it.
    """

    left: Any
    right: Any
    by: str = ""
    text: str = ""

    def latex(self) -> tuple[str, str]:
        """Both sides as LaTeX."""
        left, right = maths.latex(self.left, in_order=True), r"\ldots"
        if self.by:
            below = maths.latex_name(self.by)
            left = rf"\frac{{\partial {left}}}{{\partial {below}}}"
        if self.right is not None:
            right = maths.latex(self.right, in_order=bool(self.text))
        return left, right

    def written(self) -> Equation:
        """The equation in all its writings."""
        left, text = as_text(self.left), self.text or "..."
        if not self.text and self.right is not None:
            text = for_readers(self.right)
        whole = f"d{left}/d{self.by} = {text}" if self.by else f"{left} = {text}"
        return Equation(whole, self.latex(), self._unicode(left, whole))

    def _unicode(self, left: str, text: str) -> tuple[str, ...]:
        if self.right is None:
            return (text,)
        name = maths.unicode_name(left)
        if self.by:
            name = f"∂{name}/∂{maths.unicode_name(self.by)}"
        return maths.unicode(name, self.right, in_order=bool(self.text))


def latex(op: Op) -> str:
    """Lets, outputs and gradients, one a line, as a display formula."""
    pairs = [sides.latex() for sides in (*formulas(op), *gradients(op))]
    body = " \\\\\n".join(f"{left} &= {right}" for left, right in pairs)
    return f"$\\displaystyle\\begin{{aligned}}\n{body}\n\\end{{aligned}}$"


def formulas(op: Op) -> Iterator[Sides]:
    """Lets and outputs, as they were written."""
    program = primal(op)
    leaves = _inputs(program)
    for formula in (*op.lets, *op.outputs):
        left = _indexed(formula.name, op.nodes[formula.value], formula.indices)
        yield Sides(left, _expression(program, formula.value, leaves), "", formula.text)
        node = op.nodes[formula.value]
        leaves.setdefault(formula.value, _indexed(formula.name, node))


def gradients(op: Op) -> Iterator[Sides]:
    """Partials of the only output; with several, gradients in their cotangents."""
    program = differentiate(primal(op), op)
    graph = Graph(program.nodes)
    leaves, given = _inputs(program), {formula.name for formula in op.overrides}
    for output, value in program.cotangents.items():
        leaves[value] = _indexed(f"grad_{output}", program.nodes[value])
    for value, name in program.names.items():
        leaves.setdefault(value, _indexed(name, program.nodes[value]))
    for name, terms in program.partials.items():
        zero = graph.const(0)
        total = reduce(lambda a, b: graph.node("add", a, b), terms) if terms else zero
        right = _expression(graph, total, leaves, collected=True)
        if has_partials(op) and name not in given:
            yield Sides(sympy.Symbol(op.differentiable_outputs[0].name), right, name)
        else:
            yield Sides(sympy.Symbol(f"grad_{name}"), right)


def has_partials(op: Op) -> bool:
    """Whether gradients are one output's partials, and not rows of the adjoint.

    In the plane there are no partials, only the adjoint of a linear map.
    """
    return len(op.differentiable_outputs) == 1 and not (op.in_plane or op.has_axes)


def _inputs(program: Program) -> dict[int, Any]:
    return {
        value: _leaf(name, program.nodes[value])
        for name, value in program.inputs.items()
    }


def _leaf(name: str, node: Node) -> Any:
    """A symbol that is its own conjugate where it is real, or an indexed base."""
    symbol = sympy.Symbol(name, real=None if node.kind.is_complex else True)
    base = named(node.axes) and not node.kind.is_condition
    return sympy.IndexedBase(symbol) if base else symbol


def _indexed(name: str, node: Node, indices: tuple[str, ...] = ()) -> Any:
    """The same with the indices of the formula that it names."""
    leaf = _leaf(name, node)
    if not isinstance(leaf, sympy.IndexedBase):
        return leaf
    given = indices or map(index_of, named(node.axes))
    return leaf[tuple(map(sympy.Symbol, given))]


def _expression(
    program: Program | Graph,
    value: int,
    leaves: Mapping[int, Any],
    *,
    collected: bool = False,
) -> Any:
    """A formula in the order it was written, or as SymPy collects it."""
    if tree_size(program.nodes, value, leaves) > _LONGEST:
        return None
    return to_sympy(program.nodes, value, leaves, SYMBOLS, evaluate=collected)
