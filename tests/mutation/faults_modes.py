"""Rungs 3 to 5: forward mode and batches, second derivatives, linearity."""

from __future__ import annotations

from .edits import (
    attribute,
    begin,
    decorated,
    dropped,
    gradient,
    rewritten,
    tangent,
    unpacked,
)
from .fault import Fault

PAIR = ("swish.swish", "gated_units.swiglu", "first_op.product")
SINGLE = ("smooth_activations.gelu", "smooth_activations.mish", "swish.double_swish")
NUMBERED = ("regression_losses.huber", "piecewise_activations.elu")
SEVERAL = ("lstm_cell.lstm_cell", "rotary_pair.rotary_pair")
PLANE = ("complex_signals.rotary", "complex_signals.mobius_shift")
MIXED = (*PAIR[:2], *SINGLE[:1], *SEVERAL[:1], *PLANE[:1])

FORWARD = (
    Fault(3, "jvp of the wrong sign", "of the tangent", MIXED, tangent("-{g}")),
    Fault(3, "jvp with a factor", "1.0005", MIXED, tangent("{g} * 1.0005")),
    Fault(
        3,
        "jvp with a factor that is 1 at the default",
        "a parameter is multiplied in once too often",
        NUMBERED,
        tangent("{g} * {p}"),
    ),
    Fault(
        3,
        "jvp drops a tangent",
        "one input is taken for constant",
        (*PAIR, *SEVERAL, *PLANE),
        unpacked("jvp", "{s} = torch.zeros_like({s})"),
    ),
    Fault(
        3,
        "tangents swapped",
        "the parameters of jvp are in another order",
        PAIR,
        rewritten("jvp", "{t}: Tensor, {s}: Tensor", "{s}: Tensor, {t}: Tensor"),
    ),
    Fault(
        3,
        "jvp reads another order",
        "the saved tensors change their names",
        PAIR,
        unpacked("jvp", "{x}, {w} = {w}, {x}"),
    ),
    Fault(
        3,
        "another order is saved for forward mode",
        "save_for_forward and save_for_backward differ",
        PAIR,
        rewritten("setup_context", r"(for_forward\()\*inputs", r"\1*inputs[::-1]"),
    ),
    Fault(
        3,
        "jvp is not linear",
        "the tangent is divided by its size",
        (*PAIR, *SINGLE),
        unpacked("jvp", "{t} = {t} / torch.abs({t})"),
    ),
    Fault(
        3,
        "jvp is never applied",
        "the class without it is picked",
        (*PAIR, *SINGLE),
        rewritten("_switch", "return .*", "return plain"),
        says="raises",
    ),
    Fault(
        3,
        "no rule for batches",
        "vmap is refused",
        (*PAIR, *SINGLE),
        attribute("generate_vmap_rule", "False"),
        says="raises",
    ),
    Fault(
        3,
        "missing tangent is one",
        "an input that does not move counts",
        SEVERAL,
        rewritten("_fill_missing", "like.new_zeros", "like.new_ones"),
    ),
    Fault(
        3,
        "missing tangent is not handled",
        "forward mode fails where one input does not move",
        SEVERAL,
        dropped("jvp", "_fill_missing"),
        says="NoneType",
    ),
    Fault(
        3,
        "data read into Python",
        ".item() in backward",
        (*PAIR, *SINGLE),
        gradient("{g} * (1 + 0 * {c}.sum().item())"),
        says="raises",
    ),
    Fault(
        3,
        "branch on data",
        "a decision that is not the same for every row of a batch",
        (*PAIR, *SINGLE),
        unpacked("backward", "if bool(({c} > 0).all()):\n    {c} = 1 * {c}"),
        says="raises",
    ),
    Fault(
        3,
        "in-place on a temporary",
        "which a batch does not go into",
        PAIR,
        gradient("torch.zeros({x}.shape, dtype={c}.dtype).add_({g})"),
        says="raises",
    ),
)

