"""Where the templates are, and how they are rendered."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

_PACKAGED = Path(__file__).parent / "templates"
_CHECKOUT = Path(__file__).parent.parent / "templates"
_MARKER = Path("torch") / "module.py.j2"


@cache
def _environment(escaping: bool) -> jinja2.Environment:
    """Templates lay out; they decide nothing, and escape only what is for a browser.

    A wheel carries the templates inside the package, a checkout beside it.
    """
    folder = next((d for d in (_PACKAGED, _CHECKOUT) if (d / _MARKER).is_file()), None)
    if folder is None:
        raise FileNotFoundError(f"no templates in {_PACKAGED} or {_CHECKOUT}")
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=escaping,
    )


def render(template: str, **context: object) -> str:
    """The text of a template, such as ``torch/module.py.j2``."""
    return _environment(False).get_template(template).render(**context)


def render_html(template: str, **context: object) -> str:
    """The same for a page: every text is escaped that is not known to be markup."""
    return _environment(True).get_template(template).render(**context)
