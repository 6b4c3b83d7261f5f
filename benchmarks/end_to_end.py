"""Seconds of our DAG against the same nodes as plain TFX would run them, on the same data.

    python benchmarks/end_to_end.py [--quick] [--json] [--rows N] [--repeats N]

What is compared, and what is left out in favour of the baseline, is in README.md.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from _end_to_end_job import make_job, write_data

OURS, PLAIN, TUNED = "ours", "plain", "plain_tuned"
VARIANTS = (OURS, PLAIN, TUNED)

ROWS, QUICK_ROWS, WARM_UP_ROWS = 60_000, 10_000, 3_000
TARGET = 0.7
ROWS_TOLERANCE = 0.05
"""The stock split is by hash, so its shares are not exact."""

CHILD = Path(__file__).with_name("_end_to_end_child.py")


class BenchmarkError(Exception):
    """A run failed, or the runs did not do the same work."""


@dataclass(frozen=True)
class Run:
    """One process, from its start to the end of its pipeline."""

    seconds: float
    imports: float
    """From the start of the interpreter to the last import before the pipeline."""
    cpu: float
    """User and system seconds of the process, threads and all."""
    nodes: Mapping[str, float]
    facts: Mapping[str, Any]


def main() -> int:
    """Returns the exit code: 1 when the target is missed, 2 when nothing could be measured."""
    arguments = _arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="end-to-end-") as folder:
            runs = measure(Path(folder), rows=arguments.rows, repeats=arguments.repeats)
        check_same_work(runs)
    except BenchmarkError as error:
        print(f"end_to_end: {error}", file=sys.stderr)
        return 2
    metrics = metrics_of(runs)
    print(table_of(runs, rows=arguments.rows), file=sys.stderr)
    if arguments.json:
        print(json.dumps(metrics))
    else:
        for name, metric in metrics.items():
            target = "none" if metric["target"] is None else f"at most {metric['target']:g}"
            print(f"{name}: {metric['value']:.3f} (target: {target})")
    return int(any(m["target"] is not None and m["value"] > m["target"] for m in metrics.values()))


def measure(folder: Path, *, rows: int, repeats: int) -> dict[str, list[Run]]:
    """Returns the runs of each variant, which took turns, after one short run of each."""
    for variant in VARIANTS:
        _run(variant, folder / "warm_up" / variant, rows=WARM_UP_ROWS)
    runs: dict[str, list[Run]] = {variant: [] for variant in VARIANTS}
    for repeat in range(repeats):
        for variant in VARIANTS:
            print(f"run {repeat + 1} of {repeats}: {variant}", file=sys.stderr, flush=True)
            runs[variant].append(_run(variant, folder / f"{repeat}" / variant, rows=rows))
    return runs


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows, one repeat")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--rows", type=int, help=f"default {ROWS:,}")
    parser.add_argument("--repeats", type=int, help="measured runs of each variant, default 3")
    arguments = parser.parse_args()
    arguments.rows = arguments.rows or (QUICK_ROWS if arguments.quick else ROWS)
    arguments.repeats = arguments.repeats or (1 if arguments.quick else 3)
    return arguments


def _run(variant: str, folder: Path, *, rows: int) -> Run:
    """Makes the data and runs the variant on it; the data is not part of the time.

    Raises:
        BenchmarkError: If the child fails.
    """
    data, job, log = folder / "data" / "transactions.csv", folder / "job.json", folder / "log.txt"
    write_data(data, rows=rows)
    job.write_text(json.dumps(make_job(variant, data, root=folder / "root", rows=rows)))
    cpu = _children_cpu()
    times, told, code = _listen(variant, job, log)
    if code or "facts" not in told:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise BenchmarkError(f"{variant} ended with exit code {code}:\n{tail}")
    cpu = _children_cpu() - cpu
    return Run(times["ran"], times["imported"], cpu, told["nodes"], told["facts"])


def _listen(variant: str, job: Path, log: Path) -> tuple[dict[str, float], dict[str, Any], int]:
    """Returns when the child told each event, what it told, and its exit code."""
    times: dict[str, float] = {}
    told: dict[str, Any] = {}
    with log.open("w") as noise:
        started = time.monotonic()
        command, environment = [sys.executable, str(CHILD), str(job)], _environment(variant)
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=noise, text=True, env=environment
        )
        for line in child.stdout or ():
            message = json.loads(line)
            times[message["event"]] = time.monotonic() - started
            told[message["event"]] = message["value"]
        return times, told, child.wait()


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _environment(variant: str) -> dict[str, str]:
    """The same for all but the Keras; bytecode may be written, so that only the warm-up does it."""
    own = {"TF_USE_LEGACY_KERAS", "PYTHONDONTWRITEBYTECODE"}
    legacy = {"TF_USE_LEGACY_KERAS": "1"} if variant == PLAIN else {}
    return {name: value for name, value in os.environ.items() if name not in own} | legacy


def check_same_work(runs: Mapping[str, Sequence[Run]]) -> None:
    """A baseline that does not do the work is no baseline.

    Raises:
        BenchmarkError: If steps or eval rows differ, or a class has no recall.
    """
    facts = [(name, run.facts) for name, of_variant in runs.items() for run in of_variant]
    steps = [(name, fact["steps"]) for name, fact in facts]
    if len({n for _, n in steps}) > 1:
        raise BenchmarkError(f"the variants trained different numbers of steps: {steps}")
    rows = [(name, fact["eval_rows"]) for name, fact in facts]
    if max(n for _, n in rows) > (1 + ROWS_TOLERANCE) * min(n for _, n in rows):
        raise BenchmarkError(f"the variants evaluated different numbers of rows: {rows}")
    recalls = [(name, fact["recalls"]) for name, fact in facts]
    if not all(math.isfinite(recall) for _, of_run in recalls for recall in of_run):
        raise BenchmarkError(f"a class was not evaluated: recalls {recalls}")


def metrics_of(runs: Mapping[str, Sequence[Run]]) -> dict[str, dict[str, Any]]:
    """Returns what `--json` prints: ratios of median seconds."""
    seconds = {name: median(run.seconds for run in of_variant) for name, of_variant in runs.items()}
    return {
        f"end_to_end_vs_{name}": {
            "value": seconds[OURS] / seconds[name],
            "target": target,
            "unit": "ratio",
            "baseline": seconds[name],
            "ours": seconds[OURS],
        }
        for name, target in ((PLAIN, TARGET), (TUNED, None))
    }


def table_of(runs: Mapping[str, Sequence[Run]], *, rows: int) -> str:
    """Returns medians as text, a row per node."""
    lines = [
        f"{rows:,} rows, median seconds of {len(runs[OURS])} run(s) on {os.cpu_count()} cores, "
        f"load of the last minute {os.getloadavg()[0]:.1f}",
        _line("", list(VARIANTS)),
        _line("imports", [median(r.imports for r in runs[v]) for v in VARIANTS]),
    ]
    nodes = {node: None for v in VARIANTS for node in runs[v][0].nodes}  # Ordered, each once.
    for node in nodes:
        seconds = [[r.nodes[node] for r in runs[v] if node in r.nodes] for v in VARIANTS]
        lines.append(_line(node, [median(s) if s else "-" for s in seconds]))
    between = [[r.seconds - r.imports - sum(r.nodes.values()) for r in runs[v]] for v in VARIANTS]
    lines += [
        _line("between nodes", [median(s) for s in between]),
        _line("in all", [median(r.seconds for r in runs[v]) for v in VARIANTS]),
        _line("CPU", [median(r.cpu for r in runs[v]) for v in VARIANTS]),
    ]
    for fact in runs[OURS][0].facts:
        lines.append(_line(fact, [_text(runs[v][-1].facts[fact]) for v in VARIANTS]))
    return "\n".join(lines)


def _line(name: str, cells: Sequence[float | str]) -> str:
    texts = (cell if isinstance(cell, str) else f"{cell:.1f}" for cell in cells)
    return " ".join([f"{name:<18}", *(f"{text:>14}" for text in texts)])


def _text(fact: Any) -> str:
    return " ".join(f"{v:.3f}" for v in fact) if isinstance(fact, list) else str(fact)


if __name__ == "__main__":
    sys.exit(main())
