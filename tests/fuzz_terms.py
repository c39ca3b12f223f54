"""Random formulas as trees, as a user would write them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from symgrad.functions import TABLE, Function
from symgrad.rules import TABLE as REWRITES
from symgrad.wirtinger import RULES as OF_THE_PLANE

REAL, PLANE, TEST = "r", "z", "c"
"""Kinds of formulas: a real number, a complex one, a condition."""


@dataclass(frozen=True)
class Term:
    """A formula: a text with places, and the formulas that stand there."""

    form: str
    parts: tuple[Term, ...] = ()
    kind: str = REAL

    @cached_property
    def text(self) -> str:
        """The whole, written out."""
        return self.form.format(*(part.text for part in self.parts))

    @cached_property
    def size(self) -> int:
        """How many operations it has, about."""
        return sum(part.size for part in self.parts) + bool(self.parts)

    def smaller(self) -> Iterator[Term]:
        """The same with one part of it cut out, great cuts first."""
        yield from self._replacements()
        for place, part in enumerate(self.parts):
            for other in part.smaller():
                parts = (*self.parts[:place], other, *self.parts[place + 1 :])
                yield replace(self, parts=parts)

    def _replacements(self) -> Iterator[Term]:
        if self.parts:
            yield from (part for part in self.parts if part.kind == self.kind)
            yield Term({TEST: "True"}.get(self.kind, "2"), kind=self.kind)


@dataclass(frozen=True)
class Form:
    """A text with places, the kind of what stands in each, and how often it comes."""

    text: str
    places: str
    kind: str = REAL
    weight: int = 1


@dataclass(frozen=True)
class Scope:
    """The names that a formula may use, by kind; some are in a narrower range."""

    names: Mapping[str, Sequence[str]]
    positive: Sequence[str] = ()
    own: Sequence[Form] = ()

    @property
    def in_plane(self) -> bool:
        """Whether anything is complex here."""
        return bool(self.names[PLANE])


NUMBERS = ("2", "3", "0.5", "(-1.5)", "(1/3)", "pi", "E", "0.1", "(-1)", "1", "10")

_ARITHMETIC = (
    Form("({0} + {1})", "rr", weight=8),
    Form("({0} - {1})", "rr", weight=6),
    Form("{0}*{1}", "rr", weight=8),
    Form("(-{0})", "r", weight=2),
    Form("({0}/(1 + abs({1})))", "rr", weight=2),
    Form("({0}/{1})", "rr"),
    Form("({0}/(2 + cos({1})))", "rr"),
    Form("{0}**2", "r", weight=3),
    Form("{0}**3", "r"),
    Form("(0.2 + {0}**2)**(-1)", "r"),
    Form("(0.2 + {0}**2)**(1/3)", "r"),
    Form("(0.3 + abs({0}))**{1}", "rr"),
    Form("(0.3 + abs({0}))**tanh({1})", "rr", weight=2),
    Form("2**tanh({0})", "r"),
    Form("({0} % 3)", "r"),
    Form("({0} % (1 + abs({1})))", "rr"),
    Form("({0} // 2)", "r"),
    Form("stop_gradient({0})", "r"),
    Form("zeta(2.5, 0.3 + {0}**2)", "r"),
    Form("zeta(1.5 + 1/2, 1 + abs({0}))", "r"),
    Form("zeta(3)*{0}", "r"),
    Form("polygamma(2, 0.5 + {0}**2)", "r"),
    Form("polygamma(0, exp({0}))", "r"),
    Form("Heaviside({0})", "r"),
)
_CHOICES = (
    Form("where({0}, {1}, {2})", "crr", weight=4),
    Form("({1} if {0} else {2})", "crr", weight=3),
    Form("Piecewise(({1}, {0}), ({2}, True))", "crr", weight=2),
    Form("Piecewise(({1}, {0}), ({3}, {2}), ({4}, True))", "crcrr", weight=2),
    Form("where({0} > 0, log({0}), {1})", "rr"),
    Form("where({0} > 0, sqrt({0}), 0)", "r"),
    Form("where({0} != 0, sin({0})/{0}, 1)", "r"),
    Form("(1/{0} if {0} > 0.1 else {1})", "rr"),
    Form("where(abs({0}) < 1, atanh({0}), {1})", "rr"),
    Form("where(0 < {0} < 5, {0}**{1}, 0)", "rr"),
    Form("where({0} > 0 and {1} > 0, log({0}/{1}), 0)", "rr"),
    Form("Max({0}, {1}, {2})", "rrr", weight=2),
    Form("Min({0}, {1}, 1)", "rr", weight=2),
    Form("Max({0}, 0)", "r", weight=2),
    Form("clamp({0}, -1, 1)", "r", weight=2),
)
_TESTS = (
    *(Form(f"{{0}} {sign} {{1}}", "rr", TEST, 2) for sign in ("<", "<=", ">", ">=")),
    Form("{0} > 0", "r", TEST, 4),
    Form("{0} == {1}", "rr", TEST),
    Form("{0} != 0", "r", TEST),
    Form("0 < {0} < {1}", "rr", TEST, 2),
    Form("-1 <= {0} <= 1", "r", TEST, 2),
    Form("({0} and {1})", "cc", TEST),
    Form("({0} or {1})", "cc", TEST),
    Form("(not {0})", "c", TEST),
)
_PLANE = (
    Form("({0} + {1})", "zz", PLANE, 6),
    Form("({0} - {1})", "zz", PLANE, 4),
    Form("{0}*{1}", "zz", PLANE, 6),
    Form("{0}*{1}", "rz", PLANE, 4),
    Form("({0} + {1})", "zr", PLANE, 3),
    Form("({0}/{1})", "zz", PLANE, 2),
    Form("({0}/(1 + abs({1})))", "zz", PLANE, 2),
    Form("({0} + I*{1})", "rr", PLANE, 3),
    Form("exp(I*{0})", "r", PLANE, 3),
    Form("(-{0})", "z", PLANE),
    Form("{0}**2", "z", PLANE, 2),
    Form("{0}**3", "z", PLANE),
    Form("{0}**(-1)", "z", PLANE),
    Form("{0}**0.5", "z", PLANE),
    Form("{0}**{1}", "zr", PLANE),
    Form("stop_gradient({0})", "z", PLANE),
    Form("where({0}, {1}, {2})", "czz", PLANE, 3),
    Form("({1} if {0} else {2})", "czr", PLANE),
    Form("where({0} != 0, 1/{0}, {1})", "zz", PLANE),
    *(Form(f"{f}({{0}})", "z", PLANE, 3) for f in ("conjugate", "sign", "exp")),
    *(Form(f"{f}({{0}})", "z", weight=8) for f in ("abs", "re", "im")),
    Form("arg({0})", "z", weight=3),
    Form("{0} == {1}", "zz", TEST),
)


def _pattern(text: str) -> Form:
    """What a rewrite looks for, with places for its letters."""
    letters = sorted(set(re.findall(r"\b[abc]\b", text)))
    for place, letter in enumerate(letters):
        text = re.sub(rf"\b{letter}\b", f"{{{place}}}", text)
    return Form(f"({text})", REAL * len(letters))


_REWRITTEN = tuple(_pattern(rule.pattern) for rule in REWRITES)

# What puts any number inside the range of an argument
_ANY = ("{}",) * 6 + ("3*sin({})", "2*tanh({})", "({}/(1 + abs({})))")
_POSITIVE = (
    *("0.1 + {}**2", "1 + abs({})", "sqrt(abs({}) + 0.1)", "exp(sin({}))"),
    *("0.2 + softplus({})", "hypot({}, 0.5)", "1.5 + cos({})"),
)
_INSIDE: Sequence[tuple[float, float, Sequence[str]]] = (
    (1.0, 10.0, ("1.1 + {}**2", "1.05 + abs({})", "2 + sin({})", "1.1 + exp({})")),
    (0.0, 1.0, ("0.05 + 0.9*sigmoid({})", "0.5 + 0.4*sin({})", "1/(1.1 + {}**2)")),
    (0.0, 1e9, _POSITIVE),
    (-1.0, 1.0, ("0.95*tanh({})", "0.9*sin({})", "{}/(1 + abs({}))", "erf({}/2)")),
    (-1.0, 10.0, ("{}**2 - 0.5", "abs({})", "2*sigmoid({}) - 0.9")),
    (-1e9, 1e9, _ANY),
)
"""Low and high end, and texts whose values lie between; the first that fits."""

OUTSIDE = 0.03
"""How often an argument stands as it is, wherever that may be."""


def _inside(rng: random.Random, low: float, high: float) -> str:
    fitting = (texts for a, b, texts in _INSIDE if a <= low and high <= b)
    return "{}" if rng.random() < OUTSIDE else rng.choice(next(fitting))


def _row_form(rng: random.Random, row: Function) -> Form:
    """A call of a row of the table, mostly inside of its domain."""
    texts = [_inside(rng, *ends) for ends in row.sample]
    if row.defaults and rng.random() < 0.5:
        texts = texts[: -len(row.defaults)]
    places = [text.replace("{}", f"{{{i}}}") for i, text in enumerate(texts)]
    name = rng.choice((row.name, row.name, *row.aliases))
    return Form(f"{name}({', '.join(places)})", REAL * len(places))


def _plane_form(rng: random.Random, name: str) -> Form:
    count = len(TABLE[name].args)
    return Form(f"{name}({', '.join(f'{{{i}}}' for i in range(count))})", "z" * count)


_WRITTEN_OUT = ("polygamma", "zeta")
_ROWS = [row for row in TABLE.values() if row.name not in _WRITTEN_OUT]
_VALUED_IN_PLANE = sorted(set(OF_THE_PLANE) - {"re", "im", "abs", "arg"})
_BY_KIND = {
    kind: [f for f in (*_ARITHMETIC, *_CHOICES, *_TESTS, *_PLANE) if f.kind == kind]
    for kind in (REAL, PLANE, TEST)
}


def _form(rng: random.Random, kind: str, scope: Scope) -> Form:
    """One way to make a number or a condition of others."""
    chance = rng.random()
    if kind == REAL and chance < 0.3:
        return _row_form(rng, rng.choice(_ROWS))
    if kind == REAL and chance < 0.37:
        return rng.choice(_REWRITTEN)
    if kind == PLANE and chance < 0.3:
        return replace(_plane_form(rng, rng.choice(_VALUED_IN_PLANE)), kind=PLANE)
    if kind == REAL and scope.own and chance < 0.45:
        return rng.choice(scope.own)
    forms = _BY_KIND[kind]
    fitting = [f for f in forms if scope.in_plane or PLANE not in f.places]
    return rng.choices(fitting, [f.weight for f in fitting])[0]


def _leaf(rng: random.Random, kind: str, scope: Scope) -> Term:
    names = scope.names[kind]
    if kind == TEST and not names:
        return Term("{0} > {1}", (_leaf(rng, REAL, scope), Term("0")), TEST)
    if kind == REAL and (not names or rng.random() < 0.15):
        return Term(rng.choice(NUMBERS))
    return Term(rng.choice(names), kind=kind)


def grown(rng: random.Random, kind: str, size: int, scope: Scope) -> Term:
    """A formula of about so many operations."""
    if size <= 0:
        return _leaf(rng, kind, scope)
    form = _form(rng, kind, scope)
    cuts = sorted(rng.randint(0, size - 1) for _ in form.places[1:])
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, size - 1], strict=True)]
    parts = []
    for i, (place, share) in enumerate(zip(form.places, sizes, strict=True)):
        twice = form.text.count(f"{{{i}}}") > 1  # the text would grow exponentially
        parts.append(grown(rng, place, min(share, 3) if twice else share, scope))
    return Term(form.text, tuple(parts), kind)
