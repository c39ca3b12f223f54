"""From text to a module object, without a file on the disk."""

from __future__ import annotations

import hashlib
import importlib.util
import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import SourceLoader
from types import ModuleType


class _TextLoader(SourceLoader):
    """Python's own import of source code, from a text instead of a file."""

    def __init__(self, name: str, text: str) -> None:
        self._filename = f"<{name}>"
        self._text = text

    def get_filename(self, fullname: str) -> str:
        return self._filename

    def get_data(self, path: str | bytes) -> bytes:
        return self._text.encode()


def load(name: str, text: str) -> ModuleType:
    """Import ``text`` as a module; tracebacks show its lines.

    Raises whatever the text raises.
    """
    spec = importlib.util.spec_from_loader(name, _TextLoader(name, text))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    lines = text.splitlines(keepends=True)
    linecache.cache[f"<{name}>"] = (len(text), None, lines, f"<{name}>")
    spec.loader.exec_module(module)
    return module


@contextmanager
def imported(stem: str, text: str) -> Iterator[ModuleType]:
    """The module while it is tested, where ``torch.compile`` looks modules up.

    Its name is that of no module which stands there already, and of no other text:
    what was compiled once is kept by that name.
    """
    name = f"_verified_{stem}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    sys.modules[name] = module = load(name, text)
    try:
        yield module
    finally:
        del sys.modules[name]
