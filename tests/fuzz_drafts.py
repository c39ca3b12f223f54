"""Random specs: what is drawn, written as YAML, and made smaller."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml
from fuzz_terms import PLANE, REAL, TEST, Form, Scope, Term, grown

LARGEST = 60
"""Operations of the largest formulas, about."""

Named = tuple[tuple[str, Any], ...]
"""Names with what they stand for, in the order of the spec."""


@dataclass(frozen=True)
class Draft:
    """A spec of one op, its formulas still trees."""

    inputs: Named
    lets: Named
    outputs: Named
    functions: Named = ()
    surrogates: Named = ()
    overrides: Named = ()
    options: Named = ()

    @property
    def text(self) -> str:
        """The spec as YAML, without what nothing uses."""
        used = _used(self)
        functions = {n: v for n, v in self.functions if n in used}
        op = {
            "inputs": {n: declared for n, declared in self.inputs if n in used},
            "let": _texts((n, t) for n, t in self.lets if n in used),
            "forward": _texts(self.outputs),
            "surrogate": _texts(self.surrogates),
            "backward": _texts((n, t) for n, t in self.overrides if n in used),
            **dict(self.options),
        }
        whole = {
            "symgrad": 1,
            **({"functions": functions} if functions else {}),
            "ops": {"f": {key: value for key, value in op.items() if value}},
        }
        return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=1000)

    @property
    def size(self) -> int:
        """How many operations there are, about."""
        return sum(t.size for _, t in (*self.lets, *self.outputs))

    def smaller(self) -> Iterator[Draft]:
        """The same with one thing less, great things first."""
        for key in ("options", "overrides", "surrogates", "outputs"):
            yield from self._without_one(key)
        for key in ("outputs", "lets", "surrogates", "overrides"):
            yield from self._with_smaller(key)
        yield from self._inlined()

    def _without_one(self, key: str) -> Iterator[Draft]:
        held = getattr(self, key)
        for place in range(len(held)):
            rest = held[:place] + held[place + 1 :]
            if rest or key != "outputs":
                yield replace(self, **{key: rest})

    def _with_smaller(self, key: str) -> Iterator[Draft]:
        held = getattr(self, key)
        for place, (name, term) in enumerate(held):
            for other in term.smaller():
                if key == "overrides" and "grad_" not in other.text:
                    continue  # of what shape a number is, nothing says
                changed = (*held[:place], (name, other), *held[place + 1 :])
                yield replace(self, **{key: changed})

    def _inlined(self) -> Iterator[Draft]:
        """A let written out where it is used."""
        for place, (name, term) in enumerate(self.lets):
            rest = self.lets[:place] + self.lets[place + 1 :]
            draft = replace(self, lets=rest)
            yield replace(
                draft,
                **{
                    key: tuple((n, _put(t, name, term)) for n, t in getattr(draft, key))
                    for key in ("lets", "outputs", "surrogates", "overrides")
                },
            )


def _put(term: Term, name: str, value: Term) -> Term:
    if not term.parts:
        return value if term.form == name else term
    return replace(term, parts=tuple(_put(part, name, value) for part in term.parts))


def _texts(named: Iterable[tuple[str, Term]]) -> dict[str, str]:
    return {name: term.text for name, term in named}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))


def _used(draft: Draft) -> set[str]:
    """The names that the outputs need, through lets and functions."""
    formulas = [t for _, t in (*draft.outputs, *draft.surrogates, *draft.overrides)]
    used = set().union(*(_words(t.text) for t in formulas))
    for name, term in reversed(draft.lets):
        used |= _words(term.text) if name in used else set()
    for name, function in reversed(draft.functions):
        used |= _words(function["value"]) if name in used else set()
    return used


# -- drawing ---------------------------------------------------------------------------

_DECLARED: Mapping[str, tuple[Any, ...]] = {
    "x": ("real",),
    "p": ("real in (0, oo)", "real in [0.1, 10]", {"kind": "real", "domain": "(0, 4)"}),
    "u": ("real in (-1, 1)", "real in [0, 1]", "real in [-pi/2, pi/2]"),
    "t": ({"kind": "real", "grad": False},),
    "z": ("complex",),
    "k": ("index",),
    "m": ("mask",),
    "a": ("float", "float in (0, oo)"),
    "n": ("int",),
    "b": ("bool",),
    "c": ("float = 1.5", "float in [0.5, 2] = 1", "int = 2"),
    "d": ("bool = True",),
}
"""The first letter of an input's name, to its declarations; numbers come last."""

_KINDS: Mapping[str, str] = {"z": PLANE, "m": TEST, "b": TEST, "d": TEST}
_EDGES = ("torch", "min_norm", "half", "left", "right", "nan")
_CORNERED = ("abs", "relu", "Max", "clamp", "hypot", "leaky_relu", "copysign")


