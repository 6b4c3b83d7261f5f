"""The terminal while a run goes on: progress for a person, everything else in the log."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

WIDEST = 10_000


class Display(Protocol):
    """What a run tells while it goes on."""

    def start(self, name: str, number: int, total: int) -> None:
        """A step begins; `total` is 0 for one that is not counted."""

    def tell(self, text: str) -> None:
        """How far the running step has got."""

    def end(self, name: str, seconds: float, *, note: str = "") -> None:
        """The step that began last has ended."""


class LiveDisplay:
    """A line per step, the running one with a spinner and its elapsed time."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._prefix, self._name = "", ""
        self._task = progress.add_task("", visible=False)

    def start(self, name: str, number: int, total: int) -> None:
        self._prefix, self._name = _prefix(number, total), name
        self._task = self._progress.add_task(self._described(name))

    def tell(self, text: str) -> None:
        self._progress.update(self._task, description=self._described(f"{self._name}  {text}"))

    def end(self, name: str, seconds: float, *, note: str = "") -> None:
        self._progress.remove_task(self._task)
        self._progress.console.print(
            _line(self._prefix, name, seconds, note), highlight=False, markup=False
        )

    def _described(self, text: str) -> str:
        return f"{self._prefix}{text}".replace("[", r"\[")


class PlainDisplay:
    """A line when a step ends: for logs and pipes."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._prefix = ""

    def start(self, name: str, number: int, total: int) -> None:
        self._prefix = _prefix(number, total)

    def tell(self, text: str) -> None:
        """A line per step is enough where nothing can be overwritten; the log has the rest."""

    def end(self, name: str, seconds: float, *, note: str = "") -> None:
        self._file.write(_line(self._prefix, name, seconds, note) + "\n")
        self._file.flush()


def _prefix(number: int, total: int) -> str:
    return f"[{number:>2}/{total}] " if total else ""


def _line(prefix: str, name: str, seconds: float, note: str) -> str:
    return f"{prefix}{name:<20} {seconds:>7.1f} s{'  ' + note if note else ''}"


def print_whole(console: Console, table: RenderableType) -> None:
    """Prints a table with all its cells, however narrow the terminal: a cut number is none."""
    options = console.options.update(max_width=WIDEST)
    console.width = max(console.width, Measurement.get(console, options, table).maximum)
    console.print(table, crop=False, soft_wrap=True)


@contextmanager
def noise_to(log: Path) -> Iterator[TextIO]:
    """Sends what this process writes to stdout and stderr, C++ included, to `log`.

    Yields:
        The stderr there was before, for what a person should see.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    with (
        _kept(sys.stderr) as terminal,
        log.open("a", encoding="utf-8") as file,
        redirect_stdout(file),
        redirect_stderr(file),
    ):
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, original in zip((1, 2), saved, strict=True):
                os.dup2(original, descriptor)
                os.close(original)


@contextmanager
def _kept(stream: TextIO) -> Iterator[TextIO]:
    """Yields a stream to the same place that redirecting file descriptors leaves alone."""
    try:
        descriptor = os.dup(stream.fileno())
    except OSError:  # It has no descriptor: somebody captures it in memory.
        yield stream
        return
    with os.fdopen(descriptor, "w") as kept:
        yield kept


@contextmanager
def display_on(terminal: TextIO) -> Iterator[Display]:
    """Yields a live display on a terminal, a plain one elsewhere."""
    if not terminal.isatty():
        yield PlainDisplay(terminal)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=terminal), transient=True) as progress:
        yield LiveDisplay(progress)
