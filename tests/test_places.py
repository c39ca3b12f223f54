"""Where the caret stands: under the very text that is wrong, however YAML has it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.errors import SpecError, render
from symgrad.spec import load_text

HEAD = "symgrad: 1\nops:\n  op:\n    inputs: {x: real}\n    forward:\n"
WRONG = "bta"


def carets(text: str) -> list[str]:
    """What the carets of each message stand under, as a reader counts them."""
    with pytest.raises(SpecError) as caught:
        load_text(text, "op.yaml")
    found = []
    for problem in caught.value.diagnostics:
        *_, place, _, shown, marks = render(problem).partition("\n  = ")[0].split("\n")
        [line, column] = re.findall(r":(\d+):(\d+)$", place)[0]
        at = marks.index("^")
        found.append(shown[at : at + marks.count("^")])
        assert text.split("\n")[int(line) - 1][int(column) - 1 :].startswith(found[-1])
    return found


ROWS = [
    # plain, quoted
    ("y: x + bta*x", "bta"),
    ("y: x +\n        bta*x", "bta"),
    ("y: 'x + bta'", "bta"),
    ("'y': 'x\n\n\n        + bta'", "bta"),
    ('y: "x + bta"', "bta"),
    # escapes
    ('y: "\\x78 + bta"', "bta"),
    ('y: "x +\\n\\t bta"', "bta"),
    ('y: "x +\\\n        bta"', "bta"),
    ('y: "x + b\\x74a"', "b\\x74a"),
    ('y: "\\u0078\\x20+\\_bta"', None),  # U+00A0 is no blank of a formula
    ("y: 'x + ''1'' '", "''"),
    ('y: "x + \\"1\\""', '\\"'),
    ('y: "x + \\u00d7"', "\\u00d7"),
    # blocks
    ("y: |\n        x + bta", "bta"),
    ("y: |-\n        x +\n        bta", "bta"),
    ("y: |+\n        x +\n        bta\n\n\n", "bta"),
    ("y: |2\n          x +\n        bta", "bta"),
    ("y: |2-  # a comment with bta in it\n         x + bta", "bta"),
    ("y: >\n        x +\n        bta", "bta"),
    ("y: >-\n\n\n        x +\n\n          bta", "bta"),
    ("y: >3+\n           x +\n         bta\n", "bta"),
    ("y: |\n        x + bta\n    # bta", "bta"),
    ("y: >-\n        x +\n\n        bta  \n  # bta\n", "bta"),
    ("y: |\n        x + sin(bta, x)", "bta"),
    ("y: |\n        x + bta\n        + btb", ("bta", "btb")),
    ("y: |\n        x +\n        sin(x,\n          bta)", "bta"),
    # other texts than formulas
    ("y: |\n        x + sin(x,\n          x)", "sin(x,"),
    ("y: x + bta # bta", "bta"),
]


@pytest.mark.parametrize(("row", "expected"), ROWS)
def test_the_caret_stands_under(
    row: str, expected: str | tuple[str, ...] | None
) -> None:
    found = carets(f"{HEAD}      {row}\n")
    if expected is not None:
        wanted = (expected,) if isinstance(expected, str) else expected
        assert set(found) >= set(wanted), found


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("real in (0, bta)", "bta"),
        ("'real in (0, bta)'", "bta"),
        ("|\n        real in\n        (0, bta)", "bta"),
        (">-\n        raell", "raell"),
        ('"r\\x61ell"', "r\\x61ell"),
    ],
)
def test_the_caret_of_a_declaration(declared: str, expected: str) -> None:
    text = f"symgrad: 1\nops:\n  op:\n    inputs:\n      x: {declared}\n"
    assert expected in carets(f"{text}    forward: {{y: x}}\n")


# Any layout


@dataclass(frozen=True)
class Style:
    """How a scalar begins and ends, what stands between words, and how deep it is."""

    begin: str
    end: str
    between: tuple[str, ...]
    letters: dict[str, str]


BREAKS = ("\n        ", "\n\n        ", "\n\n\n          ")
BLANKS = (" ", "  ")
ESCAPES = {"b": "\\x62", "t": "\\u0074", "a": "\\U00000061", "x": "\\x78"}
STYLES = [
    Style("", "", (*BLANKS, *BREAKS), {}),
    Style("'", "'", (*BLANKS, " \t", *BREAKS), {}),
    Style(
        '"',
        '"',
        (*BLANKS, *BREAKS, "\t", "\\n", "\\t", "\\x20", " \\\n   \\ "),
        ESCAPES,
    ),
    *(
        Style(f"{mark}{more}\n        ", end, (*BLANKS, *BREAKS), {})
        for mark in "|>"
        for more in ("", "-", "+", "2", "2-", "+2", "  # bta")
        for end in ("\n", "\n\n\n", "  \n    # bta\n")
    ),
]


@settings(max_examples=80, deadline=2_000)
@given(st.data())
def test_the_caret_stands_under_the_wrong_word_in_any_layout(
    data: st.DataObject,
) -> None:
    style = data.draw(st.sampled_from(STYLES))
    terms = data.draw(st.lists(st.sampled_from(["x", "sin(x)", "2*x"]), max_size=4))
    at = data.draw(st.integers(0, len(terms)))
    letters = {k: v for k, v in style.letters.items() if data.draw(st.booleans())}
    wrong = "".join(letters.get(letter, letter) for letter in WRONG)
    words = " + ".join([*terms[:at], wrong, *terms[at:]]).split(" ")
    gaps = [data.draw(st.sampled_from(style.between)) for _ in words[1:]]
    body = words[0] + "".join(g + w for g, w in zip(gaps, words[1:], strict=True))
    first = "x + " if style.begin.startswith(("|", ">")) and "2" in style.begin else ""
    text = f"{HEAD}      y: {style.begin}{first}{body}{style.end}\n"
    assert carets(text).count(wrong) == 1, text
