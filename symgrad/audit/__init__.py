"""``symgrad audit``: a hand-written ``autograd.Function``, without a spec.

What it computes is not known, so its backward is compared with finite differences of
its own forward; all else is what any Function owes to those who compose it.
"""

from __future__ import annotations

CHECKS = (
    "arity",
    "first order",
    "broadcast",
    "saves",
    "layouts",
    "purity",
    "second order",
    "dtypes",
    "transforms",
    "batches",
    "forward mode",
    "compile",
)
"""The checks by name, for those who count them without running them."""
