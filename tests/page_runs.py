"""The tutorials and the how-to pages, done step by step as a reader would.

What a block is, is said by the comment before it, or else by its language:

    write: NAME     a file that the reader writes
    made: FILE      a piece of a file that a command has written
    file: FILE      a piece of a file of the repository
    prints          what the Python before it printed; numbers roughly
    says            lines that the commands before it printed, in order
    exit N          commands of which the last ends so; 0 where it is not said
    row             Python that makes ROW, a row of the function table for this page
    rule            Python that makes RULE, a row of the rewrite table for this page
    hook            a configuration of pre-commit, whose command is run on all specs
    workflow        a workflow, whose commands are run
    python          run, all of a page in one namespace
    sh              commands of symgrad and pytest, each on a line

pytest collects and runs nothing: the tests in generated/ run in the suite. Commands run
in this process, and so does what they verify, for one of its own would import torch.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents import Block, blocks, without_indent
from generated_modules import ROOT

from symgrad import cli, functions, regroup, rewrites
from symgrad.verify import worker
from symgrad.verify.process import Answer
from symgrad.verify.watch import Watch, ignore

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
ROUGHLY = {"rel": 0.05, "abs": 0.011}
"""Losses differ in the last digits from one processor to another."""

LEFT_OUT = ("cacheprovider", "xdist", "unraisableexception", "threadexception")
COLLECT = ("--collect-only", "-q", *(f"-pno:{plugin}" for plugin in LEFT_OUT))
"""Some plugins look through all memory at the end, each time."""

PAGES = sorted(
    page
    for folder in ("tutorials", "how-to")
    for page in ROOT.glob(f"docs/{folder}/*.md")
)


def answered(request: Any, time_limit: float, watch: Watch = ignore) -> Answer:
    """What the child process would answer, without one."""
    audited = isinstance(request, worker.AuditRequest)
    found = worker._audited if audited else worker._verified
    report = found(replace(request, memory_limit=None), watch)
    return Answer(report.as_json(), "")


@dataclass
class Reader:
    """Somebody who follows a page in an empty folder, and what was printed last.

    With ``update`` what was printed is written to the page, not compared with it.
    """

    page: Path
    folder: Path
    patch: pytest.MonkeyPatch
    update: bool = False
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    printed: str = ""

    def follow(self) -> None:
        """Do what each block says, or see that it says what has happened."""
        for block in blocks(self.page):
            self._step(block)

    def _step(self, block: Block) -> None:
        word, _, rest = block.source.partition(" ")
        steps: dict[str, Callable[[Block, str], None]] = {
            "write:": self._write,
            "made:": self._made,
            "file:": self._file,
            "prints": self._prints,
            "says": self._says,
            "exit": self._commands,
            "row": self._row,
            "rule": self._rule,
            "hook": self._hook,
            "workflow": self._workflow,
            "python": self._run,
            "sh": self._commands,
        }
        steps[word or block.language](block, rest)

    def _write(self, block: Block, name: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def _made(self, block: Block, name: str) -> None:
        assert_within(block, self.folder / name)

    def _file(self, block: Block, name: str) -> None:
        assert_within(block, ROOT / name)

    def _prints(self, block: Block, _: str) -> None:
        if self.update:
            text = self.page.read_text("utf-8").replace(block.text, self.printed, 1)
            self.page.write_text(text, encoding="utf-8")
            return
        assert NUMBER.sub("#", self.printed) == NUMBER.sub("#", block.text)
        found, told = (NUMBER.findall(text) for text in (self.printed, block.text))
        expected = [float(number) for number in told]
        assert [float(number) for number in found] == pytest.approx(expected, **ROUGHLY)

    def _says(self, block: Block, _: str) -> None:
        rest = self.printed
        for line in block.text.splitlines():
            assert line.strip() in rest, f"{line.strip()!r} is not in\n{self.printed}"
            rest = rest.partition(line.strip())[2]

    def _run(self, block: Block, _: str) -> None:
        code = compile(block.text, block.page, "exec", dont_inherit=True)
        with self._listening():
            exec(code, self.names)

    def _row(self, block: Block, _: str) -> None:
        self._run(block, "")
        row = self.names["ROW"]
        for table in (functions.TABLE, functions.NAMES):
            self.patch.setitem(table, row.name, row)

    def _rule(self, block: Block, _: str) -> None:
        self._run(block, "")
        for module in (rewrites, regroup):
            self.patch.setattr(module, "TABLE", (*module.TABLE, self.names["RULE"]))
        forget_rules()

    def _commands(self, block: Block, code: str) -> None:
        lines = block.text.strip().splitlines()
        with self._listening():
            ends = [self._command(shlex.split(line)) for line in lines]
        assert ends == [0] * (len(lines) - 1) + [int(code or 0)], self.printed

    def _hook(self, block: Block, _: str) -> None:
        [repository] = yaml.safe_load(block.text)["repos"]
        [hook] = repository["hooks"]
        specs = [path.name for path in self.folder.glob("*.yaml")]
        assert specs and self._command([*hook["entry"].split(), *specs]) == 0

    def _workflow(self, block: Block, _: str) -> None:
        [job] = yaml.safe_load(block.text)["jobs"].values()
        lines = [step["run"] for step in job["steps"] if "run" in step]
        assert lines.pop(0).startswith("pip install -c constraints.txt")
        assert [self._command(line.split()) for line in lines] == [0] * len(lines)

    def _command(self, words: list[str]) -> int:
        program, *rest = words
        if program == "pytest":
            return int(pytest.main([*COLLECT, *rest]))
        assert program == "symgrad"
        return cli.run(rest)

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        heard = io.StringIO()
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            yield
        self.printed = heard.getvalue()


def forget_rules() -> None:
    """The rewrite table is looked at anew."""
    rewrites._by_root.cache_clear()
    regroup._patterns.cache_clear()


def assert_within(block: Block, path: Path) -> None:
    """That an excerpt stands in a file."""
    assert without_indent(block.text) in without_indent(path.read_text("utf-8")), path
