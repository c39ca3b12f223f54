"""Where the methods of an op call its kernels, and the formulas these stand for."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.axes import named
from symgrad.backends.cpu_kernel import Kernels
from symgrad.backends.cpu_text import Kernel
from symgrad.backends.torch_context import may_miss
from symgrad.backends.torch_lines import (
    kept_names,
    on_ctx,
    own_name,
    result_type,
    scope,
    statistic_names,
    unpack,
)
from symgrad.lines import LINE, bracketed, listed, wrapped, wrapped_tuple
from symgrad.op import Op
from symgrad.printer import Text, call
from symgrad.program import Program


def forward_call(op: Op, program: Program, kernels: Kernels) -> list[str]:
    """The lines that let the kernel compute, where it may."""
    tensors = [item.name for item in op.tensors]
    lines = _condition(tensors, [f"{n}.shape" for n in tensors], kernels.alike)
    if len(op.outputs) + len(program.statistics) > 3:  # their type would be too long
        names = [f.name for f in op.outputs]
        names += statistic_names(op, program).values()
        lines += unpack(names, _called(kernels.forward), 12)
        return [*lines, *wrapped_tuple("return ", names, 12)]
    result = scope(op, program).claim("result")
    kind = result_type(op, len(program.statistics))
    lines += wrapped(f"{result}: {kind} = ", _called(kernels.forward), 12)
    return [*lines, f"            return {result}"]


def backward_call(op: Op, program: Program, kernels: Kernels) -> list[str]:
    """The same in backward, and before it what the condition asks for."""
    kept = kept_names(op, program)
    names = [kept[v] for v in program.residuals if program.nodes[v].kind.is_tensor]
    given = [f"grad_{name}" for name in program.cotangents]
    lines = unpack(names, Text("ctx.saved_tensors"), 8) if names else []
    wanted = list(program.gradients)
    if len(wanted) > 1:
        targets = [f"need_{i.name}" if i.name in wanted else "_" for i in op.inputs]
        lines += unpack(targets, Text("ctx.needs_input_grad"), 8)
    shapes = [f"{n}.shape" for n in (*given, *names)]
    shapes += [a.given for a in kernels.backward.arguments if a.type == "int[]"]
    lines += _condition([*given, *names], shapes, kernels.alike)
    if len(wanted) == 1:
        result = scope(op, program).claim("result")
        lines += wrapped(f"{result}: Tensor = ", _called(kernels.backward), 12)
        returned = [result if i.name in wanted else "None" for i in op.inputs]
        return [*lines, *wrapped_tuple("return ", returned, 12)]
    targets = [f"grad_{name}" for name in wanted]
    lines += unpack(targets, _called(kernels.backward), 12)
    returned = [f"grad_{i.name}" if i.name in wanted else "None" for i in op.inputs]
    return [*lines, *wrapped_tuple("return ", returned, 12)]


def _condition(tensors: Sequence[str], shapes: Sequence[str], alike: bool) -> list[str]:
    """``if`` the tensors are such that a kernel may compute with them."""
    test = call("_fits", list(map(Text, tensors)))
    if alike or len(shapes) < 2:
        return wrapped("if ", test, 8, ":")
    same = f"and {' == '.join(shapes)}"
    pieces: tuple[str, ...] = (test.text, same)
    if len(same) + 12 > LINE:
        pieces = (test.text, f"and {shapes[0]}", *(f"== {s}" for s in shapes[1:]))
    return wrapped("if ", Text(" ".join(pieces), 0, pieces), 8, ":")


def _called(kernel: Kernel) -> Text:
    return call(f"_kernels().{kernel.name}", [Text(a.given) for a in kernel.arguments])


def backward_formula(
    op: Op, program: Program, kernels: Kernels, class_name: str
) -> list[str]:
    """A function of what the kernel takes that computes the same by its formula."""
    kernel = kernels.backward
    types = {"Tensor": "Tensor", "float": "float", "bool": "bool", "int[]": "list[int]"}
    names = {a: a.given.removeprefix("ctx.") for a in kernel.arguments}
    params = [f"{names[a]}: {types[a.type]}" for a in kernel.arguments]
    given = [f"grad_{name}" for name in program.cotangents]
    kept = kept_names(op, program)
    saved = [kept[v] for v in program.residuals if program.nodes[v].kind.is_tensor]
    wanted = list(program.gradients)
    args = list(saved)
    before: list[str] = []
    if len(wanted) > 1:
        needs = [f"need_{i.name}" if i.name in wanted else "False" for i in op.inputs]
        before += listed("_needs = (", needs, ")", 4)
        args.append("_needs=_needs")
    known = [a for a in kernel.arguments if a.given not in (*given, *saved)]
    args += [f"{names[a]}={names[a]}" for a in known if not a.given.startswith("need_")]
    if may_miss(op) and len(given) > 1:
        before += listed("_shapes = (", [f"{name}.shape" for name in given], ")", 4)
        args.append(f"{own_name(op, 'output_shapes')}=_shapes")
    likes = [[n] if n in saved else given for n in wanted]
    lines = bracketed(f"def _{kernel.name}(", params, ") -> Any:", 0)
    lines.append(f'    """What the kernel of {class_name}.backward stands for."""')
    lines += [*before, *wrapped("ctx = ", call("_context", list(map(Text, args))), 4)]
    sent = [g if g in given else "None" for g in (f"grad_{f.name}" for f in op.outputs)]
    called = call(f"{class_name}.backward", list(map(Text, ("ctx", *sent))))
    if len(op.inputs) == 1:
        lines += wrapped("_found = ", called, 4)
        return [*lines, *wrapped("return ", _like_its_input("_found", likes[0]), 4)]
    targets = [f"grad_{i.name}" if i.name in wanted else "_" for i in op.inputs]
    lines += unpack(targets, called, 4)
    pairs = zip(wanted, likes, strict=True)
    results = [_like_its_input(f"grad_{n}", like) for n, like in pairs]
    return [*lines, *wrapped_tuple("return ", results, 4)]


def _like_its_input(gradient: str, likes: Sequence[str]) -> Text:
    return call("_as", [Text(gradient), *map(Text, likes)])


def listing(op: Op, kernels: Kernels, class_name: str) -> list[str]:
    """The entries of a module's list of kernels and formulas.

    A gradient is like its input, the shape of that, or the first cotangent.
    """
    kernel = kernels.backward
    places = {a.given: k for k, a in enumerate(kernel.arguments)}
    names = [result.removeprefix("grad_") for result in kernel.results]
    likes = [places.get(n, places.get(on_ctx(op, f"{n}_shape"), 0)) for n in names]
    forward = f"{class_name}.forward", "()", _counted(_own_axes(op, kernels.forward))
    backward = f"_{kernel.name}", _counted(likes), _counted(_own_axes(op, kernel))
    return [*_entry(kernels.forward.name, *forward), *_entry(kernel.name, *backward)]


def _counted(numbers: Sequence[int]) -> str:
    """A tuple of numbers."""
    return f"({', '.join(map(str, numbers))}{',' * (len(numbers) == 1)})"


def _own_axes(op: Op, kernel: Kernel) -> list[int]:
    """How many axes each argument has behind its batch."""
    known = {i.name: len(named(i.labels)) for i in op.inputs}
    known |= {own_name(op, f"{n}_shape"): count for n, count in known.items()}
    for output in op.outputs:
        count = len(named(op.nodes[output.value].axes))
        known |= {output.name: count, f"grad_{output.name}": count}
    return [known.get(a.given.removeprefix("ctx."), 0) for a in kernel.arguments]


def _entry(name: str, *parts: str) -> list[str]:
    """A kernel and what is said of it, as ruff lays it out."""
    line = f'        "{name}": ({", ".join(parts)}),'
    if len(line) <= LINE:
        return [line]
    return [
        f'        "{name}": (',
        *(f"            {part}," for part in parts),
        "        ),",
    ]
