"""The command line: exit codes, which stream says what, and what is left alone."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from symgrad import cli, console

ROOT = Path(__file__).parents[1]

GOOD = """
symgrad: 1
ops:
  {name}:
    inputs: {{x: real}}
    forward:
      y: x*sigmoid(x)
"""
BAD = GOOD.replace("sigmoid", "sigmiod")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder, with four specs of which two are wrong."""
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        Path(f"{name}.yaml").write_text(GOOD.format(name=name))
    Path("wrong.yaml").write_text(BAD.format(name="wrong"))
    Path("greedy.yaml").write_text(GOOD.format(name="f") + "    save: outputs\n")
    return tmp_path


def generate(*words: str) -> int:
    return cli.run(["gen", "--verify", "off", *words])


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def command(*words: str, **options) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    line = [sys.executable, "-m", "symgrad", *words]
    return subprocess.run(line, env=environment, capture_output=True, **options)


# Exit codes


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("--version", 0, r"symgrad \d+\.\d+\.\d+"),
        ("--help", 0, r"symgrad gen examples/swish.yaml"),
        ("functions", 0, r"sigmoid\(x\)"),
        ("explain SG503", 0, r"SG503"),
        ("explain SG999999", 2, r"no code SG999999"),
        ("explain one.yaml:prodct", 2, r"SG603.*no op"),
        ("", 2, r"symgrad gen examples/swish.yaml"),
        ("gen", 2, r"symgrad gen examples/swish.yaml"),
        ("gne one.yaml", 2, r"[Dd]id you mean.*'gen'"),
        ("gen --chekc one.yaml", 2, r"[Dd]id you mean.*'--check'"),
        ("gen --stdout --check one.yaml", 2, r"--stdout does not go with"),
        ("gen greedy.yaml", 2, r"SG139.*'save: outputs' alone\n.*greedy.yaml:\d+:11\n"),
        ("gen greedy.yaml", 2, r"help: leave 'save' out, or keep \[x\]"),
        ("gen --backend triton one.yaml", 2, r"SG\d+.*not built yet\n.*use 'torch'"),
        ("gen wrong.yaml", 2, r"sigmiod"),
        ("gen absent.yaml", 2, r"absent.yaml"),
        ("gen --check one.yaml", 1, r"generated/one.py is missing"),
        ("verify one.yaml", 2, r"generated/one.py"),
        ("verify m:f --spec one.yaml:two", 2, r"SG603.*no op 'two'"),
        ("audit m", 2, r"SG603.*no MODULE:NAME"),
    ],
)
def test_exit_codes(words, code, says, capsys, project) -> None:
    before = everything(project)
    assert cli.run(words.split()) == code
    out, err = capsys.readouterr()
    assert re.search(says, out if code == 0 else err)
    assert "Traceback" not in err
    assert (out == "") == (code != 0)
    assert everything(project) == before


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (RuntimeError("odd"), 3, "this is a fault in symgrad, please report it"),
        (BrokenPipeError(), 141, ""),
    ],
)
@pytest.mark.parametrize("debug", [True, False])
def test_what_else_can_happen(error, code, says, debug, capfd, monkeypatch) -> None:
    from symgrad import gen

    def fails(*_):
        raise error

    monkeypatch.setattr(gen, "make", fails)
    monkeypatch.setattr(console, "drop_stdout", lambda: None)
    assert generate("one.yaml", *(["--debug"] if debug else [])) == code
    err = capfd.readouterr().err
    assert says in err
    assert ("Traceback" in err) == (debug and code == 3)


# gen


def test_gen_writes_once_and_check_agrees(capsys) -> None:
    assert generate("one.yaml", "two.yaml") == 0
    assert capsys.readouterr().err.count("wrote ") == 6
    ast.parse(Path("generated/one.py").read_text())
    assert generate("one.yaml", "two.yaml") == 0
    assert capsys.readouterr().err.count("unchanged ") == 6
    assert generate("--check", "one.yaml", "two.yaml") == 0
    assert capsys.readouterr() == ("", "")


