"""The key ``module`` of an op: the ``nn.Module`` beside its function."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from symgrad import model
from symgrad.names import camel, nearest
from symgrad.op import Initial, Input, ModuleClass, Op, Parameter
from symgrad.places import Problems
from symgrad.yamlfile import Path

_ATTRIBUTES = (
    "T_destination add_module apply bfloat16 buffers call_super_init children compile "
    "cpu cuda device double dtype dump_patches eval extra_repr float forward "
    "get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict "
    "modules mtia named_buffers named_children named_modules named_parameters "
    "parameters register_backward_hook register_buffer register_forward_hook "
    "register_forward_pre_hook register_full_backward_hook "
    "register_full_backward_pre_hook register_load_state_dict_post_hook "
    "register_load_state_dict_pre_hook register_module register_parameter "
    "register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ "
    "reset_parameters set_extra_state set_submodule share_memory state_dict to "
    "to_empty train training type xpu zero_grad"
)
TAKEN = frozenset({*_ATTRIBUTES.split(), "complex_dtype", "nn", "self"})
"""Attributes that a module has already, and what its methods need besides."""


def checked_module(
    value: Any,
    op_name: str,
    inputs: Mapping[str, Input],
    problems: Problems,
    path: Path,
) -> ModuleClass | None:
    """The module as declared, ``None`` without one; mistakes go to ``problems``."""
    if value is None:
        return None
    given = problems.validate(model.ModuleModel, value, path)
    if given is None:
        return None
    name = given.name or camel(op_name)
    problems.check_name(name, (*path, "name"), is_key=given.name is None)
    parameters = [
        _parameter(key, value, inputs, problems, (*path, "parameters", key))
        for key, value in given.parameters.items()
    ]
    _check_others(given, inputs, problems, path)
    tensors = {item.name for item in inputs.values() if item.kind.is_tensor}
    if tensors and given.parameters.keys() >= tensors:
        message = "every tensor is a parameter: the module would take none"
        problems.add("SG145", message, (*path, "parameters"), None, True)
    return ModuleClass(name, tuple(filter(None, parameters)))


def check_names(ops: Mapping[str, Op], problems: Problems) -> None:
    """Modules have names that no op and no other module has."""
    taken = dict.fromkeys(ops, "an op")
    for name, op in ops.items():
        if op.module is None:
            continue
        if op.module.name in taken:
            message = f"'{op.module.name}' is {taken[op.module.name]} of this file"
            problems.add("SG127", message, ("ops", name, "module"), None, True)
        taken[op.module.name] = "a module"


# -- parameters ------------------------------------------------------------------------


def _parameter(
    name: str, value: Any, inputs: Mapping[str, Input], problems: Problems, path: Path
) -> Parameter | None:
    """One parameter: an input with a gradient, its shape and its initial values."""
    _check_input(name, inputs, problems, path)
    short = not isinstance(value, dict)
    given = problems.validate(
        model.ParameterModel, {"init": value} if short else value, path
    )
    if given is None:
        return None
    initial = _initial(given.init)
    problem = _unfit(initial, inputs.get(name))
    if problem is not None:
        at = path if short else (*path, "init")
        help = _nearest_form(given.init) if initial is None else None
        problems.add("SG144", problem, at, help or _FORMS)
    listed = isinstance(given.shape, list)
    shape = given.shape if isinstance(given.shape, list) else [given.shape]
    for place, size in enumerate(shape):
        at = (*path, "shape", *([place] if listed else []))
        _check_size(size, inputs, problems, at)
    return Parameter(name, tuple(shape), initial or Initial("constant", (0.0,)))


def _check_input(
    name: str, inputs: Mapping[str, Input], problems: Problems, path: Path
) -> None:
    item = inputs.get(name)
    if item is None and inputs:
        help = nearest(name, inputs, "inputs")
        problems.add("SG137", f"there is no input '{name}'", path, help, True)
    elif item is not None and not item.differentiable:
        message = f"the input '{name}' has no gradient: it cannot be trained"
        problems.add("SG143", message, path, None, True)
    elif name in TAKEN:
        message = f"a module has another '{name}': it can be no parameter"
        problems.add("SG127", message, path, None, True)


def _check_size(
    size: int | str, inputs: Mapping[str, Input], problems: Problems, path: Path
) -> None:
    if isinstance(size, int):
        return
    problems.check_name(size, path, is_key=False)
    if size in TAKEN or size in inputs:
        message = f"'{size}' is taken: a size needs a name of its own"
        problems.add("SG127", message, path)


def _check_others(
    given: model.ModuleModel,
    inputs: Mapping[str, Input],
    problems: Problems,
    path: Path,
) -> None:
    """Python numbers become attributes, the other tensors arguments of ``forward``."""
    for item in (i for i in inputs.values() if i.name not in given.parameters):
        message = f"a module has another '{item.name}'"
        if item.kind.is_tensor and item.name == "self":
            problems.add("SG127", f"{message}: it can be no argument", path, None, True)
        elif not item.kind.is_tensor and item.name in TAKEN:
            problems.add("SG127", f"{message}: it can be no option", path, None, True)


_FORMS = "a number, zeros, ones, normal(mean, std) or uniform(low, high)"
_DRAWN = re.compile(r"(normal|uniform)\(\s*([^,()\s]+)\s*,\s*([^,()\s]+)\s*\)\Z")
_NAMED = {"zeros": 0.0, "ones": 1.0}


def _initial(init: float | int | str) -> Initial | None:
    """Initial values, ``None`` where the text says none."""
    match = _DRAWN.match(init.strip()) if isinstance(init, str) else None
    given = match.groups()[1:] if match else (init,)
    try:
        values = tuple(float(_NAMED.get(str(value), value)) for value in given)
        return Initial(match[1] if match else "constant", values)
    except (ValueError, OverflowError):
        return None


def _nearest_form(init: float | int | str) -> str | None:
    """The word that was meant, if there is one that is near."""
    word, words = str(init).partition("(")[0].strip(), (*_NAMED, "normal", "uniform")
    return None if word in words else nearest(word, words)


def _unfit(initial: Initial | None, item: Input | None) -> str | None:
    """What is wrong with initial values, if anything is."""
    if initial is None:
        return "these are no initial values"
    if not all(map(math.isfinite, initial.values)):
        return "initial values are finite"
    if initial.kind == "normal" and initial.values[1] < 0:
        return "a standard deviation is not negative"
    if initial.kind == "uniform" and initial.values[0] > initial.values[1]:
        return "the range is empty"
    certain = initial.values if initial.kind != "normal" else ()
    domain = item.domain if item is not None else None
    outside = domain is not None and any(v not in domain for v in certain)
    return f"initial values outside of the domain {domain}" if outside else None
