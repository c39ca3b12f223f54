"""Statistics that are kept: what they are, and what becomes of their derivatives."""

from __future__ import annotations

from .edits import dropped, rewritten
from .fault import Fault

NORMS = ("normalisations.rms_norm", "normalisations.layer_norm")
LOSSES = ("row_losses.cross_entropy", "row_losses.z_loss", "softmaxes.softmax_one")
ROWS = (*NORMS, *LOSSES)

KEPT = (
    Fault(
        2,
        "another statistic is kept",
        "forward hands on what it has not computed with",
        ROWS,
        rewritten("forward", r"(return .*), (\w+)\)$", r"\1, 1.001 * \2)"),
    ),
    Fault(
        2,
        "a statistic is rounded",
        "kept with the digits of half precision",
        ROWS,
        rewritten(
            "forward", r"(return .*), (\w+)\)$", r"\1, \2.bfloat16().to(\2.dtype))"
        ),
    ),
    Fault(
        4,
        "a statistic has no derivative",
        "the kept one is used where backward is differentiated",
        ROWS,
        dropped("backward", "is_grad_enabled"),
    ),
    Fault(
        4,
        "another statistic is computed again",
        "where backward is differentiated",
        NORMS,
        rewritten("backward", r"( +row = .*) \+ eps", r"\1 + 2 * eps + 0.001"),
    ),
    Fault(
        4,
        "a statistic is computed again without derivative",
        "from inputs that are detached",
        ROWS,
        rewritten(
            "backward",
            r"(is_grad_enabled\(\):\n)",
            r"\1        x = x.detach()\n",
        ),
    ),
)
