"""Messages that are no matter of a spec's text alone: exactly what is printed.

Those about the text of a spec stand in tests/cases/errors, beside the specs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sympy

import symgrad
from symgrad import cli, gen, generate, limits
from symgrad.codes import CODES
from symgrad.errors import SymgradError

CASES = Path(__file__).parent / "cases"
SPEC = """\
symgrad: 1
ops:
  one: {inputs: {x: real}, forward: {y: x*sigmoid(x)}, accuracy: fast}
"""
x = sympy.Symbol("x", real=True)


def written(*words: str) -> None:
    """The files of the spec, before the disk is meddled with."""
    assert cli.run(["gen", "one.yaml", "-o", "out", "--verify", "off", *words]) == 0


def link(_: pytest.MonkeyPatch) -> None:
    Path("out").mkdir()
    Path("out/one.py").symlink_to("victim")


def foreign(_: pytest.MonkeyPatch) -> None:
    Path("out").mkdir()
    Path("out/one.py").write_text("mine = 1\n")


def edited(_: pytest.MonkeyPatch) -> None:
    written()
    with open("out/one.py", "a") as stream:
        stream.write("# mine\n")


def special(_: pytest.MonkeyPatch) -> None:
    Path("out/one.py").mkdir(parents=True)


def in_the_way(_: pytest.MonkeyPatch) -> None:
    Path("out").write_text("a file where the folder should be")


def twin(_: pytest.MonkeyPatch) -> None:
    Path("One.yaml").write_text(SPEC)


def orphan(_: pytest.MonkeyPatch) -> None:
    Path("old").mkdir()
    Path("old/two.yaml").write_text(SPEC)
    words = ["gen", "old/two.yaml", "-o", "out", "--verify", "off"]
    assert cli.run(words) == 0
    Path("old/two.yaml").unlink()


def lock(_: pytest.MonkeyPatch) -> None:
    Path("one.yaml").write_text(SPEC.replace(", accuracy: fast", ""))
    Path("out").mkdir()
    Path("out/one.lock.json").write_text("{}")


def endless(*_: object) -> None:
    while True:
        pass


def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.001)
    monkeypatch.setattr(generate, "_generated", endless)


def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("two.yaml").write_text(SPEC)
    monkeypatch.setattr(gen, "generate", lambda *_: os._exit(9))


def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def no_specs(_: pytest.MonkeyPatch) -> None:
    Path("pyproject.toml").write_text("[tool.symgrad]\nspecs = ['specs/*.yaml']\n")


def no_kernels(_: pytest.MonkeyPatch) -> None:
    text = SPEC.replace("x: real", "x: complex").replace("x*sigmoid(x)", "x*x")
    Path("one.yaml").write_text(text.replace("fast", "fast, backend: cpu"))


def nothing(_: pytest.MonkeyPatch) -> None:
    pass


Setting = Callable[[pytest.MonkeyPatch], None]

COMMANDS: dict[str, tuple[Setting, str, int]] = {
    "SG104": (nothing, "gen absent.yaml", 2),
    "SG105": (lambda _: os.rename("one.yaml", "torch.yaml"), "gen torch.yaml", 2),
    "SG152": (no_specs, "gen", 2),
    "SG153": (nothing, "functions sigmiod", 2),
    "SG303": (slow, "gen one.yaml -o out", 2),
    "SG313": (no_kernels, "gen one.yaml -o out --verify off --check", 1),
    "SG501": (link, "gen one.yaml -o out", 2),
    "SG502": (foreign, "gen one.yaml -o out", 2),
    "SG503": (edited, "gen one.yaml -o out", 2),
    "SG504": (special, "gen one.yaml -o out", 2),
    "SG505": (in_the_way, "gen one.yaml -o out --verify off", 2),
    "SG506": (twin, "gen one.yaml One.yaml -o out", 2),
    "SG507": (orphan, "gen one.yaml -o out --check", 1),
    "SG508": (nothing, "gen one.yaml -o out --force out/on.py", 2),
    "SG509": (lock, "gen one.yaml -o out", 2),
    "SG510": (lambda _: Path("x.json").touch(), "schema -o x.json", 2),
    "SG603": (nothing, "verify m:f --spec one.yaml:onee", 2),
    "SG604": (no_gpu, "bench one.yaml --device cuda", 2),
    "SG606": (nothing, "bench one.yaml --plot x.pdf", 2),
    "SG607": (ended, "gen one.yaml two.yaml --jobs 2", 2),
    "SG609": (lambda _: written(), "build one.yaml -o out", 2),
}


class Slanted(sympy.Function):  # type: ignore[misc]
    """A function whose derivative is not that of its definition."""

    def fdiff(self, argindex: int = 1) -> Any:
        return self.args[0] ** 2

    def doit(self, **_: Any) -> Any:
        return self.args[0] ** 3


EXPRESSIONS: dict[str, Callable[[], Any]] = {
    "SG222": lambda: x * sympy.Symbol("x"),
    "SG301": lambda: sympy.Derivative(sympy.Function("f")(x), x),
    "SG302": lambda: Slanted(x),
}

ELSEWHERE = {
    "SG150": ("test_configuration.py", "the words of Python's reader of TOML"),
    "SG151": ("test_configuration.py", "the words of the system"),
    "SG511": ("test_hostile_words.py", "the words of the system"),
    "SG600": ("test_reproduce.py", "numbers that differ between machines"),
    "SG601": ("test_verify.py", "the number of points that were tried"),
    "SG602": ("test_worker.py", "how a process ended, and what it said last"),
    "SG605": ("test_bench.py", "torch's words"),
    "SG608": ("test_kernels_build.py", "the compiler's words"),
    "SG610": ("test_watch.py", "said where watchfiles is not installed"),
}
"""Codes whose text has something of the machine in it: the test, and what that is."""


def expected(code: str) -> Path:
    return CASES / "messages" / f"{code}.txt"


def compare(code: str, said: str, update: bool) -> None:
    assert f"[{code}]" in said
    if update:
        expected(code).write_text(said, encoding="utf-8")
    assert said == expected(code).read_text(encoding="utf-8")


@pytest.mark.parametrize("code", COMMANDS)
def test_what_a_command_says(
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
    update: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(SPEC)
    setting, words, exit_code = COMMANDS[code]
    setting(monkeypatch)
    capsys.readouterr()
    assert cli.run(words.split()) == exit_code
    out, err = capsys.readouterr()
    assert out == ""
    compare(code, err.replace(str(tmp_path), "FOLDER"), update)


@pytest.mark.parametrize("code", EXPRESSIONS)
def test_what_python_is_told(code: str, update: bool) -> None:
    with pytest.raises(SymgradError) as caught:
        symgrad.Op("one", [x], EXPRESSIONS[code]())
    compare(code, f"{caught.value}\n", update)


def test_every_code_has_a_case_or_a_reason() -> None:
    beside_specs = {path.stem[:5] for path in (CASES / "errors").glob("SG*.txt")}
    shown = {*beside_specs, *COMMANDS, *EXPRESSIONS}
    assert set(CODES) <= shown | set(ELSEWHERE)
    assert not shown & set(ELSEWHERE)
    assert {path.stem for path in (CASES / "messages").iterdir()} == {
        *COMMANDS,
        *EXPRESSIONS,
    }


@pytest.mark.parametrize(("code", "test"), [(c, t) for c, (t, _) in ELSEWHERE.items()])
def test_a_reason_names_a_test_that_has_the_code(code: str, test: str) -> None:
    text = (Path(__file__).parent / test).read_text("utf-8")
    assert code in text
