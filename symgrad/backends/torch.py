"""PyTorch source for the ops of a spec: what the template prints, ready as text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from symgrad.arrange import arrange
from symgrad.axes import BATCH, named
from symgrad.backends.cpu_kernel import Kernels
from symgrad.backends.torch_backward import backward
from symgrad.backends.torch_context import setup_context
from symgrad.backends.torch_docs import module_doc
from symgrad.backends.torch_forward import forward
from symgrad.backends.torch_function import function
from symgrad.backends.torch_jvp import jvp
from symgrad.backends.torch_kernels import (
    backward_call,
    backward_formula,
    forward_call,
    listing,
)
from symgrad.backends.torch_lines import Code
from symgrad.backends.torch_module import module_class
from symgrad.backends.torch_names import IN_ITSELF, spelling
from symgrad.backends.torch_shapes import in_one_batch
from symgrad.cheaper import cheapen_choices
from symgrad.contract import contract
from symgrad.derive import differentiate, primal
from symgrad.lines import bracketed, listed
from symgrad.naming import FORWARD_MODE, class_names
from symgrad.narrow import narrow
from symgrad.op import Op
from symgrad.passes import AFTER, BEFORE, Pass, lower
from symgrad.patches.apply import patch
from symgrad.patches.choices import Choices
from symgrad.patches.place import AIMS
from symgrad.patches.vanishing import vanish
from symgrad.program import Program
from symgrad.residuals import choose_residuals


@dataclass(frozen=True)
class Method:
    """A method's header and body, a line each."""

    signature: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True)
class OpCode:
    """One op as the template needs it."""

    name: str
    class_name: str
    head: tuple[str, ...]
    batch_axes: str
    forward: Method
    setup_context: Method
    backward: Method
    jvp_head: tuple[str, ...]
    jvp: Method | None
    function: Method
    module: tuple[str, ...]
    kernel_formula: tuple[str, ...]
    kernel_listing: tuple[str, ...]


@dataclass(frozen=True)
class ModuleCode:
    """A module as the template needs it."""

    doc: tuple[str, ...]
    exports: tuple[str, ...]
    imports: tuple[str, ...]
    helpers: frozenset[str]
    ops: tuple[OpCode, ...]
    row_by_row: bool
    with_data: bool
    loader: str

    @property
    def in_one_batch(self) -> bool:
        """Whether an op has a rule of its own for vmap."""
        return any(op.batch_axes for op in self.ops)


def joint_program(op: Op, choices: Choices | None = None) -> Program:
    """Forward and gradients of an op, in functions that torch has.

    ``choices`` are those of searches that were made before.
    """
    *_, (_, program) = steps(op, choices)
    return program


def steps(op: Op, choices: Choices | None = None) -> Iterator[tuple[str, Program]]:
    """The program of an op after each step on the way, by the step's name."""
    program = primal(op)
    yield "primal", program
    for name, step in _steps(op, choices or Choices()):
        program = step(program)
        yield name, program


def _steps(op: Op, choices: Choices) -> list[tuple[str, Pass]]:
    """The passes of an op in their order, some of them for named axes alone."""

    def ordered(program: Program) -> Program:
        return arrange(program, op)

    def patched(program: Program) -> Program:
        aim = AIMS[op.accuracy]
        return vanish(patch(vanish(program, 2, choices), aim, choices), 1, choices)

    along: list[tuple[str, Pass]] = [("contract", contract), ("arrange", ordered)]
    return [
        *((step.__name__, step) for step in BEFORE),
        *along[1 if op.has_axes else 2 :],
        ("differentiate", lambda program: differentiate(program, op)),
        *((step.__name__, step) for step in AFTER),
        ("lower", lambda program: lower(program, _is_spelled)),
        *([("patch", patched)] if op.accuracy in AIMS else []),
        *along[0 if op.has_axes else 2 :],
        *([("narrow", narrow)] if op.has_axes else []),
        ("cheapen_choices", cheapen_choices),
        ("choose_residuals", lambda program: choose_residuals(program, op)),
    ]


def _is_spelled(name: str, plane: bool) -> bool:
    return name not in IN_ITSELF and spelling(name, plane) is not None


def op_code(
    op: Op, program: Program, class_name: str, kernels: Kernels | None = None
) -> OpCode:
    """The functions of one op; where it has kernels, these compute what they may."""
    one_batch = in_one_batch(op, program)
    base = "_InOneBatch" if one_batch else "torch.autograd.Function"
    calls: tuple[list[str], list[str]] = [], []
    formula, entries = list[str](), list[str]()
    if kernels is not None:
        calls = forward_call(op, program, kernels), backward_call(op, program, kernels)
        formula = backward_formula(op, program, kernels, class_name)
        entries = listing(op, kernels, class_name)
    return OpCode(
        name=op.name,
        class_name=class_name,
        head=_class_head(class_name, base),
        batch_axes=_batch_axes(op) if one_batch else "",
        forward=_method(op, forward(op, program, calls[0])),
        setup_context=_method(op, setup_context(op, program)),
        backward=_method(op, backward(op, program, calls[1])),
        jvp_head=_class_head(f"{class_name}{FORWARD_MODE}", class_name),
        jvp=_method(op, jvp(op, program)) if program.jvps else None,
        function=_method(op, function(op, program, class_name)),
        module=module_class(op),
        kernel_formula=tuple(formula),
        kernel_listing=tuple(entries),
    )


