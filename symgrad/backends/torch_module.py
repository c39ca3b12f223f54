"""The ``nn.Module`` beside an op's function: its parameters, sizes and options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symgrad.backends.torch_docs import indented
from symgrad.backends.torch_lines import ANNOTATION, parameter, result_type
from symgrad.lines import bracketed
from symgrad.op import Initial, Input, ModuleClass, Op, Parameter
from symgrad.printer import numeral

_DEVICE = "device: torch.device | str | None = None"
_DTYPE = "dtype: torch.dtype | None = None"
_PLANE_DTYPE = "(dtype or torch.get_default_dtype()).to_complex()"


def module_class(op: Op) -> tuple[str, ...]:
    """The class, a line each; nothing where none is declared."""
    if op.module is None:
        return ()
    methods = [_constructor(op, op.module)]
    if op.module.parameters:
        methods.append(_reset(op.module))
    methods.append(_forward(op, op.module))
    if op.module.sizes or _options(op):
        methods.append(_extra_repr(op, op.module))
    head = [f"class {op.module.name}(nn.Module):", *_docstring(op, op.module)]
    return (*head, *(line for method in methods for line in ("", *method)))


def _options(op: Op) -> list[Input]:
    """The Python numbers of an op, which its module keeps."""
    return [item for item in op.inputs if not item.kind.is_tensor]


def _docstring(op: Op, module: ModuleClass) -> list[str]:
    names = [p.name for p in module.parameters]
    noun = "parameter" if len(names) == 1 else "parameters"
    kept = f" with the {noun} {_listed(names)}" if names else ""
    arguments = [f"    {text}." for text in _arguments(op, module)]
    section = ["", "Args:", *arguments] if arguments else []
    return indented([f"The op {op.name}{kept}.", *section])


def _arguments(op: Op, module: ModuleClass) -> Iterator[str]:
    """What the constructor takes, an entry each."""
    for size in module.sizes:
        yield f"{size}: the size of {_listed(_sized(module, size))}"
    for item in _options(op):
        yield f"{item.name}: Python {item.kind.value}"
    if module.parameters:
        plane = any(op.input(p.name).kind.is_complex for p in module.parameters)
        parts = ", or of their two parts" if plane else ""
        yield f"device, dtype: of the parameters{parts}"


def _sized(module: ModuleClass, size: str) -> list[str]:
    return [p.name for p in module.parameters if size in p.shape]


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _constructor(op: Op, module: ModuleClass) -> list[str]:
    """Sizes first, then options, by keyword where and in what the parameters are."""
    params = ["self", *(f"{size}: int" for size in module.sizes)]
    params += [parameter(item) for item in _options(op)]
    params += ["*", _DEVICE, _DTYPE] if module.parameters else []
    lines = bracketed("def __init__(", params, ") -> None:", 4)
    lines.append("        super().__init__()")
    kept = [*module.sizes, *(item.name for item in _options(op))]
    lines += [f"        self.{name} = {name}" for name in kept]
    plane = {item.name for item in op.inputs if item.kind.is_complex}
    if plane.intersection(p.name for p in module.parameters):
        lines.append(f"        complex_dtype = {_PLANE_DTYPE}")
    for trained in module.parameters:
        lines += _empty(trained, "complex_dtype" if trained.name in plane else "dtype")
    return [*lines, *(["        self.reset_parameters()"] if module.parameters else [])]


def _empty(parameter: Parameter, dtype: str) -> list[str]:
    """A parameter of the right shape; its values come later."""
    shape = ", ".join(map(str, parameter.shape))
    shape = f"({shape},)" if len(parameter.shape) == 1 else f"({shape})"
    args = [shape, "device=device", f"dtype={dtype}"]
    return bracketed(
        f"self.{parameter.name} = nn.Parameter(torch.empty(", args, "))", 8
    )


def _reset(module: ModuleClass) -> list[str]:
    lines = ["    def reset_parameters(self) -> None:"]
    lines.append('        """Give the parameters their initial values."""')
    return lines + [f"        {_started(p.name, p.initial)}" for p in module.parameters]


def _started(name: str, initial: Initial) -> str:
    if initial.kind == "constant" and initial.values[0] in (0, 1):
        named = "ones" if initial.values[0] else "zeros"
        return f"nn.init.{named}_(self.{name})"
    values = ", ".join(numeral(value) for value in initial.values)
    return f"nn.init.{initial.kind}_(self.{name}, {values})"


def _forward(op: Op, module: ModuleClass) -> list[str]:
    kept = {p.name for p in module.parameters} | {i.name for i in _options(op)}
    given = [item for item in op.inputs if item.name not in kept]
    params = ["self", *(f"{item.name}: {ANNOTATION[item.kind]}" for item in given)]
    result = result_type(op)
    args = [f"self.{i.name}" if i.name in kept else i.name for i in op.inputs]
    return [
        *bracketed("def forward(", params, f") -> {result}:", 4),
        *bracketed(f"return {op.name}(", args, ")", 8),
    ]


def _extra_repr(op: Op, module: ModuleClass) -> list[str]:
    names: Iterable[str] = [*module.sizes, *(item.name for item in _options(op))]
    shown = ", ".join(f"{name}={{self.{name}}}" for name in names)
    return ["    def extra_repr(self) -> str:", f'        return f"{shown}"']
