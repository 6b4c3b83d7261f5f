"""The set-up script: what it finds, what it refuses, and that only a finished set-up is stamped."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Returns scripts/setup.py as a module whose tree is an empty one."""
    spec = importlib.util.spec_from_file_location("setup_script", ROOT / "scripts" / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in module.INPUTS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    venv = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path,
        "TOOLS": tmp_path / ".venv-tools",
        "VENV": venv,
        "VENV_PYTHON": venv / "bin" / "python",
        "STAMP": venv / ".stamp",
    }.items():
        monkeypatch.setattr(module, name, str(value))
    monkeypatch.setattr(module.platform, "system", lambda: "Linux")
    monkeypatch.setattr(module.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(module, "find_uv", lambda: "uv")
    return module


def executable(path, text):
    """Writes a shell script that stands for a Python."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("system", "machine", "says"),
    [
        ("Darwin", "arm64", "Apple silicon is not supported: ml-metadata"),
        ("Linux", "aarch64", "Linux on aarch64 is not supported"),
        ("Windows", "AMD64", "Windows on AMD64 is not supported"),
    ],
)
def test_a_machine_without_wheels_is_refused_with_the_reason(script, system, machine, says):
    assert script.platform_problem(system, machine).startswith(says)


def test_intel_macs_and_intel_linux_are_welcome(script):
    assert script.platform_problem("Linux", "x86_64") is None
    assert script.platform_problem("Darwin", "x86_64") is None


def test_a_shim_that_fails_is_passed_over_for_pyenvs_newest_3_10(script, tmp_path, monkeypatch):
    executable(tmp_path / "shims" / "python3.10", "exit 127")
    pyenv = tmp_path / "pyenv"
    executable(pyenv / "versions" / "3.10.9" / "bin" / "python3.10", "echo 3.10")
    newest = executable(pyenv / "versions" / "3.10.13" / "bin" / "python3.10", "echo 3.10")
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("PYENV_ROOT", str(pyenv))
    assert script.find_python() == newest


def test_a_python_on_the_path_wins_over_pyenv(script, tmp_path, monkeypatch):
    on_path = executable(tmp_path / "bin" / "python3.10", "echo 3.10")
    executable(tmp_path / "pyenv" / "versions" / "3.10.13" / "bin" / "python3.10", "echo 3.10")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert script.find_python() == on_path


def test_without_any_python_the_message_names_the_three_ways(script, monkeypatch, capfd):
    monkeypatch.setattr(script, "find_python", lambda: None)
    monkeypatch.setattr(script, "attempt", lambda command: False)
    assert script.main() == 1
    message = capfd.readouterr().err
    for way in ("`python3.10` on PATH", "pyenv's versions/", "`uv python install 3.10`"):
        assert way in message


def test_a_missing_compiler_is_said_before_anything_is_installed(script, monkeypatch):
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(script.SetupError, match=r"crcmod and pyfarmhash .* C\+\+ compiler"):
        script.require_compiler("no-such-python")


def test_a_failed_install_leaves_no_stamp_and_a_finished_one_is_skipped(script, monkeypatch):
    commands = []

    def attempt(command, *, fails="sync"):
        commands.append(command)
        Path(script.VENV_PYTHON).parent.mkdir(parents=True, exist_ok=True)
        Path(script.VENV_PYTHON).touch()
        return fails not in command

    monkeypatch.setattr(script, "find_python", lambda: "python3.10")
    monkeypatch.setattr(script, "require_compiler", lambda python: None)
    monkeypatch.setattr(script, "attempt", attempt)
    assert script.main() == 1
    assert not Path(script.STAMP).exists()

    monkeypatch.setattr(script, "attempt", lambda command: attempt(command, fails="nothing"))
    assert script.main() == 0
    assert script.is_current()

    commands.clear()
    assert script.main() == 0
    assert commands == []


def test_a_changed_lock_asks_for_a_new_set_up(script, tmp_path):
    before = script.fingerprint()
    (tmp_path / script.LOCK).write_text("another lock")
    assert script.fingerprint() != before
