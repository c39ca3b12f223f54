"""The pages of docs/ that tables of symgrad give: functions, rewrites, signatures.

`pytest tests/test_reference.py --update` writes them.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from generated_modules import ROOT

import symgrad
from symgrad import exponentials, rules_exponential, rules_power
from symgrad.function_row import Function, Kink
from symgrad.kinds import REAL_VALUED
from symgrad.rule import Rule
from symgrad.wirtinger import RULES

FUNCTIONS = ROOT / "docs" / "functions.md"
REWRITES = ROOT / "docs" / "rewrites.md"
API = ROOT / "docs" / "python-api.md"
WIDTH, SHORT, LONGEST = 84, 70, 1200
"""Columns of a block, of what stands in a line of prose, and what is worth a look."""

FAMILIES = {
    "power": "Powers, exponentials, logarithms",
    "angle": "Circles and hyperbolas",
    "activation": "Between the layers of networks",
    "special": "Error functions and the normal distribution",
    "gamma": "The gamma function and its kin",
    "bessel": "Bessel functions",
    "airy": "Airy functions",
    "piecewise": "Steps, roundings, extrema",
    "threshold": "Thresholds and shrinkage",
    "complex": "Parts of complex numbers",
    "composite": "Composites that lose digits, or overflow, as written",
    "entropy": "Entropies",
}
"""The modules `symgrad/rows_*.py` in the order of the table, and their titles."""

_FUNCTIONS_HEAD = """\
# Functions

What formulas may call, besides reductions along [named axes](spec-reference.md). A
function is one row of the table in `symgrad/functions.py`, from which this page is
written (`pytest tests/test_reference.py --update`). `symgrad functions` prints it too.

- **d/dx** is the derivative as it is computed, in the language of specs; `y` is the
  value of the function.
