"""Which ops the page of performance has in which table, beside which rivals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from performance_gallery import GALLERY
from performance_subjects import (
    FAST,
    FORMULA,
    FORMULA_COMPILED,
    HAND,
    OURS,
    OURS_COMPILED,
    OWN,
    ROOT,
    SAVE,
    Job,
)

from symgrad.op import Op
from symgrad.spec import load

REASONS: Mapping[str, Callable[[Op], bool]] = {
    "named axes": lambda op: op.has_axes,
    "complex numbers": lambda op: op.in_plane,
    "a derivative that is given, or a surrogate's": lambda op: (
        bool(op.overrides) or op.has_surrogate_derivative
    ),
}
"""Why an op of examples/ is not in the first table: what is true of it."""

COMPILED = (
    "box_loss.complete_iou",
    "classification_losses.sigmoid_focal",
    "dynamic_tanh.dynamic_tanh",
    "gated_units.swiglu",
    "log_densities.normal_log_prob",
    "lstm_cell.lstm_cell",
    "policy_objectives.grpo",
    "potentials.lennard_jones",
    "smooth_activations.gelu",
    "smooth_activations.mish",
    "smooth_activations.snake",
    "swish.swish",
)
"""What is compiled unless all are asked for: compiling takes longer than timing."""

SAVES = ("softmaxes.softmax", "normalisations.layer_norm", "row_losses.z_loss")
"""Ops that keep something else than their inputs if they may choose."""

WORST = 5
"""How many ops are looked at again without patches."""


def examples() -> Iterator[tuple[str, Op]]:
    """All ops of examples/ as ``stem.op``."""
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        for op in load(str(path)).ops:
            yield f"{path.stem}.{op.name}", op


def reason(op: Op) -> str | None:
    """The first reason to leave an op out."""
    return next((text for text, applies in REASONS.items() if applies(op)), None)


def elementwise() -> list[str]:
    """The ops of the first table."""
    return [place for place, op in examples() if reason(op) is None]


def left_out() -> str:
    """How many ops are not in it, for which reason."""
    of = Counter(reason(op) for _, op in examples())
    counts = ", ".join(f"{of[text]} for {text}" for text in REASONS)
    return f"{of[None]} of {of.total()} ops of examples/; left out are {counts}"


def eager() -> list[Job]:
    """Generated ops beside their formulas."""
    return [Job(place, (OURS, FORMULA)) for place in elementwise()]


def compiled(every: bool) -> list[Job]:
    """The same, both compiled."""
    places = elementwise() if every else COMPILED
    return [Job(place, (OURS_COMPILED, FORMULA_COMPILED)) for place in places]


def gallery() -> list[Job]:
    """What is written by hand, beside that, the formula and torch's own operator."""
    rivals = (OURS, FORMULA, HAND, OWN)
    return [
        Job(row.place, rivals, ("forward", "both"), shapes=row.shapes)
        for row in GALLERY
    ]


def without_patches(places: Sequence[str]) -> list[Job]:
    """Ops at two levels of accuracy, beside their formulas."""
    return [Job(place, (FAST, OURS, FORMULA)) for place in places]


def other_saves() -> list[Job]:
    """Ops that keep what suits them, and that keep their inputs."""
    return [Job(place, (OURS, SAVE, FORMULA)) for place in SAVES]
