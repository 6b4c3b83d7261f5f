"""Starts a container's own command on this machine; its image is this interpreter."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

TIMEOUT = 300
"""Seconds that a step may take."""
NOT_IN_A_CONTAINER = ("PYTHONPATH", "PYTEST_CURRENT_TEST", "RUN_WEBHOOK")


class Starts(Protocol):
    """A way to run a command to its end."""

    def __call__(self, command: Sequence[str], *, cwd: Path, log: Path) -> int:
        """Returns the exit code; what the command says goes into the log."""


@dataclass(frozen=True)
class Subprocess:
    """Each step a process of its own that imports everything anew, as in a container."""

    python: Path = Path(sys.executable)

    def __call__(self, command: Sequence[str], *, cwd: Path, log: Path) -> int:
        words = _python_replaced(command, self.python)
        with log.open("w") as file:
            return subprocess.run(
                words,
                cwd=cwd, env=surroundings(), stdin=subprocess.DEVNULL, stdout=file,
                stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False,
            ).returncode  # fmt: skip


class Zygote:
    """A process that has imported TFX, and forks for each step: it saves 20 s a step."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            cwd=log.parent, env=surroundings(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        if self._answer() != "ready":
            raise RuntimeError(f"the zygote did not start: {log.read_text()[-2000:]}")

    def __call__(self, command: Sequence[str], *, cwd: Path, log: Path) -> int:
        words = _python_replaced(command, Path(sys.executable))
        if words[1] != "-m":
            raise ValueError(f"the zygote runs `python -m` only, not {words[:3]}.")
        asked = {"argv": words[2:], "cwd": str(cwd), "log": str(log), "timeout": TIMEOUT}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def close(self) -> None:
        """Ends it; its steps have ended before."""
        with self._process, self._log:
            pass  # Its stdin is closed at the end of this block, which it waits for.

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def surroundings() -> dict[str, str]:
    """Returns the environment of a step: nothing that leads to the source tree or a GPU."""
    kept = {key: value for key, value in os.environ.items() if key not in NOT_IN_A_CONTAINER}
    return {**kept, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "2"}


def _python_replaced(command: Sequence[str], python: Path) -> list[str]:
    if command[0] != "python":
        raise ValueError(f"a step runs python, not {command[0]!r}.")
    return [str(python), *command[1:]]
