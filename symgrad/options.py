"""The keys of an op that are neither inputs nor formulas."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from symgrad import model
from symgrad.functions import NAMES, TABLE
from symgrad.names import listing, nearest
from symgrad.op import EdgePolicy, Input, Sample
from symgrad.places import Problems
from symgrad.program import Kind
from symgrad.yamlfile import Path

_WHOLE = (Kind.INDEX, Kind.INT)
_CORNERED = tuple(row.name for row in TABLE.values() if row.kinks)


def refuse_unbuilt(given: model.OpModel, problems: Problems, path: Path) -> None:
    """Each key whose meaning is not built yet has a code of its own."""
    if given.backend == "triton":
        message = f"the backend '{given.backend}' is not built yet"
        problems.add("SG707", message, (*path, "backend"), "use 'torch' or 'cpu'")


def check_sets(given: model.OpModel, problems: Problems, path: Path) -> None:
    """Keys that name inputs, outputs and functions."""
    _refuse_twins(given.nondifferentiable, problems, (*path, "nondifferentiable"))
    for place, name in enumerate(given.nondifferentiable):
        if name not in given.outputs:
            message = f"there is no output '{name}'"
            help = nearest(name, given.outputs, "outputs")
            problems.add("SG135", message, (*path, "nondifferentiable", place), help)
    if set(given.outputs) <= set(given.nondifferentiable):
        message = "no output is differentiable: there is nothing to derive"
        problems.add("SG136", message, (*path, "nondifferentiable"), None, True)
    _check_edges(given, problems, path)
    kept = [] if isinstance(given.save, str) else given.save
    _refuse_twins(kept, problems, (*path, "save"))
    for place, name in enumerate(kept):
        if name not in given.inputs and name not in given.outputs:
            message = f"'{name}' is neither input nor output: nothing else is kept"
            help = nearest(name, [*given.inputs, *given.outputs], "known here")
            problems.add("SG139", message, (*path, "save", place), help)


def _refuse_twins(names: Sequence[str], problems: Problems, path: Path) -> None:
    """A list has each name once."""
    for place, name in enumerate(names):
        if name in names[:place]:
            message = f"'{name}' is in the list already"
            problems.add("SG113", message, (*path, place), "remove it")


def _check_edges(given: model.OpModel, problems: Problems, path: Path) -> None:
    """The functions have corners, and each is there under one of its names only."""
    seen: dict[str, str] = {}
    for name in given.edges if isinstance(given.edges, dict) else ():
        at = (*path, "edges", name)
        if name not in NAMES:
            message, help = f"there is no function '{name}'", nearest(name, NAMES)
            problems.add("SG138", message, at, help, True)
            continue
        twin = seen.setdefault(NAMES[name].name, name)
        if twin != name:
            message = f"'{name}' and '{twin}' are one function"
            problems.add("SG113", message, at, None, True)
        elif not NAMES[name].kinks:
            message = f"'{name}' has no corner: its derivative is never a choice"
            help = listing("functions with corners", _CORNERED)
            problems.add("SG141", message, at, help, True)


def edges(given: model.OpModel) -> dict[str, EdgePolicy]:
    """Policies by the functions' own names, ``*`` for all of them."""
    if isinstance(given.edges, dict):
        return {NAMES[name].name: policy for name, policy in given.edges.items()}
    return {} if given.edges == "torch" else {"*": given.edges}


def samples(
    given: model.OpModel,
    inputs: Mapping[str, Input],
    problems: Problems,
    path: Path,
) -> dict[str, Sample]:
    """Where to sample each input, as far as that is said."""
    found = {}
    for name, value in given.samples.items():
        at = (*path, "samples", name)
        if name not in given.inputs:
            message = f"there is no input '{name}'"
            help = nearest(name, given.inputs, "inputs")
            problems.add("SG137", message, at, help, True)
        parsed = problems.validate(model.SampleModel, value, at)
        if parsed is not None:
            _check_sample(parsed, inputs.get(name), problems, at)
            found[name] = _sample(parsed)
    return found


def _check_sample(
    sample: model.SampleModel, item: Input | None, problems: Problems, path: Path
) -> None:
    if sample.range is not None and not sample.range[0] < sample.range[1]:
        problems.add("SG140", "the range is empty", (*path, "range"))
    _check_shape(sample.shape or (), problems, (*path, "shape"))
    for key, values in (("range", sample.range), ("values", sample.values)):
        for place, value in enumerate(values or ()):
            message = item and _unfit(value, item, key)
            if message:
                problems.add("SG140", message, (*path, key, place))


def _check_shape(shape: Sequence[int], problems: Problems, path: Path) -> None:
    """Differences are taken one element at a time."""
    if math.prod(shape) > model.MAX_ELEMENTS:
        message = f"a shape of {math.prod(shape):,} elements"
        help = f"{model.MAX_ELEMENTS:,} is the limit"
        problems.add("SG140", message, path, help)


def _unfit(value: float | int | bool, item: Input, key: str) -> str | None:
    """Why an input cannot have a value, or an end of a range, if so."""
    domain, kind = item.domain, f"an input of kind {item.kind.value}"
    if item.kind.is_condition:
        return f"{kind} is sampled as true and false, without a list"
    if isinstance(value, bool):
        return f"{kind} is a number"
    if not math.isfinite(value):
        return "samples are finite"
    if key == "values" and item.kind in _WHOLE and value != int(value):
        return f"{kind} has whole numbers"
    if domain is not None and not domain.low <= value <= domain.high:
        return f"a sample outside of the domain {domain}"
    return None


def _sample(given: model.SampleModel) -> Sample:
    low, high = given.range or (0.0, 0.0)
    return Sample(
        range=None if given.range is None else (float(low), float(high)),
        values=None if given.values is None else tuple(given.values),
        shape=None if given.shape is None else tuple(given.shape),
    )
