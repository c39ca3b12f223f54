"""``symgrad bench``: what is timed, how, and what is said of it."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from generated_modules import EXAMPLES
from specs import module, op

from symgrad import cli, spec
from symgrad.bench import clock, inputs, measure, paired, plot, subjects, table
from symgrad.bench.composed import composed
from symgrad.bench.inputs import Place
from symgrad.bench.memory import kept_bytes, peak_bytes
from symgrad.bench.results import Figure, Measured, Settings, Sized, Subject
from symgrad.bench.traffic import least_bytes
from symgrad.callables import op_of
from symgrad.generate import generate
from symgrad.in_memory import load_text

DOUBLE = Place(torch.float64)
QUICK = ("--no-compile", "--size", "64", "--repeat", "1")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of no length: what is measured is not looked at."""
    monkeypatch.setattr(clock.in_blocks, "__defaults__", (0.0,))


# The command

SAID = (
    ("swish.yaml:swish", "x[64], beta[64]", None),
    ("gated_units.yaml:clamped_swiglu", "limit=7.0, slope=1.702", None),
    ("first_op.yaml:product_and_sum", "x[64], w[64]", None),
    (
        "normalisations.yaml:layer_norm",
        "x[8, 8], w[8], b[8], eps=1e-05",
        "F.layer_norm",
    ),
    ("lookups.yaml:embedding", "ids[4, 4]", "F.embedding"),
    ("complex_signals.yaml:resonance", "omega[64], natural[64], damping[64]", None),
    ("masked.yaml:learned_fill", "known[64]", None),
    ("log_densities.yaml:poisson_log_prob", "count[64], rate[64]", None),
    ("straight_through.yaml:round_ste", "x[64]", None),
)


