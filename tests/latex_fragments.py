"""Whether a fragment of LaTeX is well-formed, as far as that is seen without TeX."""

from __future__ import annotations

import re

_OF_LATEX = (
    "subsection* subsubsection* begin end item hline input texttt mathrm char to text "
    "textless textgreater textbar textbackslash textasciicircum textasciitilde dots "
    "ensuremath left right frac sqrt sum prod infty partial bar overline cdot quad "
    "leq geq neq wedge vee neg ldots lfloor rfloor lceil rceil max min pi lim int "
    "log sin cos tan sec cot sinh cosh tanh arg exp gcd det"
)
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho "
    "sigma tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi "
    "Omega"
)
_OF_AMSMATH = "operatorname substack"

COMMANDS = frozenset(f"{_OF_LATEX} {_GREEK} {_OF_AMSMATH}".split())
ENVIRONMENTS = frozenset(("align*", "aligned", "itemize", "tabular", "cases"))

_VERBATIM = re.compile(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%.*")
_TOKEN = re.compile(r"\\(?:[A-Za-z]+\*?|.)|[{}$&#_^~%]|[^\x00-\u017f]", re.DOTALL)
_NAMED = re.compile(r"\\(begin|end)\{([^}]*)\}|\\subs\w+")


def problems(text: str) -> list[str]:
    """All that is wrong with a fragment: empty if nothing is seen to be."""
    text = _VERBATIM.sub("", text)
    text = _COMMENT.sub("", text)
    return [*_unknown(text), *_unbalanced(text), *_unclosed(text)]


def _unknown(text: str) -> list[str]:
    """Commands that are neither LaTeX's nor amsmath's, and signs that stand bare."""
    words = [t[1:] for t in _TOKEN.findall(text) if t[0] == "\\" and t[1].isalpha()]
    foreign = [w for w in words if w not in COMMANDS]
    bare = [t for t in _TOKEN.findall(text) if t in "#%~" or not t.isascii()]
    return [*(f"command {w}" for w in foreign), *(f"bare {t!r}" for t in bare)]


def _unbalanced(text: str) -> list[str]:
    """Braces, and ``left`` without ``right``."""
    depth = sides = 0
    for token in _TOKEN.findall(text):
        depth += {"{": 1, "}": -1}.get(token, 0)
        sides += {r"\left": 1, r"\right": -1}.get(token, 0)
        if depth < 0 or sides < 0:
            return ["closed before it was opened"]
    return ["never closed"] if depth or sides else []


def _unclosed(text: str) -> list[str]:
    """Environments that are unknown or do not nest, and maths that is not closed."""
    open_: list[str] = []
    for kind, name in _NAMED.findall(text):
        if kind == "begin":
            open_.append(name)
        elif kind == "end" and (not open_ or open_.pop() != name):
            return [f"{name} does not nest"]
        if name and name not in ENVIRONMENTS:
            return [f"environment {name}"]
    odd = text.replace(r"\$", "").count("$") % 2
    return [f"{open_} not closed"] if open_ else ["an odd $"] if odd else []
