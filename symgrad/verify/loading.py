"""From text to a module object, without a file on the disk."""

from __future__ import annotations

import hashlib
import importlib.util
import linecache
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import SourceLoader
from pathlib import Path
from types import ModuleType


class _TextLoader(SourceLoader):
    """Python's own import of source code, from a text instead of a file."""

    def __init__(self, filename: str, text: str) -> None:
        self._filename = filename
        self._text = text

    def get_filename(self, fullname: str) -> str:
        return self._filename

    def get_data(self, path: str | bytes) -> bytes:
        return self._text.encode()


def load(name: str, text: str, folder: str = "") -> ModuleType:
    """Import ``text`` as a module, as if it stood in a folder; tracebacks show it.

    Raises whatever the text raises.
    """
    filename = os.path.join(folder, f"<{name}>")
    spec = importlib.util.spec_from_loader(name, _TextLoader(filename, text))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    lines = text.splitlines(keepends=True)
    linecache.cache[filename] = (len(text), None, lines, filename)
    spec.loader.exec_module(module)
    return module


@contextmanager
def imported(stem: str, text: str, kernels: str = "") -> Iterator[ModuleType]:
    """The module while it is tested, where ``torch.compile`` looks modules up.

    Its kernels, if it has some, stand in a folder beside it for as long.

    Its name is that of no module which stands there already, and of no other text:
    what was compiled once is kept by that name.
    """
    name = f"_verified_{stem}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    with tempfile.TemporaryDirectory() as folder:
        if kernels:
            Path(folder, f"{stem}_cpu.cpp").write_text(kernels, encoding="utf-8")
        sys.modules[name] = module = load(name, text, folder if kernels else "")
        try:
            yield module
        finally:
            del sys.modules[name]
