"""The public function of an op: it checks its arguments and applies the Function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symgrad.axes import BATCH, dim, named, size_of
from symgrad.backends.torch_docs import function_doc
from symgrad.backends.torch_lines import Code, parameter, result_type, scope
from symgrad.lines import LINE, assignment, bracketed, wrapped
from symgrad.naming import FORWARD_MODE
from symgrad.op import Input, Op
from symgrad.printer import Text, call
from symgrad.program import Kind, Program


def function(op: Op, program: Program, class_name: str) -> Code:
    """The public function: checks its arguments, then applies the Function."""
    params = [parameter(item) for item in op.inputs]
    several = len(op.outputs) > 1
    result = result_type(op)
    signature = bracketed(f"def {op.name}(", params, f") -> {result}:", 0)
    args = [item.name for item in op.inputs]
    names = scope(op, program)
    own = _own_part(op, program)
    local = names.claim("outputs") if several else op.outputs[0].name
    body = [*function_doc(op, program), *_checks(op)]
    if _may_skip(op, program):
        body.append("    if not torch.is_grad_enabled():")
        body += bracketed(f"return {class_name}.forward(", args, f"){own}", 8)
    chosen = _class(program, class_name)
    if len(f"    {local}: {result} = {chosen.text}.apply(") > LINE:
        short = names.claim("function")
        body += assignment(short, chosen, 4)
        chosen = Text(short)
    applied = _applied(f"{local}: {result} = ", f"{chosen.text}.apply(", args, own)
    return tuple(signature), (*body, *applied, f"    return {local}")


def _own_part(op: Op, program: Program) -> str:
    """The part of forward's results that are outputs: statistics stand behind them."""
    if not program.statistics:
        return ""
    return "[0]" if len(op.outputs) == 1 else f"[:{len(op.outputs)}]"


def _applied(target: str, head: str, args: list[str], own: str) -> list[str]:
    """The statement that applies the class; under a long name the call is indented."""
    long = len(f"    {target}{head}") > LINE
    lead, indent = (head, 8) if long else (f"{target}{head}", 4)
    lines = bracketed(lead, args, f"){own}", indent)
    lines[0] += "  # type: ignore[no-untyped-call]"
    return [f"    {target}(", *lines, "    )"] if long else lines


def _class(program: Program, name: str) -> Text:
    """The class to apply: the one with forward mode, unless torch.compile traces."""
    if not program.jvps:
        return Text(name)
    return call("_switch", [Text(name), Text(f"{name}{FORWARD_MODE}")])


def _may_skip(op: Op, program: Program) -> bool:
    """Whether torch's own derivative of forward is the op's: forward mode may ask."""
    detached = any(node.op == "stop_gradient" for node in program.nodes)
    held = any(item.kind.is_floating and not item.grad for item in op.inputs)
    declared = op.has_surrogate_derivative or op.overrides or op.nondifferentiable
    return not (declared or op.edges or detached or held)


_CHECKS = {
    Kind.REAL: "_check_floating",
    Kind.COMPLEX: "_check_complex",
    Kind.INDEX: "_check_integer",
    Kind.MASK: "_check_mask",
}


def _checks(op: Op) -> list[str]:
    lines: list[str] = []
    for check in dict.fromkeys(_CHECKS.values()):
        names = [i.name for i in op.inputs if _CHECKS.get(i.kind) == check]
        if names:
            args = [f'"{op.name}"', *(f"{name}={name}" for name in names)]
            lines += bracketed(f"{check}(", args, ")", 4)
    for kind, python in ((Kind.FLOAT, "float"), (Kind.INT, "int"), (Kind.BOOL, "bool")):
        names = [i.name for i in op.inputs if i.kind is kind]
        if names:
            args = [f'"{op.name}"', python, *(f"{name}={name}" for name in names)]
            lines += bracketed("_check_number(", args, ")", 4)
    return lines + _axes_check(op)


def _axes_check(op: Op) -> list[str]:
    """Equal axes must have equal sizes; the batch broadcasts by itself."""
    held = [item for item in op.inputs if item.axes is not None]
    tests = [*(_rank_test(i) for i in held if i.labels != (BATCH,)), *_size_tests(held)]
    if not tests:
        return []
    operands = (tests[0], *(f"or {test}" for test in tests[1:]))
    lines = wrapped("if ", Text(" or ".join(tests), 0, operands), 4)
    lines[-1] += ":"
    pairs = [f'{i.name}=({i.name}, "{" ".join(i.axes or ())}")' for i in held]
    return [*lines, *bracketed("raise _axes_error(", [f'"{op.name}"', *pairs], ")", 8)]


def _rank_test(item: Input) -> str:
    """A tensor that has fewer axes than declared, or, without a batch, more."""
    sign = "<" if BATCH in item.labels else "!="
    return f"{item.name}.dim() {sign} {len(named(item.labels))}"


def _size_tests(held: Sequence[Input]) -> Iterator[str]:
    """Each place of an axis against the first place of that name."""
    first: dict[str, str] = {}
    for item in held:
        for axis in named(item.labels):
            size = f"{item.name}.shape[{dim(axis, item.labels)}]"
            known = first.setdefault(size_of(axis), size)
            if known != size:
                yield f"{size} != {known}"