SECOND = (
    Fault(
        4,
        "detached gradient",
        "gradgradcheck leaves it out without a word",
        MIXED,
        gradient("{g}.detach()"),
    ),
    Fault(
        4,
        "detached last gradient",
        "one of several",
        (*PAIR, *SEVERAL, *PLANE),
        gradient("{g}.detach()", -1),
    ),
    Fault(
        4,
        "detached cotangent",
        "the derivative by the cotangent is lost",
        (*PAIR, *SINGLE),
        unpacked("backward", "{c} = {c}.detach()"),
    ),
    Fault(
        4,
        "detached input",
        "the second derivative by one input is lost",
        (*PAIR[:2], *SINGLE, *SEVERAL),
        unpacked("backward", "{x} = {x}.detach()"),
    ),
    Fault(
        4,
        "detached factor",
        "one function of the inputs is taken for constant",
        ("swish.swish", "gated_units.swiglu", "lstm_cell.lstm_cell"),
        rewritten(
            "backward",
            r"= torch.sigmoid\((\w+)(.*)\)",
            r"= torch.sigmoid(\1\2).detach()",
        ),
    ),
    Fault(
        4,
        "backward without grad mode",
        "a decorator turns it off",
        (*PAIR, *SINGLE),
        decorated("torch.no_grad()"),
    ),
    Fault(
        4,
        "once_differentiable",
        "a second derivative is refused",
        (*PAIR, *SINGLE),
        rewritten(
            "backward", "def", "@torch.autograd.function.once_differentiable\ndef"
        ),
        says="once_differentiable|cut off",
    ),
    Fault(
        4,
        ".data",
        "a way around autograd",
        PAIR[:2],
        unpacked("backward", "{x} = {x}.data"),
    ),
    Fault(
        4,
        "derivative of nothing",
        "a term that is zero, and whose derivative is not",
        (*PAIR, *SINGLE),
        gradient("{g} + ({x} - {x}.detach())"),
    ),
    Fault(
        4,
        "differentiable again",
        "what the spec stops is let through the second time",
        ("spiking.lif_step",),
        rewritten("backward", r"\.detach\(\)", ""),
    ),
)

LINEAR = (
    Fault(
        5,
        "size of the cotangent ignored",
        "only its sign counts",
        (*PAIR, *SINGLE),
        begin("backward", "{c} = torch.sign({c})"),
    ),
    Fault(
        5,
        "sign of the cotangent ignored",
        "only its size counts",
        (*PAIR, *SINGLE),
        begin("backward", "{c} = torch.abs({c})"),
    ),
    Fault(
        5,
        "cotangent clipped",
        "as if exploding gradients were the op's business",
        (*PAIR, *SINGLE),
        begin("backward", "{c} = torch.clamp({c}, -9, 9)"),
    ),
    Fault(
        5,
        "cotangent normalised",
        "by its greatest element",
        (*PAIR, *SINGLE),
        begin("backward", "{c} = {c} / (torch.abs({c}).sum() + 1)"),
    ),
    Fault(
        5,
        "small cotangents are zero",
        "below 1e-6, as the mean over a large batch has them",
        (*PAIR, *SINGLE),
        begin("backward", "{c} = torch.where(torch.abs({c}) < 1e-6, 0, {c})"),
    ),
    Fault(
        5,
        "large cotangents are cut off",
        "beyond 1e6, as loss scaling has them",
        (*PAIR, *SINGLE),
        begin("backward", "{c} = torch.where(torch.abs({c}) > 1e6, 0, {c})"),
    ),
    Fault(
        5,
        "constant in a gradient",
        "1e-13, whatever the cotangent is",
        (*PAIR, *SINGLE),
        gradient("{g} + 1e-13"),
    ),
    Fault(
        5,
        "epsilon beside the cotangent",
        "1e-13 against a division by zero that there is not",
        (*PAIR, *SINGLE),
        begin("backward", "{c} = {c} + 1e-13"),
    ),
    Fault(
        5,
        "NaN in a cotangent is scrubbed",
        "loss scaling waits for it to show",
        (*PAIR, *SINGLE),
        begin("backward", "{c} = torch.nan_to_num({c})"),
    ),
)
