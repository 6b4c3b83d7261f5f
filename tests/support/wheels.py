"""The wheel that a user or an image installs, and an environment with it in place of the tree."""

import os
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("src", "components", "pipeline", "schemas", "examples")
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE")


def built_wheel(folder: Path) -> Path:
    """Returns a wheel built from a copy of the tree: a build leaves files behind in its own."""
    tree, dist = folder / "tree", folder / "dist"
    for room in ROOMS:
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tree / name)
    said(["-m", "build", "--no-isolation", "--wheel", "--outdir", str(dist), str(tree)], cwd=tree)
    [wheel] = dist.glob("*.whl")
    return wheel


def environment_with(wheel: Path, folder: Path) -> Path:
    """Returns the Python of a new environment with the wheel and this one's third parties.

    They are found by a path, not installed again (3 GB); the editable install of the tree is not
    found that way, since only an environment's own `.pth` files are read.
    """
    said(["-m", "venv", str(folder)], cwd=folder.parent)
    python = folder / "bin" / "python"
    said(
        ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)],
        cwd=folder.parent,
        python=python,
    )
    place = sysconfig.get_path("purelib", vars={"base": str(folder)})
    third_parties = [path for path in site.getsitepackages() if Path(path).is_dir()]
    Path(place, "third_parties.pth").write_text("\n".join(third_parties))
    return python


def said(arguments: list[str], *, cwd: Path, python: Path | None = None, **environment: str) -> str:
    """Returns what Python prints for `arguments`; its errors are in the failure."""
    result = subprocess.run(
        [str(python or sys.executable), *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout[-2000:]}\n{result.stderr[-4000:]}"
    return result.stdout
