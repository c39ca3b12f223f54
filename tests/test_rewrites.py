"""Every rewrite rule fires, is sound, keeps the domain, and is worth its reason."""

from __future__ import annotations

import math
import re

import pytest
import torch
from specs import module, op, spec

from symgrad import precise, regroup, rewrites
from symgrad.generate import generate
from symgrad.intervals import Interval
from symgrad.parse import parse
from symgrad.program import Graph, Kind
from symgrad.rebuild import copied
from symgrad.rule import WILDCARDS, Rule
from symgrad.rules import TABLE
from symgrad.settle import tensors_behind
from symgrad.verify import reference
from symgrad.verify.ladder import climb

SAMPLES = (-40.0, -3.25, -1.0, -0.3, 0.0, 1e-9, 0.45, 1.0, 2.5, 30.0)
"""Values of the wildcards, on both sides of every domain's end."""

NAMES = [rule.pattern for rule in TABLE]


POSITIVE = Interval(0.0, math.inf, True, True)


def positive(rule: Rule) -> list[str]:
    """The wildcards that a rule wants to be above zero."""
    return [n for n in WILDCARDS if re.search(rf"\b{n} >=? 0", rule.where)]


def given(rule: Rule, text: str) -> str:
    """A text of a rule, with its example numbers in the place of their wildcards."""
    for name, number in rule.numbers.items():
        text = re.sub(rf"\b{name}\b", f"({number})", text)
    return text


def pattern(rule: Rule) -> str:
    """What a rule finds, in numbers where it wants numbers."""
    return given(rule, rule.pattern)


def applied(graph: Graph, root: int, rule: Rule) -> tuple[int, Rule] | None:
    """What becomes of a pattern whose wildcards are what its rule wants."""
    return rewrites.apply(graph, root, dict.fromkeys(positive(rule), POSITIVE))


def built(text: str) -> tuple[Graph, int, dict[str, int]]:
    graph = Graph()
    names = {name: graph.input(name, Kind.REAL) for name in WILDCARDS}
    return graph, parse(text, graph, names), names


def values(text: str, point: dict[str, float]) -> float:
    graph, root, names = built(text)
    leaves = {names[name]: value for name, value in point.items()}
    return precise.floats(graph.nodes, [root], leaves)[0]


def points(rule: Rule) -> list[dict[str, float]]:
    """Values of the wildcards that a rule may meet."""
    found = [
        {"a": a, "b": b, "c": c, "d": 1.0, "e": 1.0}
        for a in SAMPLES
        for b, c in zip(SAMPLES[::-1], SAMPLES[3:] + SAMPLES[:3], strict=True)
    ]
    return [p for p in found if all(p[name] > 0 for name in positive(rule))]


def fired(rule: Rule) -> list[Rule]:
    """All rules that apply to a pattern, its innermost values first."""
    old, root, _ = built(pattern(rule))
    graph, new, rules = Graph(), dict[int, int](), list[Rule]()
    domains = dict.fromkeys(positive(rule), POSITIVE)
    for value, node in enumerate(old.nodes[: root + 1]):
        new[value] = copied(graph, node, tuple(new[arg] for arg in node.args))
        while True:
            found = rewrites.apply(graph, new[value], domains)
            found = found or regroup.apply(graph, new[value], domains)
            if found is None:
                break
            new[value] = found[0]
            rules.append(found[1])
    return rules


@pytest.mark.parametrize("rule", TABLE, ids=NAMES)
def test_is_reached(rule: Rule) -> None:
    """No other takes away what it looks for, in what it is made of."""
    assert rule in fired(rule)


@pytest.mark.parametrize("rule", TABLE, ids=NAMES)
def test_fires_on_its_own_pattern(rule: Rule) -> None:
    graph, root, _ = built(pattern(rule))
    found = applied(graph, root, rule)
    assert found is not None
    assert found[1] is rule, f"{found[1].pattern} comes first"


@pytest.mark.parametrize("rule", TABLE, ids=NAMES)
def test_keeps_what_has_a_part_in_the_shape(rule: Rule) -> None:
    graph, root, _ = built(pattern(rule))
    found = applied(graph, root, rule)
    assert found is not None
    shapes: list[frozenset[int]] = []
    behind = [tensors_behind(shapes, graph, value) for value in (root, found[0])]
    assert behind[0] == behind[1]


@pytest.mark.parametrize("rule", TABLE, ids=NAMES)
def test_both_sides_are_equal_where_both_are_finite(rule: Rule) -> None:
    compared = 0
    for point in points(rule):
        left, right = (
            values(given(rule, t), point) for t in (rule.pattern, rule.replacement)
        )
        assert math.isfinite(right) or not math.isfinite(left), point
        if math.isfinite(left) and math.isfinite(right):
            compared += 1
            assert left == pytest.approx(right, rel=1e-15, abs=1e-300), point
    assert compared >= 5


@pytest.mark.parametrize("rule", TABLE, ids=NAMES)
def test_keeps_the_domain(rule: Rule) -> None:
    """What the mathematics does not define stays undefined."""
    for point in points(rule):
        if math.isnan(values(pattern(rule), point)) and not removable(rule, point):
            assert not math.isfinite(values(given(rule, rule.replacement), point)), (
                point
            )


