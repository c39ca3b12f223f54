"""One spec over named axes under judgement: generated, loaded, called, compared."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from fuzz_axes_drafts import Draft, Leaf
from fuzz_axes_terms import Term
from fuzz_axes_trial import Function, Tensors, Trial, batched
from fuzz_axes_truth import Reading
from torch import Tensor

from symgrad.errors import SpecError
from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.spec import load_text
from symgrad.verify.lint import lint

RTOL = 1e-9
NOISE = 1e-13
"""What the formula's values are moved by, relatively, to see what rounding does."""

NEAR = 1e-9
"""How near a kink rounding decides on which side of it a point is."""


@dataclass
class Verdict:
    """What came of a spec: what was compared, what was explained, what was not."""

    refused: str | None = None
    compared: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[tuple[str, str]] = field(default_factory=list)

    @property
    def labels(self) -> set[str]:
        """Which faults there are."""
        return {label for label, _ in self.unexplained}


def formulas(draft: Draft, noise: float) -> tuple[Function, Callable[[], float]]:
    """The op by its formulas, and how near a kink they came."""
    inputs, lets = draft.kept
    gaps: list[Tensor] = []

    def run(**values: Tensor) -> tuple[Tensor, ...]:
        ranks = {n: len(leaf.axes) for n, leaf in inputs.items()}
        reading = Reading(dict(values), ranks, draft.sizes, noise, gaps)
        for f in lets:
            reading.define(f.name, f.indices, f.term)
        return tuple(reading.define(f.name, f.indices, f.term) for f in draft.outputs)

    return run, lambda: min((float(g.min()) for g in gaps if g.numel()), default=9.0)


# -- a spec ----------------------------------------------------------------------------


def judged(draft: Draft, seed: str) -> Verdict:
    """Generate a spec, and compare what it does at a place of this seed."""
    verdict = Verdict()
    try:
        spec = load_text(draft.text, "f.yaml")
        source = generate(spec).source
    except SpecError as error:
        verdict.refused = " ".join(sorted({d.code for d in error.diagnostics}))
        verdict.unexplained.append((f"refused {verdict.refused}", str(error)))
        return verdict
    except Exception as error:
        return _failed(verdict, "generate", error)
    if findings := lint(source, spec):
        verdict.unexplained.append(("lint", str(findings[0])))
    try:
        function = loaded(source)
        compare(_tried(draft, function, seed), verdict)
    except Exception as error:
        return _failed(verdict, "run", error)
    return verdict


def loaded(source: str) -> Function:
    """The function ``f`` of a module, which returns a tuple always."""
    module = load_module("axes", source)
    sys.modules.pop(module.__name__)  # there will be thousands

    def run(**values: Tensor) -> tuple[Tensor, ...]:
        found = module.f(**values)
        return found if isinstance(found, tuple) else (found,)

    return run


def _failed(verdict: Verdict, stage: str, error: Exception) -> Verdict:
    text = f"{stage}: {type(error).__name__}: {error}"
    verdict.unexplained.append((text[:48], text))
    return verdict


def compare(trial: Trial, verdict: Verdict) -> None:
    """Note what a trial comes to."""
    truth = trial.true()
    ours = trial.all(trial.function)
    wild = None
    for what in ours | truth:
        zero = torch.zeros_like((truth | ours)[what])
        got, expected = ours.get(what, zero), truth.get(what, zero)
        if got.shape != expected.shape:
            text = f"{what}: {tuple(got.shape)}, not {tuple(expected.shape)}"
            verdict.unexplained.append((f"shape {_kind(what)}", text))
            continue
        verdict.compared[_kind(what)] += got.numel()
        if (off := _off(got, expected)) is None:
            continue
        if " of " in what and not _are_numbers(truth):
            verdict.explained["no number beside a missing cotangent"] += 1
            continue
        if trial.gap < NEAR:
            verdict.explained["at a kink"] += 1
            continue
        wild = wild or [trial.true(NOISE) for _ in range(4)]
        if _is_rounding(got, expected, [w[what] for w in wild if what in w]):
            verdict.explained["rounding"] += 1
            continue
        verdict.unexplained.append((_kind(what), f"{what}: {off}"))
    for what, (got, expected) in batched(trial).items():
        verdict.compared["vmap"] += got.numel()
        if got.shape != expected.shape or _off(got, expected):
            off = f"{got.shape} {expected.shape} {_off(got, expected)}"
            verdict.unexplained.append(("vmap", f"{what}: {off}"))