def drawn(rng: random.Random) -> Draft:
    """A spec of one to sixty operations, small ones the most frequent."""
    size = max(1, round(LARGEST ** rng.random()))
    inputs = _inputs(rng, size)
    scope = _scope([name for name, _ in inputs])
    functions, calls = _functions(rng, size)
    scope = replace(scope, own=calls)
    lets, scope = _formulas(rng, "v", rng.choice((0, 0, 1, 2, 3)), size // 3, scope)
    count = rng.choice((1, 1, 1, 2, 3))
    outputs, after = _formulas(rng, "y", count, -(-size // count), scope)
    return Draft(
        inputs=inputs,
        lets=lets,
        outputs=outputs,
        functions=functions,
        surrogates=_surrogates(rng, outputs, scope),
        overrides=_overrides(rng, outputs, after),
        options=_options(rng, outputs),
    )


def _inputs(rng: random.Random, size: int) -> Named:
    """Tensors, then numbers, then numbers with defaults."""
    letters = ["x"] * rng.choice((1, 1, 2, 3))
    letters += rng.sample("putkm", rng.choice((0, 0, 1, 1, 2, 3)))
    letters += ["z"] * rng.choice((0, 0, 0, 1, 2))
    letters += rng.sample("anbcd", rng.choice((0, 0, 0, 1, 2)))
    letters.sort(key=list(_DECLARED).index)
    names = [f"{letter}{place}" for place, letter in enumerate(letters)]
    return tuple((name, rng.choice(_DECLARED[name[0]])) for name in names)


def _scope(names: Iterable[str]) -> Scope:
    by_kind: dict[str, list[str]] = {REAL: [], PLANE: [], TEST: []}
    for name in names:
        by_kind[_KINDS.get(name[0], REAL)].append(name)
    return Scope(by_kind)


def _functions(rng: random.Random, size: int) -> tuple[Named, list[Form]]:
    """Functions of the file, and the forms in which they are called."""
    found, calls = [], list[Form]()
    for place in range(rng.choice((0, 0, 0, 1, 2))):
        names = ["q", "w"][: rng.randint(1, 2)]
        scope = replace(_scope(names), own=tuple(calls))
        value = grown(rng, REAL, rng.randint(1, min(6, 1 + size // 4)), scope)
        used = [name for name in names if name in _words(value.text)]
        if used:
            name = f"own{place}"
            found.append((name, {"inputs": used, "value": value.text}))
            places = ", ".join(f"{{{i}}}" for i in range(len(used)))
            calls.append(Form(f"{name}({places})", REAL * len(used)))
    return tuple(found), calls


def _formulas(
    rng: random.Random, letter: str, count: int, size: int, scope: Scope
) -> tuple[Named, Scope]:
    """Some formulas, each of which may use those before it."""
    found = []
    for place in range(count):
        kinds = [REAL] * 5 + [PLANE] * 4 * scope.in_plane + [TEST] * (letter == "v")
        kind = rng.choice(kinds)
        name = f"{letter}{place}"
        found.append((name, grown(rng, kind, max(size, 1), scope)))
        known = {**scope.names, kind: [*scope.names[kind], name]}
        scope = replace(scope, names=known)
    return tuple(found), scope


def _surrogates(rng: random.Random, outputs: Named, scope: Scope) -> Named:
    """Now and then another formula to be differentiated."""
    chosen = [(n, t) for n, t in outputs if rng.random() < 0.06]
    return tuple((n, grown(rng, t.kind, 3, _within(scope, t))) for n, t in chosen)


def _within(scope: Scope, term: Term) -> Scope:
    """The names that a formula uses: a surrogate is not larger than its output."""
    words = _words(term.text)
    names = {k: [n for n in held if n in words] for k, held in scope.names.items()}
    return replace(scope, names=names)


_GIVEN = (
    Form("{g}*{0}", "r", weight=3),
    Form("({g} - {g}*{0}**2)", "r", weight=2),
    Form("where({0}, {g}, 0)", "c", weight=3),
    Form("where({0}, {g}, {g}*{1})", "cr", weight=2),
    Form("clamp({g}, -1, 1)", ""),
    Form("{g}/(1 + abs({g}))", ""),
    Form("-{g}", ""),
)
"""Gradients as given, {g} standing for the cotangents."""


def _overrides(rng: random.Random, outputs: Named, scope: Scope) -> Named:
    """Now and then the gradient of an input, in an op of one real output.

    It is made of what the output is made of, so that it is not larger than that.
    """
    (output, term), *others = outputs
    scope = _within(scope, term)
    names = [n for n in scope.names[REAL] if n[0] in "xpu"]
    if scope.in_plane or others or not names or rng.random() < 0.85:
        return ()
    name = rng.choice(names)
    form = rng.choices(_GIVEN, [f.weight for f in _GIVEN])[0]
    text = form.text.replace("{g}", f"grad_{output}")
    parts = tuple(grown(rng, kind, 2, scope) for kind in form.places)
    return ((name, Term(text, parts)),)


def _options(rng: random.Random, outputs: Named) -> Named:
    """Policies, what is kept, and outputs without derivative."""
    found: dict[str, Any] = {}
    if rng.random() < 0.15:
        called = _words(" ".join(term.text for _, term in outputs))
        each = {n: rng.choice(_EDGES) for n in _CORNERED if n in called}
        found["edges"] = each or rng.choice(_EDGES)
    if rng.random() < 0.1:
        found["save"] = rng.choice(("inputs", "outputs", "auto"))
    if len(outputs) > 1 and rng.random() < 0.15:
        found["nondifferentiable"] = [rng.choice(outputs)[0]]
    return tuple(found.items())