def _batch_axes(op: Op) -> str:
    """For each input how many axes stand behind its batch; ``None``: it has none."""
    counts = [
        str(len(named(i.labels))) if BATCH in i.labels else "None" for i in op.inputs
    ]
    return f"({', '.join(counts)})"


def _class_head(name: str, base: str) -> tuple[str, ...]:
    return tuple(bracketed(f"class {name}(", [base], "):", 0))


_FUNCTIONS = "|".join(name for name in dir(math) if not name.startswith("_"))
_SELF = re.compile(r"^( +def forward\(self: .*| +self: .*)$")
_OF_MATH = re.compile(rf"(?<![\w.])math\.(?={_FUNCTIONS})")


def _method(op: Op, code: Code) -> Method:
    """A method; what a name of the user's hides goes by another name in it."""
    signature, body = code
    if op.inputs[0].name == "self":  # linters take it for that of a class
        signature = tuple(_SELF.sub(r"\1  # noqa: PLW0211", s) for s in signature)
    if "Tensor" in op.names:
        body = tuple(re.sub(r"(?<=: )Tensor(?= = )", "torch.Tensor", b) for b in body)
    if "math" in op.names:
        body = tuple(_OF_MATH.sub("_math.", line) for line in body)
    return Method(signature, body)


def module_code(
    ops: Sequence[Op],
    programs: Sequence[Program],
    kernels: Mapping[str, Kernels] = MappingProxyType({}),
    loader: str = "",
) -> ModuleCode:
    """All ops of a module, and what they need around them.

    ``kernels`` are those of ops by their names, and ``loader`` what brings them in.
    """
    classes = class_names(ops)
    codes = tuple(
        op_code(op, program, classes[op.name], kernels.get(op.name))
        for op, program in zip(ops, programs, strict=True)
    )
    lines = [line for code in codes for line in _lines(code)]
    return ModuleCode(
        doc=tuple(module_doc(ops)),
        exports=tuple(listed("__all__ = [", _exports(ops), "]", 0)),
        imports=_imports(lines),
        helpers=_helpers(lines),
        ops=codes,
        row_by_row=any(
            item.kind.is_tensor and BATCH not in item.labels
            for op, code in zip(ops, codes, strict=True)
            for item in op.inputs
            if code.batch_axes
        ),
        with_data=any(
            code.batch_axes and _looks_up_one(program)
            for code, program in zip(codes, programs, strict=True)
        ),
        loader=loader,
    )


def _looks_up_one(program: Program) -> bool:
    """Whether an index may be a 0-dim tensor, of which torch wants the number."""
    nodes = program.nodes
    gathers = [node for node in nodes if node.op == "gather"]
    return any(not named(nodes[node.args[1]].axes) for node in gathers)


def _exports(ops: Sequence[Op]) -> list[str]:
    """The names of the ops, sorted as linters want ``__all__`` sorted."""

    def key(name: str) -> tuple[int, list[tuple[int, str]]]:
        case = 0 if name.isupper() else 1 if name[0].isupper() else 2
        parts = re.findall(r"[0-9]+|[^0-9]+", name)
        return case, [(int(p), "") if p.isdigit() else (-1, p) for p in parts]

    names = [op.name for op in ops] + [op.module.name for op in ops if op.module]
    return [f'"{name}"' for name in sorted(names, key=key)]


def _lines(code: OpCode) -> list[str]:
    methods = (code.forward, code.setup_context, code.backward, code.jvp, code.function)
    lines = [line for m in methods if m for line in (*m.signature, *m.body)]
    return [*lines, *code.module]


def _imports(lines: Sequence[str]) -> tuple[str, ...]:
    text = "\n".join(lines)
    marks = {
        "math": _OF_MATH.pattern,
        "_math": r"\b_math\.",
        "F": r"[ (-]F\.|_padded\(",
        "nn": r"\(nn\.Module\)",
    }
    return tuple(name for name, mark in marks.items() if re.search(mark, text))


HELPERS = (
    "_opmath",
    "_wide",
    "_widened",
    "_promoted",
    "_rounded",
    "_result_dtype",
    "_alike",
    "_fill_missing",
    "_switch",
    "_batch_sum",
    "_rows_product",
    "_take",
    "_take_block",
    "_scatter",
    "_scatter_block",
    "_scatter_rows",
    "_padded",
    "_others",
    "_polynomial",
    "_gated",
    "_spread",
    "_axes_error",
    "_check_floating",
    "_check_complex",
    "_check_integer",
    "_check_mask",
    "_check_number",
)
"""The private functions that a module may carry, each only if an op calls it."""

INSIDE = {"_take_block": ("_take",), "_scatter_block": ("_scatter",)}
"""What these call themselves."""


def _helpers(lines: Sequence[str]) -> frozenset[str]:
    text = "\n".join(lines)
    called = {name for name in HELPERS if f"{name}(" in text}
    return frozenset(called.union(*(INSIDE.get(name, ()) for name in called)))
