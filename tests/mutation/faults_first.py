"""Rungs 1 and 2: wrong numbers, and wrong shapes."""

from __future__ import annotations

from .edits import begin, both, dropped, end, gradient, rewritten, unpacked, value
from .fault import Fault

PAIR = ("swish.swish", "gated_units.swiglu", "first_op.product")
SINGLE = ("smooth_activations.gelu", "smooth_activations.mish", "swish.double_swish")
NUMBERED = ("regression_losses.huber", "piecewise_activations.elu")
SEVERAL = ("lstm_cell.lstm_cell", "rotary_pair.rotary_pair")
DENSITY = ("log_densities.normal_log_prob", "log_densities.beta_log_prob")
PLANE = ("complex_signals.rotary", "complex_signals.mobius_shift")
MIXED = (*PAIR[:2], *SINGLE[:1], *DENSITY[:1], "lstm_cell.lstm_cell")

ACCURACY = (
    Fault(
        1, "factor 1.0005", "gradcheck lets it pass", MIXED, gradient("{g} * 1.0005")
    ),
    Fault(
        1,
        "factor 1.00000001",
        "no finite difference can see it",
        MIXED,
        gradient("{g} * (1 + 1e-8)"),
    ),
    Fault(
        1,
        "zeros where gradients are small",
        "what is below a threshold is cut off",
        SINGLE[1:],
        gradient("torch.where(torch.abs({g}) < 1e-6, 0, {g})"),
    ),
    Fault(
        1,
        "computed in float32",
        "a double comes back with half of its digits",
        MIXED,
        gradient("{g}.float().double()"),
    ),
    Fault(
        1,
        "tail",
        "off by one percent, only where the input is large",
        ("first_op.product", "smooth_activations.quick_gelu"),
        gradient("torch.where(torch.abs({x}) > 50, {g} * 1.01, {g})"),
    ),
    Fault(
        1,
        "zero beside zero",
        "the gradient vanishes within 1e-6 of the origin",
        ("smooth_activations.mish", "swish.double_swish", "first_op.product"),
        gradient("torch.where(torch.abs({x}) < 1e-6, 0, {g})", -1),
    ),
    Fault(
        1,
        "kink moved",
        "the branches meet a millionth beside the kink",
        ("regression_losses.huber", "piecewise_activations.hardswish"),
        both(
            rewritten("backward", r"error <= delta", "error <= delta * 0.999"),
            rewritten("backward", r"u <= 0", "u <= 1e-5"),
        ),
    ),
    Fault(
        1,
        "value off by 1e-8",
        "the forward itself",
        MIXED,
        value("{g} * (1 + 1e-8)"),
    ),
    Fault(
        1,
        "constant of single precision",
        "a constant was written with eight digits",
        ("log_densities.normal_log_prob", "smooth_activations.gelu"),
        both(
            rewritten("forward", r"0\.918938533204\d+", "0.91893853"),
            rewritten("backward", r"(0\.\d{{7}})\d+", r"\1"),
        ),
    ),
)

