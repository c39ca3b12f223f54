"""A derivation as the templates of marked-up formats need it: ready strings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from symgrad.codes import Code
from symgrad.explain.tree import Derivation, Kink, Rewrite, Searches
from symgrad.templates import render


@dataclass(frozen=True)
class Style:
    """How a format writes what comes from a spec, so that nothing in it is markup.

    ``words`` is prose, ``code`` a formula or a name in it, ``block`` lines of code in
    a language, and ``template`` says which templates are filled.
    """

    template: str
    words: Callable[[str], str]
    code: Callable[[str], str]
    block: Callable[[Sequence[str], str], str]

    def ops(self, derivations: Sequence[Derivation]) -> str:
        """The derivations, one after the other."""
        pages = [_page(derivation, self) for derivation in derivations]
        return render(f"explain/ops.{self.template}.j2", pages=pages)

    def of_code(self, code: Code) -> str:
        """What a code of an error means."""
        title, text = self.words(code.title), self.words(code.explanation)
        template = f"explain/code.{self.template}.j2"
        return render(template, code=code.code, title=title, text=text)


def _page(d: Derivation, style: Style) -> dict[str, Any]:
    words, code = style.words, style.code
    return {
        "name": words(d.name),
        "doc": words(d.doc),
        "forward": [equation.latex for equation in d.forward],
        "gradients": [equation.latex for equation in d.gradients],
        "chain": words(d.chain),
        "remarks": [words(remark) for remark in d.remarks],
        "kinks": [_kink(kink, style) for kink in d.kinks],
        "rewrites": [_rewrite(rewrite, style) for rewrite in d.rewrites],
        "searches": words(searched(d.searches)),
        "steps": [
            (code(s.name), words(s.what), s.forward, shown_count(s.gradients))
            for s in d.steps
        ],
        "backward": style.block(d.backward, "python"),
        "kernels": style.block(d.kernels, "cpp") if d.kernels else "",
        "unfused": words(d.unfused),
        "kept": [
            ((code if r.role else words)(r.name), words(r.role), code(r.size))
            for r in d.kept
        ],
    }


def searched(searches: Searches) -> str:
    """How it is known where digits are lost, in a sentence; empty if none asked."""
    where = "Where formulas lose their digits, and what is better there,"
    if searches.new and searches.known:
        return (
            f"{where} is in part from {searches.lock} ({searches.known} searches), and "
            f"was in part searched for now ({searches.new})."
        )
    if searches.new:
        return f"{where} was searched for now: {searches.lock} does not say it."
    return f"{where} is from {searches.lock}." if searches.known else ""


def shown_count(count: int | None) -> str:
    """A number of operations, nothing where there are none to count yet."""
    return "" if count is None else str(count)


def _kink(kink: Kink, style: Style) -> str:
    call, when, taken = map(style.code, (kink.call, kink.when, kink.taken))
    return f"{call} where {when}: {taken} ({style.code(kink.policy)})"


def _rewrite(rewrite: Rewrite, style: Style) -> tuple[str, str, str, str]:
    before, after = (t and style.code(t) for t in (rewrite.before, rewrite.after))
    rule = style.code(rewrite.rule) if rewrite.rule else ""
    why = f"{style.words(rewrite.why)}; the rule is {rule}" if rule else ""
    return before, after, why or style.words(rewrite.why), style.code(rewrite.step)
