"""Where our derivatives and torch's differ, and why: a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from judge_rows import UNDERIVED


@dataclass(frozen=True)
class Difference:
    """``kinds`` of results that are not equal at a place, with the reason.

    A kind is ``value``, ``gradient`` or ``second``, the gradients of the gradients.
    The places are those of ``judge_places.py``.
    """

    kinds: str
    place: str
    reason: str


EXACT, MISSING = "where torch is inexact", "where torch has none"
"""Places where ours must be the truth, and where torch refuses."""

INVALID = "where the value is NaN"
INFINITE, HUGE = "at infinities", "from 1e300 on"
TINY = "within 1e-300 of 0"

ENDS = Difference(
    "second", "at -1 and 1", "It is infinite; ours is NaN, 0 times infinity."
)
KERNELS = "That of torch depends on whether the kernel takes the element with others."
VECTORS = Difference("gradient", "at NaN", KERNELS)
VECTORS_TWICE = Difference("gradient second", "at NaN", KERNELS)
CORNER = Difference(
    "second", "at 0", "Ours is that of the branch that is taken, torch's is 0."
)
LIMIT = "Ours is the limit; torch has NaN, infinity by infinity or 0 times infinity."
NUMBER_AT_NAN = Difference(
    "gradient second", "at NaN", "torch has a number, ours is NaN."
)
OF_ZERO = Difference("second", "at 0", "torch's is NaN: 0 times log(0).")
BESSEL = (
    NUMBER_AT_NAN,
    Difference("second", EXACT, "torch has 0 near 0, where it jumps from -1 to 1."),
)
POLES = "at 0, -1, -2, …"
POLE = Difference("second", POLES, "A pole; ours is NaN, infinity less infinity.")
TRIGAMMA = (
    POLE,
    Difference("gradient", POLES, "Ours is infinity, torch's large and finite."),
)
SATURATED = (
    Difference("second", EXACT, LIMIT),
    Difference("second", INFINITE, LIMIT),
)
TAIL = Difference("gradient", EXACT, "torch's is two terms that cancel.")
UNDEFINED = Difference(
    "gradient second", INVALID, "Outside of the domain one has NaN, one a number."
)
STEP = "The derivative is a step, whose own is 0; ours is NaN, 0 times infinity."
STEPS = tuple(Difference("second", at, STEP) for at in ("at NaN", INFINITE, TINY))
COPYSIGN = (
    Difference("gradient", "at NaN", "Ours has the sign of NaN, 0; torch's is NaN."),
    Difference("gradient second", INFINITE, LIMIT),
    Difference("second", "at NaN", "Ours is 0; torch's is NaN."),
    Difference("second", TINY, "Ours is 0; torch divides by x, which is 0 or tiny."),
)
NUMBER_LOG = Difference("second", HUGE, "x*x overflows; ours is NaN.")
TINY_LOG = Difference("second", TINY, "x*x underflows; ours is NaN.")
LOG_OF_NAN = Difference("gradient", "at NaN", "log(NaN) times 0: torch's is 0.")
SQUARES = "torch divides by a square, which over- or underflows."

NONE = Difference("gradient second", MISSING, "torch has no derivative.")

GARBAGE = Difference("value", "at NaN", "torch returns what was in the memory before.")
OVERFLOW = Difference("value", HUGE, "Powers of x overflow, with both signs in ours.")
DIGITS = Difference("value", EXACT, "torch keeps 6 or 7 digits from 5 on.")

UNDERIVED_VALUES: Mapping[str, tuple[Difference, ...]] = {
    "special_airy_ai": (
        Difference("value", EXACT, "torch keeps 6 digits between -3 and -2."),
        Difference("value", INFINITE, "torch has NaN, ours the limit, 0."),
        Difference("value", "below -500", "The wave's phase loses digits in both."),
    ),
    "special_bessel_y0": (DIGITS,),
    "special_bessel_y1": (DIGITS,),
    "special_bessel_j0": (DIGITS,),
    "special_bessel_j1": (DIGITS,),
    "special_spherical_bessel_j0": (
        Difference("value", INFINITE, "torch has the limit, 0; ours is NaN."),
    ),
    "special_chebyshev_polynomial_u": (GARBAGE,),
    "special_chebyshev_polynomial_v": (OVERFLOW,),
    "special_chebyshev_polynomial_w": (GARBAGE, OVERFLOW),
    "special_laguerre_polynomial_l": (GARBAGE, OVERFLOW),
    "special_legendre_polynomial_p": (GARBAGE,),
    "special_shifted_chebyshev_polynomial_u": (GARBAGE,),
    "special_shifted_chebyshev_polynomial_v": (OVERFLOW,),
    "special_shifted_chebyshev_polynomial_w": (GARBAGE, OVERFLOW),
}

DIFFERENCES: Mapping[str, tuple[Difference, ...]] = {
    "kl_div": (
        Difference(
            "gradient second",
            "at 0",
            "It is infinite: that of t*log(t). By torch's convention the logarithm has"
            " no part in it; ours is what remains, torch's NaN by 0/0.",
        ),
        Difference("gradient second", INFINITE, LIMIT),
    ),
    "acos": (ENDS,),
    "asin": (ENDS,),
    "atanh": (ENDS,),
    "digamma": (
        *TRIGAMMA,
        Difference("second", INFINITE, "torch takes -infinity for a pole."),
    ),
    "polygamma_0": TRIGAMMA,
    **{f"polygamma_{n}": (POLE,) for n in (2, 3, 4)},
    "polygamma_1": (
        POLE,
        Difference("value", POLES, "Ours is infinity, torch's large and finite."),
    ),
    "mvlgamma_1": (
        Difference(
            "gradient", "at -0", "A pole; torch adds 0 to x and loses its sign."
        ),
    ),
    **{
        f"mvlgamma_{p}": (
            Difference("gradient", EXACT, "torch's is NaN: x - 1 rounds to a pole."),
        )
        for p in (3, 5)
    },
    "rsqrt": (
        Difference(
            "gradient second",
            "at -0",
            "There is no derivative; torch cubes y, we divide by x: the signs differ.",
        ),
    ),
    "sinc": (Difference("second", EXACT, "torch's is NaN at 0."),),
    "acosh": (UNDEFINED, Difference("second", INFINITE, LIMIT)),
    "logit": (UNDEFINED,),
    "logit_clamped": (
        Difference("gradient", "at NaN", "Ours is NaN, torch's 0."),
        Difference("second", EXACT, "torch's is NaN where x is clamped."),
        Difference("second", INFINITE, "torch's is NaN where x is clamped."),
    ),
    "expm1": (TAIL,),
    "sigmoid": (TAIL,),
    "tanh": (TAIL,),
    "special_ndtr": (
        Difference("value", EXACT, "torch loses digits in the left tail."),
    ),
    "special_i0e": (
        TAIL,
        Difference("second", "at 0", "There is a corner; ours is 0, torch's 0.75."),
    ),
    "power": (OF_ZERO,),
    "float_power": (OF_ZERO,),
    "special_i1": (NUMBER_AT_NAN,),
    "special_i1e": (TAIL, *BESSEL),
    "special_log_ndtr": (
        Difference("gradient", EXACT, "torch loses digits in the left tail."),
        Difference("gradient", INFINITE, LIMIT),
        Difference(
            "second",
            "below -500",
            "Both lose digits: torch's derivative of erfcx, which both take, cancels.",
        ),
    ),
    "special_erfcx": (
        Difference("gradient", INFINITE, LIMIT),
        Difference("gradient second", EXACT, "torch's is two terms that cancel."),
        Difference("second", INFINITE, LIMIT),
    ),
    "hardsigmoid": (
        Difference("gradient", EXACT, "torch has the float32 nearest to 1/6."),
        Difference("second", MISSING, "torch has no second derivative."),
    ),
    "silu": (Difference("gradient second", INFINITE, LIMIT),),
    "mish": (
        Difference("second", EXACT, LIMIT),
        Difference("gradient second", INFINITE, LIMIT),
    ),
    "gelu_tanh": (
        Difference("gradient second", EXACT, LIMIT),
        Difference("gradient second", INFINITE, LIMIT),
    ),
    "selu": (VECTORS_TWICE, CORNER),
    "elu": (VECTORS_TWICE, CORNER),
    "celu": (
        VECTORS_TWICE,
        Difference("gradient second", EXACT, "torch rounds 1/alpha to float32."),
    ),
    "softsign": (TAIL, Difference("gradient", INFINITE, LIMIT)),
    "relu6": (VECTORS,),
    "hardtanh": (VECTORS,),
    "hardshrink": (VECTORS,),
    "softshrink": (VECTORS,),
    "gelu_none": (
        Difference("value gradient", EXACT, "torch loses digits in the left tail."),
        Difference("second", EXACT, LIMIT),
    ),
    "prelu": (CORNER,),
    "remainder": (
        Difference("gradient", "at 0", "There is no value; ours is NaN, torch's not."),
        Difference("gradient", HUGE, "Ours is NaN where torch goes by the quotient."),
        *STEPS,
    ),
    "fmod": STEPS,
    "copysign": COPYSIGN,
    "copysign_number": COPYSIGN,
    "ldexp": (
        Difference("gradient", EXACT, "In torch a factor of the product overflows."),
        Difference("second", EXACT, LIMIT),
        Difference("second", INFINITE, LIMIT),
    ),
    "atan2": (Difference("gradient", EXACT, SQUARES),),
    "hypot": (Difference("second", TINY, "The cube of x underflows in both."),),
    "logaddexp": SATURATED,
    "logaddexp2": SATURATED,
    "xlogy_number": (LOG_OF_NAN,),
    "xlog1py_number": (LOG_OF_NAN,),
    "number_logy": (NUMBER_LOG, TINY_LOG),
    "number_log1py": (NUMBER_LOG,),
    "addcmul": (
        Difference("value", HUGE, "torch rounds once, so that no product overflows."),
    ),
    "addcdiv": (
        Difference("gradient second", EXACT, SQUARES),
        Difference("gradient second", INFINITE, SQUARES),
        Difference("gradient second", TINY, SQUARES),
    ),
    "lerp": (Difference("value", HUGE, "torch rounds once, ours twice."),),
    "binary_cross_entropy_with_logits": (
        Difference("value gradient", EXACT, "torch's is a difference that cancels."),
        Difference("value", INFINITE, "torch has infinity minus infinity."),
    ),
    "smooth_l1_loss": (
        Difference("gradient", INVALID, "torch's is NaN; we have the sign of NaN, 0."),
    ),
    "huber_loss": (
        Difference("gradient", INVALID, "torch's is NaN; we have the sign of NaN, 0."),
    ),
    "soft_margin_loss": (
        Difference("value gradient second", EXACT, "exp overflows in torch."),
        Difference("gradient second", HUGE, "exp overflows in torch."),
    ),
    "binary_cross_entropy": (
        Difference("gradient second", EXACT, "torch holds p*(1 - p) above 1e-12."),
        Difference(
            "gradient second",
            "where the first is near 0 or 1",
            "torch holds p*(1 - p) above 1e-12, and forgets that it clamps log(p).",
        ),
    ),
    **{
        row.op: (NONE, *UNDERIVED_VALUES.get(row.op.removesuffix("_of_degree"), ()))
        for row in UNDERIVED
    },
}
"""Op of the spec to its differences."""
