"""One spec under judgement: generated, loaded, called, compared."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from fuzz_points import place
from fuzz_rules import Difference, close
from fuzz_trial import Trial

from symgrad.errors import SymgradError
from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.spec import load_text
from symgrad.verify.subject import Subject, subjects

RTOL = {"torch": 1e-9, "balls": 1e-9, "complex step": 1e-9, "real step": 1e-4}
"""Up to which relative difference a witness agrees."""

_OFFSET = {"real step": 1e-6}


def differences(
    trial: Trial, counts: Counter[str]
) -> Iterator[Difference | Unexplained]:
    """All that differs, what no rule can explain among it."""
    for witness, numbers in trial.witnesses.items():
        for what in numbers.keys() & trial.ours.keys():
            got, expected = trial.ours[what], numbers[what]
            if got.shape != expected.shape:
                shapes = f"{tuple(got.shape)}, {witness} has {tuple(expected.shape)}"
                yield Unexplained("shape", f"shape of the {what}: {shapes}")
                continue
            counts[witness] += 1 if witness == "balls" else got.numel()
            size = float(got.abs().nan_to_num(0, 0, 0).max()) if got.numel() else 0.0
            offset = _OFFSET.get(witness, 0.0) * (1 + size)
            for index in itertools.product(*map(range, got.shape)):
                a, b = got[index].item(), expected[index].item()
                if not close(a, b, RTOL[witness], offset):
                    yield Difference(witness, what, index, a, b, trial)


# -- a spec ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Unexplained:
    """What is wrong with a spec; equal labels are the same fault, as likely as not."""

    label: str
    text: str

    @classmethod
    def error(cls, stage: str, error: Exception) -> Unexplained:
        """An exception where there should be none."""
        text = f"{stage}: {type(error).__name__}: {error}"
        return cls(text[:50], text)


@dataclass
class Verdict:
    """What came of a spec: how much was compared, what was explained, what was not."""

    refused: str | None = None
    compared: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[Unexplained] = field(default_factory=list)

    @property
    def labels(self) -> set[str]:
        """Which faults there are."""
        return {fault.label for fault in self.unexplained}


def judged(text: str, *seeds: str) -> Verdict:
    """Generate a spec, and compare what it does at a place of each seed."""
    verdict = Verdict()
    try:
        spec = load_text(text, "fuzz.yaml")
        module = load_module("fuzz", generate(spec).source)
    except SymgradError as error:
        verdict.refused = str(error)
    except Exception as error:
        verdict.unexplained.append(Unexplained.error("generation", error))
    else:
        sys.modules.pop(module.__name__)  # there will be thousands
        [subject] = subjects(module, spec)
        for seed in seeds:
            _try(subject, seed, verdict)
    return verdict


def _try(subject: Subject, seed: str, verdict: Verdict) -> None:
    try:
        drawn = place(subject.op, seed)
    except (ArithmeticError, ValueError):  # of the Python numbers among the inputs
        verdict.explained["numbers without a value"] += 1
        return
    compare(Trial(subject, drawn), verdict)


def compare(trial: Trial, verdict: Verdict) -> None:
    """Note what a trial comes to."""
    try:
        trial.ours  # noqa: B018
    except Exception as error:
        if isinstance(error, (ArithmeticError, ValueError)) and trial.lacks_a_number:
            verdict.explained["numbers without a value"] += 1
        else:
            verdict.unexplained.append(Unexplained.error("a call", error))
        return
    for found in differences(trial, verdict.compared):
        if isinstance(found, Unexplained):
            verdict.unexplained.append(found)
        elif found.rule is None:
            verdict.unexplained.append(Unexplained("number", str(found)))
        else:
            verdict.explained[found.rule] += 1
