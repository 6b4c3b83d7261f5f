"""The locks: complete, hashed, free of addresses, and all of one resolution."""

import re
import runpy
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ENTRY = re.compile(r"^(?!#)(?=\S)(?:.*\\\n)*.*", re.MULTILINE)  # One requirement, its hashes too.
RUNTIME, DEV, GPU = (ROOT / "requirements" / f"{name}.txt" for name in ("runtime", "dev", "gpu"))


def entries(lock: Path) -> list[str]:
    """Returns the requirements of `lock`, each with its continuation lines."""
    return ENTRY.findall(lock.read_text())


def pins(lock: Path) -> dict[str, Requirement]:
    """Returns the requirements of `lock` by name, without their hashes."""
    parsed = (Requirement(entry.split(" \\\n")[0]) for entry in entries(lock))
    return {canonicalize_name(pin.name): pin for pin in parsed}


def version(pin: Requirement) -> str:
    """Returns the version that `pin` pins."""
    [specifier] = pin.specifier
    return specifier.version


def ranges(extra: str) -> list[Requirement]:
    """Returns what setup.py asks for: `extra` is "" for the runtime, else the extra's name."""
    captured: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("setuptools.setup", captured.update)
        runpy.run_path(str(ROOT / "setup.py"))
    listed = captured["extras_require"][extra] if extra else captured["install_requires"]
    return [Requirement(line) for line in listed]


def test_the_locks_are_the_four_that_make_lock_writes():
    assert [lock.name for lock in LOCKS] == ["dev.txt", "gpu.txt", "runtime.txt", "uv.txt"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_one_exact_version_with_hashes(lock):
    assert pins(lock), "no requirement found"
    for entry in entries(lock):
        [specifier] = Requirement(entry.split(" \\\n")[0]).specifier
        assert specifier.operator == "==", entry
        assert "*" not in specifier.version, entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_names_an_index_or_a_place_on_somebodys_disk(lock):
    text = lock.read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|(^|\s)-[if] ", text, re.MULTILINE)
    assert not re.search(r"(^|[\s=])[/~]\w", text, re.MULTILINE)


def test_the_development_lock_holds_the_runtime_lock_unchanged():
    development = {name: str(pin) for name, pin in pins(DEV).items()}
    assert {name: development.get(name) for name in pins(RUNTIME)} == {
        name: str(pin) for name, pin in pins(RUNTIME).items()
    }


def test_the_gpu_lock_is_the_runtime_lock_on_linux_and_nvidias_wheels():
    linux = default_environment() | {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "python_full_version": "3.10.13",
    }
    runtime = {
        name: version(pin)
        for name, pin in pins(RUNTIME).items()
        if pin.marker is None or pin.marker.evaluate(linux)
    }
    gpu = {name: version(pin) for name, pin in pins(GPU).items()}
    added = {name: gpu.pop(name) for name in gpu.keys() - runtime.keys()}
    assert gpu == runtime
    assert {"nvidia-cudnn-cu12", "nvidia-cublas-cu12"} <= added.keys()
    assert [name for name in added if not name.startswith("nvidia-")] == []


@pytest.mark.parametrize(("lock", "extra"), [(RUNTIME, ""), (DEV, "dev")], ids=["runtime", "dev"])
def test_every_range_in_setup_py_admits_its_pin(lock, extra):
    pinned = pins(lock)
    for wanted in ranges(extra):
        pin = pinned[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version(pin)), f"{wanted} does not admit {pin}"


def test_the_two_packages_that_set_up_wants_a_compiler_for_are_locked():
    assert {"crcmod", "pyfarmhash"} <= pins(RUNTIME).keys()
