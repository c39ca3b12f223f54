"""The checker is checked: right modules pass, each planted fault is found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from planted import FAULTS, FIXTURES, PAST_LINT, Fault
from specs import spec

from symgrad.generate import generate
from symgrad.intervals import Interval
from symgrad.op import Formula, Input, Op, Sample, Spec
from symgrad.program import Graph, Kind
from symgrad.spec import load_text
from symgrad.verify import Finding, Report, RungResult, budget, lint, sampling, verify
from symgrad.verify.ladder import RUNGS, climb
from symgrad.verify.report import from_json

SWISH = FIXTURES["swish"]


@pytest.mark.parametrize("name", FIXTURES)
def test_a_right_module_passes_every_rung(name: str) -> None:
    fixture = FIXTURES[name]
    assert lint(fixture.source, fixture.spec) == ()
    report = climb(fixture.source, fixture.spec, "full")
    assert report.passed, str(report)
    assert [r.rung for r in report.results] == [rung.number for rung in RUNGS]


def planted(fault: Fault) -> str:
    source = FIXTURES[fault.fixture].source
    assert source.count(fault.old) == 1, "the fault cannot be planted"
    return source.replace(fault.old, fault.new)


def label(fault: Fault) -> str:
    return f"{fault.rung}-{fault.fixture}-{fault.name}"


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.rung == 0], ids=label)
def test_lint_finds(fault: Fault) -> None:
    assert lint(planted(fault), FIXTURES[fault.fixture].spec)


@pytest.mark.parametrize(
    "fault", [*(f for f in FAULTS if f.rung), *PAST_LINT], ids=label
)
def test_a_rung_finds(fault: Fault) -> None:
    spec = FIXTURES[fault.fixture].spec
    source = planted(fault)
    assert bool(lint(source, spec)) == (fault in PAST_LINT)
    report = climb(source, spec, "full", [(fault.fixture, fault.rung)])
    assert [r.passed for r in report.results] == [False]
    assert {f.rung for f in report.failures} == {fault.rung}


def test_every_rung_has_a_fault() -> None:
    claimed = {fault.rung for fault in (*FAULTS, *PAST_LINT)}
    assert claimed == {0, *(rung.number for rung in RUNGS)}


PAYLOADS = {
    "import": "import os",
    "from import": "from os import path",
    "relative import": "from . import x",
    "submodule": "import torch.utils",
    "call": "len([])",
    "default": "def _f(x=len([])): pass",
    "decorator": "@len([])\ndef _f(): pass",
    "base": "class _C(len([])): pass",
    "keyword": "class _C(metaclass=len): pass",
    "class body": "class _C:\n    len([])",
    "class value": "class _C:\n    x = len([])",
    "comprehension": "_X = [x for x in ()]",
    "loop": "for _x in (): pass",
    "branch": "if True: pass",
    "eval": "def _f(): return eval('1')",
    "getattr": "def _f(x): return getattr(x, 'y')",
    "dunder name": "def _f(): return __builtins__",
    "dunder": "def _f(x): return x.__class__",
    "lambda": "def _f(): return lambda: 0",
    "while": "def _f():\n    while True: pass",
    "try": "def _f():\n    try: pass\n    except Exception: pass",
    "with": "def _f(x):\n    with x: pass",
    "global": "def _f():\n    global swish",
    "inner import": "def _f():\n    import torch",
    "inner function": "def _f():\n    def g(): pass",
    "walrus": "def _f(): return (x := 1)",
    "yield": "def _f(): yield 1",
    "async": "async def _f(): pass",
    "delete": "def _f(x): del x",
    "load": "def _f(): return torch.load('x')",
    "hub": "def _f(): return torch.hub.x",
    "class": "class Other: pass",
    "function": "def other(): pass",
    "again": "def swish(x, beta): pass",
    "syntax": "def",
    "NUL": "\0",
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_lint_refuses(name: str) -> None:
    assert lint(f"{SWISH.source}\n\n{PAYLOADS[name]}\n", SWISH.spec)


KEPT = ["lambda_", "item", "data", "out", "inplace", "load", "save"]
LAYER = {"name": "Layer", "parameters": {"w_": {"shape": ["out_", 2], "init": 1}}}


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("keys", [{}, {"module": LAYER}], ids=["op", "module"])
def test_lint_lets_people_name_what_they_give(name: str, keys: dict[str, Any]) -> None:
    inputs = {"x_": "real", "w_": "real", name: "float = 1"}
    named = spec("f", inputs, f"x_*abs({name}*w_)", **keys)
    assert lint(generate(named).source, named) == ()


def test_lint_sees_in_place_methods_beside_such_names() -> None:
    named = spec("f", {"x": "real", "add_": "real"}, "x*add_", module={"name": "Layer"})
    source = generate(named).source
    assert lint(source, named) == ()
    assert lint(source.replace("return f(x, add_)", "return f(x.add_(1), add_)"), named)


FLAGS = {"x": "real", "w": "real", "flag": "bool", "k": "float"}
CHOSEN = ["where(flag, w*x, x)", "where(flag, w, 1)*where(flag and k > 1, x, 2)"]


@pytest.mark.parametrize("formula", CHOSEN)
def test_a_python_condition_leaves_the_shape_to_both_branches(formula: str) -> None:
    chosen = spec("f", FLAGS, {"y": formula, "z": "w if k > 1 else x"})
    report = climb(generate(chosen).source, chosen, "quick")
    assert report.passed, str(report)


def test_a_gradient_from_an_output_has_its_rounding() -> None:
    """What is kept is the output in half precision: one more rounding is nobody's."""
    kept = spec("f", "x", "exp(-3*x)", save="outputs")
    source = generate(kept).source
    assert "save_for_backward(output)" in source
    report = climb(source, kept, "full", [("f", 9)])
    assert report.passed, str(report)


