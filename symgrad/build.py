"""Keywords of the Python API to a checked spec, by the rules of spec files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy

from symgrad import use
from symgrad.errors import Diagnostic, SpecError
from symgrad.from_sympy import from_sympy, symbols_of
from symgrad.grammar import FormulaError
from symgrad.op import Formula, Op, Spec
from symgrad.parse import parse
from symgrad.precise import number
from symgrad.printer import Text, formula
from symgrad.program import Graph, Node, moving_kind
from symgrad.skeleton import PLACE, Draft, checked, written_out
from symgrad.spec import canonical
from symgrad.to_sympy import needed, tree_size
from symgrad.user_functions import check_derivatives

_LONGEST = 200
"""A formula of more nodes is not written out in docstrings."""


@dataclass
class Scope:
    """The graph of an op, and which symbol each name stands for.

    ``shown`` are the values that have a name, which formulas are written in.
    """

    graph: Graph
    symbols: dict[str, sympy.Symbol]
    shown: dict[int, Text] = field(default_factory=dict)

    def formula(self, name: str, written: Any, names: Mapping[str, int]) -> Formula:
        """Build one formula, a number; ``names`` are those that it may use."""
        made = self.named(name, written, names)
        if self.graph[made.value].kind.is_condition:
            said = f"a condition cannot be used as a number, in {name!r}"
            raise SpecError(
                _problem("SG208", said, "where(condition, 1, 0) makes it one")
            )
        return made

    def named(self, name: str, written: Any, names: Mapping[str, int]) -> Formula:
        """Build one formula, a number or a condition."""
        try:
            value = self._value(written, names)
        except FormulaError as error:
            raise SpecError(*_diagnostics(name, error)) from None
        return Formula(name, self._text(written, value), value)

    def _value(self, written: Any, names: Mapping[str, int]) -> int:
        if isinstance(written, str):
            return parse(written, self.graph, names, conditions=True)
        value = from_sympy(written, self.graph, self._bound(written, names))
        check_derivatives(written)
        return value

    def _bound(self, expression: Any, names: Mapping[str, int]) -> dict[Any, int]:
        """Symbols to values: a name means the symbol that first bore it."""
        used = symbols_of(expression)
        known = [symbol for symbol in used if symbol.name in names]
        first = (self.symbols.setdefault(symbol.name, symbol) for symbol in known)
        bound = {symbol: names[symbol.name] for symbol in first}
        if bound.keys() == set(used):
            return bound
        return {  # all that there is, for the message to help
            self.symbols.get(name, sympy.Symbol(name, real=True)): value
            for name, value in names.items()
        }

    def _text(self, written: Any, value: int) -> str:
        """The formula as a spec would have it; a very long one is not written out."""
        if isinstance(written, str):
            return " ".join(written.split())
        if tree_size(self.graph.nodes, value, self.shown) > _LONGEST:
            return "(a long expression)"
        return _text(self.graph.nodes, value, self.shown).text


def build(draft: Draft) -> Spec:
    """The spec of the one op that ``draft`` describes.

    Raises:
        SpecError: everything that is wrong with names, declarations and options;
            else what is wrong with the first formula that has a mistake.
    """
    along_axes = written_out(draft)
    if along_axes is not None:
        return alone(along_axes)
    outline = checked(draft)
    scope = Scope(Graph(), draft.symbols)
    given = outline.inputs
    values = {i.name: scope.graph.input(i.name, i.kind, i.axes) for i in given}
    scope.shown.update((value, Text(name)) for name, value in values.items())
    lets = _lets(scope, draft, values)
    outputs, standing = _outputs(scope, draft, values)
    overrides = _overrides(scope, draft, outline, values)
    made = replace(
        outline,
        nodes=tuple(scope.graph.nodes),
        lets=lets,
        outputs=outputs,
        stand_ins={formula.name: formula.value for formula in standing},
        surrogates=tuple(f for f in standing if f.name in draft.surrogate),
        overrides=overrides,
    )
    _check_constants(made.nodes)
    _check_use(made)
    return alone(made)


def alone(op: Op) -> Spec:
    """A spec of one op, which names its module."""
    return Spec(path=PLACE, stem=op.name, ops=(op,), canonical=canonical([op]))


def _lets(scope: Scope, draft: Draft, values: dict[str, int]) -> tuple[Formula, ...]:
    """Build the lets in order; each is known to what follows under its name."""
    made = []
    for name, written in draft.let.items():
        made.append(scope.named(name, written, values))
        values[name] = made[-1].value
        scope.shown.setdefault(values[name], Text(name))
    return tuple(made)


def _outputs(
    scope: Scope, draft: Draft, values: dict[str, int]
) -> tuple[tuple[Formula, ...], tuple[Formula, ...]]:
    """The outputs, and what stands in for each where derivatives are taken.

    That is the output itself, unless it or an earlier one that it uses has a surrogate.
    """
    outputs, standing = [], []
    smooth = dict(values)
    for name, written in draft.forward.items():
        outputs.append(scope.formula(name, written, values))
        instead = draft.surrogate.get(name, written)
        standing.append(scope.formula(name, instead, smooth))
        values[name], smooth[name] = outputs[-1].value, standing[-1].value
        scope.shown.setdefault(values[name], Text(name))
    return tuple(outputs), tuple(standing)


def _overrides(
    scope: Scope, draft: Draft, outline: Op, values: Mapping[str, int]
) -> tuple[Formula, ...]:
    """The gradients as given, in inputs, lets, outputs and ``grad_<output>``."""
    if not draft.backward:  # a cotangent that nothing uses has no place in the graph
        return ()
    arriving = outline.differentiable_outputs
    graph = scope.graph
    kinds = {f.name: moving_kind(graph[values[f.name]]) for f in arriving}
    cotangents = {f"grad_{n}": graph.cotangent(n, kind) for n, kind in kinds.items()}
    given, names = draft.backward.items(), {**values, **cotangents}
    return tuple(scope.formula(name, written, names) for name, written in given)


def _text(nodes: Sequence[Node], root: int, shown: Mapping[int, Text]) -> Text:
    texts: dict[int, Text] = {}
    for value in needed(nodes, [root], shown):
        args = [shown[arg] if arg in shown else texts[arg] for arg in nodes[value].args]
        texts[value] = formula(nodes[value], args)
    return shown[root] if root in shown else texts[root]


def _check_constants(nodes: Sequence[Node]) -> None:
    """Constants must be finite and real; only the largest ones are looked at."""
    fixed: list[bool] = []
    for node in nodes:
        known = node.op not in ("input", "cotangent")
        fixed.append(known and all(fixed[arg] for arg in node.args))
    inner = {
        arg for value, node in enumerate(nodes) if fixed[value] for arg in node.args
    }
    for value in range(len(nodes)):
        if fixed[value] and nodes[value].args and value not in inner:
            _check_constant(nodes, value)


def _check_constant(nodes: Sequence[Node], value: int) -> None:
    try:
        number(nodes, value)
    except (ValueError, ArithmeticError) as error:
        shown = _text(nodes, value, {}).text
        problem = _problem("SG207", f"{shown} is not a finite real number")
        raise SpecError(problem) from error


def _check_use(op: Op) -> None:
    """What is declared has an effect."""
    found = list(use.complaints(op, op.edges.keys() - {"*"}))
    if found:
        raise SpecError(*(_problem(c.code, c.message, c.help) for c in found))


def _diagnostics(where: str, error: FormulaError) -> Iterator[Diagnostic]:
    for found in error.mistakes:
        yield _problem(found.code, f"{found.message}, in {where!r}", found.help)


def _problem(code: str, message: str, help: str | None = None) -> Diagnostic:
    return Diagnostic(code, message, PLACE, None, (), help)
