"""A spec file to checked ops, or to all that is wrong with it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symgrad import model, modules, names, yamlfile
from symgrad.check import checked_op
from symgrad.errors import Diagnostic, SpecError
from symgrad.op import Op, Spec
from symgrad.own_functions import templates
from symgrad.parse import Template
from symgrad.places import Problems
from symgrad.program import show

__all__ = ["canonical", "load", "load_text", "load_with_warnings", "outline"]

VERSION = 1
"""The version of the format, the value of the key ``symgrad``."""

MAX_VALUES = 60_000
"""Values of all ops of a file, those inside of called functions included."""


def load(path: str | os.PathLike[str]) -> Spec:
    """The checked ops of a spec file.

    Raises:
        SpecError: all independent mistakes of the file, in order of position.
    """
    return load_with_warnings(path)[0]


def load_text(text: str, file: str) -> Spec:
    """The checked ops of a spec that is already in memory; ``file`` names it.

    Raises:
        SpecError: all independent mistakes of the text, in order of position.
    """
    return _loaded(text.encode("utf-8", "surrogatepass"), file)[0]


def outline(text: str, file: str) -> Op:
    """The op that a program declares in a text, of any size, without its formulas.

    What stands for them is read like a formula, but need not make use of anything.

    Raises:
        SpecError: all that is wrong with names, declarations and options.
    """
    spec, _ = _loaded(text.encode("utf-8", "surrogatepass"), file, is_outline=True)
    [op] = spec.ops
    return op


def load_with_warnings(
    path: str | os.PathLike[str],
) -> tuple[Spec, tuple[Diagnostic, ...]]:
    """Like :func:`load`, with what is legal in the file but hardly meant."""
    file = os.fspath(path)
    try:
        with open(file, "rb") as stream:
            raw = stream.read(yamlfile.MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or error
        message = f"the spec cannot be read: {reason}"
        help = _help(error, Path(file))
        raise SpecError(Diagnostic("SG104", message, file, None, (), help)) from None
    return _loaded(raw, file)


def _help(error: Exception, path: Path) -> str | None:
    """What may be meant where there is no such file."""
    if isinstance(error, IsADirectoryError):
        return f"name the specs in it: {path / '*.yaml'}"
    if not isinstance(error, FileNotFoundError):
        return None
    beside = [str(other) for other in path.parent.glob("*.y*ml")]
    return names.nearest(str(path), beside) or "'symgrad new NAME' writes one"


def canonical(ops: Sequence[Op]) -> str:
    """What ops mean, as text: files that mean the same have the same."""
    return json.dumps([_meaning(op) for op in ops])


def _loaded(
    raw: bytes, file: str, is_outline: bool = False
) -> tuple[Spec, tuple[Diagnostic, ...]]:
    document = yamlfile.read(raw, file, bounded=not is_outline)
    problems = Problems(document)
    stem = _stem(file, problems)
    data = document.data
    if isinstance(data, dict):
        problems.validate(model.SpecModel, data, ())
        _check_version(data.get("symgrad"), problems)
        functions = templates(data.get("functions"), problems)
        ops = _ops(data.get("ops"), functions, problems, is_outline)
    else:
        message = "a spec is a mapping with the keys 'symgrad' and 'ops'"
        problems.add("SG122", message, ())
    if problems:
        raise problems.error()
    kept = [op.name for op in ops if op.save != "auto"]
    saves = {name: problems.at(("ops", name, "save")) for name in kept}
    return Spec(file, stem, ops, canonical(ops), saves), tuple(problems.warnings)


def _check_version(given: Any, problems: Problems) -> None:
    if isinstance(given, int) and given != VERSION:
        message = f"{given} is not a version of the format"
        problems.add("SG123", message, ("symgrad",), f"this symgrad reads {VERSION}")


def _stem(file: str, problems: Problems) -> str:
    """The name of the module that a spec becomes."""
    if file.startswith("<"):
        return file.strip("<>")
    stem = re.sub(r"[-.]", "_", Path(file).stem)
    objection = names.module_objection(stem)
    if objection is not None:
        problems.add("SG105", objection, None, "rename the spec")
    return stem


def _ops(
    given: Any,
    functions: Mapping[str, Template],
    problems: Problems,
    is_outline: bool,
) -> tuple[Op, ...]:
    seen: dict[str, str] = {}
    ops: list[Op] = []
    for name, value in given.items() if isinstance(given, dict) else ():
        path = ("ops", name)
        problems.check_name(name, path)
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            message = f"the ops '{twin}' and '{name}' differ only by case"
            problems.add("SG128", message, path, is_key=True)
        op = checked_op(name, value, functions, problems, path, is_outline)
        if op:
            ops.append(op)
        if sum(len(op.nodes) for op in ops) > MAX_VALUES:
            message = f"the ops so far have more than {MAX_VALUES:,} operations"
            problems.add("SG202", message, path, "write several files", is_key=True)
            break
    modules.check_names({op.name: op for op in ops}, problems)
    return tuple(ops)


def _meaning(op: Op) -> dict[str, Any]:
    groups = {
        "let": op.lets,
        "forward": op.outputs,
        "surrogate": op.surrogates,
        "backward": op.overrides,
    }
    return {
        "op": op.name,
        "doc": op.doc,
        "inputs": [repr(item) for item in op.inputs],
        "nodes": [show(node) for node in op.nodes],
        **{key: [[f.name, f.text, f.value] for f in fs] for key, fs in groups.items()},
        "stand_ins": list(op.stand_ins.items()),
        "nondifferentiable": sorted(op.nondifferentiable),
        "edges": sorted(op.edges.items()),
        "accuracy": op.accuracy,
        "save": op.save,
        "samples": sorted((name, repr(sample)) for name, sample in op.samples.items()),
        "backend": op.backend,
        **({} if op.module is None else {"module": repr(op.module)}),
    }
