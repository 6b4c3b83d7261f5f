"""What a cluster is to a step, in processes of this machine: a job service, a pool of workers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

JOBS = "apache_beam.runners.portability.local_job_service_main"
POOL = "apache_beam.runners.worker.worker_pool_main"
SECONDS = 120


@dataclass(frozen=True)
class Server:
    """A process that listens."""

    address: str
    log: Path
    done: str
    """What its log says whenever it has done something."""

    @property
    def count(self) -> int:
        """How often it has."""
        return self.log.read_text(errors="replace").count(self.done)


@contextmanager
def job_service(folder: Path) -> Iterator[Server]:
    """Starts a job service that keeps its files in a folder, and ends it and its workers."""
    log, port_file = folder / "service.log", folder / "port"
    options = ["--port_file", str(port_file), "--staging_dir", str(folder / "staging")]
    with _process(["-m", JOBS, *options], log, is_ready=port_file.exists):
        yield Server(f"localhost:{port_file.read_text()}", log, "Completed job in")


@contextmanager
def worker_pool(folder: Path) -> Iterator[Server]:
    """Starts a pool that starts workers when it is asked to, and ends it and them."""
    log = folder / "pool.log"
    with socket.socket() as unused:
        unused.bind(("localhost", 0))
        port = unused.getsockname()[1]

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("localhost", port)) == 0

    with _process(["-m", POOL, f"--service_port={port}"], log, is_ready=listens):
        yield Server(f"localhost:{port}", log, "Starting worker with command")


@contextmanager
def _process(words: Sequence[str], log: Path, *, is_ready: Callable[[], bool]) -> Iterator[None]:
    here = os.path.dirname(sys.executable)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *words],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": f"{here}{os.pathsep}{os.environ['PATH']}"},
            start_new_session=True,  # A group of its own: what it starts ends with it.
        )
    try:
        end = time.monotonic() + SECONDS
        while not is_ready():
            if process.poll() is not None or time.monotonic() > end:
                said = log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{words[1]} did not start:\n{said}")
            time.sleep(0.1)
        yield
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
    except ProcessLookupError:
        return
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
