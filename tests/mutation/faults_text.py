"""Rung 0: what is wrong in the text, whether or not a run would show it."""

from __future__ import annotations

from .edits import begin, both, decorated, end, gradient, module, rewritten, unpacked
from .fault import Fault

PAIR = ("swish.swish", "gated_units.swiglu", "first_op.product")
NUMBERED = ("regression_losses.huber", "piecewise_activations.elu", "masked.dropout")
SEVERAL = ("lstm_cell.lstm_cell", "rotary_pair.rotary_pair")

TEXT = (
    Fault(
        0,
        "a gradient too few",
        "the last gradient is not returned",
        PAIR,
        rewritten("backward", r"return \((.*), \w+\)$", r"return \1"),
    ),
    Fault(
        0,
        "a gradient too many",
        "a trailing None, which autograd lets pass",
        (*PAIR, *NUMBERED),
        rewritten("backward", r"return \((.*)\)$", r"return (\1, None)"),
    ),
    Fault(
        0,
        "a gradient for a number",
        "what is returned for a Python number is not None",
        NUMBERED,
        rewritten("backward", r"None\)$", "{c})"),
    ),
    Fault(
        0,
        "None for a gradient",
        "an input that has a derivative never gets one",
        (*PAIR, *SEVERAL),
        rewritten("backward", r"return \(\w+, (.*)\)$", r"return (None, \1)"),
    ),
    Fault(
        0,
        "saved tensors read twice",
        "each read runs the hooks again, or unpacks what was freed",
        PAIR,
        unpacked("backward", "{x}, {w} = ctx.saved_tensors"),
    ),
    Fault(
        0,
        "saved tensors read twice in forward mode",
        "the same, in the jvp",
        PAIR,
        unpacked("jvp", "{x}, {w} = ctx.saved_tensors"),
    ),
    Fault(
        0,
        "another tuple for forward mode",
        "save_for_forward keeps an order of its own",
        PAIR,
        rewritten("setup_context", r"(for_forward\()\*inputs", r"\1*inputs[::-1]"),
    ),
    Fault(
        0,
        "saved intermediate",
        "what is computed for backward is kept, and cut off from the inputs",
        (*PAIR, *NUMBERED),
        end("setup_context", "ctx.kept = inputs[0] * 2"),
    ),
    Fault(
        0,
        "a tensor on the context",
        "kept as an attribute, where no hook and no check of versions sees it",
        (*PAIR, *NUMBERED),
        end("setup_context", "ctx.kept = inputs[0]"),
    ),
    Fault(
        0,
        "state on the context",
        "backward leaves something behind for the next backward",
        (*PAIR, *NUMBERED),
        unpacked("backward", "ctx.count = 1"),
    ),
    Fault(
        0,
        "state on the class",
        "a call leaves something behind for the next call",
        (*PAIR, *NUMBERED),
        begin("apply", "{cls}.last = {x}"),
    ),
    Fault(
        0,
        "in-place on the cotangent",
        "which autograd goes on using",
        (*PAIR, *NUMBERED),
        begin("backward", "{c}.mul_(2)"),
    ),
    Fault(
        0,
        "in-place on a saved tensor",
        "which is the user's own",
        PAIR,
        unpacked("backward", "{x}.neg_()"),
    ),
    Fault(
        0,
        "assignment to an element",
        "an in-place write that has no underscore",
        PAIR,
        unpacked("backward", "{x}[...] = 0"),
    ),
    Fault(
        0,
        "out= of an operator",
        "an in-place write that has no underscore",
        (*PAIR, *NUMBERED),
        begin("backward", "torch.neg({c}, out={c})"),
    ),
    Fault(
        0,
        "once_differentiable",
        "second derivatives are refused",
        (*PAIR, *NUMBERED),
        rewritten(
            "backward", "def", "@torch.autograd.function.once_differentiable\ndef"
        ),
    ),
    Fault(
        0,
        ".data",
        "a way around autograd",
        (*PAIR, *NUMBERED),
        gradient("{g}.data"),
    ),
    Fault(
        0,
        ".item()",
        "data read into Python: no vmap, no compile, a stop of the device",
        (*PAIR, *NUMBERED),
        gradient("{g} * (1 + 0 * {c}.sum().item())"),
    ),
    Fault(
        0,
        "custom_fwd",
        "writes private attributes on the user's tensors",
        PAIR,
        decorated("torch.amp.custom_bwd"),
    ),
    Fault(
        0,
        "captured tensor",
        "a tensor made when the module is imported: of one device and dtype",
        (*PAIR, *NUMBERED),
        both(module("_ONE = torch.ones(())"), gradient("{g} * _ONE")),
    ),
    Fault(
        0,
        "cache of the module",
        "a list that outlives the call",
        (*PAIR, *NUMBERED),
        both(module("_SEEN = []"), begin("forward", "_SEEN.append({x})")),
    ),
    Fault(
        0,
        "cache in a default",
        "a default that is one object for all calls",
        ("swish.swish", "lstm_cell.lstm_cell"),
        both(
            rewritten(
                "_rounded", r"dtype: torch.dtype\)", "dtype: torch.dtype, seen=[])"
            ),
            begin("_rounded", "seen.append(result)"),
        ),
    ),
    Fault(
        0,
        "name from nowhere",
        "a NameError that waits for its branch to be taken",
        (*PAIR, *NUMBERED),
        unpacked("backward", "unknown = scale_of_gradients"),
    ),
    Fault(
        0,
        "import in a function",
        "paid for at every call, and of anything",
        PAIR,
        begin("backward", "import os"),
    ),
    Fault(
        0,
        "import of something else",
        "a generated file needs torch and the standard library",
        (*PAIR, *NUMBERED),
        module("import numpy"),
    ),
    Fault(
        0,
        "errors are swallowed",
        "a handler turns a wrong call into a wrong number",
        PAIR,
        begin("apply", "try:\n    {x} = {x} + 0\nexcept RuntimeError:\n    pass"),
    ),
    Fault(
        0,
        "cotangents in another order",
        "the parameters of backward are not the outputs",
        SEVERAL,
        rewritten("backward", "({c}: [^,]*), ({d}: [^,)]*)", r"\2, \1"),
    ),
    Fault(
        0,
        "inputs in another order",
        "the parameters of forward are not the inputs",
        PAIR,
        rewritten("forward", r"\((\w+: Tensor), (\w+: Tensor)\)", r"(\2, \1)"),
    ),
    Fault(
        0,
        "no backward",
        "the method is missing",
        PAIR,
        rewritten("backward", "def backward", "def backwards"),
    ),
    Fault(
        0,
        "no end to backward",
        "one path returns nothing",
        NUMBERED,
        rewritten("backward", r"return (.*)$", r"if True:\n        return \1"),
    ),
    Fault(
        0,
        "saves what it does not give",
        "the two modes save different tuples: one of them saves nothing",
        PAIR,
        rewritten("setup_context", r"(save_for_backward\()\*inputs", r"\1inputs[0]"),
    ),
)
