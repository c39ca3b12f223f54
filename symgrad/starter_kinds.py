"""What ``symgrad new`` can begin with: a template of ``templates/new`` each."""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "elementwise": "a function of single elements, with a parameter",
    "loss": "a loss of a prediction against a target",
    "normalisation": "statistics of a row, with named axes",
    "softmax": "weights along an axis, and a loss by labels",
    "straight-through": "a backward that is given, not derived",
    "surrogate": "a step with the derivative of another formula",
    "kinked": "a choice of the derivative at corners",
    "contraction": "a product of matrices, written by indices",
    "module": "an nn.Module beside the function",
    "complex": "complex inputs and outputs",
}
"""By name, what it is."""
