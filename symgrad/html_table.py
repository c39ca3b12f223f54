"""Tables for notebooks.  All that stands in them is text, whatever it contains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_LEFT = ' style="text-align: left"'


def html_table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], more: str = ""
) -> str:
    """A table under a caption, as HTML; ``more`` stands below, in lines of its own."""
    lines = [
        "<table>",
        f"<caption{_LEFT}>{escape(caption)}</caption>",
        f"<thead>{_row('th', head)}</thead>",
        "<tbody>",
        *(_row("td", row) for row in rows),
        "</tbody>",
        "</table>",
    ]
    return "\n".join([*lines, *([f"<pre>{escape(more)}</pre>"] if more else [])])


def _row(tag: str, cells: Sequence[str]) -> str:
    inside = "".join(f"<{tag}{_LEFT}>{escape(cell)}</{tag}>" for cell in cells)
    return f"<tr>{inside}</tr>"
