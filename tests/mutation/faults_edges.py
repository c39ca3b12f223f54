"""Rungs 8 and 9: kinks, bounds and NaN; dtypes."""

from __future__ import annotations

from .edits import begin, both, gradient, rewritten, unpacked, value
from .fault import Fault

PAIR = ("swish.swish", "gated_units.swiglu", "first_op.product")
SINGLE = ("smooth_activations.gelu", "smooth_activations.mish", "swish.double_swish")
KINKED = ("edges.relu_half", "edges.relu_strict", "piecewise_activations.relu_squared")
WIDE = ("swish.swish", "gated_units.swiglu", "gated_units.geglu")
BOTH = (*PAIR, *SINGLE)

EDGES = (
    Fault(
        8,
        "NaN from the untaken branch",
        "the branch is chosen by multiplying with a mask",
        ("masked.learned_fill", "piecewise_activations.elu"),
        gradient(
            "torch.where({x} > 0, {g}, {g} * torch.sqrt(torch.clamp(-{x}, max=0)))"
        ),
    ),
    Fault(
        8,
        "convention at a kink",
        "the other one-sided derivative",
        ("edges.relu_half", "edges.hinge_margin"),
        both(
            rewritten(
                "backward", r"torch.where\(x == 0, 0\.5 \*", "torch.where(x == 0, 1.0 *"
            ),
            rewritten("backward", r"where\(u == 0, 1,", "where(u == 0, 0,"),
        ),
    ),
    Fault(
        8,
        "value at a jump",
        "a step at its threshold is neither on nor off",
        ("spiking.spike", "spiking.lif_step"),
        rewritten("forward", r"where\((x|excess) == 0, 1,", r"where(\1 == 0, 0.5,"),
    ),
    Fault(
        8,
        "tie convention",
        "the second input takes what both should share",
        ("policy_objectives.ppo_clip", "box_loss.complete_iou"),
        rewritten("backward", r"0\.5", "1.0", 0),
    ),
    Fault(
        8,
        "gradient doubled at zero",
        "only at the kink itself",
        ("piecewise_activations.elu", "smooth_activations.gelu", "swish.double_swish"),
        gradient("torch.where({x} == 0, 2 * {g} + {c}, {g})"),
    ),
    Fault(
        8,
        "NaN at zero",
        "divided and multiplied by the input",
        ("swish.double_swish", "smooth_activations.gelu", "first_op.product"),
        gradient("{g} / {x} * {x}", -1),
    ),
    Fault(
        8,
        "NaN gets lost",
        "forward replaces it",
        BOTH,
        value("torch.nan_to_num({g})"),
    ),
    Fault(
        8,
        "NaN of one input gets lost",
        "before it is computed with",
        PAIR,
        begin("forward", "{w} = torch.nan_to_num({w})"),
    ),
    Fault(
        8,
        "NaN comes up",
        "at the very end of the domain",
        ("masked.monomial", "first_op.product"),
        gradient("{g} + 0 * torch.log(torch.abs({x}))"),
    ),
)

DTYPES = (
    Fault(
        9,
        "intermediate rounded to bfloat16",
        "what is computed in float32 loses digits",
        BOTH,
        unpacked(
            "backward", "{x} = {x} + ({x}.bfloat16().to({x}.dtype) - {x}).detach()"
        ),
    ),
    Fault(
        9,
        "value rounded to bfloat16",
        "in float32",
        BOTH,
        value("{g}.bfloat16().to({g}.dtype)"),
    ),
    Fault(
        9,
        "result of another dtype",
        "always float32",
        BOTH,
        value("{g}.float()"),
    ),
    Fault(
        9,
        "result is not rounded back",
        "half precision comes back as float32",
        WIDE,
        rewritten("_rounded", "return .*", "return result"),
    ),
    Fault(
        9,
        "half precision computed in half",
        "every operator rounds",
        ("smooth_activations.gelu", "smooth_activations.mish", "gated_units.swiglu"),
        rewritten("_opmath", "half = .*", "half = ()"),
    ),
    Fault(
        9,
        "gradient computed in half",
        "the value is right, and every operator of backward rounds",
        ("swish.swish", "smooth_activations.gelu", "gated_units.swiglu"),
        rewritten("backward", r"_opmath\((.*)\)", r"(\1,)"),
    ),
    Fault(
        9,
        "gradient rounded twice",
        "in half precision a factor comes after the first rounding",
        ("swish.swish", "smooth_activations.gelu", "gated_units.swiglu"),
        gradient("({g} / 3).to(ctx.y_dtype).to({g}.dtype) * 3"),
    ),
    Fault(
        9,
        "result in the dtype of the first input",
        "instead of the promoted one",
        WIDE,
        rewritten("_result_dtype", r"for tensor in tensors:", "for tensor in ():"),
    ),
    Fault(
        9,
        "0-dim tensors widen",
        "a number as a tensor of float64 makes the result double",
        WIDE,
        rewritten("_result_dtype", r"if t\.dim\(\) > 0", "if t.dim() >= 0"),
    ),
    Fault(
        9,
        "autocast",
        "where it is on, the op computes in bfloat16",
        BOTH,
        begin(
            "forward",
            "if torch.is_autocast_enabled('cpu'):\n    {x} = {x}.bfloat16().float()",
        ),
    ),
    Fault(
        9,
        "tangent of another dtype",
        "than the output's",
        BOTH,
        rewritten(
            "jvp", r"_rounded\((.*), ctx\.y_dtype\)", r"_rounded(\1, torch.float64)"
        ),
    ),
)
