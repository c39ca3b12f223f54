"""benchmarks/cpu.py has the ops that it says, and its polynomials are those in use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

import cpu
import cpu_subjects
import cpu_tables
import fit_functions
import performance_ops

from symgrad.backends.cpu_constants import CONSTANTS
from symgrad.backends.cpu_kernel import kernels
from symgrad.backends.torch import joint_program

OPS = dict(performance_ops.examples())


@pytest.mark.parametrize("place", cpu_subjects.BESIDE_TORCH)
def test_ops_beside_torch_have_kernels(place: str) -> None:
    assert kernels(OPS[place], joint_program(OPS[place])) is not None


@pytest.mark.parametrize("fit", fit_functions.fits(), ids=lambda fit: fit.name)
def test_coefficients_are_those_that_are_fitted(fit: fit_functions.Fit) -> None:
    found, error = fit_functions.fitted(fit)
    assert error < 1e-6
    assert CONSTANTS[fit.name] == pytest.approx(found, rel=1e-6)


def measured(place: str, over: float, **kind: bool) -> cpu_subjects.Measured:
    times = dict.fromkeys(cpu_subjects.PASSES, over)
    job = cpu_subjects.Job(place, 64, 1, 1, False)
    rivals = {cpu_subjects.FORMULA: times, cpu_subjects.PLAIN: times}
    return cpu_subjects.Measured(job, times, rivals, times, **kind)


def test_what_is_printed() -> None:
    found = [measured("a.b", 4.0, rows=True), measured("c.d", 1.0, cheap=True)]
    lines = list(cpu_tables.lines(found))
    assert [line.split()[0] for line in lines[2:4]] == ["c.d", "a.b"]
    assert (
        "autograd                       geometric mean  2.00, least  1.00" in lines[5]
    )
    assert lines[-2].startswith("autograd, elementwise ")
    assert lines[-2].endswith("geometric mean  1.00, least  1.00, of 1 ops")
    assert lines[-1].endswith("median 100%, least 100%, of 1 ops")


def test_the_page_has_a_place_for_each_block() -> None:
    page = cpu.PAGE.read_text()
    for name in ("1 thread", "2 threads", "64 elements"):
        assert cpu.mark(name) in page
