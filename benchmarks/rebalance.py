"""Rebalance against the same jobs written by others: speed, memory, and what more workers bring.

    python benchmarks/rebalance.py [--quick] [--json] [--repeats N] [--only GROUP ...]

The data is made once per bench run: 30 numbers and a label, 2 % of the rare class, 100,000 rows per
GZIP TFRecord shard (level 1); 4 M rows, whose first 10 shards are the 1 M. With --quick both are a
twentieth, start-up costs weigh much more, and the targets stay.

Each run is a process of its own. Its clock begins when everything is imported and ends when the
work is done. Ours is the component's executor as a pipeline calls it, on Beam's in-process
DirectRunner with one worker unless said otherwise. TensorFlow and OpenMP have one thread. After one
short run of each, ours and the baselines take turns, and medians are compared.

`*_vs_beam_records`, `*_vs_copy`
    Rows/s: (rows in + rows out) / seconds, for ours and the baselines alike. The Beam graph of
    rows gets 2 of the 10 shards, as its cost is linear in the rows; its class counts are right on
    average only. `WriteToTFRecord` writes GZIP level 6 and can do no other; all else is level 1.
    The copy reads all rows in TensorFlow's C++ and writes them again.
`smote_vs_script`
    Seconds of a script (read all, imbalanced-learn, write all) / seconds of ours, 2 % to 50 %.
`smote_neighbours_vs_imblearn`
    The same arrays in memory: seconds of ours / seconds of `SMOTE.fit_resample`.
`smote_200k_vs_20k_minority`
    Seconds of our neighbour search on ten times the rows / on the rows.
`undersample_memory_4m_vs_1m`
    Peak memory of the whole process, imports included, at 4 M rows / at 1 M rows.
`two_workers_vs_one`
    `oversample` of 4 M rows with two worker processes and with one, both in Beam's
    multi_processing mode. Left out is their start-up: what the same executor takes in the same mode
    for 1,000 rows in 2 shards, nearly all of it imports; a job starts its workers once, however
    many rows it has. It is measured in turn with the others and stands beside them in the table.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median

from _process import ENVIRONMENT
from _rebalance_groups import Group, Metric, Runs, Sizes, groups_of
from _rebalance_jobs import MINORITY_SHARE, Job, Run, shard_name

FULL, QUICK = Sizes(rows=1_000_000, beam_shards=2), Sizes(rows=50_000, beam_shards=10)
REPEATS, QUICK_REPEATS = 3, 1
SHARDS, LARGE_SHARDS, TINY_SHARDS = 10, 40, 2
ON_AVERAGE = 0.1
"""How far the class counts of a baseline that draws row by row may be off."""

CHILD = Path(__file__).with_name("_rebalance_child.py")


class BenchmarkError(Exception):
    """A run failed, or did other work than it should."""


class NotYetError(Exception):
    """What is to be measured does not exist yet."""


def main() -> int:
    """Returns the exit code: 1 when a target is missed, 2 when nothing could be measured."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # Gigabytes are to be deleted first.
    metrics: dict[str, Metric] = {}
    failed = False
    with tempfile.TemporaryDirectory(prefix="rebalance-") as folder:
        sizes = QUICK if arguments.quick else FULL
        groups = groups_of(sizes, make_data(Path(folder), sizes))
        for name in arguments.only or groups:
            try:
                runs = measure(name, groups[name], Path(folder), most_repeats=arguments.repeats)
            except NotYetError as error:
                print(f"{name}: not measured: {error}", file=sys.stderr, flush=True)
            except BenchmarkError as error:
                failed = True
                print(f"{name}: failed: {error}", file=sys.stderr, flush=True)
            else:
                metrics |= groups[name].metrics(runs)
                print(table_of(name, runs), file=sys.stderr, flush=True)
    show(metrics, as_json=arguments.json)
    if not metrics:
        return 2
    return int(failed or not all(metric.met for metric in metrics.values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of the rows, one repeat")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--repeats", type=int, help=f"measured runs of each, default {REPEATS}")
    names = list(groups_of(FULL, dict.fromkeys(("large", "million", "part", "tiny"), "")))
    parser.add_argument("--only", nargs="+", choices=names, help="some of the comparisons")
    arguments = parser.parse_args()
    arguments.repeats = arguments.repeats or (QUICK_REPEATS if arguments.quick else REPEATS)
    return arguments


def make_data(folder: Path, sizes: Sizes) -> dict[str, str]:
    """Returns the folders of the data, made anew; the smaller ones are links to the large one."""
    data = {name: str(folder / name) for name in ("large", "million", "part", "tiny")}
    large = Job("data", target=data["large"], rows=4 * sizes.rows, files=LARGE_SHARDS)
    tiny = Job("data", target=data["tiny"], rows=sizes.tiny_rows, files=TINY_SHARDS)
    for job in (large, tiny):
        seconds = _run(job, folder).seconds
        print(f"{job.rows:,} rows made in {seconds:.0f} s", file=sys.stderr, flush=True)
    for name, shards in (("million", SHARDS), ("part", sizes.beam_shards)):
        part = Path(data[name], "Split-train")
        part.mkdir(parents=True)
        for shard in range(shards):
            source = Path(data["large"], "Split-train", shard_name(shard, LARGE_SHARDS))
            os.link(source, part / shard_name(shard, shards))
    return data


def measure(name: str, group: Group, folder: Path, *, most_repeats: int) -> dict[str, list[Run]]:
    """Returns the runs of each job of the group, which took turns, after a short run of each.

    Raises:
        NotYetError: If ours does not exist yet.
        BenchmarkError: If a run fails or does other work.
    """
    tiny, target = str(folder / "tiny"), str(folder / "target")
    for job in group.jobs.values():
        rows = Sizes.tiny_rows
        _run(replace(job, data=tiny if job.data else "", rows=rows, target=target), folder)
    runs: dict[str, list[Run]] = {variant: [] for variant in group.jobs}
    for repeat in range(min(group.repeats, most_repeats)):
        for variant, job in group.jobs.items():
            run = _run(replace(job, target=target), folder)
            check_work(job, run)
            runs[variant].append(run)
            line = f"{name}, run {repeat + 1}, {variant}: {run.seconds:.1f} s"
            print(line, file=sys.stderr, flush=True)
    return runs


def check_work(job: Job, run: Run) -> None:
    """Whoever writes other rows than asked for is not compared.

    Raises:
        BenchmarkError: If the rows out are not what the job stands for.
    """
    rare = round(job.rows * MINORITY_SHARE)
    most = 2 * (job.rows - rare)
    of_strategy = {"undersample": 2 * rare, "oversample": most, "smote": most, "": job.rows}
    expected = of_strategy[job.strategy] if job.data else 0
    allowed = ON_AVERAGE * expected if job.work == "beam_records" else 0
    if abs(run.rows_out - expected) > allowed:
        raise BenchmarkError(f"{job.work} wrote {run.rows_out:,} rows, expected {expected:,}")


def _run(job: Job, folder: Path) -> Run:
    """Runs the job in a fresh process and deletes what it wrote, unless it made data."""
    path, log = folder / "job.json", folder / "log.txt"
    path.write_text(json.dumps(asdict(job)))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # TFX packs itself for remote workers, into the folder for temporary files, and leaves it there.
    environment = kept | ENVIRONMENT | {"TMPDIR": str(folder)}
    command = [sys.executable, str(CHILD), str(path), str(time.monotonic())]
    with log.open("w") as noise:
        ended = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=noise, env=environment, check=False
        )
    if job.work != "data":
        shutil.rmtree(job.target, ignore_errors=True)
    if ended.returncode or not ended.stdout:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise BenchmarkError(f"{job.work} ended with exit code {ended.returncode}:\n{tail}")
    answer = json.loads(ended.stdout)
    if "not_yet" in answer:
        raise NotYetError(answer["not_yet"])
    return Run(**answer)


