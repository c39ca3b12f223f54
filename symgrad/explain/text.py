"""A derivation for a terminal: as wide as it is, with what colours and signs it has."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from symgrad.codes import Code
from symgrad.errors import visible
from symgrad.explain.page import searched, shown_count
from symgrad.explain.tree import Derivation, Kink, Rewrite
from symgrad.templates import render
from symgrad.terminal import Terminal

if TYPE_CHECKING:
    from symgrad.display import Equation

_INDENT = 2
_WIDEST = 100
"""Columns of prose, at most: longer lines are hard to read."""


@dataclass(frozen=True)
class Section:
    """A heading, perhaps of several lines, and what stands under it."""

    title: str
    lines: tuple[str, ...]


def ops(derivations: Sequence[Derivation], terminal: Terminal) -> str:
    """The derivations, one after the other."""
    paper = _Paper(terminal)
    pages = [_page(derivation, paper) for derivation in derivations]
    return render("explain/ops.txt.j2", pages=pages)


def of_code(code: Code, terminal: Terminal) -> str:
    """What a code of an error means."""
    paper = _Paper(terminal)
    head = paper.strong(f"{code.code}: {code.title}")
    return "\n".join((head, "", *paper.prose(code.explanation, 0))) + "\n"


@dataclass(frozen=True)
class _Paper:
    """What lines are written on."""

    terminal: Terminal

    def prose(self, text: str, indent: int = _INDENT, hanging: int = 0) -> list[str]:
        """A paragraph, wrapped; nothing in it reaches the terminal as a command."""
        return textwrap.wrap(
            visible(" ".join(text.split())),
            min(self.terminal.width, _WIDEST),
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_on_hyphens=False,
        )

    def strong(self, text: str) -> str:
        """A heading."""
        return click.style(text, bold=True) if self.terminal.colour else text

    def faint(self, text: str) -> str:
        """What may be passed over."""
        return click.style(text, dim=True) if self.terminal.colour else text

    def key(self, text: str) -> str:
        """What a line is about."""
        return click.style(text, fg="cyan") if self.terminal.colour else text

    @property
    def arrow(self) -> str:
        """From what was to what is."""
        return "→" if self.terminal.unicode else "->"

    def equation(self, equation: Equation) -> Iterator[str]:
        """Over several lines where the terminal can and they fit, else as in a spec."""
        drawn, room = equation.unicode, self.terminal.width - _INDENT
        if not self.terminal.unicode or max(map(len, drawn)) > room:
            yield from self.prose(equation.text, hanging=4)
            return
        yield from (f"{' ' * _INDENT}{line}".rstrip() for line in drawn)

    def code(self, lines: Sequence[str]) -> Iterator[str]:
        """Lines of code as they are, their comments faint."""
        for line in lines:
            is_comment = line.lstrip().startswith(("#", "//"))
            shown = self.faint(line) if is_comment else line
            yield f"    {shown}" if line else ""

    def table(self, rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
        """Columns, those of ``right`` at their right edge; the first is the key."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            cells = [
                f"{cell:>{w}}" if k in right else f"{cell:<{w}}"
                for k, (cell, w) in enumerate(zip(row, widths, strict=True))
            ]
            line = "  ".join([self.key(cells[0]), *cells[1:]])
            lines.append(f"{' ' * _INDENT}{line}".rstrip())
        return lines


def _page(d: Derivation, paper: _Paper) -> dict[str, Any]:
    head = paper.prose(f"{d.name}: {d.doc}" if d.doc else d.name, 0)
    head[0] = head[0].replace(d.name, paper.strong(paper.key(d.name)), 1)
    sections = [
        Section("\n".join(map(paper.strong, paper.prose(title, 0))), tuple(lines))
        for title, lines in _said(d, paper)
    ]
    return {"head": head, "sections": [s for s in sections if s.lines]}


def _said(d: Derivation, paper: _Paper) -> Iterator[tuple[str, Iterator[str]]]:
    """The sections of a page, some of them empty."""
    yield "Formulas:", _equations(d.forward, paper)
    yield "Derivatives:", _derivatives(d, paper)
    yield "Remarks:", (line for r in d.remarks for line in paper.prose(r, hanging=2))
    yield "At kinks:", _kinks(d.kinks, paper)
    yield "What was rewritten, and why:", _rewrites(d, paper)
    yield (
        "Operations after each step, of forward and of the gradients:",
        _steps(d, paper),
    )
    yield "Backward, as it is written:", paper.code(d.backward)
    if d.kernels:
        yield "Kernels on a CPU, as they are written:", paper.code(d.kernels)
    elif d.kernels is not None:
        said = f"It has none: {d.unfused}."
        yield "Kernels on a CPU:", iter(paper.prose(said))
    title = "Kept for backward, in bytes of single precision, for a batch of B:"
    yield title, iter(paper.table([(r.name, r.role, r.size) for r in d.kept], ()))


def _equations(equations: Sequence[Equation], paper: _Paper) -> Iterator[str]:
    """One below the other, with air around those that take several lines."""
    before = 1
    for k, equation in enumerate(equations):
        lines = list(paper.equation(equation))
        if k and max(before, len(lines)) > 1:
            yield ""
        yield from lines
        before = len(lines)


def _derivatives(d: Derivation, paper: _Paper) -> Iterator[str]:
    yield from _equations(d.gradients, paper)
    if d.gradients:
        yield from ("", *paper.prose(d.chain))


def _kinks(kinks: Sequence[Kink], paper: _Paper) -> Iterator[str]:
    for kink in kinks:
        said = f"{kink.call} where {kink.when}: {kink.taken} (policy {kink.policy})"
        yield from paper.prose(said, hanging=4)


def _rewrites(d: Derivation, paper: _Paper) -> Iterator[str]:
    for rewrite in d.rewrites:
        yield from _rewrite(rewrite, paper)
    yield from ([] if d.rewrites else paper.prose("Nothing."))
    if said := searched(d.searches):
        yield from ("", *paper.prose(said))


def _rewrite(rewrite: Rewrite, paper: _Paper) -> Iterator[str]:
    """What it was and what it is, in one line or two, and the reason below."""
    before, after = visible(rewrite.before), visible(rewrite.after)
    whole = f"{before} {paper.arrow} {after}" if before else after
    if len(whole) <= paper.terminal.width - _INDENT:
        yield f"{' ' * _INDENT}{whole}"
    else:
        yield from paper.prose(before, hanging=4)
        yield from paper.prose(f"{paper.arrow} {after}", hanging=4)
    rule = rewrite.rule.replace("->", paper.arrow)
    why = f"{rewrite.step}: {rewrite.why}"
    for line in paper.prose(f"{why}; the rule is {rule}" if rule else why, 6):
        yield paper.faint(line)


def _steps(d: Derivation, paper: _Paper) -> Iterator[str]:
    """What each does stands beside it where there is room."""
    rows = [[s.name, str(s.forward), shown_count(s.gradients)] for s in d.steps]
    whole = [[*row, s.what] for row, s in zip(rows, d.steps, strict=True)]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    fits = sum(widths) + 2 * len(widths) <= paper.terminal.width
    yield from paper.table(whole if fits else rows, (1, 2))
