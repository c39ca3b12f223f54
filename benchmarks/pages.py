"""Pages of the documentation that carry what a benchmark printed."""

from __future__ import annotations

from pathlib import Path

END = "```\n"


def put(page: Path, mark: str, text: str) -> None:
    """Replace the block behind a mark; ``ValueError`` where there is no such block."""
    before, found, rest = page.read_text(encoding="utf-8").partition(mark)
    _, end, after = f"\n{rest}".partition(f"\n{END}")
    if not (found and end):
        raise ValueError(f"{page} has no block behind {mark!r}")
    page.write_text(f"{before}{mark}{text}{END}{after}", encoding="utf-8")
