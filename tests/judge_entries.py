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
_GAMMA = "the function table has no incomplete gamma function"
_EXPONENT = "the exponent of `zeta` is a number that is written out"
_CTC = "a dynamic programme over two sequences"

UNJUDGED: Mapping[str, str] = {
    "frexp.Tensor": "an output of the dtype int32",
    "igamma": _GAMMA,
    "igammac": _GAMMA,
    "nextafter": "the function table has no neighbour of a double",
    "special_zeta": _EXPONENT,
    "special_zeta.other_scalar": _EXPONENT,
    "special_airy_ai": "the function table has no Airy function",
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
