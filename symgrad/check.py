"""One op of a spec, its keys checked, to an :class:`~symgrad.op.Op`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from symgrad import declare, model
from symgrad.functions import NAMES
from symgrad.op import EdgePolicy, Formula, Input, Op, Sample
from symgrad.parse import FormulaError, Template, parse
from symgrad.places import Problems
from symgrad.program import Graph, Kind, Program
from symgrad.yamlfile import Path


@dataclass
class _Draft:
    """An op while it is checked: its graph, and the names that formulas may use.

    ``smooth`` are the same names as they count for derivatives: with the surrogate in
    the place of an output that has one.
    """

    graph: Graph
    functions: Mapping[str, Template]
    problems: Problems
    path: Path
    names: dict[str, int] = field(default_factory=dict)
    smooth: dict[str, int] = field(default_factory=dict)


def checked_op(
    name: str,
    given: model.OpModel,
    functions: Mapping[str, Template],
    problems: Problems,
    path: Path,
) -> Op | None:
    """The op, or ``None`` where something is wrong with it, noted in ``problems``."""
    before = problems.count
    draft = _Draft(Graph(), functions, problems, path)
    _refuse_unbuilt(given, problems, path)
    inputs = _inputs(given, draft)
    lets = [_bound(draft, "let", key, text) for key, text in given.let.items()]
    outputs, surrogates = _outputs(given, draft)
    overrides = _overrides(given, inputs, draft)
    _check_sets(given, inputs, draft)
    if problems.count > before:
        return None
    op = Op(
        name=name,
        doc=given.doc,
        inputs=tuple(inputs),
        nodes=tuple(draft.graph.nodes),
        lets=tuple(lets),
        outputs=tuple(outputs),
        stand_ins={f.name: draft.smooth[f.name] for f in outputs},
        surrogates=tuple(surrogates),
        overrides=tuple(overrides),
        nondifferentiable=frozenset(given.nondifferentiable),
        edges=_edges(given),
        save=given.save if isinstance(given.save, str) else tuple(given.save),
        samples={key: _sample(value) for key, value in given.samples.items()},
        backend=given.backend,
    )
    _check_use(op, problems, path)
    return op if problems.count == before else None


def _refuse_unbuilt(given: model.OpModel, problems: Problems, path: Path) -> None:
    if given.accuracy in ("stable", "max"):
        message = f"accuracy '{given.accuracy}' is not built yet"
        problems.add("SG703", message, (*path, "accuracy"), "use 'fast', or leave it out")
    if given.module is not None:
        problems.add("SG706", "modules are not built yet", (*path, "module"), None, True)
    if given.backend != "torch":
        message = f"the backend '{given.backend}' is not built yet"
        problems.add("SG707", message, (*path, "backend"), "use 'torch'")


# -- inputs --------------------------------------------------------------------------


def _inputs(given: model.OpModel, draft: _Draft) -> list[Input]:
    inputs: list[Input] = []
    path = (*draft.path, "inputs")
    for name, declared in given.inputs.items():
        draft.problems.check_name(name, (*path, name))
        item = _input(name, declared, draft.problems, (*path, name))
        kind = Kind.REAL if item is None else item.kind
        draft.names[name] = draft.smooth[name] = draft.graph.input(name, kind)
        if item is not None:
            inputs.append(item)
    _check_defaults(inputs, draft.problems, path)
    whole = len(inputs) == len(given.inputs)
    if whole and not any(item.differentiable for item in inputs):
        message = "no input is differentiable: there is nothing to derive"
        draft.problems.add("SG134", message, path, "a 'real' input has a gradient", True)
    return inputs


def _input(name: str, declared: Any, problems: Problems, path: Path) -> Input | None:
    try:
        if isinstance(declared, str):
            return declare.from_text(name, declared)
        parsed = problems.validate(model.DeclarationModel, declared, path)
        return None if parsed is None else declare.from_mapping(name, parsed)
    except declare.DeclarationError as error:
        key = error.args[1] if len(error.args) > 1 else None
        at = path if key is None else (*path, key)
        text = declared if isinstance(declared, str) else declared.get(key)
        if isinstance(text, str):
            end = max(error.end, error.start + 1)
            problems.add_within(error.code, error.message, at, text, error.start, end, error.help)
        else:
            problems.add(error.code, error.message, at, error.help)
        return None


def _check_defaults(inputs: Iterable[Input], problems: Problems, path: Path) -> None:
    with_default: str | None = None
    for item in inputs:
        if item.has_default:
            with_default = item.name
        elif with_default is not None:
            message = f"'{item.name}' has no default but follows '{with_default}', which has one"
            problems.add("SG132", message, (*path, item.name), None, True)


# -- formulas ------------------------------------------------------------------------


def _bound(draft: _Draft, key: str, name: str, text: str) -> Formula:
    """A formula of ``let`` or ``forward``, its name bound for those that follow."""
    path = (*draft.path, key, name)
    if "[" in name:
        draft.problems.add("SG701", "indices are not built yet", path, None, True)
    else:
        draft.problems.check_name(name, path)
    if name in draft.names:
        draft.problems.add("SG127", f"'{name}' is the name of something already", path, None, True)
    value = _parsed(draft, draft.names, path, text)
    if value is None:  # what uses it should not complain as well
        value = draft.graph.input(name, Kind.REAL)
    formula = Formula(name, " ".join(text.split()), value)
    draft.names[name] = draft.smooth[name] = value
    return formula


def _parsed(draft: _Draft, names: Mapping[str, int], path: Path, text: str) -> int | None:
    try:
        return parse(text, draft.graph, names, functions=draft.functions)
    except FormulaError as mistake:
        draft.problems.add_mistakes(mistake, path, text)
        return None


def _outputs(given: model.OpModel, draft: _Draft) -> tuple[list[Formula], list[Formula]]:
    """Outputs in order, each also in the names that count for derivatives."""
    outputs: list[Formula] = []
    surrogates: list[Formula] = []
    for name, text in given.forward.items():
        smooth_names = dict(draft.smooth)
        output = _bound(draft, "forward", name, text)
        outputs.append(output)
        if name in given.surrogate:
            path, text = (*draft.path, "surrogate", name), given.surrogate[name]
            value = _parsed(draft, smooth_names, path, text)
            draft.smooth[name] = output.value if value is None else value
            surrogates.append(Formula(name, " ".join(text.split()), draft.smooth[name]))
        elif surrogates:
            value = _parsed(draft, smooth_names, (*draft.path, "forward", name), text)
            draft.smooth[name] = output.value if value is None else value
    for name in given.surrogate:
        if name not in given.forward:
            at = (*draft.path, "surrogate", name)
            message, help = f"there is no output '{name}'", unknown(name, given.forward)
            draft.problems.add("SG135", message, at, help, True)
    return outputs, surrogates


def _overrides(given: model.OpModel, inputs: list[Input], draft: _Draft) -> list[Formula]:
    """The gradients that the user gives, in the names of the op and its cotangents."""
    arriving = {
        f"grad_{name}": draft.graph.cotangent(name)
        for name in given.forward
        if name not in given.nondifferentiable
    }
    wanted = {item.name for item in inputs if item.differentiable}
    overrides = []
    for name, text in given.backward.items():
        path = (*draft.path, "backward", name)
        if "[" in name:
            draft.problems.add("SG701", "indices are not built yet", path, None, True)
        elif name not in given.inputs:
            message, help = f"there is no input '{name}'", unknown(name, given.inputs)
            draft.problems.add("SG137", message, path, help, True)
        elif len(inputs) == len(given.inputs) and name not in wanted:
            draft.problems.add("SG137", f"'{name}' gets no gradient", path, None, True)
        value = _parsed(draft, {**draft.names, **arriving}, path, text)
        if value is not None:
            overrides.append(Formula(name, " ".join(text.split()), value))
    return overrides


# -- the rest ------------------------------------------------------------------------


def unknown(name: str, known: Iterable[str]) -> str:
    """Help for a name that is none of ``known``."""
    known = list(known)
    close = get_close_matches(name, known, 1, 0.5)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"


def _check_sets(given: model.OpModel, inputs: list[Input], draft: _Draft) -> None:
    """Keys that name inputs, outputs and functions."""
    problems, path = draft.problems, draft.path
    for place, name in enumerate(given.nondifferentiable):
        if name not in given.forward:
            message, help = f"there is no output '{name}'", unknown(name, given.forward)
            problems.add("SG135", message, (*path, "nondifferentiable", place), help)
    if set(given.forward) <= set(given.nondifferentiable):
        message = "no output is differentiable: there is nothing to derive"
        problems.add("SG136", message, (*path, "nondifferentiable"), None, True)
    if isinstance(given.edges, dict):
        for name in given.edges:
            if name not in NAMES:
                message, help = f"there is no function '{name}'", unknown(name, NAMES)
                problems.add("SG138", message, (*path, "edges", name), help, True)
    if not isinstance(given.save, str):
        for place, name in enumerate(given.save):
            if name not in given.inputs and name not in given.forward:
                message = f"'{name}' is neither input nor output: nothing else is kept"
                help = unknown(name, [*given.inputs, *given.forward])
                problems.add("SG139", message, (*path, "save", place), help)
    _check_samples(given, inputs, draft)


def _check_samples(given: model.OpModel, inputs: list[Input], draft: _Draft) -> None:
    domains = {item.name: item.domain for item in inputs}
    for name, sample in given.samples.items():
        at = (*draft.path, "samples", name)
        if name not in given.inputs:
            message, help = f"there is no input '{name}'", unknown(name, given.inputs)
            draft.problems.add("SG137", message, at, help, True)
            continue
        if sample.range is not None and not sample.range[0] < sample.range[1]:
            draft.problems.add("SG140", "the range is empty", (*at, "range"))
        domain = domains.get(name)
        given_values = [*(sample.values or ()), *(sample.range or ())]
        if domain is not None and not all(
            domain.low <= float(v) <= domain.high for v in given_values
        ):
            draft.problems.add("SG140", f"samples outside of the domain {domain}", at)


def _edges(given: model.OpModel) -> dict[str, EdgePolicy]:
    if isinstance(given.edges, dict):
        return {NAMES[name].name: policy for name, policy in given.edges.items()}
    return {} if given.edges == "torch" else {"*": given.edges}


def _sample(given: model.SampleModel) -> Sample:
    ends = None if given.range is None else (float(given.range[0]), float(given.range[1]))
    values = None if given.values is None else tuple(given.values)
    return Sample(ends, values, None if given.shape is None else tuple(given.shape))


def _check_use(op: Op, problems: Problems, path: Path) -> None:
    """Everything declared is used, and every output is a tensor."""
    program = Program(op.nodes, {}, {})
    ends = [f.value for f in (*op.outputs, *op.overrides)] + list(op.stand_ins.values())
    live = set(program.reachable(ends))
    used = {str(op.nodes[v].data) for v in live if op.nodes[v].op == "input"}
    for item in op.inputs:
        if item.name not in used:
            message = f"the input '{item.name}' is not used"
            problems.add("SG133", message, (*path, "inputs", item.name), "remove it", True)
    for output in op.outputs:
        behind = program.reachable([output.value])
        if not any(op.nodes[v].op == "input" and op.nodes[v].kind.is_tensor for v in behind):
            message = f"the output '{output.name}' depends on no tensor"
            problems.add("SG142", message, (*path, "forward", output.name))
    for formula in op.lets:
        if formula.value not in live:
            problems.warn("SG312", f"'{formula.name}' is not used", (*path, "let", formula.name))
