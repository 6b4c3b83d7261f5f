"""One run of one job in a process of its own; `rebalance.py` starts it and compares.

    python _rebalance_child.py job.json SECONDS

SECONDS is when the process was started, by the system-wide monotonic clock. The only line on
stdout is JSON: a `Run`, or {"not_yet": why}. All other output goes to stderr.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from _process import cpu_seconds, peak_bytes, rows_in
from _rebalance_jobs import Job, Run

WORKS = {
    "data": "_rebalance_data:write_data",
    "executor": "_rebalance_ours:executor",
    "synthesis": "_rebalance_ours:synthesis",
    "neighbours": "_rebalance_ours:neighbours",
    "beam_records": "_rebalance_baselines:beam_records",
    "copy": "_rebalance_baselines:copy",
    "smote_script": "_rebalance_baselines:smote_script",
    "imblearn": "_rebalance_baselines:imblearn_synthesis",
}


def main() -> None:
    """Runs the job in the file; leaves without TensorFlow's teardown."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    written = json.loads(Path(sys.argv[1]).read_text())
    job = Job(**written | {"beam_args": tuple(written["beam_args"])})
    try:
        answer = asdict(measure(job, started=float(sys.argv[2])))
    except NotImplementedError as error:
        answer = {"not_yet": str(error)}
    channel.write(json.dumps(answer) + "\n")
    channel.flush()
    os._exit(0)


def measure(job: Job, *, started: float) -> Run:
    """Returns what the job took; imports and what prepares it are `start_up`."""
    module, _, name = WORKS[job.work].partition(":")
    prepare: Callable[[Job], Callable[[], None]] = getattr(import_module(module), name)
    work = prepare(job)
    start_bytes, cpu, ready = peak_bytes(), cpu_seconds(), time.monotonic()
    work()
    seconds = time.monotonic() - ready
    return Run(
        seconds=seconds,
        start_up=ready - started,
        cpu=cpu_seconds() - cpu,
        start_bytes=start_bytes,
        peak_rss_bytes=peak_bytes(),
        rows_in=job.rows,
        rows_out=rows_in(Path(job.target)),
    )


if __name__ == "__main__":
    main()
