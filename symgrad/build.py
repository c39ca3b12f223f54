"""Keywords of the Python API to a checked spec, by the rules of spec files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symgrad.errors import Diagnostic, SpecError
from symgrad.from_sympy import from_sympy, symbols_of
from symgrad.op import Formula, Op, Spec
from symgrad.parse import FormulaError, parse
from symgrad.precise import constant
from symgrad.printer import Text, formula
from symgrad.program import Graph, Node, show
from symgrad.skeleton import PLACE, Draft, Expressions, checked
from symgrad.sympy_forms import mistake
from symgrad.to_sympy import needed, tree_size

_LONGEST = 200
"""A formula of more nodes is not written out in docstrings."""


@dataclass
class Scope:
    """The graph of an op, and which symbol each name stands for."""

    graph: Graph
    symbols: dict[str, sympy.Symbol]

    def formula(self, name: str, written: Any, names: Mapping[str, int]) -> Formula:
        """Build one formula; ``names`` are those that it may use."""
        try:
            value = self._value(written, names)
            _check_number(self.graph, value)
        except FormulaError as error:
            raise SpecError(*_diagnostics(name, error)) from None
        return Formula(name, _shown(self.graph, written, value, names), value)

    def _value(self, written: Any, names: Mapping[str, int]) -> int:
        if isinstance(written, str):
            return parse(written, self.graph, names)
        return from_sympy(written, self.graph, self._bound(written, names))

    def _bound(self, expression: Any, names: Mapping[str, int]) -> dict[Any, int]:
        """Symbols to values: a name means the symbol that first bore it."""
        for symbol in symbols_of(expression):
            if symbol.name in names:
                self.symbols.setdefault(symbol.name, symbol)
        return {
            self.symbols.get(name, sympy.Symbol(name, real=True)): value
            for name, value in names.items()
        }


def build(draft: Draft) -> Spec:
    """The spec of the one op that ``draft`` describes.

    Raises:
        SpecError: everything that is wrong with names, declarations and options;
            else what is wrong with the first formula that has a mistake.
    """
    outline = checked(draft)
    scope = Scope(Graph(), draft.symbols)
    inputs = {i.name: scope.graph.input(i.name, i.kind, i.axes) for i in outline.inputs}
    values = dict(inputs)
    lets = _formulas(scope, draft.let, values)
    known = dict(values)
    outputs = _formulas(scope, draft.forward, values)
    standing = _formulas(scope, {**draft.forward, **draft.surrogate}, known)
    overrides = _overrides(scope, draft, values)
    surrogates = tuple(f for f in standing if f.name in draft.surrogate)
    _check_constants(scope.graph.nodes)
    _check_used(scope.graph, inputs, (*outputs, *lets, *surrogates, *overrides))
    made = replace(
        outline,
        nodes=tuple(scope.graph.nodes),
        lets=lets,
        outputs=outputs,
        stand_ins={formula.name: formula.value for formula in standing},
        surrogates=surrogates,
        overrides=overrides,
    )
    return alone(made)


def alone(op: Op) -> Spec:
    """A spec of one op, which names its module."""
    return Spec(path=PLACE, stem=op.name, ops=(op,), canonical=_canonical(op))


def _formulas(
    scope: Scope, expressions: Expressions, values: dict[str, int]
) -> tuple[Formula, ...]:
    """Build formulas in order; each is known to the later ones under its name."""
    made = []
    for name, expression in expressions.items():
        made.append(scope.formula(name, expression, values))
        values[name] = made[-1].value
    return tuple(made)


def _overrides(
    scope: Scope, draft: Draft, values: Mapping[str, int]
) -> tuple[Formula, ...]:
    """The gradients as given, in inputs, lets, outputs and ``grad_<output>``."""
    if not draft.backward:  # a cotangent that nothing uses has no place in the graph
        return ()
    cotangents = {f"grad_{name}": scope.graph.cotangent(name) for name in draft.forward}
    given, names = draft.backward.items(), {**values, **cotangents}
    return tuple(scope.formula(name, expression, names) for name, expression in given)


def _shown(graph: Graph, expression: Any, value: int, names: Mapping[str, int]) -> str:
    """The formula as a spec would have it; a long one is only counted."""
    if isinstance(expression, str):
        return " ".join(expression.split())
    shown = {v: Text(name) for name, v in reversed(list(names.items()))}
    if tree_size(graph.nodes, value, shown) > _LONGEST:
        return "(a long expression)"
    return _text(graph.nodes, value, shown).text


def _text(nodes: Sequence[Node], root: int, shown: Mapping[int, Text]) -> Text:
    texts = dict(shown)
    for value in needed(nodes, [root], shown):
        args = [texts[arg] for arg in nodes[value].args]
        texts[value] = formula(nodes[value], args)
    return texts[root]


def _check_number(graph: Graph, value: int) -> None:
    if graph[value].kind.is_condition:
        raise mistake("SG208", "a condition cannot be used as a number")


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
        constant(nodes, value)
    except ValueError as error:
        shown = _text(nodes, value, {}).text
        problem = _problem("SG207", f"{shown} is not a finite real number")
        raise SpecError(problem) from error


def _check_used(
    graph: Graph, inputs: Mapping[str, int], formulas: Sequence[Formula]
) -> None:
    """Every input must be behind some formula."""
    used = set(needed(graph.nodes, [f.value for f in formulas], ()))
    unused = [name for name, value in inputs.items() if value not in used]
    if unused:
        raise SpecError(*(_problem("SG1", f"unused input {name!r}") for name in unused))


def _diagnostics(where: str, error: FormulaError) -> Iterator[Diagnostic]:
    yield _problem(error.code, f"{error.message}, in {where!r}", error.help)


def _problem(code: str, message: str, help: str | None = None) -> Diagnostic:
    return Diagnostic(code, message, PLACE, None, (), help)


def _canonical(op: Op) -> str:
    """The meaning of an op as text, the same on every machine."""
    inputs = [repr(item) for item in op.inputs]
    named = (*op.lets, *op.outputs, *op.surrogates, *op.overrides)
    meaning = {
        "name": op.name,
        "doc": op.doc,
        "inputs": inputs,
        "nodes": [show(node) for node in op.nodes],
        "formulas": [[f.name, f.text, f.value] for f in named],
        "stand_ins": dict(op.stand_ins),
        "nondifferentiable": sorted(op.nondifferentiable),
        "edges": dict(op.edges),
        "accuracy": op.accuracy,
        "save": op.save,
        "samples": {name: repr(sample) for name, sample in op.samples.items()},
        "backend": op.backend,
    }
    return json.dumps(meaning, sort_keys=True)