@pytest.mark.parametrize(("place", "given", "own"), SAID)
def test_the_table(place, given, own, capsys) -> None:
    assert cli.run(["bench", str(EXAMPLES / place), *QUICK]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= table.WIDTH
    assert given in out
    rows = [line for line in out.splitlines() if re.search(r" [mu]?s  ", line)]
    names = ["symgrad", "autograd", *([own] if own else [])]
    assert [re.split(" {2,}", row[10:].strip())[0] for row in rows] == names * 3


def test_the_document(capsys) -> None:
    path = str(EXAMPLES / "swish.yaml")
    words = ["bench", path, "--op", "swish", *QUICK, "--size", "4096", "--json"]
    assert cli.run(words) == 0
    document = json.loads(capsys.readouterr().out)
    [report] = document["reports"]
    assert (report["op"], document["exit_code"]) == ("swish", 0)
    assert [s["elements"] for s in report["sizes"]] == [64, 4096]
    for sized in report["sizes"]:
        ours = sized["subjects"][0]
        assert (ours["name"], ours["kept"]) == ("symgrad", 8 * sized["elements"])
        for which, figure in ours["passes"].items():
            assert figure["ratio"] == 1
            moved = sized["least"][which] / figure["seconds"] / 1e9
            assert figure["gigabytes"] == pytest.approx(moved)


def test_all_ops_of_several_specs(capsys) -> None:
    paths = [str(EXAMPLES / name) for name in ("first_op.yaml", "swish.yaml:swish")]
    assert cli.run(["bench", *paths, *QUICK]) == 0
    heads = re.findall(r"^(\w+): float32", capsys.readouterr().out, re.MULTILINE)
    assert heads == ["product", "product_bias", "product_and_sum", "swish"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "nothing to do: name a spec"),
        ("absent.yaml", "SG104"),
        ("swish.yaml --op swis", "SG603.*\n.*did you mean 'swish'"),
        ("swish.yaml:swis", "SG603"),
        ("swish.yaml --device cuda", "SG604"),
        ("swish.yaml --size 1000000000000000", "SG605.*1,000,000,000,000,000 elem"),
        ("swish.yaml --size 10000000000000000000000", "SG605"),
        ("swish.yaml --size 0", "--size"),
        ("swish.yaml --dtype int8", "--dtype"),
        ("swish.yaml --plot x.pdf", "SG606.*no .svg"),
        ("swish.yaml --plot x.svg", "SG606.*\n.*pip install 'symgrad.benchmarks."),
        ("swish.yaml --plot absent/x.svg", "SG505.*absent is no folder"),
    ],
)
def test_errors(words, says, capsys, monkeypatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(plot.importlib.util, "find_spec", lambda name: None)
    assert cli.run(["bench", *words.split()]) == 2
    out, err = capsys.readouterr()
    assert re.search(says, err)
    assert out == ""
    assert "Traceback" not in err


# Time


class Clock:
    """A machine that takes some seconds for each call, more in some blocks."""

    def __init__(self, costs: dict[str, float], busy: Callable[[int], float]) -> None:
        self.costs, self.busy = costs, busy
        self.log: list[tuple[str, int]] = []

    def calls(self) -> dict[str, Any]:
        return {name: lambda name=name: name for name in self.costs}

    def measure(self, call: Callable[[], Any], count: int) -> float:
        self.log.append((call(), count))
        return self.costs[call()] * count * self.busy(len(self.log))


def test_blocks_last_long_enough_and_begin_at_another_rival() -> None:
    machine = Clock({"a": 1e-6, "b": 3e-5, "c": 1.0}, lambda _: 1.0)
    found = clock.in_blocks(machine.calls(), 4, machine.measure, 2e-3)
    assert found == {
        name: pytest.approx([cost] * 4) for name, cost in machine.costs.items()
    }
    blocks = machine.log[-12:]
    assert "".join(name for name, _ in blocks) == "abc" + "bca" + "cab" + "abc"
    for name, count in blocks:
        assert 2e-3 <= count * machine.costs[name] < 5e-3 or (name, count) == ("c", 1)


def test_a_busy_machine_leaves_ratios_alone() -> None:
    def busy(turn: int) -> float:
        return 10.0 if turn // 2 % 2 else 1.0  # both rivals of a block alike

    machine = Clock({"a": 1.0, "b": 2.0}, busy)
    machine.log.append(("", 0))
    found = clock.in_blocks(machine.calls(), 8, machine.measure, 0.5)
    times = paired.Times({"forward": found})
    assert {*found["a"]} == {1.0, 10.0}
    assert times.ratio("forward", "b", "a") == 2
    assert times.ratio("forward", "a", "b") == 0.5


def test_times_are_medians() -> None:
    times = paired.Times({"both": {"a": (1.0, 9.0, 2.0), "b": (4.0, 9.0, 4.0)}})
    assert times.seconds("both", "a") == 2
    assert times.ratio("both", "b", "a") == 2


def test_no_garbage_is_collected_in_a_block() -> None:
    seen = []
    assert clock.on_cpu(lambda: seen.append(gc.isenabled()), 3) > 0
    assert seen == [False] * 3
    assert gc.isenabled()


def test_a_gpu_has_a_clock_of_its_own(monkeypatch) -> None:
    made: list[Any] = []

    class Event:
        def __init__(self, enable_timing: bool) -> None:
            assert enable_timing
            made.append(self)

        def record(self) -> None:
            log.append(f"event {made.index(self)}")

        def elapsed_time(self, end: Any) -> float:
            assert [self, end] == made
            return 7.0  # milliseconds

    log: list[str] = []
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: log.append("wait"))
    assert clock.on_cuda(lambda: log.append(f"call {gc.isenabled()}"), 2) == 7e-3
    assert log == ["wait", "event 0", *["call False"] * 2, "event 1", "wait"]
    assert gc.isenabled()


def test_comparing_any_callables() -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return grad * 2 * ctx.saved_tensors[0]

    x, number = torch.randn(8, requires_grad=True), 2
    rivals = {"own": lambda x, n: Square.apply(x), "pow": lambda x, n: x**n}
    times = paired.compare(rivals, [x, number], [torch.ones(8)], 3)
    assert list(times.blocks) == list(paired.PASSES)
    for found in times.blocks.values():
        assert {name: len(blocks) for name, blocks in found.items()} == {
            "own": 3,
            "pow": 3,
        }
    frozen = paired.compare(rivals, [x.detach(), number], [None], 1)
    assert list(frozen.blocks) == ["forward"]


# Bytes


def test_bytes_of_a_known_op() -> None:
    function = module("x beta", "x*sigmoid(beta*x)").f
    leaves = [torch.randn(100, requires_grad=True) for _ in range(2)]
    assert kept_bytes(lambda: function(*leaves)) == 800
    moved = {"forward": 1200, "backward": 800 + 400 + 800, "both": 3200}
    assert least_bytes(function, leaves, [torch.ones(100)]) == moved


