"""Where the methods of an op call its kernels, and the formulas these stand for."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.axes import named
from symgrad.backends.cpu_kernel import Kernels
from symgrad.backends.cpu_text import Kernel
from symgrad.backends.torch_context import may_miss
from symgrad.backends.torch_lines import (
    kept_names,
    own_name,
    result_type,
    scope,
    unpack,
)
from symgrad.lines import LINE, bracketed, wrapped, wrapped_tuple
from symgrad.op import Op
from symgrad.printer import Text, call
from symgrad.program import Program


def forward_call(op: Op, program: Program, kernels: Kernels) -> list[str]:
    """The lines that let the kernel compute, where it may."""
    tensors = [item.name for item in op.tensors]
    lines = _condition(tensors, [f"{n}.shape" for n in tensors], kernels.alike)
    result = scope(op, program).claim("result")
    statistics = len(program.statistics)
    many = len(op.outputs) + statistics > 3
    kind = "tuple[Tensor, ...]" if many else result_type(op, statistics)
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
    if len(op.inputs) == 1:
        result = scope(op, program).claim("result")
        lines += wrapped(f"{result}: Tensor = ", _called(kernels.backward), 12)
        return [*lines, f"            return {result}"]
    targets = [f"grad_{name}" for name in wanted]
    if len(wanted) == 1:
        lines += wrapped(f"{targets[0]} = ", _called(kernels.backward), 12)
    else:
        lines += unpack(targets, _called(kernels.backward), 12)
    returned = [f"grad_{i.name}" if i.name in wanted else "None" for i in op.inputs]
    return [*lines, *wrapped_tuple("return ", returned, 12)]


def _condition(tensors: Sequence[str], shapes: Sequence[str], alike: bool) -> list[str]:
    """``if`` the tensors are such that a kernel may compute with them."""
    test = call("_fits", list(map(Text, tensors)))
    if alike or len(shapes) < 2:
        return wrapped("if ", test, 8, ":")
    same = f"{' == '.join(shapes)}"
    pieces = (test.text, f"and {same}")
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
    if len(wanted) > 1:
        needs = [f"need_{i.name}" if i.name in wanted else "False" for i in op.inputs]
        args.append(f"needs=({', '.join(needs)})")
    known = [a for a in kernel.arguments if a.given not in (*given, *saved)]
    args += [f"{names[a]}={names[a]}" for a in known if not a.given.startswith("need_")]
    if may_miss(op) and len(given) > 1:
        shapes = ", ".join(f"{name}.shape" for name in given)
        args.append(f"{own_name(op, 'output_shapes')}=({shapes})")
    likes = [n if n in saved else given[0] for n in wanted]
    lines = bracketed(f"def _{kernel.name}(", params, ") -> Any:", 0)
    lines.append(f'    """What the kernel of {class_name}.backward stands for."""')
    lines += wrapped("ctx = ", call("_context", list(map(Text, args))), 4)
    called = call(f"{class_name}.backward", list(map(Text, ("ctx", *given))))
    if len(op.inputs) == 1:
        whole = call("_as", [called, Text(likes[0])])
        return [*lines, *wrapped("return ", whole, 4)]
    targets = [f"grad_{i.name}" if i.name in wanted else "_" for i in op.inputs]
    lines += unpack(targets, called, 4)
    results = [f"_as(grad_{n}, {like})" for n, like in zip(wanted, likes, strict=True)]
    return [*lines, *wrapped_tuple("return ", results, 4)]


def listing(op: Op, kernels: Kernels, class_name: str) -> list[str]:
    """The entries of a module's list of kernels and formulas."""
    kernel = kernels.backward
    places = {a.given: k for k, a in enumerate(kernel.arguments)}
    likes = [_like(places, result.removeprefix("grad_")) for result in kernel.results]
    forward = f"{class_name}.forward", "()", _counted(_own_axes(op, kernels.forward))
    backward = f"_{kernel.name}", _counted(likes), _counted(_own_axes(op, kernel))
    return [*_entry(kernels.forward.name, *forward), *_entry(kernel.name, *backward)]


def _counted(numbers: Sequence[int]) -> str:
    """A tuple of numbers."""
    return f"({', '.join(map(str, numbers))}{',' * (len(numbers) == 1)})"


def _own_axes(op: Op, kernel: Kernel) -> list[int]:
    """How many axes each argument has behind its batch."""
    known = {i.name: len(named(i.labels)) for i in op.inputs}
    known |= {f"{name}_shape": count for name, count in known.items()}
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


def _like(places: dict[str, int], name: str) -> int:
    """The argument whose shape a gradient has: its input, the shape of that, or the
    first cotangent."""
    shapes = [p for given, p in places.items() if given.endswith(f"{name}_shape")]
    return places.get(name, shapes[0] if shapes else 0)
