"""Random specs of growing size, as trees that can be printed and made smaller."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from symgrad.functions import TABLE, Function
from symgrad.wirtinger import RULES


@dataclass(frozen=True)
class Tree:
    """An expression: a pattern whose ``{}`` stand for its parts."""

    pattern: str
    parts: tuple[Tree, ...] = ()

    def __str__(self) -> str:
        return self.pattern.format(*map(str, self.parts))

    def size(self) -> int:
        return 1 + sum(part.size() for part in self.parts)

    def smaller(self) -> Iterator[Tree]:
        """Each part in the place of the whole, then the whole with a smaller part."""
        yield from self.parts
        for place, part in enumerate(self.parts):
            for less in part.smaller():
                parts = (*self.parts[:place], less, *self.parts[place + 1 :])
                yield replace(self, parts=parts)


@dataclass(frozen=True)
class Case:
    """A spec of one op."""

    inputs: Mapping[str, str]
    lets: Mapping[str, Tree]
    outputs: Mapping[str, Tree]
    keys: Mapping[str, Any] = field(default_factory=dict)

    def yaml(self) -> str:
        """The text of the spec; inputs that no formula names are left out."""
        formulas = [str(tree) for tree in (*self.lets.values(), *self.outputs.values())]
        used = {n: k for n, k in self.inputs.items() if _is_in(n, formulas)}
        op: dict[str, Any] = {"inputs": used}
        if self.lets:
            op["let"] = {name: str(tree) for name, tree in self.lets.items()}
        op["forward"] = {name: str(tree) for name, tree in self.outputs.items()}
        op |= self.keys
        document = {"symgrad": 1, "ops": {"f": op}}
        return str(yaml.safe_dump(document, sort_keys=False, width=1000))

    def smaller(self) -> Iterator[Case]:
        """Cases with less in them."""
        for name in list(self.keys):
            yield replace(self, keys=_without(self.keys, name))
        for name in list(self.outputs)[: len(self.outputs) > 1 and None]:
            yield replace(self, outputs=_without(self.outputs, name), keys={})
        for name, tree in self.lets.items():
            inlined = _without(self.lets, name)
            if not any(_is_in(name, [str(t)]) for t in self._trees(inlined)):
                yield replace(self, lets=inlined)
            for less in tree.smaller():
                yield replace(self, lets={**self.lets, name: less})
        for name, tree in self.outputs.items():
            for less in tree.smaller():
                yield replace(self, outputs={**self.outputs, name: less})

    def _trees(self, lets: Mapping[str, Tree]) -> list[Tree]:
        return [*lets.values(), *self.outputs.values()]


def _is_in(name: str, texts: list[str]) -> bool:
    separated = "".join(c if c.isalnum() or c == "_" else " " for c in " ".join(texts))
    return name in separated.split()


def _without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


REAL = (
    *("{} + {}", "{} - {}", "({})*({})", "({})/(1 + ({})**2)", "-({})"),
    *("({})**2", "({})**3", "(1/10 + abs({}))**{}", "(1/10 + ({})**2)**(-1/2)"),
    *("Max({}, {})", "Min({}, {})", "abs({})", "clamp({}, -1, 2)", "stop_gradient({})"),
    *("where({} > {}, {}, {})", "({} if {} < 1/3 else {})", "sqrt(1 + ({})**2)"),
    *("where(keep, {}, {})", "where(flag, {}, {})", "({})*k", "({})*n", "({} % 3)"),
    "Piecewise(({}, {} > 1/2), ({}, True))",
)
COMPLEX = (
    *("({} + {})", "({} - {})", "({})*({})", "({})/(3 + {})", "({})*I", "({})**2"),
    *("conjugate({})", "re({}) + I*im({})", "abs({})*({})", "sign({})", "I*arg({})"),
    *("where(abs({}) > 1, {}, {})", "exp(I*re({}))", "x*({})", "({})*n"),
)
LEAVES = ("x", "x", "w", "w", "1/2", "2", "0.3", "k", "n", "v")
PLANE_LEAVES = ("z", "z", "u", "x", "I", "1/2")
INPUTS = {
    "x": "real",
    "w": "real in (-2, 3)",
    "v": {"kind": "real", "grad": False},
    "z": "complex",
    "u": "complex",
    "keep": "mask",
    "n": "index",
    "k": "float = 0.7",
    "flag": "bool",
}
EDGES = ("torch", "half", "left", "right", "min_norm")


def _calls(row: Function) -> str:
    """A call whose arguments are brought into the range that the row is tested in."""
    inside = [
        "{}" if row.domain is None else f"({low} + {high - low}*sigmoid({{}}))"
        for low, high in row.sample
    ]
    return f"{row.name}({', '.join(inside)})"


_WRITTEN = frozenset({"polygamma", "zeta"})
_OF_REALS = tuple(_calls(row) for row in TABLE.values() if row.name not in _WRITTEN)
_ANALYTIC = tuple(
    f"{name}(({{}})/(2 + abs({{}})))" for name in RULES if len(TABLE[name].args) == 1
)


def case(seed: int) -> Case:
    """A spec that is the same for the same number, larger for larger ones."""
    rng = random.Random(seed)
    plane = rng.random() < 0.2
    size = 2 + rng.randrange(2 + min(seed // 40, 36))
    patterns = (COMPLEX, _ANALYTIC) if plane else (REAL, _OF_REALS)
    names = list(PLANE_LEAVES if plane else LEAVES)
    lets: dict[str, Tree] = {}
    for number in range(rng.randrange(3)):
        lets[f"a{number}"] = _tree(rng, patterns, names, size)
        names += [f"a{number}"] * 3
    outputs = {
        f"y{number}": _output(rng, patterns, names, size, plane)
        for number in range(rng.choice((1, 1, 2, 3)))
    }
    return Case(INPUTS, lets, outputs, _keys(rng, plane))


def _output(
    rng: random.Random, patterns: Any, names: list[str], size: int, plane: bool
) -> Tree:
    """A formula that some gradient goes through."""
    tree = _tree(rng, patterns, names, size)
    return Tree("{} + {}", (tree, Tree("z*x" if plane else "x*w")))


def _tree(rng: random.Random, patterns: Any, names: list[str], size: int) -> Tree:
    if size <= 1:
        return Tree(rng.choice(names))
    pattern = rng.choice(rng.choice(patterns))
    holes = pattern.count("{}")
    share = max(1, (size - 1) // max(holes, 1))
    parts = tuple(_tree(rng, patterns, names, share) for _ in range(holes))
    return Tree(pattern, parts)


def _keys(rng: random.Random, plane: bool) -> dict[str, Any]:
    if plane or rng.random() < 0.8:
        return {}
    kind = rng.choice(("edges", "surrogate", "backward"))
    if kind == "edges":
        return {"edges": rng.choice(EDGES)}
    if kind == "surrogate":
        return {"surrogate": {"y0": "x*w + tanh(x)"}}
    return {"backward": {"w": "2*grad_y0*x"}}