@pytest.mark.parametrize(
    ("call", "count"),
    [
        (lambda x: x * x, 1),  # the same tensor twice
        (lambda x: x[:50] * x[50:], 1),  # two views of it
        (lambda x: x.exp(), 1),
        (lambda x: x.exp().sin(), 1),  # the result of exp for both
        (lambda x: x.sin().cos(), 2),
        (lambda x: x + 1, 0),
    ],
)
def test_storages_are_counted_once(call, count) -> None:
    x = torch.randn(100, requires_grad=True)
    assert kept_bytes(lambda: call(x)) == 400 * count


@pytest.mark.parametrize(
    ("call", "count"),
    [
        (lambda x: x + 1, 1),
        (lambda x: (x + 1) * 2, 2),
        (lambda x: ((x + 1) * 2) * 3, 2),  # the first is gone when the third is made
        (lambda x: x.view(-1), 0),
    ],
)
def test_the_peak_is_of_what_is_alive(call, count) -> None:
    x = torch.randn(1000)
    assert peak_bytes(lambda: call(x), "cpu") == pytest.approx(4000 * count, abs=200)


# Inputs

SHAPED = (
    ("normalisations.yaml:layer_norm", 4096, {"x": (64, 64), "w": (64,), "b": (64,)}),
    ("contractions.yaml:linear", 4096, {"x": (64, 64), "W": (64, 64), "b": (64,)}),
    ("contractions.yaml:outer", 4096, {"x": (16, 16), "y": (16, 16)}),
    ("normalisations.yaml:poly_norm", 4096, {"x": (64, 64), "w": (4,), "b": ()}),
    ("swish.yaml:swish", 1000, {"x": (1000,), "beta": (1000,)}),
)


@pytest.mark.parametrize(("place", "elements", "expected"), SHAPED)
def test_shapes(place, elements, expected) -> None:
    assert inputs.shapes(op_of(str(EXAMPLES / place)), elements) == expected


def test_declared_shapes_are_kept() -> None:
    scaled = op("x w", "x*w", samples={"w": {"shape": [4]}})
    assert inputs.shapes(scaled, 64) == {"x": (16, 4), "w": (4,)}


def test_inputs_lie_where_they_are_declared() -> None:
    declared = {
        **{"p": "real in (0, 1)", "k": "index", "m": "mask", "z": "complex"},
        **{"t": {"kind": "real", "grad": False}, "a": "float = 3.0"},
    }
    made = inputs.made(op(declared, "where(m, p, k)*abs(z)*t*a"), 500, Place())
    p, k, m, z, t, a = made
    assert ((p > 0) & (p < 1)).all()
    assert (k.dtype, m.dtype, z.dtype) == (torch.int64, torch.bool, torch.complex64)
    assert a == 3.0
    assert [x.requires_grad for x in (p, z, t)] == [True, True, False]


def test_an_index_goes_all_over_its_table_and_draws_are_the_same() -> None:
    embedding = op_of(str(EXAMPLES / "lookups.yaml:embedding"))
    W, ids = inputs.made(embedding, 65_536, Place())
    assert len(ids.unique()) > len(W) / 4
    assert ids.max() < len(W)
    again = inputs.made(embedding, 65_536, Place())
    assert torch.equal(W, again[0])
    assert torch.equal(ids, again[1])


# Subjects

COMPOSED = (
    *("complex_signals", "lookups", "masked", "log_densities", "straight_through"),
    *("softmaxes", "rotary_pair"),
)


@pytest.mark.parametrize("stem", COMPOSED)
def test_the_formula_in_torch_is_the_op(stem) -> None:
    whole = spec.load(EXAMPLES / f"{stem}.yaml")
    emitted = load_text(stem, generate(whole).source)
    for one in whole.ops:
        given = inputs.made(one, 64, DOUBLE)
        ours, formula = getattr(emitted, one.name), composed(one, given, DOUBLE)
        expected = paired.outputs_of(ours(*given))
        close = {"rtol": 1e-6, "atol": 1e-9, "equal_nan": True}
        torch.testing.assert_close(
            paired.outputs_of(formula(*given)), expected, **close
        )
        if not one.overrides:
            sent = inputs.cotangents(one, expected)
            both = [paired.gradients(f, given, sent) for f in (formula, ours)]
            for got, wanted in zip(*both, strict=True):
                if got is not None:
                    torch.testing.assert_close(got, wanted, **close)