def test_cotangents_do_not_cancel() -> None:
    linear = spec("f", "x", {"y": "x", "z": "x**2", "w": "2*y"})
    assert verify(generate(linear).source, linear, "quick").passed


def test_lint_wants_every_op() -> None:
    assert "no public function" in lint('"""Nothing."""\n', SWISH.spec)[-1].message


# -- reports ---------------------------------------------------------------------------

REPORT = Report(
    results=(RungResult("f", 1, False, 0.5, "x=1", "a note"),),
    failures=(Finding(1, "f", "is wrong", "x=1", "2", "3", "do this"),),
    seconds=1.5,
)


def test_a_report_survives_json() -> None:
    data = json.loads(json.dumps(REPORT.as_json()))
    assert data["passed"] is False
    assert from_json(data) == REPORT


def test_a_report_reads_well() -> None:
    text = str(REPORT)
    for part in ("FAILED", "5.0e-01", "f: rung 1: is wrong [SG600]", "do this"):
        assert part in text


def test_verify_runs_the_quick_rungs() -> None:
    report = verify(SWISH.source, SWISH.spec)
    assert report.passed, str(report)
    quick = [rung.number for rung in RUNGS if rung.quick]
    assert [r.rung for r in report.results] == [0, *quick]


def test_verify_does_not_run_what_lint_refuses() -> None:
    report = verify(f"{SWISH.source}\nprint(1)\n", SWISH.spec)
    assert not report.passed
    assert {f.rung for f in report.failures} == {0}
    assert report.failures[0].reproduce


def test_the_same_failure_comes_again() -> None:
    fault = next(f for f in FAULTS if f.rung == 2)
    fixture = FIXTURES[fault.fixture]
    runs = [climb(planted(fault), fixture.spec, "quick") for _ in range(2)]
    assert runs[0].failures == runs[1].failures
    assert runs[0].failures[0].inputs


def test_importing_the_package_does_not_import_torch() -> None:
    program = "import sys, symgrad.verify; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# -- sampling --------------------------------------------------------------------------


def one_input(item: Input, samples: Sample | None = None) -> Op:
    graph = Graph()
    x = graph.input(item.name, item.kind)
    given = {} if samples is None else {item.name: samples}
    out = (Formula("y", "y", x),)
    return Op("f", "", (item,), tuple(graph.nodes), (), out, {"y": x}, samples=given)


