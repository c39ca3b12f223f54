"""Rungs 6, 7 and 10: layouts, traces that are left, and what PyTorch makes of an op."""

from __future__ import annotations

from .edits import (
    begin,
    both,
    end,
    gradient,
    module,
    rewritten,
    tangent,
    unpacked,
    value,
)
from .fault import Fault

PAIR = ("swish.swish", "gated_units.swiglu", "first_op.product")
SINGLE = ("smooth_activations.gelu", "smooth_activations.mish", "swish.double_swish")
BOTH = (*PAIR, *SINGLE)
STEEP = ("straight_through.fake_quantize", "spiking.spike")

_FLAT = (
    "{{{0}}} = torch.as_strided({{{0}}}, s := {{{0}}}.shape, torch.empty(s).stride())"
)

LAYOUTS = (
    Fault(
        6,
        "view of the cotangent",
        "fails unless it is contiguous",
        BOTH,
        begin("backward", "{c} = {c}.view(-1).view({c}.shape)"),
    ),
    Fault(
        6,
        "flat memory of the cotangent",
        "read as if it were contiguous",
        BOTH,
        begin(
            "backward",
            _FLAT.format("c"),
        ),
        says="another|fails|out of bounds",
    ),
    Fault(
        6,
        "flat memory of a saved tensor",
        "read as if it were contiguous",
        BOTH,
        unpacked(
            "backward",
            _FLAT.format("x"),
        ),
        says="another|fails|out of bounds",
    ),
    Fault(
        6,
        "flat memory of an input",
        "in forward",
        BOTH,
        begin(
            "forward",
            _FLAT.format("x"),
        ),
        says="another|fails|out of bounds",
    ),
    Fault(
        6,
        "strides of the input for the cotangent",
        "right as long as the two have the same layout",
        BOTH,
        unpacked(
            "backward",
            "{c} = torch.as_strided({c}, {c}.shape, {x}.expand({c}.shape).stride())",
        ),
        says="another|fails|out of bounds",
    ),
    Fault(
        6,
        "view of an input",
        "forward fails unless it is contiguous",
        BOTH,
        begin("forward", "{x} = {x}.view(-1).view({x}.shape)"),
    ),
    Fault(
        6,
        "channels_last is lost",
        "the output is contiguous, whatever the inputs are",
        BOTH,
        value("{g}.contiguous()"),
    ),
)

PURITY = (
    Fault(
        7,
        "in-place on an input",
        "the user's tensor changes",
        BOTH,
        begin("forward", "{x}.mul_(1.5)"),
    ),
    Fault(
        7,
        "in-place on an input, and back",
        "the same value, another version",
        BOTH,
        begin("forward", "{x}.mul_(2).div_(2)"),
    ),
    Fault(
        7,
        "in-place on the cotangent",
        "which autograd goes on using",
        BOTH,
        end("backward", "{c}.mul_(2)"),
    ),
    Fault(
        7,
        "in-place on a saved tensor",
        "after it was used",
        BOTH,
        end("backward", "{x}.detach().mul_(2)"),
    ),
    Fault(
        7,
        "second backward differs",
        "a count on the context",
        BOTH,
        both(
            unpacked("backward", "ctx.y_dtype = not isinstance(ctx.y_dtype, bool)"),
            gradient("{g} * (2 if ctx.y_dtype is True else 1)"),
        ),
    ),
    Fault(
        7,
        "noise",
        "too small for any bound, and not the same twice",
        BOTH,
        gradient("{g} * (1 + 1e-13 * torch.rand_like({g}))"),
    ),
    Fault(
        7,
        "seeds the generator",
        "whoever draws after the op draws the same again",
        BOTH,
        begin("forward", "torch.manual_seed(0)"),
    ),
    Fault(
        7,
        "sets the default dtype",
        "for everything that comes after",
        BOTH,
        begin("forward", "torch.set_default_dtype(torch.float64)"),
    ),
    Fault(
        7,
        "turns grad mode off",
        "and does not turn it on again",
        BOTH,
        end("apply", "torch.set_grad_enabled(False)"),
        says="grad",
    ),
    Fault(
        7,
        "output is a view of an input",
        "a write to the output writes to the input",
        ("straight_through.gradient_reversal", "straight_through.clip_gradient"),
        value("{x}.view_as({x})"),
        says="is a view of",
    ),
    Fault(
        7,
        "one tensor for two inputs",
        "confused with one input",
        PAIR,
        gradient("{g} * (2 if {x} is {w} else 1)"),
    ),
    Fault(
        7,
        "memory of two inputs compared",
        "one tensor for two inputs gets half",
        PAIR,
        gradient("{g} / (2 if {x}.data_ptr() == {w}.data_ptr() else 1)"),
    ),
    Fault(
        7,
        "remembers across calls",
        "the first call is another than the second",
        BOTH,
        both(
            module("_CALLS = []"),
            begin("forward", "_CALLS.append(1)"),
            gradient("{g} * (1 if len(_CALLS) % 2 else 2)"),
        ),
    ),
)

