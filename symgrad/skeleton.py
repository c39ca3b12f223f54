"""What is declared in Python but for the formulas, checked by the rules of specs.

The rules for names, declarations and options are those of a spec file, and so is the
code that checks them: the declaration becomes the text of a spec in which every
formula is a placeholder, and that is loaded like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import sympy

from symgrad.as_text import as_text, axes_of
from symgrad.errors import Diagnostic, SpecError
from symgrad.grammar import FormulaError
from symgrad.limits import PYTHON
from symgrad.op import Op
from symgrad.spec import load_text, outline

PLACE = PYTHON
"""What stands for a file in messages and headers."""

Key: TypeAlias = Any
"""An input: its name, its symbol, or its indexed base."""

_KEYS = (str, sympy.Symbol, sympy.IndexedBase)

Expressions = Mapping[str, Any]
"""Name to a text in the language of specs, a SymPy expression or a number."""

Pairs = Iterable[tuple[str, str]]
"""Keys and values of a mapping, the values as JSON already."""

_HALF_LINES = {
    "is_positive": "real in (0, oo)",
    "is_negative": "real in (-oo, 0)",
    "is_nonnegative": "real in [0, oo)",
    "is_nonpositive": "real in (-oo, 0]",
    "is_integer": "index",
}
"""What an assumption of a symbol declares, since SymPy makes use of it."""


@dataclass(frozen=True)
class Draft:
    """What a caller declared, before any of it is checked.

    ``inputs`` are names or symbols with their declarations, ``options`` the keys of a
    spec that are no formulas.
    """

    name: str
    inputs: Sequence[tuple[Key, Any]]
    forward: Expressions
    let: Expressions
    surrogate: Expressions
    backward: Expressions
    options: Mapping[str, Any]

    @property
    def symbols(self) -> dict[str, sympy.Symbol]:
        """Those inputs that were given as symbols, by name."""
        given = (key for key, _ in self.inputs if isinstance(key, sympy.Symbol))
        return {symbol.name: symbol for symbol in given}


def declared(inputs: Any) -> tuple[tuple[Key, Any], ...]:
    """Inputs with their declarations, from a mapping or from symbols alone.

    Raises:
        SpecError: they are neither.
    """
    if isinstance(inputs, Mapping):
        return tuple(inputs.items())
    listed = [inputs] if isinstance(inputs, _KEYS) else inputs
    if not isinstance(listed, Iterable):
        said = f"the inputs should be a mapping or symbols, not {type(inputs).__name__}"
        help = "such as inputs=symgrad.reals('x w')"
        raise SpecError(Diagnostic("SG122", said, PLACE, None, (), help))
    return tuple((key, _declaration(key)) for key in listed)


def _declaration(key: Key) -> str:
    """What a symbol declares of itself: as a rule, a real tensor."""
    axes = axes_of(key)
    if axes is not None:
        return f"real{axes}"
    for assumption, declaration in _HALF_LINES.items():
        if getattr(key, assumption, None):
            return declaration
    return "complex" if _in_the_plane(key) else "real"


def _in_the_plane(key: Key) -> bool:
    """Whether a symbol is said to be complex, and not said to be real."""
    is_real = getattr(key, "is_real", None)
    return is_real is False or (is_real is None and bool(getattr(key, "is_complex", 0)))


def checked(draft: Draft) -> Op:
    """The op of the draft with placeholders for formulas.

    Raises:
        SpecError: all that is wrong with names, declarations and options.
    """
    _refuse_twins(draft)
    try:
        return outline(_text(draft), PLACE)
    except SpecError as error:
        raise SpecError(*_without_places(error)) from None


def _refuse_twins(draft: Draft) -> None:
    """Two inputs of one name, which the keys of a mapping cannot be."""
    names = [_name(key) for key, _ in draft.inputs]
    twins = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twins:
        said = (f"the input {name!r} is there twice" for name in twins)
        raise SpecError(*(Diagnostic("SG113", text, PLACE, None, ()) for text in said))


def _without_places(error: SpecError) -> list[Diagnostic]:
    """The complaints, without spans into a text that the user never saw.

    A placeholder is only ever wrong because a declaration is.
    """
    found = [_without_place(problem) for problem in error.diagnostics]
    return [problem for problem in found if problem.code < "SG2"] or found


def _without_place(problem: Diagnostic) -> Diagnostic:
    """The complaint with the key in words: each key has a line of its own."""
    line = problem.lines[0] if problem.lines else ""
    key = line.partition('"')[2].partition('"')[0]
    named = key in problem.message
    message = problem.message if named else f"{problem.message}, in {key!r}"
    return replace(problem, message=message, span=None, lines=())


def _text(draft: Draft) -> str:
    """The spec as JSON, which is YAML."""
    inputs = [(_name(key), value) for key, value in draft.inputs]
    keys = [("inputs", _mapping((name, _json(value)) for name, value in inputs))]
    for key in ("forward", "let", "surrogate", "backward"):
        keys.append((key, _placeholders(getattr(draft, key))))
    needed = ("inputs", "forward")
    given = [(key, text) for key, text in keys if text != "{}" or key in needed]
    given += [
        (k, _json(value)) for k, value in draft.options.items() if value is not None
    ]
    return _mapping(
        [("symgrad", "1"), ("ops", _mapping([(draft.name, _mapping(given))]))]
    )


def _placeholders(formulas: Expressions) -> str:
    return _mapping((name, '"0"') for name in formulas)


def _name(key: Key) -> str:
    return key.name if isinstance(key, sympy.Symbol) else str(key)


def written_out(draft: Draft) -> Op | None:
    """The op with its formulas as texts, if an input has named axes.

    Raises:
        SpecError: all that is wrong with it.
    """
    inputs = [(_name(key), value) for key, value in draft.inputs]
    if not any(axes_of_declaration(value) for _, value in inputs):
        return None
    _refuse_twins(draft)
    keys = [("inputs", _mapping((n, _json(value)) for n, value in inputs))]
    for key in ("forward", "let", "surrogate", "backward"):
        formulas: Expressions = getattr(draft, key)
        texts = _mapping((n, _json(_as_text(n, f))) for n, f in formulas.items())
        keys += [(key, texts)] if formulas else []
    options = ((k, v) for k, v in draft.options.items() if v is not None)
    keys += [(key, _json(value)) for key, value in options]
    ops = _mapping([(draft.name, _mapping(keys))])
    text = _mapping([("symgrad", "1"), ("ops", ops)])
    try:
        [op] = load_text(text, PLACE).ops
    except SpecError as error:
        raise SpecError(*map(_without_place, error.diagnostics)) from None
    return op


def axes_of_declaration(value: Any) -> bool:
    """Whether a declaration names axes, be they none."""
    if isinstance(value, Mapping):
        return value.get("axes") is not None
    return "[" in str(value).partition(" in ")[0]


def _as_text(name: str, written: Any) -> str:
    try:
        return as_text(written)
    except FormulaError as error:
        said = f"{error.message}, in {name!r}"
        problem = Diagnostic(error.code, said, PLACE, None, (), error.help)
        raise SpecError(problem) from None


def _mapping(pairs: Pairs) -> str:
    lines = ",\n".join(f"{_json(key)}: {value}" for key, value in pairs)
    return f"{{\n{lines}\n}}" if lines else "{}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
