"""Where derivatives along axes and torch's differ, and why: a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from judge_axes_points import Case

MISSING = ("where torch has none",)
"""Where torch refuses; that is on samples of any sort."""


@dataclass(frozen=True)
class Difference:
    """``kinds`` of results that are not equal in cases of these names, and the reason.

    A kind is ``value``, ``gradient`` or ``second``, the gradients of the gradients.
    """

    kinds: str
    cases: tuple[str, ...]
    reason: str

    def explains(self, case: Case, refused: bool) -> bool:
        """Whether the reason is one for a case, which torch may refuse."""
        return refused if self.cases == MISSING else case.name in self.cases


INFINITIES = ("-infinities", "-infinity alone", "an infinity")
UNDERIVED = Difference("second", MISSING, "torch has no second derivative.")
OF_NAN = Difference(
    "gradient",
    ("NaN",),
    "No element equals NaN: ours is 0. torch's is NaN, or that of the NaN.",
)
PRODUCT = Difference(
    "gradient second",
    ("1e300", *INFINITIES, "NaN"),
    "torch divides the product by the element; ours is the product of the others.",
)
FREEDOM = Difference(
    "gradient second",
    ("no freedom left",),
    "n - correction is 0 or less, and the value infinite; so is ours, or NaN.",
)
MEAN = Difference(
    "value", INFINITIES, "Beside a variance torch's mean is NaN; ours is infinite."
)
SIGN = Difference("gradient", ("NaN",), "torch's is NaN; we have the sign of NaN, 0.")
ORIGIN = "torch's is NaN where the norm is 0; ours is that of the gradient, which is 0."

DIFFERENCES: Mapping[str, tuple[Difference, ...]] = {
    "prod": (PRODUCT,),
    "cumprod": (PRODUCT,),
    "amax": (OF_NAN,),
    "amin": (OF_NAN,),
    "aminmax": (OF_NAN,),
    "max/reduction_no_dim": (OF_NAN,),
    "min/reduction_no_dim": (OF_NAN,),
    "var": (FREEDOM,),
    "std": (FREEDOM,),
    "var_mean": (FREEDOM, MEAN),
    "std_mean": (FREEDOM, MEAN),
    "linalg.vector_norm": (
        Difference("second", ("zeros alone",), ORIGIN),
        Difference("second", ("1e-300",), "Powers of x under- or overflow."),
        Difference(
            "gradient second",
            ("a zero, order below 1",),
            "At 0 there is no derivative; by torch's convention it is 0.",
        ),
    ),
    "logcumsumexp": (
        Difference(
            "gradient second",
            ("1e300",),
            "Every sum is the first element: ours is the sum of all cotangents, torch's"
            " the last of them.",
        ),
        Difference("second", ("an infinity",), "Ours is NaN, infinity less infinity."),
    ),
    "nn.functional.scaled_dot_product_attention": (UNDERIVED,),
    "native_layer_norm": (
        Difference("second", MISSING, "Without a weight torch has none."),
        Difference(
            "value gradient second",
            ("1e300",),
            "The variance overflows; then ours is the bias, torch's NaN.",
        ),
        MEAN,
    ),
    "_weight_norm": (
        Difference(
            "second",
            (
                *("plain", "one element", "one zero", "two zeros", "ties"),
                *("all equal", "1e4"),
            ),
            "torch's is wrong, as its own gradgradcheck finds; ours passes.",
        ),
        Difference("gradient", ("1e-300",), "Squares underflow, and the norm is 0."),
    ),
    "cdist": (
        UNDERIVED,
        Difference(
            "gradient",
            ("ties",),
            "Of order infinity: each tied element has the whole gradient in torch, its"
            " share in ours, as in amax.",
        ),
    ),
    "nn.functional.pdist": (UNDERIVED,),
    "nn.functional.cosine_similarity": (
        Difference("second", ("zeros alone", "1e-300"), "torch's is NaN at norm 0."),
    ),
    "nn.functional.smooth_l1_loss": (SIGN,),
    "nn.functional.huber_loss": (
        SIGN,
        Difference(
            "second",
            ("one zero", "two zeros", "zeros alone", "1e300", "1e-300"),
            "Where |x - t| is delta, ours is that of the branch that is taken.",
        ),
    ),
    "nn.functional.soft_margin_loss": (
        Difference("gradient second", INFINITIES, "exp overflows in torch."),
    ),
    "nn.functional.multi_margin_loss": (
        UNDERIVED,
        Difference(
            "value gradient",
            ("-infinities", "-infinity alone", "NaN"),
            "torch takes NaN, and infinity less infinity, for no loss.",
        ),
    ),
    "nn.functional.multilabel_margin_loss": (UNDERIVED,),
    "nn.functional.embedding_bag": (UNDERIVED,),
}
"""Name of the row to its differences."""
