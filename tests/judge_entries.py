"""Torch's table of derivatives, and its elementwise entries that no row judges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torchgen
import yaml
from judge_complex import ROWS as IN_THE_PLANE
from judge_rows import ROWS, Row

DERIVATIVES = Path(torchgen.__file__).parent / "packaged/autograd/derivatives.yaml"

_CLASSES = "picks elements by the index of a class: judged along axes"
_GAMMA = (
    "the derivative by `a` is no function that torch has, and torch's own raises"
    " `NotImplementedError`"
)
_EXPONENT = (
    "the derivative by the exponent is no function that torch has, and torch's own"
    " raises `NotImplementedError`"
)
_CTC = "a dynamic programme over two sequences"

UNJUDGED: Mapping[str, str] = {
    "frexp.Tensor": "the exponent is an output of the dtype int32",
    "igamma": _GAMMA,
    "igammac": _GAMMA,
    "nextafter": "a neighbour of a double is no function of real numbers",
    "special_zeta": _EXPONENT,
    "special_zeta.other_scalar": _EXPONENT,
    "multi_margin_loss": _CLASSES,
    "multilabel_margin_loss_forward": _CLASSES,
    "nll_loss_forward": _CLASSES,
    "nll_loss2d_forward": _CLASSES,
    "_ctc_loss": _CTC,
    "_ctc_loss.Tensor": _CTC,
}
"""Entry to the reason."""

RANDOM = {"bernoulli", "normal.Tensor_float", "normal.float_Tensor", "poisson"}
"""Entries that torch counts as elementwise, but that are draws of random numbers."""


def judged() -> dict[str, list[Row]]:
    """Entry to the rows that run it, in the order of the table of rows."""
    found: dict[str, list[Row]] = {}
    for row in (*ROWS, *IN_THE_PLANE):
        for entry in row.entries:
            found.setdefault(entry, []).append(row)
    return found


def of_torch() -> dict[str, list[str]]:
    """Every entry of torch's own table with its formulas."""
    table = yaml.safe_load(DERIVATIVES.read_text("utf-8"))
    return {
        entry["name"].partition("(")[0]: [str(v) for v in entry.values()]
        for entry in table
    }
