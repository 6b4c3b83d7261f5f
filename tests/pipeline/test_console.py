"""What a person sees while a run goes on, and where the rest goes."""

import io
import os
import sys
from contextlib import contextmanager

import pytest

from tfx_rebalance.pipeline.console import PlainDisplay, display_on, noise_to


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.txt"


@contextmanager
def streams_on_descriptors(monkeypatch):
    """Python's streams write to the descriptors, as they do outside of pytest."""
    with (
        open(1, "w", closefd=False) as out,
        open(2, "w", closefd=False) as err,
        monkeypatch.context() as patch,
    ):
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        yield


def test_all_noise_goes_to_the_log_and_the_terminal_stays_clean(log, capfd, monkeypatch):
    with streams_on_descriptors(monkeypatch):
        sys.stdout.write("before\n")
        with noise_to(log) as terminal:
            sys.stdout.write("python, stdout\n")
            sys.stderr.write("python, stderr\n")
            os.write(1, b"C, stdout\n")
            os.write(2, b"C, stderr\n")
            terminal.write("for a person\n")
        sys.stdout.write("after\n")
    assert sorted(log.read_text().splitlines()) == [
        "C, stderr",
        "C, stdout",
        "python, stderr",
        "python, stdout",
    ]
    assert capfd.readouterr() == ("before\nafter\n", "for a person\n")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_the_streams_come_back_after_an_exception(log, capfd, error):
    def fail():
        with noise_to(log):
            os.write(2, b"before\n")
            raise error

    with pytest.raises(error):
        fail()
    os.write(1, b"to stdout\n")
    os.write(2, b"to stderr\n")
    assert capfd.readouterr() == ("to stdout\n", "to stderr\n")
    assert log.read_text() == "before\n"


def test_a_second_run_adds_to_the_log(log, capfd):
    for number in (b"1\n", b"2\n"):
        with noise_to(log):
            os.write(1, number)
    assert log.read_text() == "1\n2\n"


def test_no_descriptor_is_left_open(log, capfd):
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        with noise_to(log):
            pass
    assert len(os.listdir("/dev/fd")) == before


def test_a_pipe_gets_a_plain_line_per_step():
    file = io.StringIO()
    with display_on(file) as display:
        assert isinstance(display, PlainDisplay)
        display.start("ExampleGen", 1, 11)
        display.end("ExampleGen", 1.26)
        display.start("Trainer", 8, 11)
        display.end("Trainer", 20.0, note="cached")
    assert file.getvalue() == (
        "[ 1/11] ExampleGen               1.3 s\n[ 8/11] Trainer                 20.0 s  cached\n"
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_line_per_step_that_has_ended():
    terminal = Terminal()
    with display_on(terminal) as display:
        display.start("ExampleGen", 1, 11)
        display.end("ExampleGen", 1.26, note="cached")
        display.start("Trainer", 2, 11)
    assert "[ 1/11] ExampleGen               1.3 s  cached" in terminal.getvalue()
