"""What kernels are given: inputs forward, what is kept and what arrives backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgrad.backends.cpu_names import called
from symgrad.backends.cpu_text import Argument, argument
from symgrad.backends.torch_lines import kept_names, own_name
from symgrad.op import Op
from symgrad.program import Program


@dataclass(frozen=True)
class Signature:
    """Arguments; names in C++ by those of Python; leaves of the program by these.

    ``tensors`` are the values of the arguments that are tensors, in their order.
    """

    arguments: tuple[Argument, ...]
    names: Mapping[str, str]
    leaves: Mapping[int, str]
    tensors: tuple[int, ...]


def forward_signature(op: Op, program: Program) -> Signature:
    """That of forward."""
    names = called(item.name for item in op.inputs)
    arguments = [argument(op, i.name, names[i.name], i.name) for i in op.inputs]
    leaves = {v: names[n] for n, v in program.inputs.items()}
    tensors = tuple(program.inputs[item.name] for item in op.tensors)
    return Signature(tuple(arguments), names, leaves, tensors)


def backward_signature(op: Op, program: Program, shaped: Sequence[str]) -> Signature:
    """That of backward: cotangents, what is kept, shapes, and what is needed.

    ``shaped`` are the inputs of which there is the shape alone.
    """
    kept = kept_names(op, program)
    arriving = {v: f"grad_{n}" for n, v in program.cotangents.items()}
    shapes = [own_name(op, f"{n}_shape") for n in shaped]
    wanted = list(program.gradients)
    needs = [f"need_{name}" for name in wanted] if len(wanted) > 1 else []
    names = called(dict.fromkeys([*arriving.values(), *kept.values(), *shapes, *needs]))
    held = [v for v in program.residuals if program.nodes[v].kind.is_tensor]
    tensors = (*arriving, *held)
    known = {**kept, **arriving}
    arguments = [Argument(names[known[v]], "Tensor", known[v]) for v in tensors]
    for value in (v for v in program.residuals if v not in held):
        name = kept[value]
        arguments.append(argument(op, name, names[name], f"ctx.{name}"))
    arguments += [Argument(names[name], "int[]", f"ctx.{name}") for name in shapes]
    arguments += [Argument(names[name], "bool", name) for name in needs]
    leaves = {v: names[n] for v, n in known.items()}
    return Signature(tuple(arguments), names, leaves, tensors)


def like(op: Op, program: Program, names: Mapping[str, str], name: str) -> str:
    """The tensor in C++ that has a gradient's shape, or that shape and a dtype."""
    first = names[f"grad_{next(iter(program.cotangents))}"]
    if program.inputs[name] in program.kept:
        return names[name]
    shape = names.get(own_name(op, f"{name}_shape"), f"{first}.sizes()")
    arriving = ", ".join(names[f"grad_{output}"] for output in program.cotangents)
    return f"{shape}, promoted({{{arriving}}})"
