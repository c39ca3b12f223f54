"""docs/named_axes.md: specs with named axes beside the backward that they generate.

`pytest tests/test_axes_page.py --update` writes the page anew.
"""

from __future__ import annotations

import ast
import re
import textwrap

from generated_modules import EXAMPLES, GENERATED, ROOT

PAGE = ROOT / "docs" / "named_axes.md"

INTRODUCTION = """\
# Named axes

Four ops whose backward people write by hand, as specs and as what symgrad makes of
them. The rules of the notation are in [the spec format](spec-reference.md#named-axes).
This page is written by `pytest tests/test_axes_page.py --update`.
"""

SHOWN = (
    (
        "Softmax cross-entropy",
        "row_losses",
        "cross_entropy",
        "There is no one-hot tensor: the label gathers in forward, and its adjoint adds"
        " up where it was taken from. Kept are the logits and the labels.",
    ),
    (
        "RMSNorm",
        "normalisations",
        "rms_norm",
        "The gradient of a statistic of the row is one number a row, and is computed"
        " once. The weights have no batch, so their gradient is summed over it.",
    ),
    (
        "Attention",
        "contractions",
        "attention",
        "Sums of products are products of matrices, also in backward; no outer product"
        " is formed on the way. The probabilities are computed again and not kept.",
    ),
    (
        "A pair potential",
        "lookups",
        "pair_potential",
        "Positions are gathered by the two ends of each pair; forces are what the"
        " adjoint adds up at each atom.",
    ),
)
"""Heading, spec, op, and what to see in it."""


def spec_of(stem: str, op: str) -> str:
    """An op of an example as it is written."""
    text = (EXAMPLES / f"{stem}.yaml").read_text(encoding="utf-8")
    found = re.search(rf"^  {op}:\n(?:    .*\n|\n)*", text, re.MULTILINE)
    assert found, op
    return found[0].rstrip()


def backward_of(stem: str, op: str) -> str:
    """The method ``backward`` that is generated for it."""
    text = (GENERATED / f"{stem}.py").read_text(encoding="utf-8")
    name = "".join(part.capitalize() for part in op.split("_"))
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name in (name, f"{name}Function"):
            [method] = [m for m in node.body if getattr(m, "name", "") == "backward"]
            lines = text.splitlines()[method.lineno - 2 : method.end_lineno]
            return textwrap.dedent("\n".join(lines))
    raise AssertionError(op)


def section(heading: str, stem: str, op: str, said: str) -> str:
    spec = f"<!-- file: examples/{stem}.yaml -->\n```yaml\n{spec_of(stem, op)}\n```\n"
    code = backward_of(stem, op)
    code = f"<!-- file: generated/{stem}.py -->\n```python\n{code}\n```\n"
    return "\n".join([f"## {heading}\n", textwrap.fill(said, 88) + "\n", spec, code])


def page() -> str:
    return "\n".join([INTRODUCTION, *(section(*row) for row in SHOWN)])


def test_the_page_is_that_of_the_examples(update: bool) -> None:
    if update:
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()