def test_the_formula_costs_no_more_than_its_operators() -> None:
    layer_norm = op_of(str(EXAMPLES / "normalisations.yaml:layer_norm"))
    given = inputs.made(layer_norm, 64, Place())
    code = composed(layer_norm, given, Place()).__self__.code
    assert re.findall(r"= (?:torch_Tensor_|torch\.)(\w+)\(", code) == [
        *("mean", "var", "add", "rsqrt", "unsqueeze", "sub", "unsqueeze", "mul"),
        *("mul", "add"),
    ]


def test_the_formula_is_computed_in_the_dtype_it_is_timed_in() -> None:
    poisson = op_of(str(EXAMPLES / "log_densities.yaml:poisson_log_prob"))
    given = inputs.made(poisson, 64, Place())
    assert composed(poisson, given, Place())(*given).dtype == torch.float32


def test_compiled_subjects(monkeypatch) -> None:
    compile = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda f, **keys: compile(f, **keys, backend="aot_eager")
    )
    swish = op_of(str(EXAMPLES / "swish.yaml:swish"))
    function = module("x beta", "x*sigmoid(beta*x)").f
    how = Settings(blocks=1)
    sized = measure.at_size(swish, function, None, 64, how)
    assert [s.name for s in sized.subjects] == [
        *("symgrad", "autograd", "symgrad compiled", "autograd compiled")
    ]
    for subject in sized.subjects:
        assert subject.failed is None
        assert list(subject.passes) == list(paired.PASSES)


def test_a_rival_that_fails_says_why(monkeypatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("no C++ compiler\nand more")

    monkeypatch.setattr(torch, "compile", fails)
    swish = op_of(str(EXAMPLES / "swish.yaml:swish"))
    function = module("x beta", "x*sigmoid(beta*x)").f
    how = Settings(sizes=(64,), blocks=1)
    sized = measure.at_size(swish, function, None, 64, how)
    assert [s.failed is None for s in sized.subjects] == [True, True, False, False]
    text = table.text((Measured("swish", how, "2", (sized,)),))
    assert text.count("compiled: RuntimeError: no C++ compiler\n") == 2


def test_half_precision_and_a_formula_without_gradient() -> None:
    function, how = module("x", "floor(x)").f, Settings(dtype="bfloat16", blocks=1)
    how = replace(how, compiled=False)
    sized = measure.at_size(op("x", "floor(x)"), function, None, 64, how)
    assert sized.least["forward"] == 2 * 2 * 64
    assert list(sized.subjects[1].passes) == ["forward"]
    assert "forward" in table.text((Measured("f", how, "2", (sized,)),))


def test_what_is_compiled_before_does_not_count() -> None:
    was = torch._functorch.config.donated_buffer
    with subjects.compiling():
        assert not torch._functorch.config.donated_buffer
    assert torch._functorch.config.donated_buffer == was


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch has no GPU here")
def test_on_a_gpu(capsys) -> None:
    path = str(EXAMPLES / "normalisations.yaml:layer_norm")
    assert cli.run(["bench", path, *QUICK, "--device", "cuda"]) == 0
    assert "layer_norm: float32, cuda" in capsys.readouterr().out


# Plots


def measured(seconds: float) -> Measured:
    figure = Figure(seconds, 1.0, 1.0, 1.0)
    one = Sized(64, {"x": (64,)}, {}, 1.0, 1.0, (Subject("ours", {"both": figure}),))
    two = replace(one, elements=128)
    return Measured("f", Settings(), "2", (one, two))


def test_lines_of_a_plot() -> None:
    lines = plot.series(measured(64e-9), "both")
    assert lines == {"ours": [(64, pytest.approx(1)), (128, pytest.approx(0.5))]}
    assert plot.series(measured(1.0), "forward") == {}


@pytest.mark.parametrize("kind", plot.KINDS)
def test_a_plot_is_written(kind, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    files = [tmp_path / f"{name}{kind}" for name in ("one", "two")]
    for file in files:
        plot.draw((measured(1e-6), measured(2e-6)), file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_units() -> None:
    seconds = (1.234e-6, 5e-4, 0.0123, 7.0)
    assert [*map(table.duration, seconds)] == ["1.23 us", "500 us", "12.3 ms", "7 s"]
    counts = (12, 512 * 1024, 3 * 2**20, 2**32)
    assert [*map(table.size, counts)] == ["12 B", "512 KiB", "3 MiB", "4 GiB"]
