"""A module from its text: importable under its name, visible in tracebacks."""

from __future__ import annotations

import hashlib
import sys
from importlib.abc import ExecutionLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType


class TextLoader(ExecutionLoader):
    """Loads one module from a text, and shows that text to whoever asks for it.

    Tracebacks, ``inspect.getsource`` and debuggers ask a module's loader when there
    is no file.
    """

    def __init__(self, place: str, text: str) -> None:
        self._place = place
        self._text = text

    def get_filename(self, fullname: str) -> str:
        """What stands for a path; no such file exists."""
        return self._place

    def get_source(self, fullname: str) -> str:
        """The text."""
        return self._text

    def is_package(self, fullname: str) -> bool:
        """Never."""
        return False


def load_text(stem: str, text: str, kernels: str = "") -> ModuleType:
    """The module that ``text`` is; the same text gives the same module again.

    Its kernels, if it has some, are written to a folder that lives as long as it does.

    It is registered in ``sys.modules``, since pickle and ``torch.compile`` look the
    home of a function up by name.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    name = f"symgrad_{stem}_{digest}"
    if name not in sys.modules:
        place = f"symgrad:{stem}:{digest}.py"
        home = TemporaryDirectory() if kernels else None
        if home is not None:
            place = str(Path(home.name, place))
            Path(home.name, f"{stem}_cpu.cpp").write_text(kernels, encoding="utf-8")
        spec = spec_from_loader(name, TextLoader(place, text))
        assert spec is not None and spec.loader is not None
        module = module_from_spec(spec)
        module.__dict__["_home"] = home
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
