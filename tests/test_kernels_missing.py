"""Where kernels cannot be had their formulas run, and one warning says what to do."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from kernel_cases import with_backend
from specs import spec

from symgrad.generate import Module, generate
from symgrad.verify.loading import load

NUMBERS = itertools.count()
MADE = generate(with_backend(spec("never_compiled", "x a", "x*exp(a)"), "cpu"))
STEM = MADE.stem


def written(folder: Path, made: Module = MADE) -> ModuleType:
    """The module, fresh, as it stands in a folder beside its kernels."""
    (folder / f"{made.stem}_cpu.cpp").write_text(made.kernels)
    return load(f"missing_{next(NUMBERS)}", made.source, str(folder))


def compiler(text: str) -> Callable[[Path, pytest.MonkeyPatch], None]:
    """A compiler that is a script."""

    def set_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = folder / "cxx"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        monkeypatch.setenv("CXX", str(path))

    return set_up


def no_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "/nonexistent/c++")


def other_torch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / f"{STEM}_cpu.torch0.4.AVX2.so").write_bytes(b"")


def library(folder: Path) -> Path:
    """Where a library that was built ahead of time stands."""
    return folder / written(folder)._library_name(
        torch.backends.cpu.get_cpu_capability()
    )


def stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = Path(torch.__file__).parent / "lib" / "libc10.so"  # without our operators
    shutil.copy(built, library(folder))


def broken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library(folder).write_bytes(b"not a library")


def no_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(folder / "file" / "cache"))


def no_source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(folder)
    (folder / f"{STEM}_cpu.cpp").unlink()


CASES = {
    "no compiler": (
        no_compiler,
        r"no compiler /nonexistent/c\+\+; install.*CXX.*build",
    ),
    "failing compiler": (
        compiler("echo 'no C++20' >&2; exit 1"),
        "failed\nno C\\+\\+20",
    ),
    "compiler that writes nothing": (compiler("exit 0"), "cxx failed"),
    "other torch": (other_torch, "built for another torch.*anew: symgrad build"),
    "stale": (stale, "from an older file; again: symgrad build"),
    "broken": (broken, r"cannot be loaded \(.+\); remove it.*symgrad build"),
    "no folder": (no_folder, "cannot be made.*name another.*TORCH_EXTENSIONS_DIR"),
    "no source": (no_source, "_cpu.cpp is missing; to write it anew: symgrad gen"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_formula_runs_with_one_warning(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up, says = CASES[case]
    cache = tmp_path / "cache"
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(cache))
    set_up(tmp_path, monkeypatch)
    if set_up is no_source:
        module = load(f"missing_{next(NUMBERS)}", MADE.source, str(tmp_path))
    else:
        module = written(tmp_path)
    given = [torch.randn(7, requires_grad=True) for _ in range(2)]
    with pytest.warns(
        RuntimeWarning, match=f"(?s){STEM}_cpu: .*formulas.*{says}"
    ) as said:
        y = module.never_compiled(*given)
        gradients = torch.autograd.grad(y.sum(), given)
        with torch.no_grad():
            module.never_compiled(*given)
    assert len(said) == 1
    x, a = given
    torch.testing.assert_close(y, x * a.exp())
    torch.testing.assert_close(gradients, (a.exp(), y))
    assert not [p for p in cache.rglob("*") if p.is_file()]


def test_threads_are_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    compiler("sleep 0.2; exit 1")(tmp_path, monkeypatch)
    module = written(tmp_path)
    x = torch.randn(3)

    def work() -> None:
        with torch.no_grad():
            module.never_compiled(x, x)

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(said) == 1


def test_importing_and_recording_compile_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_compiler(tmp_path, monkeypatch)
    module = written(tmp_path)
    x = torch.randn(3, dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        module.never_compiled(x.to("meta"), x.to("meta"))
        torch.func.jvp(module.never_compiled, (x, x), (x, x))
        compiled = torch.compile(module.never_compiled, fullgraph=True, backend="eager")
        compiled(x, x)
    assert os.listdir(tmp_path) == [f"{STEM}_cpu.cpp"]


def test_the_compiler_gets_what_torch_was_built_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line, and that what it writes is in its place at once."""
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path / "cache"))
    compiler(f'echo "$@" > {tmp_path}/words; exit 1')(tmp_path, monkeypatch)
    with pytest.warns(RuntimeWarning), torch.no_grad():
        written(tmp_path).never_compiled(torch.ones(2), torch.ones(2))
    words = (tmp_path / "words").read_text().split()
    capability = torch.backends.cpu.get_cpu_capability()
    assert f"-DCPU_CAPABILITY={capability}" in words and "-shared" in words
    assert not {"-ffast-math", "-march=native", "-Ofast"} & set(words)
    output = Path(words[words.index("-o") + 1])
    assert output.name.startswith(".") and output.parents[2] == tmp_path / "cache"


def test_on_a_terminal_the_time_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    compiler("exit 1")(tmp_path, monkeypatch)
    with pytest.warns(RuntimeWarning), torch.no_grad():
        written(tmp_path).never_compiled(torch.ones(2), torch.ones(2))
    said = capfd.readouterr()
    capability = torch.backends.cpu.get_cpu_capability()
    assert said.err == f"{STEM}_cpu: compiling for {capability}, once\n"
    assert said.out == ""


def test_an_edited_file_is_compiled_anew_but_not_one_of_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path / "cache"))
    writes = 'while [ "$1" != -o ]; do shift; done; : > "$2"'
    compiler(writes)(tmp_path, monkeypatch)
    module, source = written(tmp_path), tmp_path / f"{STEM}_cpu.cpp"
    first = module._library()
    source.write_text(f"// From another folder.\n{MADE.kernels}")
    assert module._library() == first
    source.write_text(MADE.kernels.replace("exp(", "exp2("))
    assert module._library() != first