FIRST = (
    Fault(2, "wrong sign", "of a gradient", MIXED, gradient("-{g}")),
    Fault(
        2,
        "wrong sign of the last",
        "of one gradient of several",
        (*PAIR, *DENSITY, *SEVERAL, *PLANE),
        gradient("-{g}", -1),
    ),
    Fault(
        2,
        "factor 1 at the default",
        "a parameter is multiplied in once too often; by default it is 1",
        NUMBERED,
        gradient("{g} * {p}"),
    ),
    Fault(
        2,
        "un-reduced broadcast",
        "the gradient has the shape of the output",
        (*PAIR, *DENSITY, *SEVERAL),
        rewritten("backward", r"\.sum_to_size\(\w+\.shape\)", "", 0),
    ),
    Fault(
        2,
        "mean instead of sum",
        "over the dimensions that were broadcast",
        PAIR,
        gradient("{g} * {w}.numel() / {c}.numel()", -1),
    ),
    Fault(
        2,
        "reduces leading dimensions only",
        "a dimension of size 1 stays broadcast",
        PAIR,
        rewritten(
            "backward",
            r"\.sum_to_size\({w}\.shape\)",
            ".sum_to_size({c}.shape[{c}.dim() - {w}.dim():])",
        ),
    ),
    Fault(
        2,
        "reduced to another input",
        "every gradient gets the shape of the first input",
        PAIR,
        rewritten("backward", r"sum_to_size\({w}\.shape", "sum_to_size({x}.shape"),
    ),
    Fault(
        2,
        "swapped returns",
        "two gradients change places",
        PAIR,
        rewritten("backward", r"return \((\w+), (\w+)\)", r"return (\2, \1)"),
    ),
    Fault(
        2,
        "guards swapped",
        "the gradient that is not asked for is computed",
        PAIR,
        rewritten("backward", r"(need_\w+), (need_\w+) =", r"\2, \1 ="),
    ),
    Fault(
        2,
        "guard of another input",
        "the second gradient comes only with the first",
        PAIR,
        rewritten("backward", "if need_{w}:", "if need_{x}:"),
    ),
    Fault(
        2,
        "all or nothing",
        "gradients come only if all of them are asked for",
        PAIR,
        rewritten("backward", "if need_{w}:", "if need_{w} and need_{x}:"),
    ),
    Fault(
        2,
        "cotangent ignored",
        "as if it were always 1",
        (*PAIR, *SINGLE),
        begin("backward", "{c} = torch.ones_like({c})"),
    ),
    Fault(
        2,
        "second cotangent ignored",
        "of two outputs only one is differentiated",
        SEVERAL,
        begin("backward", "{d} = None if {c} is not None else {d}"),
    ),
    Fault(
        2,
        "missing cotangent is one",
        "an output that is not used counts",
        SEVERAL,
        rewritten("_fill_missing", "like.new_zeros", "like.new_ones"),
    ),
    Fault(
        2,
        "missing cotangent is not handled",
        "backward fails if one of two outputs is not used",
        SEVERAL,
        dropped("backward", "_fill_missing"),
        says="NoneType",
    ),
    Fault(
        2,
        "output marked",
        "a floating output is declared not differentiable",
        (*PAIR, *SINGLE),
        end("setup_context", "ctx.mark_non_differentiable(output)"),
    ),
    Fault(
        2,
        "empty tensors",
        "a reduction that has no identity",
        (*PAIR, *SINGLE),
        gradient("{g} + 0 * {c}.max()"),
        says="raises",
    ),
    Fault(
        2,
        "0-dim tensors",
        "a dimension is taken for granted",
        (*PAIR, *SINGLE),
        gradient("{g} * ({c}.shape[0] / {c}.shape[0])"),
        says="raises",
    ),
    Fault(
        2,
        "mask ignored",
        "the gradient passes where the mask says no",
        ("masked.masked_fill", "masked.dropout"),
        rewritten("backward", "torch.where\\((blocked|keep), .*\\)\\.sum", "{c}.sum"),
    ),
    Fault(
        2,
        "conjugate forgotten",
        "the convention of complex gradients",
        PLANE,
        rewritten("backward", "torch.conj", "torch.positive", 0),
    ),
    Fault(
        2,
        "gradient conjugated",
        "Wirtinger's derivative instead of its conjugate",
        (*PLANE, "complex_signals.cauchy_term"),
        gradient("torch.conj({g})"),
    ),
    Fault(
        2,
        "imaginary part lost",
        "the gradient of a complex input is real",
        PLANE,
        gradient("torch.complex(torch.real({g}), torch.zeros_like(torch.real({g})))"),
    ),
    Fault(
        2,
        "cotangent of a complex output made real",
        "its imaginary part is lost",
        PLANE,
        begin("backward", "{c} = torch.complex({c}.real, torch.zeros_like({c}.real))"),
    ),
    Fault(
        2,
        "data-dependent branch",
        "another gradient if all elements are positive",
        (*PAIR, *SINGLE),
        unpacked("backward", "if bool(({c} > 0).all()):\n    {c} = 2 * {c}"),
    ),
    Fault(
        2,
        "value of the wrong shape",
        "an output that should broadcast does not",
        PAIR,
        value("{g}.reshape(-1)"),
    ),
    Fault(
        2,
        "cache of the first backward",
        "every later gradient is the first one",
        SINGLE,
        both(
            rewritten(
                "_rounded", r"dtype: torch.dtype\)", "dtype: torch.dtype, seen=[])"
            ),
            rewritten(
                "_rounded", "return .*", "seen.append(result)\n    return seen[0]"
            ),
            gradient("_rounded({g}, {c}.dtype)"),
        ),
        says="raises|wrong",
    ),
)
