"""The formulas under ``functions``, each checked by itself."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symgrad import model
from symgrad.grammar import tree
from symgrad.names import FIXED_FUNCTIONS
from symgrad.parse import FormulaError, Template, parse
from symgrad.places import Problems
from symgrad.program import Graph, Kind


def templates(given: Any, problems: Problems) -> dict[str, Template]:
    """The functions by name; those with mistakes make no further complaints."""
    named = given.items() if isinstance(given, dict) else ()
    found = {name: _template(name, value, problems) for name, value in named}
    stubs = {name: replace(template, opaque=True) for name, template in found.items()}
    for name, template in found.items():
        if not template.broken and not _is_sound(name, template, stubs, problems):
            found[name] = replace(template, broken=True)
    for name in _recursive(found):
        at = ("functions", name)
        problems.add("SG221", f"the function '{name}' calls itself", at, is_key=True)
        found[name] = replace(found[name], broken=True)
    return found


def _template(name: str, value: Any, problems: Problems) -> Template:
    path = ("functions", name)
    problems.check_name(name, path)
    if name in FIXED_FUNCTIONS:
        message = f"'{name}' is a function of the format already"
        problems.add("SG127", message, path, is_key=True)
    parsed = problems.validate(model.FunctionModel, value, path)
    if parsed is None:
        return Template((), "0", broken=True)
    for place, parameter in enumerate(parsed.inputs):
        at = (*path, "inputs", place)
        problems.check_name(parameter, at, is_key=False)
        if parameter in parsed.inputs[:place]:
            problems.add("SG127", f"the parameter '{parameter}' is there twice", at)
    return Template(tuple(parsed.inputs), parsed.value)


def _is_sound(
    name: str, template: Template, stubs: Mapping[str, Template], problems: Problems
) -> bool:
    """Whether a function's formula is one; what is wrong with it is noted."""
    graph = Graph()
    bound = {name: graph.input(name, Kind.REAL) for name in template.inputs}
    try:
        parse(template.text, graph, bound, functions=stubs, conditions=True)
    except FormulaError as error:
        problems.add_mistakes(error, ("functions", name, "value"), template.text)
        return not error.mistakes
    return True


def _recursive(found: Mapping[str, Template]) -> list[str]:
    """Functions that call themselves, directly or through others."""
    sound = {name: t for name, t in found.items() if not t.broken}
    calls = {name: _called(t).intersection(sound) for name, t in sound.items()}
    circular = _peeled(_reversed(_peeled(calls)))
    return [name for name in calls if name in circular]


def _peeled(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """What is left of a graph when again and again what leads nowhere is taken away."""
    left = {start: set(ends) for start, ends in edges.items()}
    back = _reversed(edges)
    todo = [start for start, ends in left.items() if not ends]
    while todo:
        end = todo.pop()
        del left[end]
        for start in back[end]:
            left[start].discard(end)
            if not left[start]:
                todo.append(start)
    return left


def _reversed(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    back: dict[str, set[str]] = {node: set() for node in edges}
    for start, ends in edges.items():
        for end in ends:
            back[end].add(start)
    return back


def _called(template: Template) -> set[str]:
    root, _ = tree(template.text)
    calls = (node.func for node in ast.walk(root) if isinstance(node, ast.Call))
    return {func.id for func in calls if isinstance(func, ast.Name)}
