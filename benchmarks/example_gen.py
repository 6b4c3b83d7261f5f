"""ExampleGen's rows/s against stock CsvExampleGen's on the same files.

    python benchmarks/example_gen.py [--quick] [--json] [--repeats N] [--only GROUP ...]

What is compared:

`csv_vs_stock`, `adult_vs_stock`
    Rows/s on 1 M rows of the simulated card transactions (10 columns), and on adult. Stock reads a
    part of the same rows: its seconds per row do not depend on how many there are. It runs on the
    DirectRunner as its templates do, its driver left out, and shares rows out by a hash alone.
`parquet_vs_csv`
    Ours on the same rows as Parquet.
`two_workers_vs_one`
    4 M rows in eight files, DirectRunner in multi_processing mode. Left out is start-up: what the
    same executor takes in the same mode on a few rows.
`memory_4m_vs_1m`
    Peak memory of one worker, 4 M rows against 1 M.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from _process import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]
CHILD = Path(__file__).with_name("_example_gen_child.py")
CARDS = {"schema": str(ROOT / "schemas/card_fraud/schema.pbtxt"), "label": "is_fraud"}
ADULT = {"schema": str(ROOT / "schemas/adult/schema.pbtxt"), "label": "income"}
ADULT_DATA = ROOT.parent / "shared/data/adult/adult.csv.gz"

FILES, FILES_OF_MILLION, TINY_ROWS = 8, 2, 2_000
FULL_ROWS, QUICK_ROWS = 500_000, 25_000
"""Rows of a file."""
STOCK_ROWS = 60_000
REPEATS = 3

MULTI = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


class BenchmarkError(Exception):
    """A run failed, or lost rows."""


@dataclass(frozen=True)
class Run:
    """One run; imports are not part of it."""

    seconds: float
    cpu: float
    peak_bytes: int
    rows: int

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds


Runs = Mapping[str, Sequence[Run]]


@dataclass(frozen=True)
class Group:
    """Jobs that take turns, and what is made of their runs."""

    jobs: Mapping[str, Mapping[str, Any]]
    metric: str
    target: float
    bound: str
    numbers: Callable[[Runs], tuple[float, float]]
    """Ours and the baseline."""


def main() -> int:
    """Returns the exit code: 1 when a target is missed, 2 when nothing could be measured."""
    arguments = _arguments()
    metrics: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="example-gen-") as name:
        folder = Path(name)
        make_data(folder, rows=arguments.rows)
        groups = groups_of(folder)
        for key in arguments.only or groups:
            try:
                runs = measure(key, groups[key], folder, repeats=arguments.repeats)
            except BenchmarkError as error:
                print(f"{key}: {error}", file=sys.stderr)
                return 2
            metrics[groups[key].metric] = _metric(groups[key], runs)
            print(_table(key, runs), file=sys.stderr, flush=True)
    if arguments.json:
        print(json.dumps(metrics))
    met = [_is_met(metric) for metric in metrics.values()]
    for (name, metric), good in zip(metrics.items(), met, strict=True):
        if not arguments.json:
            verdict = "" if good else ", MISSED"
            bound = metric["bound"]
            print(f"{name}: {metric['value']:.3f} (target: {bound} {metric['target']:g}{verdict})")
    return int(not all(met))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of the rows, one repeat")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--repeats", type=int, help=f"measured runs of each, default {REPEATS}")
    names = ["csv", "adult", "parquet", "workers", "memory"]
    parser.add_argument("--only", nargs="+", choices=names, help="some of the comparisons")
    arguments = parser.parse_args()
    arguments.rows = QUICK_ROWS if arguments.quick else FULL_ROWS
    arguments.repeats = arguments.repeats or (1 if arguments.quick else REPEATS)
    return arguments


def make_data(folder: Path, *, rows: int) -> None:
    """Writes `FILES` files of simulated transactions, and parts of them in other forms."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    from tfx_rebalance.components.example_gen.demo_data import card_transactions
    from tfx_rebalance.components.example_gen.settings import DemoSettings

    for name in ("large", "million", "parquet", "tiny", "stock", "adult"):
        (folder / name).mkdir()
    for number in range(FILES):
        table = card_transactions(DemoSettings(rows=rows, seed=number))
        path = folder / "large" / f"{number}.csv"
        pa.csv.write_csv(table, str(path))
        pa.csv.write_csv(table.slice(0, TINY_ROWS), str(folder / "tiny" / path.name))
        if number < FILES_OF_MILLION:
            os.link(path, folder / "million" / path.name)
            pa.parquet.write_table(table, folder / "parquet" / f"{number}.parquet")
        if not number:
            pa.csv.write_csv(table.slice(0, STOCK_ROWS), str(folder / "stock" / path.name))
    if ADULT_DATA.exists():
        with pa.input_stream(str(ADULT_DATA), compression="gzip") as source:
            (folder / "adult" / "adult.csv").write_bytes(source.read())