OPEN = Interval(0.0, float("inf"), True, False)
UNIT = Interval(-1.0, 1.0, False, False)
BELOW = Interval(float("-inf"), -2.0, False, True)


@pytest.mark.parametrize("domain", [OPEN, UNIT, BELOW], ids=str)
def test_values_lie_in_the_domain(domain: Interval) -> None:
    op = one_input(Input("x", Kind.REAL, domain=domain))
    rng = sampling.generator(op, "test")
    [item] = op.inputs
    for _ in range(200):
        assert sampling.ordinary(op, item, rng) in domain
        assert sampling.wide(op, item, rng, 30.0) in domain


@pytest.mark.parametrize(("default", "sign"), [(2.5, 1), (-0.1, -1)])
def test_numbers_vary_and_keep_the_sign_of_the_default(
    default: float, sign: int
) -> None:
    op = one_input(Input("x", Kind.FLOAT, default=default, has_default=True))
    rng = sampling.generator(op, "test")
    values = {sampling.ordinary(op, op.inputs[0], rng) for _ in range(20)}
    assert len(values) == 20
    assert all(value * sign > 0 for value in values)


def test_declared_samples_are_taken() -> None:
    rng = sampling.generator(SWISH.spec.ops[0], "test")
    ranged = one_input(Input("x", Kind.REAL), Sample(range=(5.0, 6.0)))
    listed = one_input(Input("x", Kind.INDEX), Sample(values=(1.0, 4.0)))
    assert all(
        5 <= sampling.ordinary(ranged, ranged.inputs[0], rng) <= 6 for _ in "abc"
    )
    assert {sampling.ordinary(listed, listed.inputs[0], rng) for _ in range(50)} == {
        1,
        4,
    }


def test_too_few_points_are_a_failure() -> None:
    graph = Graph()
    x = graph.input("x", Kind.REAL)
    negative = graph.node("sub", graph.const(-1), graph.node("mul", x, x))
    y = graph.call("log", negative)
    op = replace(
        SWISH.spec.ops[0],
        inputs=(Input("x", Kind.REAL),),
        nodes=tuple(graph.nodes),
        outputs=(Formula("y", "log(-1 - x*x)", y),),
        stand_ins={"y": y},
    )
    source = FIXTURES["clipped"].source.replace("clipped", "swish")
    source = source.replace("Clipped", "Swish").replace("exp(x)", "log(-1 - x * x)")
    source = source.replace("torch.tanh(grad_y * x)", "grad_y * 2 * x / (1 + x * x)")
    report = climb(source, Spec("", "swish", (op,), ""), "quick")
    assert {f.code for f in report.failures} == {"SG601"}


def test_a_small_wrong_factor_in_a_large_module_is_found() -> None:
    """Budgets leave out points and shapes of a large op, but not what they find."""
    lines = ["symgrad: 1", "ops:", "  chain:", "    inputs: {x: real, w: real}"]
    lines += ["    let:", "      a0: x*w + 1"]
    lines += [f"      a{i}: a{i - 1} + 0.001*sin(a{i - 1})*w" for i in range(1, 380)]
    lines += ["    forward:", "      y: a379*x"]
    large = load_text("\n".join(lines), "<test>")
    assert budget.is_large(large.ops[0])
    source = generate(large).source
    assert climb(source, large, "quick").passed
    wrong = re.sub(r"(grad_w = \()(grad_y)", r"\g<1>1.0005 * \2", source)
    assert wrong != source
    report = climb(wrong, large, "quick", [("chain", 1), ("chain", 2)])
    assert {failure.rung for failure in report.failures} == {1, 2}


@pytest.mark.parametrize(
    "forward", ["x*0 + w", "x - x + w", {"y": "floor(x)*w", "z": "x*0 + w"}]
)
def test_a_gradient_that_is_always_zero_is_not_cut_off(forward: Any) -> None:
    given = spec("zeros", "x w", forward)
    report = verify(generate(given).source, given)
    assert report.passed, report
