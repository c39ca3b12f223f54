"""The gallery: twenty ops that kernels are written for by hand, and those by hand.

By the numbers of the catalogue that they were picked from.  Parameters have the shapes
of features and heads, at which their gradients are sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import performance_by_hand as gates
import performance_by_hand_fields as fields
import performance_by_hand_rows as rows
from torch.autograd import Function

FEATURES, HEADS, CHANNELS = 512, 8, 64


@dataclass(frozen=True)
class Row:
    """An op of examples/, what people call it, and its rival written by hand."""

    place: str
    title: str
    by_hand: type[Function]
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


GALLERY = (
    Row("piecewise_activations.relu_squared", "ReLU squared", gates.ReluSquared),
    Row("smooth_activations.mish", "Mish", gates.Mish),
    Row("gated_units.swiglu", "SwiGLU", gates.SwiGLU),
    Row("published_kernels.geglu_tanh", "GEGLU, tanh", gates.GegluTanh),
    Row(
        "published_kernels.bias_gelu",
        "bias and GELU",
        gates.BiasGelu,
        {"bias": (FEATURES,)},
    ),
    Row(
        "smooth_activations.snake",
        "Snake by channel",
        gates.Snake,
        {"x": (0, CHANNELS, FEATURES), "alpha": (CHANNELS, 1)},
    ),
    Row(
        "dynamic_tanh.dynamic_tanh",
        "DyT",
        gates.DynamicTanh,
        {"alpha": (1,), "gamma": (FEATURES,), "beta": (FEATURES,)},
    ),
    Row(
        "published_kernels.key_update",
        "RWKV-7 key",
        gates.KeyUpdate,
        {"share": (FEATURES,)},
    ),
    Row(
        "published_kernels.decay_gate",
        "KDA gate",
        gates.DecayGate,
        {"log_rate": (HEADS, 1), "bias": (HEADS, CHANNELS)},
    ),
    Row("rotary_pair.rotary_tables", "RoPE pair", gates.Rotary),
    Row("normalisations.rms_norm", "RMSNorm", rows.RMSNorm),
    Row("normalisations.add_rms_norm", "add and RMSNorm", rows.AddRMSNorm),
    Row("softmaxes.softmax", "softmax", rows.Softmax),
    Row(
        "published_kernels.smoothed_z_loss",
        "CE, smoothed, z",
        rows.SmoothedZLoss,
    ),
    Row("row_losses.jsd", "JSD", rows.JSD),
    Row(
        "classification_losses.sigmoid_focal",
        "sigmoid focal",
        fields.SigmoidFocal,
    ),
    Row("box_loss.complete_iou", "CIoU", fields.CompleteIoU),
    Row(
        "published_kernels.splat_covariance",
        "splat covariance",
        fields.SplatCovariance,
    ),
    Row("potentials.lennard_jones", "LJ with switch", fields.LennardJones),
    Row("lstm_cell.lstm_cell", "LSTM cell", gates.LSTMCell),
)

BY_HAND: Mapping[str, type[Function]] = {row.place: row.by_hand for row in GALLERY}
"""The rival of each op."""
