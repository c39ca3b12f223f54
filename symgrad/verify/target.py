"""A callable of the user's, hand-written or not: where it is, and how it is found."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Target:
    """``MODULE:NAME``: an importable module or a file, and a name in it.

    ``folders`` are searched for the module, as the interpreter that was asked would.
    """

    module: str
    name: str
    folders: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


def parse(text: str) -> Target | None:
    """The target that a text like ``package.module:name`` means, if it means one."""
    module, colon, name = text.rpartition(":")
    if not colon or not module or not all(p.isidentifier() for p in name.split(".")):
        return None
    return Target(module, name, tuple(folder or os.getcwd() for folder in sys.path))


def find(target: Target) -> Any:
    """Import the module and look the name up.

    Raises ``ImportError`` or ``AttributeError`` where there is no such thing, and
    whatever the module raises.
    """
    sys.path += [folder for folder in target.folders if folder not in sys.path]
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    return reduce(getattr, target.name.split("."), _module(target.module))


def fitted(function: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """A function of arguments in their order, some of which it may take by name only.

    Raises ``TypeError`` where it cannot be called with them.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:  # it is written in C
        return function
    found = signature.parameters
    named = [n for n in names if n in found and found[n].kind is found[n].KEYWORD_ONLY]
    placed = [n for n in names if n not in named]
    signature.bind(*placed, **dict.fromkeys(named))
    if not named:
        return function

    def by_place(*args: Any) -> Any:
        given = dict(zip(names, args, strict=True))
        rest = {name: given.pop(name) for name in named}
        return function(*given.values(), **rest)

    return by_place


def _module(name: str) -> Any:
    if not name.endswith(".py"):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(Path(name).stem, name)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # for what is pickled or compiled in it
    spec.loader.exec_module(module)
    return module
