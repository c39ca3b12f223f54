"""``symgrad new``: what it writes works, and nothing is overwritten."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path

import pytest
from generated_modules import ROOT
from jsonschema import Draft7Validator

from symgrad import cli, yamlfile
from symgrad.schema import schema
from symgrad.spec import load_with_warnings
from symgrad.starter import SCHEMA
from symgrad.starter_kinds import KINDS

VALIDATOR = Draft7Validator(schema())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_kind_has_a_template_and_the_reverse() -> None:
    files = (ROOT / "templates" / "new").glob("*.yaml.j2")
    assert {path.name.removesuffix(".yaml.j2") for path in files} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["my_op", "x", "target"])
def test_what_is_written_is_a_spec(kind: str, name: str) -> None:
    assert cli.run(["new", name, "--kind", kind]) == 0
    path = Path(f"{name}.yaml")
    text = path.read_text()
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA}\n# ")
    assert max(map(len, text.splitlines())) <= 88
    spec, warnings = load_with_warnings(path)
    assert [op.name for op in spec.ops] == [name]
    assert not warnings
    data = yamlfile.read(path.read_bytes(), str(path)).data
    assert list(VALIDATOR.iter_errors(data)) == []


def test_what_it_says_to_do_next_can_be_done(capsys) -> None:
    Path("my specs").mkdir()
    assert cli.run(["new", "gate", "--kind", "surrogate", "-o", "my specs"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wrote my specs/gate.yaml\n")
    assert re.findall(r"^  symgrad (\w+) .*'", err, re.M) == [
        "gen",
        "explain",
        "schema",
    ]
    path = "my specs/gate.yaml"
    assert cli.run(["gen", path, "--stdout", "--verify", "off"]) == 0
    assert "def gate(" in capsys.readouterr().out
    assert cli.run(["schema", "-o", f"my specs/{SCHEMA}"]) == 0


def test_nothing_is_overwritten(folder, capsys) -> None:
    Path("gate.yaml").write_text("mine")
    Path("link.yaml").symlink_to(folder / "elsewhere")
    for name in ("gate", "link"):
        assert cli.run(["new", name]) == 2
        assert f"error[SG510]: {name}.yaml is there already" in capsys.readouterr().err
    assert Path("gate.yaml").read_text() == "mine"
    assert not Path("elsewhere").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["class"], "SG126"),
        (["1x"], "SG125"),
        (["a/b"], "SG125"),
        (["../up"], "SG125"),
        (["math"], "SG105"),
        (["x" * 65], "SG125"),
        (["gate", "-o", "absent"], "SG505"),
        (["gate", "--kind", "magic"], "invalid value"),
    ],
)
def test_what_is_refused(words, code, folder, capsys) -> None:
    assert cli.run(["new", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, list(folder.iterdir())) == ("", [])
    assert code.lower() in err.lower()


def test_the_report_for_machines_names_the_file(capsys) -> None:
    assert cli.run(["new", "gate", "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert files == [{"path": "gate.yaml", "was": "missing"}]


@pytest.mark.parametrize(
    "words", ["new one", "schema -o s.json", "schema -o mine.json"]
)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_nothing_behind(
    words: str, call: str, folder: Path, monkeypatch, capsys
) -> None:
    assert cli.run(["schema", "-o", "mine.json"]) == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    assert cli.run(words.split()) == 2
    assert "SG505" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
