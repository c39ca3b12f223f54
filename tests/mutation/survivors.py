"""Mutants that no rung rejects, each with the reason why it is not wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .mutants import Mutant


@dataclass(frozen=True)
class Survivor:
    """Mutants whose text has a match for the pattern.

    One that is not ``harmless`` is wrong somewhere, and no rung looks there.
    """

    pattern: str
    why: str
    harmless: bool = True


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
        r"lif_step (backward|jvp): .* in `smooth = torch\.atan\([wp]\)",
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
    Survivor(
        r"\.(pairwise_distance|bond_energy|coulomb|neighbour_distances|soft_triplet"
        r"|trans_e|weight_norm|standardise|cosine_similarity|linear_attention|survival)"
        r" .*`1` becomes .* in .*torch\.where\((inside2?|event), [^=]*, 1\)",
        "The same numbers: what a guard feeds to the branch that is not taken is thrown"
        " away by the `where` around it, or by that of the forward.",
    ),
    Survivor(
        r"linear_attention .*`0` becomes `1` in .*torch\.where\(inside2?, 0, [qk]\)",
        "The same numbers: the branch that is not taken, and its derivative, are thrown"
        " away by the `where` around them.",
    ),
    Survivor(
        r"\.(bond_energy|pair_potential|neighbour_distances|face_area|weight_norm"
        r"|mixture_log_prob) .*`-1` becomes `1` in ",
        "The same dimension: these tensors have two, for the op has no batch.",
    ),
    Survivor(
        r"(covariance_pooling|pearson) (backward|jvp): .*\.mean\(|"
        r"(covariance_pooling|pearson) backward: .*(mean|grad_u|grad_v|u2|u3)",
        "The same numbers: what is centred once need not be centred again. The sum of"
        " products of two rows is the same if one of them is moved by a constant.",
    ),
    Survivor(
        r"(masked_softmax|masked_attention) jvp: `0` becomes `1` in .*where\(allowed",
        "The same numbers: the tangent of what is not allowed is taken times its share,"
        " and that is 0.",
    ),
    Survivor(
        r"masked_softmax forward: `1e\+30` becomes `1\.01e\+30`",
        "The same numbers: `exp` of both is 0.",
    ),
    Survivor(
        r"entropy (backward|jvp): .*(grad_entropy|u \* log_p \+ u)",
        "The same numbers: what is the same for all elements of a row times their"
        " shares has no part in the derivative of `log_softmax`.",
    ),
    Survivor(
        r"jsd backward: .*grad_log_m \* torch\.sigmoid",
        "The same numbers: the derivative by the mixture is 0 in sum, for it is where"
        " the divergence from both is least.",
    ),
    Survivor(
        r"survival (backward|jvp): .*(inside|top|w \+ r|1 / |q = 1|u = 1)",
        "The same numbers: the maximum is subtracted before `exp` and added again"
        " after `log`; what comes of its derivative cancels.",
    ),
    Survivor(
        r"siglip backward: .*new_ones|listnet backward: .*u\.sum\(-1\)",
        "The same numbers: a factor that is 1, as the sum of a softmax is.",
    ),
    Survivor(
        r"kl_div (backward|jvp): .* in `dln = ",
        "The derivative of `xlogy(p, p)` at 0, which has none: the slope there is"
        " infinite, and plain torch says NaN.",
    ),
    Survivor(
        r"(coulomb|weight_norm|standardise) .*`0` becomes `1` in .*"
        r"(inside = |where\(inside)",
        "The derivative of a norm or a deviation at 0, by which it divides: the"
        " value itself is infinite or NaN there.",
    ),
    Survivor(
        r"soft_triplet .*`0` becomes `1` in .*(inside2? = |where\(inside2?)",
        "The derivative of a norm at 0. To every difference 1e-6 is added, so that two"
        " rows must be apart by just that.",
    ),
    Survivor(
        r"weighted_cross_entropy .*`0` becomes `1` in .*where\(.*, label, 0\)",
        "Which class is looked up for a label that is ignored does not matter, unless"
        " there is only one class.",
    ),
    Survivor(
        r"in `e = \(-?[\d.]+ \* \w+\)\.exp_\(\)|mul_\(e\)",
        "A tail, beyond an exponential of -80: verification takes no point there, where"
        " all that comes out is less than 1e-34.",
        harmless=False,
    ),
    Survivor(
        r"beta_log_prob .* in `u\d+ = .*( / 240 \+|\.div_\((240|132)\))",
        "A term of an asymptotic series that is hidden by what verification allows for"
        " rounding.",
        harmless=False,
    ),
    Survivor(
        r"_polynomial\(|near\d?, [uvwpq]\d? \* \(",
        "A term of a patch that is off by so little that what verification allows for"
        " rounding hides it. Patches are measured where they are made, to the last"
        " unit.",
        harmless=False,
    ),
    Survivor(
        r" in `near\d? = |in `inside = a > 1000000000 |where\(near"
        r"|torch\.clamp\(\w+, -?[\d.]+, -?[\d.]+\)"
        r"|torch\.clamp_(min|max)\(\w+, -?\d+\)",
        "The edge of a patch, or what a branch is fed that is not taken: around the"
        " edge both branches are right.",
    ),
    Survivor(
        r"cosine_similarity .*`0` becomes `1` in .*where\(inside2?\[",
        "The derivative of a norm at 0: the norm is less than `eps` there, and the"
        " gradient is taken times 0.",
    ),
    Survivor(
        r"cosine_similarity .* in .*where\(norm2? (<|==) eps",
        "Wrong for a row that is shorter than `eps`, 1e-8, or as long to the last bit:"
        " verification draws none.",
        harmless=False,
    ),
    Survivor(
        r"poly_norm backward: .*w\.shape\[-1\] - 2",
        "Wrong for another number of weights than four: so many does verification take"
        " where an element is named by its number.",
        harmless=False,
    ),
    Survivor(
        r"weighted_cross_entropy backward: .*sum_to_size"
        r"|coulomb backward: .*_batch_sum",
        "A gradient that is left larger than its input: autograd sums it by itself, or"
        " the scatter does. Where it is wrong beyond that has not been found.",
        harmless=False,
    ),
)


def survivor(mutant: Mutant) -> Survivor | None:
    """The row of a mutant that may survive; ``None`` if nobody has looked at it yet."""
    return next((s for s in SURVIVORS if re.search(s.pattern, str(mutant))), None)


def why(mutant: Mutant) -> str | None:
    """Why a mutant may survive."""
    found = survivor(mutant)
    return found and found.why
