"""``[tool.symgrad]``: what holds where, what is refused, and at which place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symgrad import cli, configuration, toml_places
from symgrad.errors import SpecError
from symgrad.toml_places import tomllib

SPEC = """
symgrad: 1
ops:
  {name}:
    inputs: {{x: real}}
    forward: {{y: x*sigmoid(x)}}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two specs, ours alone: nothing above it is looked at."""
    monkeypatch.chdir(tmp_path)
    for folder in (".git", "specs", "deep/er"):
        Path(folder).mkdir(parents=True)
    for name in ("one", "two"):
        Path(f"specs/{name}.yaml").write_text(SPEC.format(name=name))
    return tmp_path


def configure(text: str) -> None:
    Path("pyproject.toml").write_text(f"[tool.symgrad]\n{text}")


# What holds


def test_all_keys() -> None:
    configure(
        'specs = ["specs/*.yaml"]\noutput = "out"\nbackend = "cpu"\n'
        'verify = "off"\njobs = 2\n'
    )
    assert configuration.read() == configuration.Configuration(
        ("specs/one.yaml", "specs/two.yaml"), Path("out"), "cpu", "off", 2
    )


@pytest.mark.parametrize(
    ("files", "here", "jobs"),
    [
        ({".": "jobs = 3"}, "deep/er", 3),
        ({".": "jobs = 3", "deep": "jobs = 4"}, "deep/er", 4),
        ({".": "jobs = 3", "deep": None}, "deep/er", 3),  # it says nothing of symgrad
        ({"..": "jobs = 5"}, ".", None),  # beyond the top of the repository
        ({}, ".", None),
    ],
)
def test_the_nearest_table_holds(files, here, jobs, project, monkeypatch) -> None:
    for folder, text in files.items():
        table = "[tool.other]\n" if text is None else f"[tool.symgrad]\n{text}\n"
        (project / folder / "pyproject.toml").write_text(table)
    monkeypatch.chdir(here)
    assert configuration.read().jobs == jobs


def test_paths_are_those_from_the_folder_of_the_file(monkeypatch, capsys) -> None:
    configure('specs = ["specs/o*.yaml"]\noutput = "out"\nverify = "off"\n')
    monkeypatch.chdir("deep/er")
    assert cli.run(["gen"]) == 0
    assert Path("../../out/one.py").exists()
    assert not Path("generated").exists()
    assert cli.run(["gen", "--check"]) == 0
    capsys.readouterr()
    assert cli.run(["build"]) == 2
    assert "SG609" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ([], {"out/one.py", "out/two.py"}),
        (["specs/two.yaml"], {"out/two.py"}),
        (["specs/two.yaml", "-o", "there"], {"there/two.py"}),
    ],
)
def test_the_command_line_goes_before(words, written, project) -> None:
    configure('specs = ["specs/*.yaml"]\noutput = "out"\nverify = "off"\n')
    assert cli.run(["gen", *words]) == 0
    found = {str(p.relative_to(project)) for p in project.rglob("*.py")}
    assert {path for path in found if "test_" not in path} == written


def test_specs_of_the_configuration_are_not_missed_where_others_are_named() -> None:
    configure('specs = ["absent/*.yaml"]\n')
    assert cli.run(["gen", "specs/one.yaml", "--verify", "off"]) == 0


def test_backend_and_level_of_the_command_line_go_before(monkeypatch) -> None:
    from symgrad import gen

    told = []
    monkeypatch.setattr(gen, "make", lambda *words: told.append(words[2:5]) or ())
    monkeypatch.setattr(gen, "publish", lambda made, level, *_: told.append(level))
    monkeypatch.setattr(cli.console, "show", lambda *_: 0)
    configure('backend = "cpu"\nverify = "full"\njobs = 3\n')
    cli.run(["gen", "specs/one.yaml"])
    words = ["--backend", "torch", "--verify", "off", "-j", "2"]
    cli.run(["gen", "specs/one.yaml", *words])
    assert told == [(False, 3, "cpu"), "full", (False, 2, "torch"), "off"]


# What is refused

REFUSED = [
    ("spec = []", "SG120", (2, 1), "did you mean 'specs'?"),
    ("level = 'quick'", "SG120", (2, 1), "allowed: specs, output, backend"),
    ("specs = 'a.yaml'", "SG122", (2, 9), "write '[first, second]'"),
    ("specs = []", "SG124", (2, 9), "add one"),
    ("specs = [\n  'specs/one.yaml',\n  3]", "SG122", (4, 3), "quote it: '3'"),
    ("specs = ['specs/one.yaml', 'x.yaml']", "SG152", (2, 28), "paths are those"),
    ("specs = ['specs/*.yml']", "SG152", (2, 10), "paths are those"),
    ("output = true", "SG122", (2, 10), ""),
    ("verify = 'fulll'", "SG123", (2, 10), "did you mean 'full'?"),
    ("backend = 'triton'", "SG123", (2, 11), "allowed: torch, cpu"),
    ("jobs = 0", "SG123", (2, 8), ""),
    ("jobs = '2'", "SG122", (2, 8), "write it without a point or quotes"),
    ('# jobs = 1\n"jo\\u0062" = 1', "SG120", (3, 1), "did you mean 'jobs'?"),
    ("[tool.symgrad.limits]\na = 1", "SG120", (2, 15), "allowed: specs"),
    ('output = "a\\u0000"', "SG123", (2, 10), ""),
    ("jobs = ", "SG150", (2, 8), ""),
    ("jobs = 1\njobs = 2", "SG150", (3, 9), ""),
    ("output = 'a", "SG150", (2, 12), ""),
    ("specs = ['a',", "SG150", (2, 14), ""),
    ("output = 'ä\udcff'", "SG150", (2, 12), ""),
    (f"specs = {'[' * 5000}", "SG150", None, ""),
    (f"jobs = 1{'0' * 5000}", "SG150", None, ""),
]


@pytest.mark.parametrize(("text", "code", "place", "help"), REFUSED)
def test_what_is_refused(text, code, place, help, capsys, project) -> None:
    raw = f"[tool.symgrad]\n{text}".encode(errors="surrogateescape")
    Path("pyproject.toml").write_bytes(raw)
    before = sorted(project.rglob("*"))
    assert cli.run(["gen"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error[{code}]: ")
    assert help in err
    if place is not None:
        assert "  --> pyproject.toml:{}:{}\n".format(*place) in err
    assert "Traceback" not in err
    assert sorted(project.rglob("*")) == before


def test_everything_that_is_wrong_is_told_at_once(capsys) -> None:
    configure("job = 1\nverify = 'ful'\noutput = 1\n")
    assert cli.run(["gen"]) == 2
    err = capsys.readouterr().err
    assert [f"toml:{line}:" in err for line in (2, 3, 4)] == [True] * 3


def test_a_file_that_cannot_be_read(monkeypatch, capsys) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    configure("jobs = 1")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert cli.run(["gen", "specs/one.yaml"]) == 2
    assert "error[SG151]" in capsys.readouterr().err


def test_a_table_that_is_none(capsys) -> None:
    Path("pyproject.toml").write_text("[[tool.symgrad]]\njobs = 1\n")
    assert cli.run(["gen"]) == 2
    assert "error[SG122]: this should be a mapping" in capsys.readouterr().err


def test_what_is_no_command_on_specs_does_not_read_it() -> None:
    Path("pyproject.toml").write_text("nonsense")
    assert cli.run(["functions", "sigmoid"]) == 0
    assert cli.run(["explain", "SG150"]) == 0


# Places

TOML = [
    "",
    "# [a]\na = 1 # b = 2\n",
    "a.b.c = 1\na . 'b'.\"d\\u0061\" = 2\n",
    "[a]\nb = 'x = 1'\n[a.c]\nd = \"[e]\"\n",
    'a = """\n[b]\nc = 1\n""" # d\ne = \'\'\'\nf = "\n\'\'\'\ng = """""x"""""\n',
    'a = """x\\""""\nb = ""\nc = \'\'\n',
    "a = [1, [2, 3], 'b', # ]\n 4,\n]\nc = [ ]\n",
    "a = {b = 1, 'c.d' = [{e = 2}, {e = {}}], f.g = 3}\nh = 1979-05-27 07:32:00Z\n",
    '1.2 = 3\n-_- = -inf\n"" = 1e+5\n',
    "[ a . b ]\nc = true\n\n[a]\nd = 1\n",
    "a = 1\r\nb = [\r\n  2,\r\n]\r\n",
]


def paths(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*path, key), value
        if isinstance(value, (dict, list)):
            yield from paths(value, (*path, key))


@pytest.mark.parametrize("text", TOML)
def test_every_key_and_value_has_its_place(text: str) -> None:
    document = toml_places.read(text.encode(), "f.toml")
    found = dict(paths(document.data))
    assert set(document.values) == set(found)
    assert set(document.keys) == {p for p in found if isinstance(p[-1], str)}
    for path, span in document.keys.items():
        written = document.lines[span.line - 1][span.column - 1 : span.end_column - 1]
        assert list(tomllib.loads(f"{written} = 0")) == [path[-1]]
    for path, value in found.items():
        if not isinstance(value, (dict, list)):
            assert tomllib.loads(f"a = {_text(document, path)}")["a"] == value


def _text(document: Any, path: tuple[str | int, ...]) -> str:
    span = document.values[path].span
    lines = list(document.lines[span.line - 1 : span.end_line])
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize("text", ["[a]\n[[b]]\nc = 1\n[[b]]\nc = 2\n[b.d]\ne = 1\n"])
def test_lists_of_tables_are_passed_over(text: str) -> None:
    document = toml_places.read(f"{text}[tool]\nx = 1\n".encode(), "f.toml")
    assert document.keys["tool", "x"].line == text.count("\n") + 2


def test_the_parser_says_what_is_wrong() -> None:
    with pytest.raises(SpecError) as error:
        toml_places.read(b"a = 1\nb = = 2\n", "f.toml")
    [problem] = error.value.diagnostics
    assert problem.message == "this is not TOML: invalid value"
    assert (problem.span.line, problem.span.column) == (2, 5)
