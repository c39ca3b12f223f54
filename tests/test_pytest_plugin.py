"""``pytest --symgrad``, run as users run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from generated_modules import ROOT

from symgrad.verify.ladder import RUNGS as LADDER
from symgrad.verify.rungs import QUICK, RUNGS

HAND = ROOT / "tests" / "hand_written.py"
SWISH = ROOT / "examples" / "swish.yaml"


def pytest_of(folder: Path, *words: str) -> tuple[int, str]:
    """Run pytest in a folder with the plugin, and give what it says."""
    command = [sys.executable, "-m", "pytest", "-p", "symgrad.pytest_plugin", "-v"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_names_are_those_of_the_ladder() -> None:
    assert {rung.number: rung.name for rung in LADDER} == {
        number: name for number, name in RUNGS.items() if number
    }
    assert {rung.number for rung in LADDER if rung.quick} == QUICK - {0}


def test_one_test_for_each_op_and_rung(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("def test_fails(): assert False\n")
    output = ("--symgrad-output", str(ROOT / "generated"), "--symgrad-level", "quick")
    code, said = pytest_of(tmp_path, "test_other.py", "--symgrad", str(SWISH), *output)
    assert code == 1, said
    assert f"1 failed, {2 * len(QUICK)} passed" in said  # two ops


def test_hand_written_code_and_the_configuration(tmp_path: Path) -> None:
    lines = [f"{SWISH}:swish={HAND}:{name}" for name in ("swish", "swapped")]
    ini = "\n    ".join(["[pytest]\nsymgrad =", *lines])
    (tmp_path / "pytest.ini").write_text(ini)
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    code, said = pytest_of(tmp_path, "--symgrad-level", "quick")
    assert code == 1
    assert "y is wrong" in said
    assert "Traceback" not in said
    assert "test_own.py::test_own PASSED" in said


def test_a_wrong_entry_is_an_error(tmp_path: Path) -> None:
    code, said = pytest_of(tmp_path, "--symgrad", f"{SWISH}:nothing={HAND}:swish")
    assert code != 0
    assert "has no op 'nothing'" in said
