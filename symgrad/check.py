"""One op of a spec, its keys checked, to an :class:`~symgrad.op.Op`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from symgrad import declare, model, modules, options, overriding, spaces, use
from symgrad.drafting import MISTAKEN, Draft, formula
from symgrad.names import nearest
from symgrad.op import Formula, Input, Op
from symgrad.parse import Template
from symgrad.places import Problems
from symgrad.program import Graph
from symgrad.yamlfile import Path


def checked_op(
    name: str,
    value: Any,
    functions: Mapping[str, Template],
    problems: Problems,
    path: Path,
    outline: bool = False,
) -> Op | None:
    """The op, or ``None`` where something is wrong with it, noted in ``problems``.

    Of an ``outline``, whose formulas are put in later, neither their use is checked
    nor how many there are.
    """
    before = problems.count
    draft = Draft(Graph(), functions, problems, path)
    kind = model.OutlineModel if outline else model.OpModel
    given = _keys(kind, value, problems, path)
    if given is None:
        _inputs(_mapping(value, "inputs"), draft)
        return None
    options.refuse_unbuilt(given, problems, path)
    inputs = _inputs(given.inputs, draft)
    lets = [_bound(draft, "let", key, text) for key, text in given.let.items()]
    outputs, standing = _outputs(given, draft)
    overrides = overriding.overrides(given, inputs, draft)
    smooth = {model.base_name(key) for key in given.surrogate}
    declared = {item.name: item for item in inputs}
    samples = options.samples(given, declared, problems, path)
    at = (*path, "module")
    module = modules.checked_module(given.module, name, declared, problems, at)
    options.check_sets(given, problems, path)
    if problems.count > before or draft.incomplete:
        return None
    op = Op(
        name=name,
        doc=given.doc,
        inputs=tuple(inputs),
        nodes=tuple(draft.graph.nodes),
        lets=tuple(lets),
        outputs=tuple(outputs),
        stand_ins={f.name: f.value for f in standing},
        surrogates=tuple(f for f in standing if f.name in smooth),
        overrides=tuple(overrides),
        nondifferentiable=frozenset(given.nondifferentiable),
        edges=options.edges(given),
        save=given.save if isinstance(given.save, str) else tuple(given.save),
        samples=samples,
        accuracy=given.accuracy,
        backend=given.backend,
        module=module,
    )
    if not outline:
        _check_use(op, given, problems, path)
    return op if problems.count == before else None


_BINDING = frozenset({"inputs", "let", "forward"})
"""Keys without which the formulas of an op cannot be read."""

_FORMULAS = frozenset({"let", "forward", "surrogate", "backward"})


def _keys(
    kind: type[model.OpModel], value: Any, problems: Problems, path: Path
) -> model.OpModel | None:
    """The keys of an op; one with mistakes is left out if the others can be checked."""
    found = model.validate(kind, value)
    if isinstance(found, model.OpModel):
        return found
    problems.complain(found, path)
    if not isinstance(value, dict):
        return None
    rest = _mended(value, found)
    lost = {c.loc[0] for c in found if c.loc} - rest.keys()
    strange = lost.difference(model.OpModel.model_fields)
    misspelt = strange and "let" not in value  # one of them may be the lets
    if lost & _BINDING or misspelt:
        return None
    found = model.validate(kind, rest)
    return found if isinstance(found, model.OpModel) else None


def _mended(value: dict[str, Any], found: Iterable[model.Complaint]) -> dict[str, Any]:
    """The keys of an op that are in order; single formulas that are not are marked."""
    rest = dict(value)
    for complaint in found:
        key, *inside = complaint.loc or ("",)
        if key in _FORMULAS and len(inside) == 1 and not complaint.is_split:
            rest[str(key)] = {**_mapping(rest, str(key)), inside[0]: MISTAKEN}
        else:
            rest.pop(str(key), None)
    return rest


def _mapping(value: Any, key: str) -> dict[str, Any]:
    """What is under a key, if it is a mapping."""
    part = value.get(key) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else {}


# Inputs


def _inputs(given: Mapping[str, Any], draft: Draft) -> list[Input]:
    inputs: list[Input] = []
    path = (*draft.path, "inputs")
    for name, declared in given.items():
        draft.problems.check_name(name, (*path, name))
        item = _input(name, declared, draft.problems, (*path, name))
        graph = draft.graph
        bound = None if item is None else graph.input(name, item.kind, item.labels)
        draft.names[name] = draft.smooth[name] = bound
        if item is not None:
            inputs.append(item)
    draft.space = spaces.of_inputs(given, inputs, draft.problems, path)
    _check_defaults(inputs, draft.problems, path)
    whole = len(inputs) == len(given)
    if whole and inputs and not any(item.differentiable for item in inputs):
        message = "no input is differentiable: there is nothing to derive"
        draft.problems.add(
            "SG134", message, path, "a 'real' input has a gradient", True
        )
    return inputs


def _input(name: str, declared: Any, problems: Problems, path: Path) -> Input | None:
    try:
        if isinstance(declared, str):
            return declare.from_text(name, declared)
        parsed = problems.validate(model.DeclarationModel, declared, path)
        return None if parsed is None else declare.from_mapping(name, parsed)
    except declare.DeclarationError as error:
        at = path if error.key is None else (*path, error.key)
        text = declared if error.key is None else declared.get(error.key)
        if isinstance(text, str):
            part = (text, error.start, error.end)
            problems.add_within(error.code, error.message, at, part, error.help)
        else:
            problems.add(error.code, error.message, at, error.help)
        return None


def _check_defaults(inputs: Iterable[Input], problems: Problems, path: Path) -> None:
    with_default: str | None = None
    for item in inputs:
        if item.has_default:
            with_default = item.name
        elif with_default is not None:
            message = (
                f"'{item.name}' has no default, but '{with_default}' before it has"
            )
            help = f"give it one, or declare it before '{with_default}'"
            problems.add("SG132", message, (*path, item.name), help, True)


# Formulas


def _bound(draft: Draft, key: str, written: str, text: str) -> Formula:
    """A formula of ``let`` or ``forward``, its name bound for those that follow."""
    path = (*draft.path, key, written)
    before = draft.problems.count
    name, indices = spaces.split(written, draft.space, draft.problems, path)
    draft.problems.check_name(name, path)
    if name in draft.names or (draft.space and name in draft.space.sizes):
        message = f"'{name}' is the name of something already"
        draft.problems.add("SG127", message, path, None, True)
    is_named = draft.problems.count == before
    value = draft.parsed(draft.names, path, text, key == "let", indices)
    if value is not None and draft.space is not None:
        is_output = key == "forward"
        value = (
            spaces.bound(draft, name, indices, value, is_output, path)
            if is_named
            else None  # one mistake is enough
        )
    draft.names[name] = draft.smooth[name] = value
    return formula(name, text, value, indices)


def _outputs(given: model.OpModel, draft: Draft) -> tuple[list[Formula], list[Formula]]:
    """The outputs, and what stands in for each where derivatives are taken."""
    outputs: list[Formula] = []
    standing: list[Formula] = []
    surrogates = {model.base_name(key): key for key in given.surrogate}
    for name, text in given.forward.items():
        smooth_names = dict(draft.smooth)
        output = _bound(draft, "forward", name, text)
        outputs.append(output)
        if output.name in surrogates:
            key = surrogates[output.name]
            path, text = (*draft.path, "surrogate", key), given.surrogate[key]
            value = draft.parsed(smooth_names, path, text, indices=output.indices)
            draft.smooth[output.name] = _like_output(draft, output, key, value, path)
        elif draft.smooth != draft.names:
            path = (*draft.path, "forward", name)
            value = draft.parsed(smooth_names, path, text, indices=output.indices)
            draft.smooth[output.name] = _like_output(draft, output, name, value, path)
        standing.append(formula(output.name, text, draft.smooth[output.name]))
    for name, key in surrogates.items():
        if name not in given.outputs:
            at = (*draft.path, "surrogate", key)
            message = f"there is no output '{key}'"
            help = nearest(key, given.forward, "outputs")
            draft.problems.add("SG135", message, at, help, True)
    return outputs, standing


def _like_output(
    draft: Draft, output: Formula, written: str, value: int | None, path: Path
) -> int | None:
    """What stands in for an output, with the axes of that."""
    if value is None or draft.space is None:
        return value
    axes = draft.space.axes.get(output.name)
    _, indices = spaces.split(written, draft.space, draft.problems, path)
    made = spaces.bound(draft, output.name, indices, value, True, path)
    if axes is not None and made is not None and draft.space.axes[output.name] != axes:
        message = f"the axes of '{written}' are not those of the output"
        draft.problems.add("SG232", message, path, None, True)
    return made


# The whole


def _check_use(op: Op, given: model.OpModel, problems: Problems, path: Path) -> None:
    """What is declared has an effect."""
    policies = given.edges if isinstance(given.edges, dict) else ()
    for found in use.complaints(op, policies):
        at = (*path, *found.loc)
        problems.add(found.code, found.message, at, found.help, found.is_key)
    for unused in use.unused_lets(op):
        message = f"'{unused.name}' is not used"
        problems.warn("SG312", message, (*path, "let", unused.name))