TRANSFORMS = (
    Fault(
        10,
        "no_grad computes something else",
        "the short cut without gradients",
        BOTH,
        rewritten("apply", r"return (\w+\.forward\()", r"return 1.0005 * \1"),
    ),
    Fault(
        10,
        "value depends on requires_grad",
        "another branch in training",
        BOTH,
        begin("apply", "if {x}.requires_grad:\n    {x} = {x} * 1.0005"),
    ),
    Fault(
        10,
        "value depends on grad mode",
        "to the last bit only",
        BOTH,
        begin("apply", "if not torch.is_grad_enabled():\n    {x} = {x} * (1 + 1e-15)"),
    ),
    Fault(
        10,
        "compiled to something else",
        "another branch while it is traced",
        BOTH,
        begin("forward", "if torch.compiler.is_compiling():\n    {x} = {x} * 1.0005"),
    ),
    Fault(
        10,
        "gradient compiled to something else",
        "another branch of backward while it is traced",
        BOTH,
        begin("backward", "if torch.compiler.is_compiling():\n    {c} = {c} * 1.0005"),
    ),
    Fault(
        10,
        "class with a jvp is compiled",
        "which torch.compile refuses",
        BOTH,
        rewritten("_switch", "return .*", "return with_jvp"),
    ),
    Fault(
        10,
        "graph break",
        "asked for by the op itself",
        BOTH,
        begin("apply", "torch._dynamo.graph_break()"),
    ),
    Fault(
        10,
        "address of a tensor",
        "which no traced tensor has",
        BOTH,
        begin("apply", "if {x}.data_ptr() == 1:\n    {x} = 2 * {x}"),
    ),
    Fault(
        10,
        "surrogate is not traced",
        "the derivative of the forward instead",
        (*STEEP, "straight_through.round_ste"),
        rewritten("forward", "is_compiling\\(\\)", "is_compiling() and False"),
    ),
    Fault(
        10,
        "surrogate traced without detaching",
        "the difference to the forward has a derivative",
        STEEP,
        rewritten("forward", r"(\(\w+ - surrogate\))\.detach\(\)", r"\1"),
    ),
    Fault(
        10,
        "detached jvp",
        "right, and with no derivative of its own",
        (*PAIR, *SINGLE),
        tangent("{g}.detach()"),
    ),
    Fault(
        10,
        "jvp detached from an input",
        "the Hessian by reverse over forward lacks a part",
        (*PAIR[:2], *SINGLE),
        unpacked("jvp", "{x} = {x}.detach()"),
    ),
    Fault(
        10,
        "tensor kept on the context",
        "no hook of saved tensors sees it, no checkpoint frees it",
        BOTH,
        both(end("setup_context", "ctx.y_dtype = inputs[0]")),
        says="holds the tensor",
    ),
    Fault(
        10,
        "saved tensor told by its identity",
        "what a hook unpacks is another object",
        BOTH,
        both(
            end("setup_context", "ctx.y_dtype = (output.dtype, id(inputs[0]))"),
            gradient("{g} * (1 if id(ctx.saved_tensors[0]) == ctx.y_dtype[1] else 2)"),
            rewritten("jvp", r"ctx\.y_dtype", "ctx.y_dtype[0]"),
        ),
    ),
)
