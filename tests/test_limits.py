"""Derivation ends within its limits, and says which of them it hit."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import symgrad
from symgrad import generate, limits
from symgrad.errors import SpecError
from symgrad.limits import limited
from symgrad.spec import load_text

FUNCTIONS = {"f0": {"inputs": ["a"], "value": "sin(a)*a + gamma(a)"}} | {
    f"f{i}": {"inputs": ["a"], "value": f"f{i - 1}(2*a) + f{i - 1}(3*a)"}
    for i in range(1, 9)
}
OP = {"inputs": {"x": "real"}, "forward": {"y": "f8(x)"}}
SLOW = json.dumps({"symgrad": 1, "functions": FUNCTIONS, "ops": {"f": OP}})
"""Accepted, and its derivation takes more than a minute."""


def test_a_slow_derivation_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.3)
    slow = load_text(SLOW, "slow.yaml")
    start = time.process_time()
    with pytest.raises(SpecError) as caught:
        generate.generate(slow)
    assert time.process_time() - start < 2
    assert str(caught.value) == (
        "error[SG303]: the derivation was stopped at its limit of 0.3 s of processor "
        "time\n  --> slow.yaml\n  = help: write several files, or 'accuracy: fast', "
        "with which no forms are searched"
    )
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def hungry() -> None:
    bytearray(1 << 40)


def busy() -> None:
    while True:
        try:
            sum(range(1_000))
        except Exception:  # as a search goes on past what it cannot compute
            continue


@pytest.mark.parametrize(
    ("work", "limit"), [(hungry, "4 GiB of memory"), (busy, "0.1 s of processor time")]
)
def test_a_limit_is_told_and_lifted(
    work: Callable[[], None], limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    monkeypatch.setattr(limits, "SECONDS", 0.1)
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(SpecError, match=limit), limited("a.yaml"):
        work()
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_an_alarm_at_the_last_moment_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import resource

    stop, late = signal.setitimer, [signal.SIGVTALRM]

    def stopped(which: int, seconds: float, again: float = 0.0) -> object:
        if seconds == 0 and late:
            signal.raise_signal(late.pop())
        return stop(which, seconds, again)

    monkeypatch.setattr(signal, "setitimer", stopped)
    before = signal.getsignal(signal.SIGVTALRM), resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(SpecError, match="SG303"), limited("a.yaml"):
        pass
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    after = signal.getsignal(signal.SIGVTALRM), resource.getrlimit(resource.RLIMIT_AS)
    assert after == before


def test_limits_that_overlap_are_lifted_in_any_order() -> None:
    """As those of two threads do."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    first, second = limited("a.yaml"), limited("b.yaml")
    for block in (first, second):
        block.__enter__()
    assert resource.getrlimit(resource.RLIMIT_AS) != before
    for block in (first, second):
        block.__exit__(None, None, None)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_what_is_declared_in_python_takes_the_time_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.01)
    op = symgrad.Op("f", ["x"], "x*sigmoid(x)", accuracy="fast")
    assert op._origin.path == limits.PYTHON
    assert "def f(" in op.source()


@pytest.mark.parametrize("words", ["gen slow.yaml", "gen --stdout slow.yaml"])
def test_the_command_refuses_and_writes_nothing(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    from symgrad import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(limits, "SECONDS", 0.1)
    Path("slow.yaml").write_text(SLOW)
    assert cli.run(words.split()) == 2
    out, err = capsys.readouterr()
    assert out == "" and "SG303" in err
    assert [path.name for path in tmp_path.iterdir()] == ["slow.yaml"]
