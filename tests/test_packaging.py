"""What is built can be installed, and works from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from symgrad import __version__

ROOT = Path(__file__).parents[1]

SPEC = """
symgrad: 1
ops:
  squared:
    inputs: {x: real}
    forward: {y: x**2}
"""


def run(*words: str | Path, cwd: Path | None = None) -> str:
    # Whoever runs these tests may lead Python to a source tree: not to be found here.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, words)), cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


def sources() -> set[str]:
    """The files that the installed package is to have."""
    package = {
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.py", "py.typed", "primitives.json", "spec.schema.json")
        for path in (ROOT / "symgrad").rglob(pattern)
    }
    templates = {
        f"symgrad/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "templates").rglob("*.j2")
    }
    assert "symgrad/templates/torch/module.py.j2" in templates
    return package | templates


def test_the_wheel_has_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    metadata = f"symgrad-{__version__}.dist-info"
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if not name.startswith(metadata)} == sources()
    assert f"{metadata}/licenses/LICENSE" in names


def test_the_sdist_has_what_the_wheel_is_built_from(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    prefix = f"symgrad-{__version__}/"
    with tarfile.open(sdist) as archive:
        names = {name.removeprefix(prefix) for name in archive.getnames()}
    extra = names - {
        name.replace("symgrad/templates/", "templates/") for name in sources()
    }
    assert extra == {
        *(".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md"),
        *("SECURITY.md", "constraints.txt", "pyproject.toml"),
    }


def test_the_installed_wheel_generates_from_another_folder(
    built: Path, tmp_path: Path
) -> None:
    clean = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", clean)
    python = clean / "bin" / "python"
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", python]
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel)
    _lend_dependencies(python)
    where = run(python, "-c", "import symgrad; print(symgrad.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(clean)
    (tmp_path / "spec.yaml").write_text(SPEC)
    run(clean / "bin" / "symgrad", "gen", "spec.yaml", cwd=tmp_path)
    run(clean / "bin" / "symgrad", "gen", "--check", "spec.yaml", cwd=tmp_path)
    assert "def squared(" in (tmp_path / "generated" / "spec.py").read_text()


def _lend_dependencies(python: Path) -> None:
    """Let a clean environment see what this one has installed, torch above all."""
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = Path(run(python, "-c", asked).strip())
    here = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (folder / "lent.pth").write_text("\n".join(sorted(here)) + "\n")


def test_every_dependency_has_a_pin() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {
        line.partition("==")[0].lower() for line in lines if not line.startswith("#")
    }
    project = (ROOT / "pyproject.toml").read_text()
    named = {
        line.strip(' ",').partition(">=")[0].lower()
        for line in project.splitlines()
        if line.startswith('    "') and ">=" in line
    }
    assert len(named) > 15
    assert named <= pinned
    assert "torch==2.13.0" in lines