def groups_of(folder: Path) -> dict[str, Group]:
    """Returns the comparisons by name."""

    def ours(name: str, about: Mapping[str, str] = CARDS, beam: Sequence[str] = ()) -> Any:
        ending = "parquet" if name == "parquet" else "csv"
        source = str(folder / name / f"*.{ending}")
        return {"who": "ours", "source": source, "beam_args": list(beam), **about}

    def stock(name: str) -> Any:
        return {"who": "stock", "source": str(folder / name), "beam_args": []}

    def rates(one: str, other: str) -> Callable[[Runs], tuple[float, float]]:
        return lambda runs: (_rate(runs, one), _rate(runs, other))

    groups = {
        "csv": Group(
            {"ours": ours("million"), "stock": stock("stock")},
            "csv_vs_stock", 10, "at least", rates("ours", "stock"),
        ),
        "adult": Group(
            {"ours": ours("adult", ADULT), "stock": stock("adult")},
            "adult_vs_stock", 10, "at least", rates("ours", "stock"),
        ),
        "parquet": Group(
            {"parquet": ours("parquet"), "csv": ours("million")},
            "parquet_vs_csv", 1, "at least", rates("parquet", "csv"),
        ),
        "workers": Group(
            {
                "one": ours("large"),
                "two": ours("large", beam=MULTI),
                "one, start-up": ours("tiny"),
                "two, start-up": ours("tiny", beam=MULTI),
            },
            "two_workers_vs_one", 1.6, "at least",
            lambda runs: (1 / _work(runs, "two"), 1 / _work(runs, "one")),
        ),
        "memory": Group(
            {"4m": ours("large"), "1m": ours("million")},
            "memory_4m_vs_1m", 1.1, "at most", lambda runs: (_peak(runs, "4m"), _peak(runs, "1m")),
        ),
    }  # fmt: skip
    if not ADULT_DATA.exists():
        print(f"adult: not measured: {ADULT_DATA} is not there", file=sys.stderr)
        del groups["adult"]
    return groups


def measure(name: str, group: Group, folder: Path, *, repeats: int) -> dict[str, list[Run]]:
    """Returns the runs of each job, which took turns, after a short run to fill caches.

    Raises:
        BenchmarkError: If a run fails.
    """
    _run({**CARDS, "who": "ours", "source": str(folder / "tiny/*.csv"), "beam_args": []}, folder)
    runs: dict[str, list[Run]] = {variant: [] for variant in group.jobs}
    for repeat in range(repeats):
        for variant, job in group.jobs.items():
            run = _run(job, folder)
            runs[variant].append(run)
            line = f"{name}, run {repeat + 1}, {variant}: {run.seconds:.1f} s"
            print(line, file=sys.stderr, flush=True)
    return runs


def _run(job: Mapping[str, Any], folder: Path) -> Run:
    path, log, target = folder / "job.json", folder / "log.txt", folder / "target"
    path.write_text(json.dumps({**job, "target": str(target)}))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = kept | ENVIRONMENT | {"TMPDIR": str(folder)}
    command = [sys.executable, str(CHILD), str(path)]
    with log.open("w") as noise:
        ended = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=noise, env=environment, check=False
        )
    shutil.rmtree(target, ignore_errors=True)
    if ended.returncode or not ended.stdout:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise BenchmarkError(f"{job['who']} ended with exit code {ended.returncode}:\n{tail}")
    return Run(**json.loads(ended.stdout))


def _rate(runs: Runs, variant: str) -> float:
    return median(run.rate for run in runs[variant])


def _work(runs: Runs, variant: str) -> float:
    """Returns seconds without start-up."""
    seconds, start = (median(r.seconds for r in runs[v]) for v in (variant, f"{variant}, start-up"))
    return seconds - start


def _peak(runs: Runs, variant: str) -> float:
    return median(run.peak_bytes for run in runs[variant])


def _metric(group: Group, runs: Runs) -> dict[str, Any]:
    ours, baseline = group.numbers(runs)
    return {
        "value": ours / baseline,
        "target": group.target,
        "bound": group.bound,
        "unit": "ratio",
        "baseline": baseline,
        "ours": ours,
    }


def _is_met(metric: Mapping[str, Any]) -> bool:
    if metric["bound"] == "at least":
        return bool(metric["value"] >= metric["target"])
    return bool(metric["value"] <= metric["target"])


def _table(name: str, runs: Runs) -> str:
    repeats = len(next(iter(runs.values())))
    load = os.getloadavg()[0]
    lines = [
        f"{name}: medians of {repeats} run(s) on {os.cpu_count()} cores, load of the last minute "
        f"{load:.1f}",
        f"{'':<16}{'seconds':>10}{'CPU':>10}{'rows':>12}{'rows/s':>12}{'MB':>8}",
    ]
    for variant, of_variant in runs.items():
        seconds, cpu = median(r.seconds for r in of_variant), median(r.cpu for r in of_variant)
        lines.append(
            f"{variant:<16}{seconds:>10.1f}{cpu:>10.1f}{of_variant[0].rows:>12,}"
            f"{_rate(runs, variant):>12,.0f}{_peak(runs, variant) / 1e6:>8.0f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
