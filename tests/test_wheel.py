"""The wheel stands alone: what a user installs is complete without the source tree."""

import zipfile
from pathlib import Path

import pytest
from support.wheels import ROOMS, ROOT, built_wheel, said

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
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel):
    """Returns the paths inside the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


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
    printed = said(["-c", IMPORT_ALL, str(target), *modules], cwd=empty, PYTHONPATH=str(target))
    assert printed.strip().splitlines()[-1] == str(len(modules))