- A **corner** is where the derivatives from the two sides differ. `edges` of a spec
  [chooses](spec-reference.md#corners-edges); without it, it is what torch 2.13 returns.
- The **domain** is where the function is real; elsewhere the result is NaN or infinite.
"""

_REWRITES_HEAD = """\
# Rewrites

What is written one way and computed better another. The tables are
`symgrad/rules_exponential.py`, `symgrad/rules_power.py` and `symgrad/exponentials.py`,
from which this page is written (`pytest tests/test_reference.py --update`); the first
row that matches is taken. They are applied before differentiation and after it.

`a` to `e` stand for any value. Sums and products match in either order, as parts of
longer ones too. `varies` is what is neither whole nor made of numbers, `is fixed` what
is, and `beyond` wants two exact numbers of one sign. Whether a value is above 0 is read
off the domains of inputs. A row keeps the domain: where the pattern is NaN by its
mathematics, so is what it becomes.
"""

TABLES = {
    "Exponentials, logarithms, error functions": rules_exponential.RULES,
    "Quotients, roots, powers, circles": rules_power.RULES,
    "Sums of exponentials along axes": tuple(rule for rule, _ in exponentials.RULES),
}


def functions_page() -> str:
    """The page of all functions."""
    parts = [_FUNCTIONS_HEAD]
    for family, title in FAMILIES.items():
        rows = import_module(f"symgrad.rows_{family}").ROWS
        parts += [f"## {title}\n", *map(_function, rows)]
    return "\n".join(parts)


def _function(row: Function) -> str:
    lines = [f"### {row.name}", "", f"`{call(row)}`{''.join(_facts(row))}", ""]
    for arg, partial in zip(row.args, row.partials, strict=True):
        lines += _equation(f"d/d{arg}", partial)
    lines += [line for kink in row.kinks for line in _corner(row, kink)]
    lines += _in_the_plane(row)
    return "\n".join(lines).rstrip() + "\n"


def call(row: Function) -> str:
    """How a function is called, with the defaults of arguments."""
    needed = len(row.args) - len(row.defaults)
    given = [f"{a}={d}" for a, d in zip(row.args[needed:], row.defaults, strict=True)]
    return f"{row.name}({', '.join([*row.args[:needed], *given])})"


def _facts(row: Function) -> Iterator[str]:
    if row.aliases:
        yield ", also " + ", ".join(f"`{name}`" for name in row.aliases)
    if row.domain:
        yield f"; domain `{row.domain}`"
    if row.definition and len(row.definition) <= SHORT:
        yield f"; is `{row.definition}`"


def _equation(left: str, right: str) -> list[str]:
    """A derivative in a line, or in a block where it is long."""
    if len(right) <= SHORT:
        return [f"- {left} = `{right}`"]
    if len(right) > LONGEST:
        return [f"- {left}: {len(right)} characters, which `symgrad functions` prints"]
    block = textwrap.wrap(right, WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"- {left} =", "", "  ```text", *(f"  {line}" for line in block), "  ```"]


def _corner(row: Function, kink: Kink) -> list[str]:
    sides = {"from below": kink.left, "from above": kink.right, "torch": kink.torch}
    told = "; ".join(f"{side} {_listed(values)}" for side, values in sides.items())
    return [f"- corner where `{kink.when}`: {told}"]


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _in_the_plane(row: Function) -> list[str]:
    """What is known of complex arguments, where the function takes them."""
    rule = RULES.get(row.name)
    if rule is None:
        return []
    if rule.conjugates is None and rule.partials == row.partials:
        return ["- the same of complex numbers"]
    lines = []
    for arg, partial in zip(row.args, rule.partials, strict=True):
        moved = row.name in REAL_VALUED
        left = "dy" if moved else f"d/d{arg}"
        right = f"re(({partial})*d{arg})" if moved else partial
        lines += _equation(f"of complex numbers {left}", right)
    for arg, partial in zip(row.args, rule.conjugates or (), strict=False):
        lines += _equation(f"of complex numbers d/dconjugate({arg})", partial)
    return lines


def rewrites_page() -> str:
    """The page of all rewrites."""
    parts = [_REWRITES_HEAD]
    for title, rules in TABLES.items():
        head = "| written | computed | where | why |\n|---|---|---|---|"
        parts.append("\n".join([f"## {title}\n", head, *map(_rule, rules), ""]))
    return "\n".join(parts)


def _rule(rule: Rule) -> str:
    where = f"`{rule.where}`" if rule.where else ""
    why = re.sub(r"([*|_])", r"\\\1", rule.why)
    return f"| `{rule.pattern}` | `{rule.replacement}` | {where} | {why} |"


class _Verbatim:
    """An annotation that is shown as it was written."""

    def __init__(self, text: object) -> None:
        self.text = text

    def __repr__(self) -> str:
        return str(self.text)


def signatures() -> str:
    """Every name of ``symgrad.__all__`` as it is called, and what it says of itself."""
    public = {name: getattr(symgrad, name) for name in symgrad.__all__}
    stubs = [_stub(name, thing) for name, thing in public.items() if callable(thing)]
    return "\n\n\n".join(stubs) + "\n"


def _stub(name: str, thing: Any) -> str:
    if not inspect.isclass(thing):
        return _signed(f"def {name}", thing)
    if issubclass(thing, Exception):
        return f'class {name}({thing.__base__.__name__}):\n    """{_first(thing)}"""'
    members = public_methods(thing)
    made = [_signed("def __init__", thing.__init__, '"""Declare an op."""')]
    made = made if name == "Op" else []
    made += [_member(n, member) for n, member in members.items()]
    body = "\n\n".join(textwrap.indent(text, "    ") for text in made)
    return f'class {name}:\n    """{_first(thing)}"""\n\n{body}'


def public_methods(thing: type) -> Mapping[str, Any]:
    """What a class itself defines for its users, by name."""
    return {
        name: member
        for name, member in vars(thing).items()
        if not name.startswith("_")
        and (callable(member) or isinstance(member, property))
    }


def _member(name: str, member: Any) -> str:
    if isinstance(member, property):
        assert member.fget is not None
        return "@property\n" + _signed(f"def {name}", member.fget)
    return _signed(f"def {name}", member)


def _signed(head: str, function: Any, doc: str = "") -> str:
    """A function as it is declared, one parameter to a line where it is long."""
    found = inspect.signature(function)
    parameters = [p.replace(annotation=_shown(p)) for p in found.parameters.values()]
    result = _Verbatim(found.return_annotation)
    signature = found.replace(parameters=parameters, return_annotation=result)
    text = f"{head}{signature}:".replace("'", '"')
    if len(text) > WIDTH - 4:
        text = _spread(head, parameters, result)
    return f"{text}\n    " + (doc or f'"""{_first(function)}"""')


def _shown(parameter: inspect.Parameter) -> Any:
    empty = parameter.annotation is parameter.empty
    return parameter.empty if empty else _Verbatim(parameter.annotation)


def _spread(head: str, parameters: list[inspect.Parameter], result: object) -> str:
    lines, starred = [], False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            lines.append("    *,")
            starred = True
        lines.append(f"    {parameter},".replace("'", '"'))
    return "\n".join([f"{head}(", *lines, f") -> {result!r}:"])


def _first(thing: Any) -> str:
    """The first sentence of a docstring."""
    [first, *_] = (inspect.getdoc(thing) or "").split("\n\n")
    return " ".join(first.split())


SIGNATURES = re.compile(r"(<!-- signatures -->\n```python\n).*?(```)", re.DOTALL)


def with_signatures(page: str) -> str:
    """The page of the Python API with the block of signatures as it should be."""
    return SIGNATURES.sub(lambda found: found[1] + signatures() + found[2], page)


PAGES: Mapping[Path, Any] = {
    FUNCTIONS: lambda _: functions_page(),
    REWRITES: lambda _: rewrites_page(),
    API: with_signatures,
}
"""Each page to what makes it, of what it is now."""
