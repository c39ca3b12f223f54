"""A generated op at one place: what it says there, and what its witnesses say."""

from __future__ import annotations

import cmath
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from fuzz_points import Place
from fuzz_truth import Index, Truth
from fuzz_witnesses import Numbers, What, is_analytic, of_torch, ours, rounding, stepped
from torch import Tensor

from symgrad.op import Op
from symgrad.passes import BEFORE
from symgrad.program import Kind, Node
from symgrad.verify import reference
from symgrad.verify.kinks import watched
from symgrad.verify.subject import Subject


@dataclass(frozen=True)
class Trial:
    """A spec that was generated and loaded, at one place."""

    subject: Subject
    place: Place
    known: dict[tuple[What, Index], complex | None] = field(default_factory=dict)

    @cached_property
    def plain(self) -> Op:
        """The formula, harmless in the branches that are not taken."""
        return reference.guarded(self.place.op)

    @cached_property
    def rewritten(self) -> Numbers:
        """What torch makes of the formula in the functions that we write it in."""
        op = reference.guarded(self.place.op, BEFORE)
        return of_torch(op, replace(self.place, op=op))

    @cached_property
    def ours(self) -> Numbers:
        """What the emitted code says."""
        return ours(self.subject, self.place)

    @cached_property
    def spread(self) -> Numbers:
        """What a rounding moves."""
        if "torch" not in self.witnesses:
            return {}
        return rounding(self.plain, replace(self.place, op=self.plain))

    @cached_property
    def balls(self) -> Truth:
        """The truth."""
        return Truth(self.place)

    def true(self, what: What, index: Index) -> complex | None:
        """One element in balls, computed once."""
        key = (what, index)
        if key not in self.known:
            self.known[key] = self.balls.at(what, index)
        return self.known[key]

    @cached_property
    def witnesses(self) -> dict[str, Numbers]:
        """What others say."""
        op = self.place.op
        found = {"balls": self._sampled()}
        with suppress(RuntimeError):  # torch cannot always
            found["torch"] = of_torch(self.plain, replace(self.place, op=self.plain))
        if not op.overrides:
            kind = "complex step" if is_analytic(op) else "real step"
            found[kind] = stepped(op, self.place)
        return found

    def _sampled(self) -> Numbers:
        """One element of each kind in balls, ours in the places of the others."""
        whole = {what: t for what, t in self.ours.items() if t.numel()}
        rng = random.Random(str(self.place.seed))
        found = {}
        for kind in ("value", "gradient", "tangent", "second"):
            whats = [what for what in whole if what.kind == kind]
            for what in rng.sample(whats, min(1, len(whats))):
                index = tuple(rng.randrange(size) for size in whole[what].shape)
                true = self.true(what, index)
                if true is not None and not cmath.isnan(true):
                    found[what] = whole[what].clone()
                    found[what][index] = true
        return found

    @cached_property
    def gap(self) -> Tensor:
        """How near the two sides of any comparison are, relatively, at each point."""
        nodes, pairs = watched(self.place.op.nodes)
        gaps = [torch.tensor(math.inf, dtype=torch.float64)]
        for a, b in pairs:
            sides = reference.evaluate(nodes, [a, b], self.place.values)
            a_side, b_side = map(torch.as_tensor, sides)
            size = torch.maximum(a_side.abs(), b_side.abs()).clamp(min=1)
            gaps.append((a_side - b_side).abs() / size)
        return torch.stack([g.expand(self.balls.shape) for g in gaps]).amin(0)

    @property
    def lacks_a_number(self) -> bool:
        """Whether a value of Python's numbers is not finite: there Python raises."""
        nodes = self.place.op.nodes
        numbers = [v for v, n in enumerate(nodes) if n.kind in (Kind.FLOAT, Kind.INT)]
        found = reference.evaluate(nodes, numbers, self.place.values)
        return not all(cmath.isfinite(number) for number in found)

    @cached_property
    def values(self) -> Sequence[Tensor]:
        """All values of the formula, at each point."""
        nodes = self.place.op.nodes
        found = reference.evaluate(
            nodes, range(len(nodes)), self.place.values, self.place.cotangents
        )
        return [
            value if isinstance(value, Tensor) else _exactly(value) for value in found
        ]

    def at(self, value: int, point: Index) -> complex:
        """A value of the formula at a point."""
        number: complex = self.values[value].expand(self.balls.shape)[point].item()
        return number

    @cached_property
    def finite(self) -> Tensor:
        """Whether all values of the formula are finite, at each point."""
        pairs = zip(self.place.op.nodes, self.values, strict=True)
        good = [
            value.isfinite().expand(self.balls.shape)
            for node, value in pairs
            if node.kind.is_floating and node.op != "cotangent"
        ]
        return torch.stack(good).all(0)

    def taken(self, point: Index) -> Iterator[tuple[Node, complex, list[complex]]]:
        """The values that count at a point, each after its node, before its arguments.

        Branches that are not taken do not count.
        """
        nodes = self.place.op.nodes
        todo = [f.value for f in (*self.place.op.outputs, *self.place.op.overrides)]
        seen = set(todo)
        while todo:
            value = todo.pop()
            args = list(nodes[value].args)
            if nodes[value].op in ("where", "guard"):
                del args[2 if self.at(args[0], point) else 1]
            yield (
                nodes[value],
                self.at(value, point),
                [self.at(arg, point) for arg in args],
            )
            todo += [arg for arg in args if arg not in seen]
            seen.update(args)

    def points(self, what: What, index: Index) -> list[Index]:
        """The points behind one number."""
        return list(self.balls.points(self.ours[what].shape, index))


def _exactly(number: complex) -> Tensor:
    """A number of Python's as a tensor, with all of its digits."""
    kinds = {bool: torch.bool, complex: torch.complex128}
    return torch.tensor(number, dtype=kinds.get(type(number), torch.float64))
