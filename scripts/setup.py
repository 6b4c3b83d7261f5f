"""Makes `.venv`: Python 3.10, the development lock and this project. `make setup` runs it.

It needs nothing but the standard library of any Python from 3.6 on. The stamp is written last
and removed first, so a set-up that failed or was interrupted is started over, never trusted.
"""

import fcntl
import glob
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from typing import Dict, Iterator, List, Optional, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, ".stamp")
TOOLS = os.path.join(ROOT, ".venv-tools")
LOCK = os.path.join("requirements", "dev.txt")
UV_LOCK = os.path.join("requirements", "uv.txt")
INPUTS = (LOCK, "setup.py", "pyproject.toml", os.path.join("scripts", "setup.py"))
ROOMS = ("src", "components", "pipeline", "schemas", "examples")
PACKAGES = ("tfx_rebalance", *("tfx_rebalance." + room for room in ROOMS[1:]))
UV_MINIMUM = (0, 9)
PROBE = "import bz2, ctypes, ssl, sys, zlib; print('%d.%d' % sys.version_info[:2])"
HEADER = "import os, sysconfig; print(os.path.join(sysconfig.get_paths()['include'], 'Python.h'))"


class SetupError(Exception):
    """What stopped the set-up and what to do about it, for people."""


def main() -> int:
    """Sets up `.venv` unless its stamp is current; returns the exit code."""
    try:
        if not is_current():
            with open(os.path.join(ROOT, LOCK)) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # A second make waits here for the first.
                if not is_current():
                    set_up()
    except SetupError as error:
        print("setup: {}".format(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; `make setup` starts over.", file=sys.stderr)
        return 130
    return 0


def is_current() -> bool:
    """Returns whether `.venv` was finished for just these inputs."""
    if not (os.path.exists(VENV_PYTHON) and os.path.isfile(STAMP)):
        return False
    with open(STAMP) as stamp:
        return stamp.read() == fingerprint()


def set_up() -> None:
    """Finds or fetches every tool, fills `.venv` and stamps it."""
    key = fingerprint()
    problem = platform_problem(platform.system(), platform.machine())
    if problem:
        raise SetupError(problem)
    python = find_python()
    uv = find_uv() or install_uv(python)
    python = python or fetch_python(uv)
    say("Python 3.10 is {}".format(python))
    require_compiler(python)
    fill_venv(uv, python)
    with open(STAMP, "w") as stamp:
        stamp.write(key)
    say("ready; the next call skips all this")


def fingerprint() -> str:
    """Returns a hash of all that decides what is in `.venv`, its place included."""
    digest = hashlib.sha256(ROOT.encode())
    for name in INPUTS:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(b"\0" + name.encode() + b"\0" + file.read())
    return digest.hexdigest()


def platform_problem(system: str, machine: str) -> Optional[str]:
    """Returns why this machine cannot run TFX 1.16, or None."""
    if system == "Darwin" and machine == "arm64":
        return (
            "Apple silicon is not supported: ml-metadata and tensorflow-data-validation publish "
            "no wheels for it.\n  Use an x86-64 Linux machine or an Intel Mac."
        )
    if system not in ("Linux", "Darwin") or machine not in ("x86_64", "AMD64"):
        return (
            "{} on {} is not supported: TFX 1.16 runs on x86-64 Linux (glibc) and on Intel "
            "macOS.".format(system, machine)
        )
    if system == "Linux" and "CS_GNU_LIBC_VERSION" not in os.confstr_names:
        return "this Linux has no glibc (Alpine?) and TensorFlow publishes no wheels for it."
    return None


def find_python() -> Optional[str]:
    """Returns a Python 3.10 that runs, from PATH or else from pyenv, or None."""
    return next((python for python in candidates() if is_python_310(python)), None)


def candidates() -> Iterator[str]:
    """Yields where a Python 3.10 may lie; pyenv's newest first."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield os.path.join(folder, "python3.10")
    pyenv = os.environ.get("PYENV_ROOT") or os.path.join(os.path.expanduser("~"), ".pyenv")
    found = glob.glob(os.path.join(pyenv, "versions", "3.10*", "bin", "python3.10"))
    yield from sorted(found, key=numbers, reverse=True)


def is_python_310(python: str) -> bool:
    """Returns whether `python` runs and says it is 3.10: a pyenv shim may exist and fail."""
    return os.path.isfile(python) and output_of([python, "-I", "-c", PROBE]) == "3.10"


def find_uv() -> Optional[str]:
    """Returns a uv that is new enough, from PATH or from an earlier `install_uv`, or None."""
    for uv in (shutil.which("uv"), os.path.join(TOOLS, "bin", "uv")):
        if uv and numbers(output_of([uv, "--version"])) >= UV_MINIMUM:
            return uv
    return None


def install_uv(python: Optional[str]) -> str:
    """Puts the pinned uv into `.venv-tools`: as a venv, else with `pip --target`."""
    uv = os.path.join(TOOLS, "bin", "uv")
    options = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    options += ["-r", os.path.join(ROOT, UV_LOCK)]
    for base in filter(None, (python, sys.executable)):
        say("installing uv into .venv-tools with {}".format(base))
        shutil.rmtree(TOOLS, ignore_errors=True)
        if attempt([base, "-m", "venv", TOOLS]):
            if attempt([os.path.join(TOOLS, "bin", "python"), "-m", "pip", *options]):
                return uv
        else:
            say("this Python has no working venv module; trying its pip")
        shutil.rmtree(TOOLS, ignore_errors=True)
        if attempt([base, "-m", "pip", *options, "--target", TOOLS]):
            return uv
    raise SetupError(
        "uv could not be installed, neither into a venv nor with pip (see above).\n"
        "  Check the network, or install Python's venv module (Debian and Ubuntu: "
        "`apt-get install python3-venv`)\n  for a Python 3.8 or newer, or uv {}.{} or newer "
        "yourself.".format(*UV_MINIMUM)
    )


def fetch_python(uv: str) -> str:
    """Returns a Python 3.10 that uv downloads."""
    say("no Python 3.10 on PATH or under pyenv; trying `uv python install 3.10`")
    if attempt([uv, "python", "install", "3.10"]):
        python = output_of([uv, "python", "find", "--system", "--managed-python", "3.10"])
        if is_python_310(python):
            return python
    raise SetupError(
        "no Python 3.10 found, and TFX 1.16 needs exactly that one. Tried, in this order:\n"
        "  `python3.10` on PATH, pyenv's versions/3.10*, `uv python install 3.10` (see above).\n"
        "  Install one of them (`pyenv install 3.10`, or your system's python3.10 with its "
        "headers) and call make again."
    )


def require_compiler(python: str) -> None:
    """Raises unless crcmod and pyfarmhash, which come as source only, can be built."""
    missing = []
    if not (os.environ.get("CC") or any(map(shutil.which, ("cc", "gcc", "clang")))):
        missing.append("a C compiler (gcc or clang)")
    if not (os.environ.get("CXX") or any(map(shutil.which, ("c++", "g++", "clang++")))):
        missing.append("a C++ compiler (g++ or clang++)")
    header = output_of([python, "-I", "-c", HEADER])
    if not os.path.isfile(header):
        missing.append("the Python headers ({})".format(header))
    if missing:
        raise SetupError(
            "crcmod and pyfarmhash come as source only, and building them needs "
            "{}.\n  Debian and Ubuntu: `apt-get install g++`, and python3.10-dev for a system "
            "Python; macOS: `xcode-select --install`.".format(" and ".join(missing))
        )


def fill_venv(uv: str, python: str) -> None:
    """Makes `.venv` hold the lock and this project, exactly, with bytecode."""
    if os.path.exists(STAMP) and is_python_310(VENV_PYTHON):
        os.remove(STAMP)  # Whole, but of another lock: only the difference is installed.
    else:
        run([uv, "venv", "--quiet", "--clear", "--prompt=tfx-rebalance", "-p", python, VENV])
    into = [VENV_PYTHON, "--build-constraints", LOCK]  # The lock's setuptools builds the sdists.
    say("installing {} (the first time this takes minutes and 4 GB)".format(LOCK))
    run([uv, "pip", "sync", "--require-hashes", "--compile-bytecode", LOCK, "--python", *into])
    run([uv, "pip", "install", "--quiet", "--no-deps", "--editable", ".", "--python", *into])
    run([VENV_PYTHON, "-I", "-c", "import " + ", ".join(PACKAGES)])
    run([VENV_PYTHON, "-m", "compileall", "-q", *ROOMS])


def run(command: List[str]) -> None:
    """Runs `command` in the project's folder and raises when it fails."""
    if not attempt(command):
        raise SetupError("this failed (see above): {}".format(" ".join(command)))


def attempt(command: List[str]) -> bool:
    """Returns whether `command` ran and succeeded; what it says goes to the terminal."""
    try:
        return subprocess.call(command, cwd=ROOT, env=environment()) == 0
    except OSError as error:
        print("setup: {}".format(error), file=sys.stderr)
        return False


def output_of(command: List[str]) -> str:
    """Returns what `command` prints, stripped, or "" when it fails."""
    try:
        output = subprocess.check_output(
            command, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return output.decode(errors="replace").strip()


def environment() -> Dict[str, str]:
    """Returns the environment for the tools: the machine's certificates, no foreign Python."""
    foreign = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {"UV_SYSTEM_CERTS": "1", "UV_HTTP_TIMEOUT": "300", **kept}


def numbers(text: str) -> Tuple[int, ...]:
    """Returns the numbers in `text`, to compare versions by."""
    return tuple(map(int, re.findall(r"\d+", text)))


def say(message: str) -> None:
    """Tells people what happens now."""
    print("setup: " + message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
