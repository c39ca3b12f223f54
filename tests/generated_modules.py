"""The modules in generated/, loaded by path, as a user's project would hold them."""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
GENERATED = ROOT / "generated"


@functools.cache
def load(path: Path) -> ModuleType:
    """The Python file at ``path`` as a module, run once for the whole session."""
    name = f"{path.parent.name}_{path.stem}"  # tests of the same stem stay apart
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where torch.compile and pickle look for it
    spec.loader.exec_module(module)
    return module


def generated(stem: str) -> ModuleType:
    """The module that symgrad wrote for ``examples/<stem>.yaml``."""
    return load(GENERATED / f"{stem}.py")
