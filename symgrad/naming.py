"""Names in emitted code: those of the user come first, ours give way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symgrad.names import camel
from symgrad.op import Op

FORWARD_MODE = "Jvp"
"""What the class of an op that has forward mode is called, after the op's own."""


def public_names(ops: Sequence[Op]) -> set[str]:
    """What the user calls the functions and the classes of a module."""
    return {op.name for op in ops} | {op.module.name for op in ops if op.module}


def class_names(ops: Sequence[Op]) -> dict[str, str]:
    """The class of each op of a module: ``rms_norm`` becomes ``RmsNorm``.

    ``Function`` is appended where that would be the name of another class or of a
    function of the module, or of an input or output of the op, which would hide it.
    """
    taken = public_names(ops) | {"Any", "F", "NamedTuple", "Tensor", "TypeVar", "nn"}
    names: dict[str, str] = {}
    for op in ops:
        name = camel(op.name)
        hidden = taken | {i.name for i in op.inputs} | {f.name for f in op.outputs}
        while not hidden.isdisjoint((name, name + FORWARD_MODE)):
            name += "Function"
        taken.update((name, name + FORWARD_MODE))
        names[op.name] = name
    return names


class Names:
    """Hands out names that are free in one scope."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def claim(self, stem: str, *others: str) -> str:
        """The first free one of these names, else ``stem`` with a number."""
        for name in (stem, *others):
            if name not in self._taken:
                self._taken.add(name)
                return name
        number = self._next.get(stem, 2)
        while f"{stem}{number}" in self._taken:
            number += 1
        self._next[stem] = number + 1
        self._taken.add(f"{stem}{number}")
        return f"{stem}{number}"