def test_gen_verifies_before_it_writes(capsys) -> None:
    assert cli.run(["gen", "one.yaml"]) == 0
    assert cli.run(["verify", "--quick", "one.yaml"]) == 0
    written = Path("generated/one.py").read_text()
    backward = written.index("def backward")
    wrong = written[:backward] + written[backward:].replace(" + ", " - ")
    Path("generated/one.py").write_text(wrong)
    capsys.readouterr()
    assert cli.run(["verify", "--quick", "one.yaml"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "one" in err


def test_nothing_is_written_if_verification_fails(monkeypatch, project) -> None:
    from symgrad import gen

    real = gen.generate

    def wrong(spec, known):
        module = real(spec, known)
        source = module.source.replace("torch.sigmoid(", "1.001 * torch.sigmoid(")
        return type(module)(module.stem, source, module.tests)

    monkeypatch.setattr(gen, "generate", wrong)
    before = everything(project)
    assert cli.run(["gen", "one.yaml", "two.yaml"]) == 1
    assert everything(project) == before


def test_the_lint_is_never_off(monkeypatch, project, capsys) -> None:
    from symgrad import gen

    real = gen.generate

    def sly(spec, known):
        module = real(spec, known)
        return type(module)(module.stem, f"{module.source}\nimport os\n", module.tests)

    monkeypatch.setattr(gen, "generate", sly)
    before = everything(project)
    assert generate("one.yaml") == 1
    assert "import" in capsys.readouterr().err
    assert everything(project) == before


def test_one_wrong_spec_of_three_stops_all_and_all_are_diagnosed(
    capsys, project
) -> None:
    Path("wrong2.yaml").write_text(BAD.format(name="wrong2"))
    before = everything(project)
    assert generate("one.yaml", "wrong.yaml", "wrong2.yaml") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--> wrong.yaml:7:" in err
    assert "--> wrong2.yaml:7:" in err
    assert everything(project) == before


def test_several_jobs_do_what_one_does(project) -> None:
    assert generate("one.yaml", "two.yaml", "-o", "alone") == 0
    assert generate("--jobs", "2", "one.yaml", "two.yaml", "-o", "together") == 0
    alone, together = (everything(project / folder) for folder in ("alone", "together"))
    assert {n: code for n, (_, code) in alone.items()} == {
        n: code for n, (_, code) in together.items()
    }


def test_several_jobs_report_what_is_wrong_in_all(capsys) -> None:
    Path("wrong2.yaml").write_text(BAD.format(name="wrong2"))
    assert generate("--jobs", "2", "wrong.yaml", "one.yaml", "wrong2.yaml") == 2
    err = capsys.readouterr().err
    assert "--> wrong.yaml:7:" in err
    assert "--> wrong2.yaml:7:" in err


def test_an_edited_file_stays_and_the_advice_works(capsys) -> None:
    assert generate("one.yaml") == 0
    with open("generated/one.py", "a") as stream:
        stream.write("# mine\n")
    assert generate("one.yaml") == 2
    assert "SG503" in capsys.readouterr().err
    assert generate("--check", "one.yaml") == 1
    advice = capsys.readouterr().err.splitlines()[-1].partition("symgrad gen ")[2]
    assert generate(*advice.split()) == 0
    assert generate("--check", "one.yaml") == 0


def test_diff_shows_what_check_reports(capsys) -> None:
    assert generate("one.yaml") == 0
    assert generate("--diff", "one.yaml") == 0
    assert capsys.readouterr().out == ""
    Path("one.yaml").write_text(GOOD.format(name="one").replace("x*s", "2*x*s"))
    assert generate("--diff", "one.yaml") == 1
    out, err = capsys.readouterr()
    assert out.startswith("--- generated/one.py\n+++ generated/one.py\n")
    assert "generated/one.py is stale" in err


def test_a_comment_in_the_spec_is_no_difference() -> None:
    assert generate("one.yaml") == 0
    Path("one.yaml").write_text("# hello\n" + GOOD.format(name="one") + "\n\n")
    assert generate("--check", "one.yaml") == 0


def test_stdout_is_the_module_and_nothing_else(capsys, project) -> None:
    before = everything(project)
    assert generate("--stdout", "one.yaml") == 0
    out, err = capsys.readouterr()
    assert (err, everything(project)) == ("", before)
    assert generate("one.yaml") == 0
    assert Path("generated/one.py").read_text() == out


def test_a_spec_from_standard_input(capsys, monkeypatch) -> None:
    for words, code in (((), 0), (("--check",), 0), (("--stdout",), 0)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(GOOD.format(name="piped")))
        assert generate("-", *words) == code
    assert "# <stdin> spec=" in Path("generated/stdin.py").read_text()
    monkeypatch.setattr(sys, "stdin", io.StringIO(BAD.format(name="piped")))
    assert generate("-") == 2
    assert "--> <stdin>:7:" in capsys.readouterr().err


def test_a_file_without_its_spec_is_an_orphan(capsys) -> None:
    Path("specs").mkdir()
    Path("specs/old.yaml").write_text(GOOD.format(name="old"))
    assert generate("specs/old.yaml") == 0
    Path("specs/old.yaml").unlink()
    capsys.readouterr()
    assert generate("one.yaml") == 0
    err = capsys.readouterr().err
    assert err.count("SG507") == 3
    assert Path("generated/old.py").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("one.yaml", 0),
        ("--check one.yaml", 1),
        ("--stdout one.yaml", 0),
        ("--diff one.yaml", 1),
        ("wrong.yaml", 2),
        ("absent.yaml", 2),
        ("--nonsense", 2),
        ("one.yaml ./one.yaml", 2),
    ],
)
def test_json_is_one_document_whatever_happens(words, code, capsys) -> None:
    assert generate("--json", *words.split()) == code
    document = json.loads(capsys.readouterr().out)
    assert document.keys() == {
        *("symgrad", "exit_code", "diagnostics", "notes"),
        *("files", "reports", "text"),
    }
    assert document["exit_code"] == code
    assert code == 0 or document["diagnostics"] or document["notes"]


