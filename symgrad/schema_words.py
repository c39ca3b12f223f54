"""What an editor says of each key of a spec: a sentence, and values to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS: Mapping[str, tuple[str, list[Any]]] = {
    # what keys and values are made of
    "name": ("Letters, digits and '_', beginning with a letter.", ["x", "eps"]),
    "indexed": ("A name, with its free indices in brackets.", ["y", "y[i, k]"]),
    "formula": (
        "Python's operators, comparisons, 'a if c else b', and the functions that"
        " 'symgrad functions' lists.",
        ["x*sigmoid(beta*x)", "where(x > 0, x, 0)", "sum(x[i]*w[i], i)"],
    ),
    "line": (
        "KIND, then [AXES], 'in INTERVAL' and '= DEFAULT' if wanted.",
        ["real", "real[..., n]", "real in (0, oo)", "float = 1e-5"],
    ),
    # the file
    "file.symgrad": ("The version of the format.", [1]),
    "file.functions": (
        "Named formulas for use in several ops, expanded where they are called.",
        [{"gate": {"inputs": ["a", "b"], "value": "a*sigmoid(b)"}}],
    ),
    "file.ops": (
        "The ops, by name; each becomes a function of the module that is written.",
        [{"swish": {"inputs": {"x": "real"}, "forward": {"y": "x*sigmoid(x)"}}}],
    ),
    # a function of the file
    "function.inputs": ("The names of its parameters.", [["a", "b"]]),
    "function.value": ("Its value, in these names alone.", ["a*sigmoid(b)"]),
    # an op
    "op.doc": (
        "One sentence or several; they become the docstring.",
        ["Swish with a learnable slope (Ramachandran et al., 2017)."],
    ),
    "op.inputs": (
        "Inputs in the order of the call: a name and its declaration.",
        [{"x": "real", "eps": "float = 1e-5"}, {"x": "real[..., n]", "w": "real[n]"}],
    ),
    "op.let": (
        "Intermediate formulas in order; each may use those before it.",
        [{"rstd": "rsqrt(mean(x[i]**2, i) + eps)"}],
    ),
    "op.forward": (
        "Outputs in order; several return a tuple. What is between brackets is free.",
        [{"y": "x*sigmoid(x)"}, {"y[i]": "x[i]*rstd"}],
    ),
    "op.surrogate": (
        "Formulas that are differentiated in the place of outputs.",
        [{"y": "x"}],
    ),
    "op.backward": (
        "Gradients as given, by input; grad_y is what comes in for the output y.",
        [{"x": "where(abs(x) <= 1, grad_y, 0)"}],
    ),
    "op.nondifferentiable": (
        "Outputs whose gradient is never wanted.",
        [["mask"]],
    ),
    "op.edges": (
        "The derivative that is taken at corners, or the one for each function.",
        ["torch", {"abs": "min_norm", "relu": "right"}],
    ),
    "op.accuracy": (
        "How much is done where a formula loses its digits near a point.",
        ["stable"],
    ),
    "op.save": (
        "What forward keeps for backward; all else is computed again.",
        ["auto", ["x"]],
    ),
    "op.module": (
        "An nn.Module beside the function.",
        [{"name": "Swish", "parameters": {"beta": 1}}],
    ),
    "op.samples": (
        "Where verification takes the values of inputs from.",
        [{"x": {"range": [-4, 4]}}],
    ),
    "op.backend": (
        "Which code is written; --backend stands in its place.",
        ["torch"],
    ),
    # an input as a mapping
    "input.kind": (
        "real, complex, index and mask are tensors; float, int and bool are numbers"
        " of Python.",
        ["real"],
    ),
    "input.axes": (
        "Names of its axes; '...' in front is any number of axes of a batch.",
        [["...", "n"], "n"],
    ),
    "input.domain": (
        "An interval: an assumption of the mathematics, and where it is verified.",
        ["(0, oo)", "[-1, 1]"],
    ),
    "input.default": ("What a number is where the call does not say.", [1e-5]),
    "input.grad": ("Whether it has a gradient.", [False]),
    # samples of an input
    "sample.range": ("From the one number to the other.", [[-4, 4]]),
    "sample.values": ("These values and no others.", [[0, 0.5, 1]]),
    "sample.shape": ("The shape of the tensor.", [[2, 3]]),
    # a module
    "module.name": ("The name of the class; that of the op if left out.", ["Swish"]),
    "module.parameters": (
        "Inputs that are trained, with their initial values.",
        [{"weight": {"shape": "features", "init": "ones"}, "beta": 1}],
    ),
    "parameter.shape": (
        "Sizes, or names of sizes, which the module is made with.",
        ["features", ["heads", 4], []],
    ),
    "parameter.init": (
        "A number, zeros, ones, normal(mean, std) or uniform(low, high).",
        ["ones", 0.25, "normal(0, 0.02)"],
    ),
}
"""By definition, or definition and key: the sentence, and examples."""
