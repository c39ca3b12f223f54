"""The picture of a report in the documentation: a page, and a browser's view of it.

``python benchmarks/screenshot.py`` writes docs/pictures/report.png anew.  It needs
Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from symgrad import cli

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "examples" / "piecewise_activations.yaml"
PICTURE = ROOT / "docs" / "pictures" / "report.png"

SIZE = (1180, 1372)
"""Of the window, in pixels."""

NAMES = ("chromium", "chromium-browser", "google-chrome")

OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
"""No window, and no network."""


def browser() -> str | None:
    """Where Chromium is, if it is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def main() -> None:
    """Write the page of an example, and show it to a browser."""
    program = browser()
    if program is None:
        sys.exit(f"none of {', '.join(NAMES)} is installed")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        locks = ROOT / "generated"
        code = cli.run(["report", str(SPEC), "-o", str(page), "--locks", str(locks)])
        if code:
            sys.exit(code)
        PICTURE.parent.mkdir(exist_ok=True)
        size = f"--window-size={SIZE[0]},{SIZE[1]}"
        shot = f"--screenshot={PICTURE}"
        words = [program, *OPTIONS, size, shot, page.as_uri()]
        subprocess.run(words, check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    main()