# In a process of its own


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["--help"], ["torch", "sympy", "pydantic", "jinja2", "yaml", "flint"]),
        (["gen", "--help"], ["torch", "sympy", "pydantic", "jinja2", "yaml", "flint"]),
        (["completion", "bash"], ["torch", "sympy", "pydantic", "yaml", "flint"]),
        (["functions"], ["torch", "sympy", "pydantic"]),
        (["schema"], ["torch", "sympy"]),
        (["gen", "--check", "one.yaml"], ["torch"]),
        (["gen", "--verify", "off", "one.yaml"], ["torch"]),
    ],
)
def test_no_command_loads_what_it_does_not_need(words, absent) -> None:
    script = (
        "import sys; from symgrad import cli; cli.run(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr)"
    )
    line = [sys.executable, "-c", script, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(line, env=environment, capture_output=True, text=True)
    loaded = set(done.stderr.split())
    assert "symgrad.cli" in loaded
    assert not loaded.intersection(absent)


def test_the_same_bytes_from_any_process(project) -> None:
    texts = {
        command(
            *("gen", "--verify", "off", "--stdout", str(path)), env=env, cwd=folder
        ).stdout
        for path, folder, env in (
            ("one.yaml", project, {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}),
            (project / "one.yaml", project, {"PYTHONHASHSEED": "2", "LC_ALL": "C"}),
        )
    }
    assert len(texts) == 1
    assert b"def one(" in texts.pop()


def test_code_is_utf_8_whatever_the_terminal_thinks() -> None:
    text = GOOD.format(name="one").replace("inputs", "doc: Señor\n    inputs")
    words = ("gen", "--verify", "off", "--stdout", "-")
    env = {"PYTHONIOENCODING": "ascii"}
    done = command(*words, input=text.encode(), env=env)
    assert done.returncode == 0
    assert "Señor" in done.stdout.decode()
    done = command(*words, input=text.encode("latin-1"), env=env)
    assert done.returncode == 2
    assert b"error[SG1" in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["functions"], ["explain", "SG503"]])
def test_a_closed_pipe_is_no_traceback(words) -> None:
    line = [sys.executable, "-m", "symgrad", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        line, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert done.returncode == cli.PIPE_CLOSED
    assert done.stderr == ""


WAITS = """
import io, signal, sys, time
from symgrad import cli

# A runner in the background passes on that interrupts are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Slow(io.StringIO):
    def read(self, size):
        print("ready", flush=True)
        time.sleep(60)

sys.stdin = Slow()
sys.exit(cli.run(["gen", "-"]))
"""


def test_control_c_ends_with_130(project) -> None:
    before = everything(project)
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert everything(project) == before
