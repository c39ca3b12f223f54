"""A browser shows a report as it is meant: nothing too wide, formulas and plots there.

The page itself has no scripts.  One that measures it stands in a page around it.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from symgrad import cli

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

WIDTHS = (400, 900, 1600)

SPEC = """
symgrad: 1
ops:
  a_name_that_is_as_long_as_it_may_be_mmmmmmmmmmmmmmmmmmmmmmmmmmmm:
    doc: Aword_that_has_no_place_at_which_it_could_be_broken_and_is_long_as_well_indeed
    inputs: {x: real}
    forward: {y: "where(x > 1, x*tanh(softplus(x)) + exp(-x**2)/sqrt(1 + x**2), x)"}
  gate:
    inputs: {a: real, b: real}
    forward: {y: a*sigmoid(b)}
  weights:
    inputs: {x: "real[..., n]"}
    forward: {"p[i]": "softmax(x[i], i)"}
"""

AROUND = """<!DOCTYPE html><meta charset="utf-8"><body>
{frames}
<script>
const seen = element => {{
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0;
}};
addEventListener("load", () => {{
  const found = [...document.querySelectorAll("iframe")].map(frame => {{
    const page = frame.contentDocument, all = [...page.querySelectorAll("*")];
    const formulas = all.filter(e => e.localName === "math");
    const pictures = all.filter(e => e.localName === "svg" && !e.ownerSVGElement);
    return {{
      inside: frame.clientWidth, wide: page.documentElement.scrollWidth,
      formulas: formulas.length, seen: formulas.filter(seen).length,
      pictures: pictures.length, drawn: pictures.filter(seen).length,
      loaded: frame.contentWindow.performance.getEntriesByType("resource").length,
    }};
  }});
  document.body.textContent = "found" + JSON.stringify(found) + "end";
}});
</script>
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, int]]:
    """What a browser makes of a page in windows of several widths."""
    folder = tmp_path_factory.mktemp("browser")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("spec.yaml").write_text(SPEC)
        assert cli.run(["report", "spec.yaml", "--verify", "off"]) == 0
        return measure(Path("report.html"), folder)


def measure(page: Path, folder: Path) -> dict[int, dict[str, int]]:
    """Show a page in frames, without a network, and read what the script found."""
    assert CHROMIUM is not None
    text = html.escape(page.read_text(encoding="utf-8"))
    frame = '<iframe style="width:{}px;height:900px;border:0" srcdoc="{}"></iframe>'
    frames = "\n".join(frame.format(width, text) for width in WIDTHS)
    around = folder / "around.html"
    around.write_text(AROUND.format(frames=frames), encoding="utf-8")
    words = [
        *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu"),
        *("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/user"),
        *("--virtual-time-budget=20000", "--dump-dom", around.absolute().as_uri()),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    found = re.search(r"found(\[.*\])end", done.stdout)
    assert found, done.stderr
    return dict(zip(WIDTHS, json.loads(html.unescape(found[1])), strict=True))


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(
    measured: dict[int, dict[str, int]], width: int
) -> None:
    assert measured[width]["inside"] == width
    assert measured[width]["wide"] <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_formulas_and_pictures_have_a_size(
    measured: dict[int, dict[str, int]], width: int
) -> None:
    found = measured[width]
    assert found["seen"] == found["formulas"] > 20
    assert found["drawn"] == found["pictures"] > 17


def test_nothing_is_loaded(measured: dict[int, dict[str, int]]) -> None:
    assert {found["loaded"] for found in measured.values()} == {0}
