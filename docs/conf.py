"""How `sphinx-build -qEW docs build/docs` reads the pages.

They are Markdown that can be read where it lies. The navigation is made of the links in
the README.md of each folder, and what a link shows outside of docs/ becomes a page of
its own.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

project = "symgrad"
root_doc = "README"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["plots", "pictures"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "symgrad"
html_copy_source = False
html_show_copyright = False

PAGE = re.compile(r"\[([^\]]+)\]\((?!\.\.)([\w./-]+)\.md\)")
WHOLE = {".ipynb", ".png", ".svg", ".html"}
"""Files that are no text to be shown: a link to one of them fetches it."""

shown: set[Path] = set()
"""Files and folders outside of docs/ that pages link to, so far."""


def add_navigation(app: Sphinx, name: str, source: list[str]) -> None:
    """Under the README of a folder, the pages that each of its sections links to."""
    if Path(name).name != "README":
        return
    for section in re.split(r"^## ", source[0], flags=re.MULTILINE):
        caption, _, text = section.partition("\n")
        pages = "\n".join(f"{title} <{page}>" for title, page in PAGE.findall(text))
        options = f":hidden:\n:caption: {caption}" if caption[:1] != "#" else ":hidden:"
        if pages:
            source[0] += f"\n```{{toctree}}\n{options}\n\n{pages}\n```\n"


def keep_links_outside(app: Sphinx, doctree: nodes.document) -> None:
    """Links to what is no page become references that `lead_outside` knows."""
    here = DOCS / app.env.docname
    for node in list(doctree.findall(_is_link)):
        target = node["reftarget"].partition("#")[0]
        target += ".md" if node.get("refdomain") == "doc" else ""
        path = Path(os.path.normpath(here.parent / target))
        is_text = path.is_dir() or (path.is_file() and path.suffix not in WHOLE)
        if is_text and ROOT in path.parents and not _is_page(path):
            uri = path.relative_to(ROOT).as_posix()
            node.replace_self(nodes.reference("", "", *node.children, source=uri))


def _is_link(node: nodes.Node) -> bool:
    return isinstance(node, (addnodes.download_reference, addnodes.pending_xref))


def _is_page(path: Path) -> bool:
    return path.suffix == ".md" and DOCS in path.parents


def lead_outside(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """The address of each link that leaves docs/."""
    for node in doctree.findall(nodes.reference):
        if "source" in node:
            shown.add(ROOT / node["source"])
            node["refuri"] = app.builder.get_relative_uri(name, _page(node["source"]))


def _page(uri: str) -> str:
    return f"source/{uri}"


def source_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """A page for each file that a link shows, and for all files of such a folder."""
    folders = {path for path in shown if path.is_dir()}
    inside = {p for f in folders for p in f.rglob("*") if "__pycache__" not in p.parts}
    for path in sorted(shown | inside):
        uri = path.relative_to(ROOT).as_posix()
        body = _listing(app, path) if path.is_dir() else _text(app, path)
        title = f"<h1>{uri}</h1>\n"
        yield _page(uri), {"title": uri, "body": title + body}, "page.html"


def _text(app: Sphinx, path: Path) -> str:
    try:
        lexer = get_lexer_for_filename(path.name).aliases[0]
    except ClassNotFound:
        lexer = TextLexer.aliases[0]
    text = path.read_text("utf-8", errors="replace")
    return str(app.builder.highlighter.highlight_block(text, lexer, force=True))


def _listing(app: Sphinx, folder: Path) -> str:
    here = _page(folder.relative_to(ROOT).as_posix())
    items = (
        f'<li><a href="{app.builder.get_relative_uri(here, _page(uri))}">{uri}</a></li>'
        for path in sorted(folder.iterdir())
        if path.name != "__pycache__"
        for uri in [path.relative_to(ROOT).as_posix()]
    )
    return f"<ul>{''.join(items)}</ul>"


def add_index(app: Sphinx, fault: Exception | None) -> None:
    """The name under which a server looks for the first page of a folder."""
    first = Path(app.outdir) / "README.html"
    if first.exists():
        shutil.copy(first, first.with_name("index.html"))


def setup(app: Sphinx) -> None:
    """The steps above, where Sphinx calls for them."""
    app.connect("source-read", add_navigation)
    app.connect("doctree-read", keep_links_outside, priority=100)
    app.connect("doctree-resolved", lead_outside, priority=900)
    app.connect("html-collect-pages", source_pages)
    app.connect("build-finished", add_index)
