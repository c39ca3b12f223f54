"""Mutants that no rung rejects, each with the reason why it is not wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .mutants import Mutant


@dataclass(frozen=True)
class Survivor:
    """Mutants whose text has a match for the pattern."""

    pattern: str
    why: str


SURVIVORS: tuple[Survivor, ...] = (
    Survivor(
        r"`40` becomes .* threshold=40",
        "The same numbers: beyond 37 `log1p(exp(x))` is `x` to the last bit of a"
        " double, so it does not matter from where on `softplus` takes `x` itself.",
    ),
    Survivor(
        r"\.(modrelu|learned_fill|elu|selu|soft_unit_step|xielu|reaction_field)"
        r" .*`[01]` becomes .* in .*where\(|cardioid .*`1` becomes .* in .*where\(",
        "The same numbers: what a guard feeds to the branch that is not taken is thrown"
        " away by the `where` around it; any harmless number will do.",
    ),
    Survivor(
        r"cardioid .*`0` becomes `1` in .*where\(inside, 0, ",
        "The derivative of the angle at 0, which it does not have there. It is taken"
        " times the sine of the angle, and that is 0.",
    ),
    Survivor(
        r"resonance .*`0` becomes `1` in `inside = h == 0`"
        r"|resonance .*`[01]` becomes .* in .*where\(inside, ",
        "The guard of `arg` at 0. Within the domain, where `damping*omega` is positive,"
        " the response is neither 0 nor exactly 1.",
    ),
    Survivor(
        r"(spike|lif_step) forward: .* in `(surrogate|p) = a / 3\.14",
        "The same numbers: a constant of the surrogate, which has no derivative, and"
        " whose value the detached difference to the forward takes out again.",
    ),
    Survivor(
        r"lif_step (backward|jvp): .* in `smooth = torch\.atan\(w\)",
        "The same numbers: `smooth + (fired - smooth).detach()` is `fired`.",
    ),
    Survivor(
        r"(ppo_clip|grpo) (backward|jvp): .* in `(p = clipped|dloss_dclipped = )",
        "The same numbers: where the clipped ratio is another than the ratio its"
        " derivative is 0, and where it is the same it does not matter which of the two"
        " the gradient takes; 1 is within the clipping range.",
    ),
    Survivor(
        r"(fake_quantize|lif_step) forward: `surrogate2? \+",
        "The same numbers: here the surrogate has the value of the forward already, and"
        " the detached difference is 0.",
    ),
)


def why(mutant: Mutant) -> str | None:
    """Why a mutant may survive; ``None`` if nobody has said so yet."""
    found = (s.why for s in SURVIVORS if re.search(s.pattern, str(mutant)))
    return next(found, None)