def _kind(what: str) -> str:
    return what.partition(" ")[0]


def _are_numbers(truth: Tensors) -> bool:
    """Whether all outputs are finite: of others even a cotangent of 0 makes NaN."""
    values = [t for what, t in truth.items() if _kind(what) == "value"]
    return all(bool(t.isfinite().all()) for t in values)


def _off(got: Tensor, expected: Tensor) -> str | None:
    """How the first element that differs does; where torch has no number, ours may."""
    known = expected.isfinite()
    size = float(expected[known].abs().max()) if known.any() else 0.0
    wrong = known & ~((got - expected).abs() <= RTOL * (expected.abs() + 0.01 * size))
    wrong &= ~((got - expected).abs() <= 1e-12)
    if not wrong.any():
        return None
    return f"{got[wrong][0].item()!r}, not {expected[wrong][0].item()!r}"


def _is_rounding(got: Tensor, expected: Tensor, moved: Sequence[Tensor]) -> bool:
    """Whether roundings of the formula's values move it as much."""
    if not moved:
        return False
    spread = torch.stack([(m - expected).abs() for m in moved]).amax()
    return bool(((got - expected).abs() <= 10 * spread).all())


def _tried(draft: Draft, function: Function, seed: str) -> Trial:
    """A place away from kinks, if one is found soon."""
    rng = random.Random(seed)
    for _ in range(8):
        number = rng.randrange(2**31)
        trial = Trial(
            function, partial(formulas, draft), _values(draft, number), number
        )
        if trial.gap > NEAR:
            break
    return trial


def _values(draft: Draft, number: int) -> Tensors:
    torch.manual_seed(number)
    return {n: _value(draft, n, leaf) for n, leaf in draft.kept[0].items()}


def _value(draft: Draft, name: str, leaf: Leaf) -> Tensor:
    shape = (*(leaf.batch or ()), *(draft.sizes[axis] for axis in leaf.axes))
    if leaf.kind == "index":
        return torch.randint(0, _looked_into(draft, name), shape)
    if leaf.kind == "mask":
        return torch.rand(shape) > 0.35
    return torch.randn(shape, dtype=torch.float64)


def _looked_into(draft: Draft, name: str) -> int:
    """The smallest size of the axes at whose places an input gathers."""
    axes = {n: leaf.axes for n, leaf in draft.inputs.items()}
    found = []
    for f in (*draft.kept[1], *draft.outputs):
        owners = _owners(f.term, axes)
        axes[f.name] = tuple(owners[i] for i in f.indices)
        for term in f.term.walked():
            if term.op == "access" and term.name in axes:
                gathers = iter(term.parts)
                for place, axis in zip(term.places, axes[term.name], strict=True):
                    if place is None and name in next(gathers).names:
                        found.append(draft.sizes[axis])
    return min(found, default=1)


def _owners(term: Term, axes: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The axis of every free index."""
    found = {}
    for part in term.walked():
        if part.op == "access":
            pairs = zip(part.places, axes[part.name], strict=True)
            found.update({i: a for i, a in pairs if isinstance(i, str)})
    for part in reversed([*term.walked()]):
        if part.op == "Sum" and len(part.places) == 2:
            index, other = map(str, part.places)
            found.setdefault(other, found[index])
    return found
