"""Formulas over named axes as trees: how they are written, and made smaller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Term:
    """A part of a formula.

    ``op`` is ``access``, ``size``, a reduction's name, or the text of a pointwise form
    with places for its parts.  An access has the name and what stands at each place:
    an index, a number, or ``None`` for the next of the parts, which gathers.  A
    reduction has its indices as data, and ``ddof`` behind a ``|``.  A ``Sum`` has its
    bounds as name, or a second index up to which the first one runs.
    """

    op: str
    parts: tuple[Term, ...] = ()
    name: str = ""
    places: tuple[str | int | None, ...] = ()

    @property
    def text(self) -> str:
        """As a spec has it."""
        texts = [part.text for part in self.parts]
        if self.op == "size":
            return self.name
        if self.op == "access":
            rest = iter(texts)
            shown = [next(rest) if p is None else str(p) for p in self.places]
            return f"{self.name}[{', '.join(shown)}]" if shown else self.name
        if self.op == "Sum":
            index, bounds = self.places[0], self.name or f"0, {self.places[-1]}"
            return f"Sum({texts[0]}, ({index}, {bounds}))"
        if self.op in REDUCTIONS:
            return f"{self.op}({texts[0]}, {self._bound_text()}{self.name})"
        return self.op.format(*(part.inner for part in self.parts))

    @property
    def inner(self) -> str:
        """As it stands in another form."""
        return f"({self.text})" if self.op[0] in "{-" else self.text

    def _bound_text(self) -> str:
        bound = [str(p) for p in self.places]
        return bound[0] if len(bound) == 1 else f"({', '.join(bound)})"

    @property
    def free(self) -> tuple[str, ...]:
        """The free indices, in the order in which they stand."""
        own = [p for p in self.places if isinstance(p, str)]
        inner = [index for part in self.parts for index in part.free]
        if self.op == "Sum":
            inner = [index for index in inner if index != own[0]]
            return tuple(dict.fromkeys([*inner, *own[1:]]))
        if self.op in REDUCTIONS:
            bound = () if self.op in KEEPING else own
            return tuple(dict.fromkeys(i for i in inner if i not in bound))
        return tuple(dict.fromkeys([*own, *inner]))

    @property
    def names(self) -> set[str]:
        """Inputs, lets and outputs that occur."""
        own = {self.name} if self.op == "access" else set()
        return own.union(*(part.names for part in self.parts))

    @property
    def sizes(self) -> set[str]:
        """The axes whose sizes occur."""
        own = {self.name} if self.op == "size" else set()
        return own.union(*(part.sizes for part in self.parts))

    @property
    def size(self) -> int:
        """How many operations there are."""
        return 1 + sum(part.size for part in self.parts)

    def walked(self) -> Iterator[Term]:
        """This term and all in it."""
        yield self
        for part in self.parts:
            yield from part.walked()

    def smaller(self) -> Iterator[Term]:
        """The same with one thing less; not all of these are formulas."""
        if self.op != "access":
            yield from self.parts
        if self.op in REDUCTIONS and len(self.places) > 1:
            for place in range(len(self.places)):
                rest = self.places[:place] + self.places[place + 1 :]
                yield replace(self, places=rest)
        for place, part in enumerate(self.parts):
            for other in part.smaller():
                parts = (*self.parts[:place], other, *self.parts[place + 1 :])
                yield replace(self, parts=parts)


KEEPING = frozenset({"softmax", "log_softmax", "cumsum"})
"""Reductions whose index stays free."""

REDUCTIONS = KEEPING | {
    *("sum", "mean", "prod", "amax", "amin", "logsumexp", "norm", "var", "std")
}

POINTWISE: Mapping[str, int] = {
    "-{0}": 2,
    "tanh({0})": 3,
    "sin({0})": 2,
    "sigmoid({0})": 2,
    "exp(-{0}**2)": 2,
    "{0}**2": 3,
    "sqrt(1 + {0}**2)": 2,
    "log1p({0}**2)": 2,
    "abs({0})": 1,
    "relu({0})": 2,
    "{0}/3": 1,
    "({0} + {1})": 6,
    "({0} - {1})": 5,
    "{0}*{1}": 9,
    "{0}*{1}*{2}": 2,
    "{0}/(1 + {1}**2)": 3,
    "Max({0}, {1})": 1,
    "where({0} < {1}, {2}, {1})": 1,
    "stop_gradient({0})": 1,
}
"""Forms of numbers, and how often they are drawn."""

MASKED: Mapping[str, int] = {"where({0}, {1}, {2})": 2, "where({0}, {1}, 0)": 2}
"""Forms whose first part is a mask."""

SIZED: Mapping[str, int] = {"{0}/{1}": 2, "{0}/sqrt({1})": 2, "{0}*{1}": 1}
"""Forms whose last part is the size of an axis."""

HIDDEN = "where({0}, {1}, -10000)"
"""What a softmax leaves out."""

FEWER = "where({0}, {1}, 0)"
"""Integers with a mask, as in ``ignore_index``."""


def access(name: str, *places: str | int | Term) -> Term:
    """``name[...]``, a term among the places gathers."""
    parts = tuple(p for p in places if isinstance(p, Term))
    shown = tuple(None if isinstance(p, Term) else p for p in places)
    return Term("access", parts, name, shown)


def bounded(body: Term, index: str, bounds: str) -> Term:
    """The sum of a term within bounds, or up to another index."""
    if ", " in bounds:
        return Term("Sum", (body,), bounds, (index,))
    return Term("Sum", (body,), "", (index, bounds))


def reduced(op: str, body: Term, indices: tuple[str, ...], more: str = "") -> Term:
    """A reduction; what stands behind its indices is written as it is."""
    return Term(op, (body,), more, indices)