def show(metrics: Mapping[str, Metric], *, as_json: bool) -> None:
    """Prints the result on stdout."""
    if as_json:
        print(json.dumps({name: metric.told for name, metric in metrics.items()}))
        return
    for name, metric in metrics.items():
        verdict = "" if metric.met else ", MISSED"
        print(f"{name}: {metric.value:.3f} (target: {metric.bound} {metric.target:g}{verdict})")


def table_of(name: str, runs: Runs) -> str:
    """Returns medians as text, a row per job."""
    columns = ("seconds", "CPU", "start-up", "rows in", "rows out", "rows/s", "MB", "MB at start")
    lines = [
        f"{name}: medians of {max(map(len, runs.values()))} run(s) on {os.cpu_count()} cores, "
        f"load of the last minute {os.getloadavg()[0]:.1f}",
        _line("", columns),
    ]
    for variant, of_variant in runs.items():
        cells = [
            f"{median(r.seconds for r in of_variant):.1f}",
            f"{median(r.cpu for r in of_variant):.1f}",
            f"{median(r.start_up for r in of_variant):.1f}",
            f"{of_variant[0].rows_in:,}",
            f"{of_variant[0].rows_out:,}",
            f"{median(r.speed for r in of_variant):,.0f}",
            f"{median(r.peak_rss_bytes for r in of_variant) / 1e6:,.0f}",
            f"{median(r.start_bytes for r in of_variant) / 1e6:,.0f}",
        ]
        lines.append(_line(variant, cells))
    return "\n".join(lines)


def _line(name: str, cells: Sequence[str]) -> str:
    return " ".join([f"{name:<18}", *(f"{cell:>12}" for cell in cells)])


if __name__ == "__main__":
    sys.exit(main())
