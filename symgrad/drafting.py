"""An op while it is checked, and how formulas are read into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symgrad.axes import Axes
from symgrad.op import Formula
from symgrad.parse import FormulaError, Template, parse
from symgrad.places import Problems
from symgrad.program import Graph
from symgrad.spaces import Declared
from symgrad.yamlfile import Path

MISTAKEN = "\0"
"""Stands for a formula that is no text; a text of a spec cannot have this character."""


@dataclass
class Draft:
    """An op while it is checked: its graph, and the names that formulas may use.

    A name without value stands for a mistake: what uses it should not complain as well.
    The draft is ``incomplete`` if a formula has one, be it of a function of the file.
    ``smooth`` are the same names as they count for derivatives: with the surrogate in
    the place of an output that has one.
    """

    graph: Graph
    functions: Mapping[str, Template]
    problems: Problems
    path: Path
    incomplete: bool = False
    names: dict[str, int | None] = field(default_factory=dict)
    smooth: dict[str, int | None] = field(default_factory=dict)
    space: Declared | None = None

    def parsed(
        self,
        names: Mapping[str, int | None],
        path: Path,
        text: str,
        conditions: bool = False,
        indices: tuple[str, ...] = (),
        over: Axes = (),
    ) -> int | None:
        """The value of a formula; ``over`` are the axes of its indices, where known.

        ``None`` where there is a mistake, which is noted.
        """
        space = self.space.free(indices, over) if self.space else None
        try:
            if text != MISTAKEN:
                return parse(
                    text,
                    self.graph,
                    names,
                    functions=self.functions,
                    conditions=conditions,
                    space=space,
                )
        except FormulaError as mistake:
            self.problems.add_mistakes(mistake, path, text)
        self.incomplete = True
        return None


def formula(
    name: str, text: str, value: int | None, indices: tuple[str, ...] = ()
) -> Formula:
    """A formula; of an op with a mistake, none is looked at again."""
    number = 0 if value is None else value
    return Formula(name, " ".join(text.split()), number, indices)
