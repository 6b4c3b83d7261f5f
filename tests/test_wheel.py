"""The wheel stands alone: what a user installs is complete without the source tree."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("src", "components", "pipeline", "schemas", "examples")
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE")
NOT_SHIPPED = (".pyc", ".md")  # Bytecode, and the pages that people read in the repository.
IMPORT_ALL = """
import importlib, sys
root, *names = sys.argv[1:]
for name in names:
    module = importlib.import_module(name)
    assert module.__file__.startswith(root), f"{name} comes from {module.__file__}"
print(len(names))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Returns a wheel built from a copy of the tree: a build leaves files behind in its own."""
    tree, dist = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    for room in ROOMS:
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tree / name)
    run(["-m", "build", "--no-isolation", "--wheel", "--outdir", str(dist), str(tree)], cwd=tree)
    [built] = dist.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel):
    """Returns the paths inside the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def run(arguments, *, cwd, **environment):
    """Returns what this interpreter prints for `arguments`; its errors are in the failure."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout[-2000:]}\n{result.stderr[-4000:]}"
    return result.stdout


def test_the_wheel_installs_one_package_and_its_metadata(names):
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"tfx_rebalance"}


def test_the_wheel_holds_every_file_of_the_rooms(names):
    sources = {}
    for room in ROOMS:
        place = Path("tfx_rebalance") / ("" if room == "src" else room)
        base = ROOT / room / ("tfx_rebalance" if room == "src" else "")
        for path in base.rglob("*"):
            if path.is_file() and path.suffix not in NOT_SHIPPED:
                sources[(place / path.relative_to(base)).as_posix()] = path
    assert sorted(sources.keys() - set(names)) == []
    assert any(name.endswith("/schema.pbtxt") for name in names)


@pytest.mark.tfx
def test_every_module_imports_from_the_wheel_outside_the_tree(wheel, names, tmp_path):
    target = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    modules = sorted(
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in names
        if name.endswith(".py")
    )
    # -P would be 3.11's; `cwd` is empty, so its place on sys.path offers nothing.
    (empty := tmp_path / "empty").mkdir()
    printed = run(["-c", IMPORT_ALL, str(target), *modules], cwd=empty, PYTHONPATH=str(target))
    assert printed.strip().splitlines()[-1] == str(len(modules))