def removable(rule: Rule, point: dict[str, float]) -> bool:
    """Whether the pattern has a limit where it is not defined itself."""
    around = [
        values(
            pattern(rule), {**point, "a": point["a"] + step, "b": point["b"] + step / 3}
        )
        for step in (1e-12, -1e-12)
    ]
    return all(map(math.isfinite, around))


def test_every_rule_says_why() -> None:
    assert all(rule.why and not rule.why.endswith(".") for rule in TABLE)


@pytest.mark.parametrize("rule", [r for r in TABLE if r.where], ids=str)
def test_is_not_applied_where_nothing_is_known(rule: Rule) -> None:
    varies = {"b": 2} if "varies" in rule.where else {}
    graph = Graph()
    names = {name: graph.input(name, Kind.REAL) for name in WILDCARDS}
    names |= {name: graph.const(number) for name, number in varies.items()}
    root = parse(rule.pattern, graph, names)
    found = rewrites.apply(graph, root)
    assert found is None or found[1] is not rule


SMOOTH = [rule for rule in TABLE if not rule.why.startswith("a tie")]


@pytest.mark.parametrize("rule", SMOOTH, ids=[rule.pattern for rule in SMOOTH])
def test_what_was_written_passes(rule: Rule) -> None:
    """As an op: against balls, and at the ends of floats against plain torch."""
    used = [n for n in WILDCARDS if re.search(rf"\b{n}\b", pattern(rule))]
    inputs = {n: "real in (0, oo)" if n in positive(rule) else "real" for n in used}
    # Rules alone, but where a rule leaves a removable singularity for patches.
    accuracy = "stable" if "erfc" in rule.pattern else "fast"
    made = spec("f", inputs, pattern(rule), accuracy=accuracy)
    report = climb(generate(made).source, made, "full", [("f", 1), ("f", 8)])
    assert report.passed, str(report)


SMALL = {
    "difference of exponentials": ("log(exp(a) - exp(b))", "real", (20.0, 0.0)),
    "far apart": ("log(exp(a) - exp(b))", "real", (0.003, -1e7)),
    "one less a power": ("(a**b - 1)/b", "real in (0, oo)", (1.5, 2.0)),
    "an exponential beside a square": ("sqrt(a**2 + exp(b))", "real", (1.0, -800.0)),
    "a share with one": ("a**2/(a**2 + exp(b))", "real", (1.0, -800.0)),
    "a root at infinity": ("sqrt(1 + a) - 1 + 0*exp(b)", "real", (math.inf, 0.0)),
    "a length at infinity": ("sqrt(1 + a**2) - 1 + b", "real", (-math.inf, 0.0)),
    "a small root": ("sqrt(1 + a) - 1 + 0*b", "real", (1.0, 0.0)),
    "a sum with a length": ("a + sqrt(a**2 + 4) + b", "real", (-0.5, 0.0)),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_rule_is_no_worse_than_what_it_replaces(name: str) -> None:
    formula, declared, point = SMALL[name]
    made = module({"a": declared, "b": declared}, formula)
    plain = op({"a": declared, "b": declared}, formula)
    args = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    results = (
        made.f(*args),
        reference.outputs(plain, dict(zip("ab", args, strict=True)))[0],
    )
    torch.testing.assert_close(*results, rtol=1e-12, atol=0.0)
    ours, theirs = (torch.autograd.grad(r, args) for r in results)
    if math.isfinite(point[0]):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("n", range(1, 17))
def test_whole_powers_stay_whole(n: int) -> None:
    f = module({"a": "real", "n": "int = 3"}, "a*floor(2**n - 1)").f
    assert f(torch.tensor(1.0), n).item() == 2**n - 1


def test_domains_decide_nothing_in_forward() -> None:
    f = module({"a": "real in (0, oo)"}, "where(a > 0, a, 5)").f
    assert f(torch.tensor([-1.0, 0.0, 2.0])).tolist() == [5, 5, 2]


def test_no_pattern_twice() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x/(1 + exp(-beta*x))", "x*sigmoid(beta*x)"),
        ("log(exp(x) + 1)", "softplus(x)"),
        ("1 - 1/(1 + exp(-x))", "sigmoid(-x)"),
        ("x/2*(1 + erf(x/sqrt(2)))", "x*ndtr(x)"),
        ("log(1 - 1/(1 + exp(-x)))", "logsigmoid(-x)"),
        ("sqrt(x**2 + beta**2)", "hypot(x, beta)"),
    ],
)
def test_composites_are_recognised(written: str, expected: str) -> None:
    from symgrad.passes import stabilise
    from symgrad.printer import formula
    from symgrad.program import Program

    graph = Graph()
    names = {name: graph.input(name, Kind.REAL) for name in ("x", "beta")}
    root = parse(written, graph, names)
    program = stabilise(Program(tuple(graph.nodes), names, {"y": root}))
    texts = []
    for node in program.nodes:
        texts.append(formula(node, [texts[arg] for arg in node.args]))
    assert texts[program.outputs["y"]].text == expected
