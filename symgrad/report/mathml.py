"""Formulas as MathML, in the notation of print; every text in it is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from symgrad.printer import (
    AND,
    ATOM,
    CHOICE,
    COMPARISON,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SUM,
)
from symgrad.report.letters import GREEK, MINUS, head_of, low_of
from symgrad.report.terms import Term, contains


@dataclass(frozen=True)
class Piece:
    """Markup, how tightly it binds, and what it begins and ends with.

    That is a digit, a word, or anything else: it decides on the sign of a product.
    """

    markup: Markup
    binding: int = ATOM
    opening: str = ""
    closing: str = ""

    def within(self, binding: int) -> Markup:
        """The markup as an operand that must bind at least that tightly."""
        return self.markup if self.binding >= binding else _fenced(self.markup)


def mathml(*sides: Term) -> Markup:
    """A formula of its own, or two with a sign of equality, or what renews a value."""
    renewed = len(sides) > 1 and contains(sides[1], sides[0])
    pieces = [_printed(side).markup for side in sides]
    inside = _leaf("mo", "←" if renewed else "=").join(pieces)
    return Markup('<math display="block">{}</math>').format(inside)


def inline(term: Term) -> Markup:
    """A formula that stands within a line of text."""
    return Markup("<math>{}</math>").format(_printed(term).markup)


def _printed(term: Term) -> Piece:
    return KINDS[term.kind](term, [_printed(part) for part in term.parts])


# Elements


def _leaf(tag: str, text: str, attributes: str = "") -> Markup:
    return Markup(f"<{tag}{attributes}>{{}}</{tag}>").format(text)


def _element(tag: str, *parts: Markup) -> Markup:
    return Markup(f"<{tag}>{{}}</{tag}>").format(Markup().join(parts))


def _row(*parts: Markup) -> Markup:
    return _element("mrow", *parts)


def _fenced(inside: Markup, left: str = "(", right: str = ")") -> Markup:
    return _row(_leaf("mo", left), inside, _leaf("mo", right))


def _word(text: str) -> Markup:
    """A letter is slanted, a word upright, as MathML has it."""
    return _leaf("mi", GREEK.get(text, text))


# Notations

Parts = list[Piece]


def _name(term: Term, parts: Parts) -> Piece:
    text = term.text
    for prefix, accent in (("grad_", "¯"), ("tangent_", "˙")):
        if text.startswith(prefix) and text != prefix:
            return Piece(_over(_symbol(text.removeprefix(prefix)), accent))
    kind = "word" if len(head_of(text)) > 1 else ""
    return Piece(_symbol(text), ATOM, kind, kind)


def _symbol(text: str) -> Markup:
    """A name; of a single letter, what follows it is set low."""
    low = low_of(text)
    if not low:
        return _word(text)
    below = _leaf("mn" if low.isdigit() else "mi", low)
    return _element("msub", _word(head_of(text)), below)


def _over(inside: Markup, accent: str) -> Markup:
    return Markup('<mover accent="true">{}{}</mover>').format(
        inside, _leaf("mo", accent)
    )


def _number(term: Term, parts: Parts) -> Piece:
    digits, e, exponent = term.text.partition("e")
    if not e:
        return Piece(_leaf("mn", term.text), ATOM, "digit")
    power = _element("msup", _leaf("mn", "10"), _leaf("mn", f"{int(exponent)}"))
    shown = [power] if digits == "1" else [_leaf("mn", digits), _leaf("mo", "·"), power]
    return Piece(_row(*shown), PRODUCT if len(shown) > 1 else POWER, "digit")


def _sum(sign: str) -> Callable[[Term, Parts], Piece]:
    def printed(term: Term, parts: Parts) -> Piece:
        left, right = parts
        second = right.within(SUM + (sign != "+"))
        return Piece(_row(left.within(SUM), _leaf("mo", sign), second), SUM)

    return printed


def _product(term: Term, parts: Parts) -> Piece:
    left, right = parts
    apart = "word" in (left.closing, right.opening) or right.opening == "digit"
    both = left.within(PRODUCT), right.within(PRODUCT)
    row = _row(both[0], _leaf("mo", "·" if apart else _TIMES), both[1])
    return Piece(row, PRODUCT, left.opening, right.closing)


_TIMES, _APPLY = "\u2062", "\u2061"
"""A product and an application that are read, and not seen."""


def _quotient(term: Term, parts: Parts) -> Piece:
    return Piece(_element("mfrac", *(part.markup for part in parts)), PRODUCT)


def _negative(term: Term, parts: Parts) -> Piece:
    return Piece(_row(_leaf("mo", MINUS), parts[0].within(PRODUCT)), SUM)


def _raised(term: Term, parts: Parts) -> Piece:
    base, exponent = parts
    row = _element("msup", base.within(ATOM), exponent.markup)
    return Piece(row, POWER, base.opening)


def _exp(term: Term, parts: Parts) -> Piece:
    return Piece(_element("msup", _leaf("mi", "e"), parts[0].markup), POWER)


def _root(term: Term, parts: Parts) -> Piece:
    return Piece(_element("msqrt", parts[0].markup))


def _between(left: str, right: str) -> Callable[[Term, Parts], Piece]:
    return lambda term, parts: Piece(_fenced(parts[0].markup, left, right))


def _called(term: Term, parts: Parts) -> Piece:
    inside = _leaf("mo", ",").join(part.markup for part in parts)
    head = _leaf("mi", _PRINTED.get(term.text, term.text))
    return Piece(_row(head, _leaf("mo", _APPLY), _fenced(inside)), ATOM, "word")


_PRINTED = {
    **{"amax": "max", "amin": "min", "Max": "max", "Min": "min"},
    "log_softmax": "log softmax",
}
"""Functions that are printed by another name."""


def _along(term: Term, parts: Parts) -> Piece:
    """A function of all elements along indices, which stand below its name."""
    low = _leaf("mo", ",").join(part.markup for part in parts[1:])
    head = _leaf("mi", _PRINTED.get(term.text, term.text))
    under = _element("munder", head, _row(low))
    return Piece(_row(under, _leaf("mo", _APPLY), _fenced(parts[0].markup)))


def _big(term: Term, parts: Parts) -> Piece:
    """A sum or a product: its body, then an index with its first and last place."""
    body, index, first, last = parts
    below = _row(index.markup, _leaf("mo", "="), first.markup)
    sign = _leaf("mo", term.text, ' movablelimits="false"')
    head = _element("munderover", sign, below, last.markup)
    within = SUM if term.parts[0].kind == "big" else PRODUCT
    return Piece(_row(head, body.within(within)), SUM)


def _total(term: Term, parts: Parts) -> Piece:
    return Piece(_row(_leaf("mo", "∑"), parts[0].within(PRODUCT)), SUM)


def _indexed(term: Term, parts: Parts) -> Piece:
    base, *indices = parts
    low = _leaf("mo", ",").join(part.markup for part in indices)
    row = _element("msub", base.within(ATOM), _row(low))
    return Piece(row, ATOM, base.opening, base.closing)


def _compared(term: Term, parts: Parts) -> Piece:
    left, right = (part.within(COMPARISON + 1) for part in parts)
    return Piece(_row(left, _leaf("mo", term.text), right), COMPARISON)


def _joined(word: str, binding: int) -> Callable[[Term, Parts], Piece]:
    def printed(term: Term, parts: Parts) -> Piece:
        left, right = (part.within(binding) for part in parts)
        return Piece(_row(left, _leaf("mtext", f"\u00a0{word}\u00a0"), right), binding)

    return printed


def _denied(term: Term, parts: Parts) -> Piece:
    return Piece(_row(_leaf("mo", "¬"), parts[0].within(ATOM)), NOT)


def _cases(term: Term, parts: Parts) -> Piece:
    """A choice; one within its last branch is another line of the same brace."""
    rows: list[Markup] = []
    while term.kind == "cases":
        condition, value, rest = term.parts
        when = _row(_leaf("mtext", "if\u00a0"), _printed(condition).markup)
        rows.append(_line(_printed(value).markup, when))
        term = rest
    rows.append(_line(_printed(term).markup, _leaf("mtext", "otherwise")))
    table = _element("mtable", *rows)
    return Piece(_row(_leaf("mo", "{"), table), CHOICE)


def _line(*cells: Markup) -> Markup:
    cell = '<mtd style="text-align: left">{}</mtd>'
    return _element("mtr", *(Markup(cell).format(c) for c in cells))


def _derivative(term: Term, parts: Parts) -> Piece:
    curly = _leaf("mo", "∂")
    above, below = (_row(curly, part.markup) for part in parts)
    return Piece(_element("mfrac", above, below))


def _adjoint(term: Term, parts: Parts) -> Piece:
    return Piece(_over(parts[0].markup, "¯"))


KINDS: Mapping[str, Callable[[Term, Parts], Piece]] = {
    "name": _name,
    "number": _number,
    "add": _sum("+"),
    "sub": _sum(MINUS),
    "mul": _product,
    "div": _quotient,
    "neg": _negative,
    "pow": _raised,
    "exp": _exp,
    "sqrt": _root,
    "abs": _between("|", "|"),
    "floor": _between("⌊", "⌋"),
    "ceil": _between("⌈", "⌉"),
    "call": _called,
    "along": _along,
    "big": _big,
    "total": _total,
    "index": _indexed,
    "compare": _compared,
    "and": _joined("and", AND),
    "or": _joined("or", OR),
    "not": _denied,
    "cases": _cases,
    "derivative": _derivative,
    "adjoint": _adjoint,
}
"""Each kind of term, and how it is set."""
