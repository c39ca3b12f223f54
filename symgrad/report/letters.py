"""How names are printed: Greek letters, and what of a name is set low."""

from __future__ import annotations

from unicodedata import lookup

_LETTERS = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa"),
    *("mu", "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
)

GREEK = {
    **{letter: lookup(f"GREEK SMALL LETTER {letter}") for letter in _LETTERS},
    "eps": lookup("GREEK SMALL LETTER EPSILON"),
    "lam": lookup("GREEK SMALL LETTER LAMDA"),
}

MINUS = lookup("MINUS SIGN")


def head_of(text: str) -> str:
    """What is left of a name without what is set low."""
    text = GREEK.get(text, text)
    head = GREEK.get(text.partition("_")[0], text.partition("_")[0])
    stem = head.rstrip("0123456789")
    return (stem or head) if len(stem) == 1 else text


def low_of(text: str) -> str:
    """The rest: behind an underscore, or digits at the end."""
    head = head_of(text)
    if len(head) > 1:
        return ""
    stem, underscore, rest = text.partition("_")
    low = rest if underscore else GREEK.get(stem, stem)[len(head) :]
    return GREEK.get(low, low)
