"""An op as LaTeX: its formulas, and the derivatives that symgrad found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

import sympy

from symgrad.axes import index_of, named
from symgrad.derive import differentiate, primal
from symgrad.op import Op
from symgrad.program import Graph, Node, Program
from symgrad.symbols import SYMBOLS
from symgrad.to_sympy import to_sympy, tree_size

_LONGEST = 400
"""Formulas of more nodes are left out: nobody reads them."""


def latex(op: Op) -> str:
    """Lets, outputs and gradients, one a line, as a display formula."""
    lines = [*_formulas(op), *_gradients(op)]
    body = " \\\\\n".join(f"{left} &= {right}" for left, right in lines)
    return f"$\\displaystyle\\begin{{aligned}}\n{body}\n\\end{{aligned}}$"


def _formulas(op: Op) -> Iterator[tuple[str, str]]:
    program = primal(op)
    leaves = _inputs(program)
    for formula in (*op.lets, *op.outputs):
        left = sympy.latex(sympy.Symbol(formula.written))
        yield left, _written(program, formula.value, leaves)
        node = op.nodes[formula.value]
        leaves.setdefault(formula.value, _indexed(formula.name, node))


def _gradients(op: Op) -> Iterator[tuple[str, str]]:
    """Partials of the only output; with several, gradients in their cotangents."""
    program = differentiate(primal(op), op)
    graph = Graph(program.nodes)
    leaves = _inputs(program)
    for output, value in program.cotangents.items():
        leaves[value] = _indexed(_adjoint(output), program.nodes[value])
    for value, name in program.names.items():
        leaves.setdefault(value, _indexed(name, program.nodes[value]))
    for name, terms in program.partials.items():
        zero = graph.const(0)
        total = reduce(lambda a, b: graph.node("add", a, b), terms) if terms else zero
        yield _derivative(op, name), _written(graph, total, leaves, collected=True)


def _derivative(op: Op, name: str) -> str:
    """What a gradient is called: one output's partial, or a row of the adjoint.

    In the plane there is no partial, only the adjoint of a linear map.
    """
    outputs = op.differentiable_outputs
    given = any(formula.name == name for formula in op.overrides)
    if given or len(outputs) != 1 or op.in_plane or op.has_axes:
        return _adjoint(name)
    return rf"\frac{{\partial {_symbol(outputs[0].name)}}}{{\partial {_symbol(name)}}}"


def _adjoint(name: str) -> str:
    return rf"\bar{{{_symbol(name)}}}"


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


def _indexed(name: str, node: Node) -> Any:
    """The same with the indices of the formula that it names."""
    leaf = _leaf(name, node)
    if not isinstance(leaf, sympy.IndexedBase):
        return leaf
    return leaf[tuple(sympy.Symbol(index_of(axis)) for axis in named(node.axes))]


def _symbol(name: str) -> str:
    return str(sympy.latex(sympy.Symbol(name)))


def _written(
    program: Program | Graph,
    value: int,
    leaves: Mapping[int, Any],
    *,
    collected: bool = False,
) -> str:
    """A formula in the order it was written, or as SymPy collects it."""
    if tree_size(program.nodes, value, leaves) > _LONGEST:
        return r"\ldots"
    expression = to_sympy(program.nodes, value, leaves, SYMBOLS, evaluate=collected)
    return str(sympy.latex(expression, order=None if collected else "none"))
