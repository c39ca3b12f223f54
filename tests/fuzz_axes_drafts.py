"""Random specs over named axes: what is drawn, written as YAML, and made smaller."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import yaml
from fuzz_axes_growth import INDICES, Scope, number
from fuzz_axes_terms import Term

AXES = ("m", "n", "p")


@dataclass(frozen=True)
class Leaf:
    """An input: its kind, its named axes, and its batch, ``None`` without ``...``."""

    kind: str
    axes: tuple[str, ...]
    batch: tuple[int, ...] | None

    @property
    def declared(self) -> str:
        """The declaration."""
        if self.kind == "float":
            return "float"
        lead = () if self.batch is None else ("...",)
        return f"{self.kind}[{', '.join((*lead, *self.axes))}]"


@dataclass(frozen=True)
class Formula:
    """A let or an output with the order of its indices."""

    name: str
    indices: tuple[str, ...]
    term: Term

    @property
    def title(self) -> str:
        """The name with its indices."""
        return f"{self.name}[{', '.join(self.indices)}]" if self.indices else self.name


@dataclass(frozen=True)
class Draft:
    """A spec of one op, and the sizes and batches that it is called with."""

    inputs: Mapping[str, Leaf]
    lets: tuple[Formula, ...]
    outputs: tuple[Formula, ...]
    sizes: Mapping[str, int]

    @property
    def used(self) -> set[str]:
        """The names that the outputs need."""
        used = set[str]().union(*(f.term.names for f in self.outputs))
        for f in reversed(self.lets):
            used |= f.term.names if f.name in used else set()
        return used

    @property
    def kept(self) -> tuple[dict[str, Leaf], tuple[Formula, ...]]:
        """The inputs and lets that something uses."""
        used = self.used
        inputs = {n: leaf for n, leaf in self.inputs.items() if n in used}
        return inputs, tuple(f for f in self.lets if f.name in used)

    @property
    def text(self) -> str:
        """The spec as YAML."""
        inputs, lets = self.kept
        op = {
            "inputs": {n: leaf.declared for n, leaf in inputs.items()},
            **({"let": {f.title: f.term.text for f in lets}} if lets else {}),
            "forward": {f.title: f.term.text for f in self.outputs},
        }
        whole = {"symgrad": 1, "ops": {"f": op}}
        return yaml.safe_dump(whole, sort_keys=False, width=1000)

    @property
    def shown(self) -> str:
        """The spec, and what it was called with."""
        batches = {n: leaf.batch for n, leaf in self.kept[0].items()}
        return f"{self.text}# sizes {dict(self.sizes)}, batches {batches}\n"

    def smaller(self) -> Iterator[Draft]:
        """The same with one thing less, great things first."""
        for place in range(len(self.outputs)):
            if rest := self.outputs[:place] + self.outputs[place + 1 :]:
                yield replace(self, outputs=rest)
        for key in ("outputs", "lets"):
            held = getattr(self, key)
            for place, f in enumerate(held):
                for other in f.term.smaller():
                    free = set(other.free)
                    if key == "lets" and free != set(f.indices):
                        continue
                    kept = tuple(i for i in f.indices if i in free)
                    more = tuple(i for i in other.free if i not in kept)
                    new = replace(f, term=other, indices=(*kept, *more))
                    yield replace(
                        self, **{key: (*held[:place], new, *held[place + 1 :])}
                    )
        for name, leaf in self.kept[0].items():
            for batch in (None, (), (leaf.batch or ())[1:]):
                if leaf.batch is not None and batch != leaf.batch:
                    new = replace(leaf, batch=batch)
                    yield replace(self, inputs={**self.inputs, name: new})


# -- drawing ---------------------------------------------------------------------------


def _inputs(rng: random.Random) -> dict[str, Leaf]:
    lead = rng.choice((None, None, (2,), (2,), (3, 2)))
    axes = AXES[: rng.choice((1, 2, 2, 3, 3))]
    found = {}
    for kind, letter, count in (
        ("real", "x", rng.choice((1, 2, 2, 3))),
        ("index", "r", rng.choice((0, 0, 1, 2))),
        ("mask", "q", rng.choice((0, 0, 1))),
    ):
        for place in range(count):
            most = rng.choice((0, 1, 1, 2, 2, 3) if kind == "real" else (0, 1, 1, 2, 3))
            most = most if found else max(most, 1)
            own = tuple(rng.choice(axes) for _ in range(most))
            own = own if rng.random() < 0.25 else tuple(dict.fromkeys(own))
            batch = None if lead is None else rng.choice((None, *_batches(lead)))
            found[f"{letter}{place}"] = Leaf(kind, own, batch)
    return found


def _batches(lead: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Batches that broadcast to one; the first is that, and the likeliest."""
    return [lead, lead, lead, (), lead[1:], (1, *lead[1:]), (*lead[:-1], 1)]


def drawn(rng: random.Random) -> Draft:
    """A spec; most are small."""
    while not _is_whole(draft := _tried(rng)):
        pass
    return draft


def _is_whole(draft: Draft) -> bool:
    """Whether something has a gradient, and all sizes are those of used inputs."""
    inputs, lets = draft.kept
    sizes = set[str]().union(*(f.term.sizes for f in (*lets, *draft.outputs)))
    known = {axis for leaf in inputs.values() for axis in leaf.axes}
    return sizes <= known and any(leaf.kind == "real" for leaf in inputs.values())


def _tried(rng: random.Random) -> Draft:
    inputs = _inputs(rng)
    axes = sorted({axis for leaf in inputs.values() for axis in leaf.axes})
    sizes = {axis: rng.choice((1, 2, 2, 3, 3, 4)) for axis in axes}

    def named(kind: str) -> dict[str, tuple[str, ...]]:
        return {n: leaf.axes for n, leaf in inputs.items() if leaf.kind == kind}

    scope = Scope(rng, {}, named("real"), named("index"), named("mask"), sizes)
    lets = _formulas(scope, "v", rng.choice((0, 0, 0, 1, 2)))
    outputs = _formulas(scope, "y", rng.choice((1, 1, 1, 2, 3)))
    return Draft(inputs, lets, outputs, sizes)


def _formulas(scope: Scope, letter: str, count: int) -> tuple[Formula, ...]:
    rng = scope.rng
    found = []
    for place in range(count):
        names = rng.sample(INDICES, rng.choice((0, 1, 1, 2, 2, 3)))
        indices = {i: rng.choice(sorted(scope.sizes)) for i in names if scope.sizes}
        own = replace(scope, indices=indices, taken=set(indices))
        term = number(own, rng.choice((1, 2, 3, 4, 6, 9)))
        order = list(term.free)
        rng.shuffle(order)
        formula = Formula(f"{letter}{place}", tuple(order), term)
        scope.numbers[formula.name] = tuple(indices[i] for i in order)
        found.append(formula)
    return tuple(found)
