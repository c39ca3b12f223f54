"""A spec file to checked ops, or to all that is wrong with it."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from symgrad import model, names, yamlfile
from symgrad.check import checked_op
from symgrad.errors import Diagnostic, SpecError
from symgrad.op import Op, Spec
from symgrad.parse import FormulaError, Template, parse
from symgrad.places import Problems
from symgrad.program import Graph, Kind

__all__ = ["load", "load_text", "load_with_warnings"]


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
    raw = text.encode("utf-8", "surrogatepass")
    return _loaded(raw, file)[0]


def load_with_warnings(path: str | os.PathLike[str]) -> tuple[Spec, tuple[Diagnostic, ...]]:
    """Like :func:`load`, with what is legal in the file but hardly meant."""
    file = os.fspath(path)
    try:
        raw = Path(file).read_bytes()
    except OSError as error:
        message = f"the spec cannot be read: {error.strerror or error}"
        raise SpecError(Diagnostic("SG104", message, file, None, ())) from None
    except ValueError:
        raise SpecError(Diagnostic("SG104", "this is not a path", file, None, ())) from None
    return _loaded(raw, file)


def _loaded(raw: bytes, file: str) -> tuple[Spec, tuple[Diagnostic, ...]]:
    document = yamlfile.read(raw, file)
    problems = Problems(document)
    stem = _stem(file, problems)
    data = document.data
    if not isinstance(data, dict):
        problems.add("SG122", "a spec is a mapping with the keys 'symgrad' and 'ops'", ())
        raise problems.error()
    functions = _functions(data.get("functions"), problems)
    ops = _ops(data, functions, problems)
    _check_top(data, problems)
    if problems:
        raise problems.error()
    canonical = json.dumps([_meaning(data["ops"][op.name], op) for op in ops])
    return Spec(file, stem, tuple(ops), canonical), tuple(problems.warnings)


def _stem(file: str, problems: Problems) -> str:
    """The name of the module that a spec becomes."""
    if file.startswith("<"):
        return file.strip("<>")
    name = Path(file).name
    stem = re.sub(r"[-.]", "_", Path(name).stem)
    found = names.objection(stem)
    if found is not None:
        problems.add("SG105", f"the file name makes no module name: {found[1]}", None)
    elif stem in sys.stdlib_module_names or stem == "torch":
        problems.add("SG105", f"a module '{stem}' would hide Python's own", None)
    return stem


def _check_top(data: dict[str, Any], problems: Problems) -> None:
    """The keys of the file itself; those of ops and functions are checked by now."""
    shallow = {key: value for key, value in data.items() if key not in ("ops", "functions")}
    if isinstance(data.get("ops"), dict):
        shallow["ops"] = dict.fromkeys(data["ops"], _LEGAL_OP)
    elif "ops" in data:
        shallow["ops"] = data["ops"]
    if "functions" in data and not isinstance(data["functions"], dict):
        shallow["functions"] = data["functions"]
    problems.validate(model.SpecModel, shallow, ())


_LEGAL_OP = {"inputs": {"x": "real"}, "forward": {"y": "x"}}


def _functions(given: Any, problems: Problems) -> dict[str, Template]:
    """The formulas of ``functions``, each checked by itself."""
    if not isinstance(given, dict):
        return {}
    templates: dict[str, Template] = {}
    for name, value in given.items():
        path = ("functions", name)
        problems.check_name(name, path)
        parsed = problems.validate(model.FunctionModel, value, path)
        if parsed is None:
            templates[name] = Template((), "0")
            continue
        for place, parameter in enumerate(parsed.inputs):
            problems.check_name(parameter, (*path, "inputs", place), is_key=False)
            if parameter in parsed.inputs[:place]:
                at = (*path, "inputs", place)
                problems.add("SG127", f"the parameter '{parameter}' is there twice", at)
        templates[name] = Template(tuple(parsed.inputs), " ".join(parsed.value.split()))
    return _usable(given, templates, problems)


def _usable(
    given: dict[str, Any], templates: dict[str, Template], problems: Problems
) -> dict[str, Template]:
    """Templates of which the broken ones cannot make further complaints."""
    usable = dict(templates)
    for name, template in templates.items():
        if not template.inputs:
            continue
        graph = Graph()
        bound = {parameter: graph.input(parameter, Kind.REAL) for parameter in template.inputs}
        text = given[name]["value"]
        try:
            parse(text, graph, bound, functions=templates)
        except FormulaError as mistake:
            problems.add_mistakes(mistake, ("functions", name, "value"), text)
            usable[name] = Template(template.inputs, " + ".join(template.inputs))
    return usable


def _ops(data: dict[str, Any], functions: dict[str, Template], problems: Problems) -> list[Op]:
    given = data.get("ops")
    if not isinstance(given, dict):
        return []
    seen: dict[str, str] = {}
    ops = []
    for name, value in given.items():
        path = ("ops", name)
        problems.check_name(name, path)
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            message = f"the ops '{twin}' and '{name}' differ only by case"
            problems.add("SG128", message, path, is_key=True)
        parsed = problems.validate(model.OpModel, value, path)
        if parsed is not None:
            op = checked_op(name, parsed, functions, problems, path)
            ops += [op] if op is not None else []
    return ops


def _meaning(given: dict[str, Any], op: Op) -> dict[str, Any]:
    """What an op means, without layout: two files that mean the same give the same."""
    inputs = [
        [i.name, i.kind.value, str(i.domain or ""), repr(i.default), i.has_default, i.grad]
        for i in op.inputs
    ]
    formulas = {
        key: [[f.name, f.text] for f in fs]
        for key, fs in (
            ("let", op.lets),
            ("forward", op.outputs),
            ("surrogate", op.surrogates),
            ("backward", op.overrides),
        )
    }
    options = {
        "nondifferentiable": sorted(op.nondifferentiable),
        "edges": sorted(op.edges.items()),
        "save": op.save,
        "samples": sorted((name, repr(sample)) for name, sample in op.samples.items()),
        "nodes": [f"{n.op}{list(n.args)}{n.data}" for n in op.nodes],
    }
    doc = " ".join(str(given.get("doc", "")).split(" "))
    return {"op": op.name, "doc": doc, "inputs": inputs, **formulas, **options}
