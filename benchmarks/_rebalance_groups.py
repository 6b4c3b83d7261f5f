"""Which runs of `rebalance.py` take turns, and which metrics are made of their medians."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from _rebalance_jobs import MINORITY_SHARE, Job, Run

Runs = Mapping[str, Sequence[Run]]

PROCESSES = "--direct_running_mode=multi_processing"
WORKERS = 2


@dataclass(frozen=True)
class Sizes:
    """Rows of a bench run."""

    rows: int
    beam_shards: int
    """How many of the 10 shards go through Beam record by record; its cost is linear in rows."""
    tiny_rows: int = 1000

    @property
    def class_rows(self) -> int:
        """Rows of the rare class."""
        return round(self.rows * MINORITY_SHARE)


@dataclass(frozen=True)
class Metric:
    """A ratio and what it has to be."""

    baseline: float
    """Rows/s, seconds or bytes, as `ours`."""
    ours: float
    value: float
    target: float
    bound: Literal["at least", "at most"]

    @property
    def met(self) -> bool:
        """Whether the target is."""
        return self.value >= self.target if self.bound == "at least" else self.value <= self.target

    @property
    def told(self) -> dict[str, float | str]:
        """What `--json` prints."""
        return {
            "value": self.value,
            "target": self.target,
            "unit": "ratio",
            "baseline": self.baseline,
            "ours": self.ours,
        }


@dataclass(frozen=True)
class Group:
    """Jobs that take turns; `metrics` reads their runs."""

    jobs: Mapping[str, Job]
    metrics: Callable[[Runs], dict[str, Metric]]
    repeats: int = 3


def groups_of(sizes: Sizes, data: Mapping[str, str]) -> dict[str, Group]:
    """Returns all groups by name.

    Args:
        sizes: How much data there is.
        data: The folders `large`, `million`, `part` and `tiny`.
    """
    return {
        "undersample": _sampling("undersample", sizes, data),
        "oversample": _sampling("oversample", sizes, data),
        "smote": _smote(sizes, data),
        "synthesis": _synthesis(sizes),
        "neighbours": _neighbours(sizes),
        "memory": _memory(sizes, data),
        "workers": _workers(sizes, data),
    }


def _sampling(strategy: str, sizes: Sizes, data: Mapping[str, str]) -> Group:
    part = sizes.rows * sizes.beam_shards // 10
    return Group(
        jobs={
            "ours": Job("executor", data=data["million"], rows=sizes.rows, strategy=strategy),
            "beam records": Job(
                "beam_records",
                data=data["part"],
                rows=part,
                strategy=strategy,
                files=sizes.beam_shards,
            ),
            "copy": Job("copy", data=data["million"], rows=sizes.rows),
        },
        metrics=lambda runs: {
            f"{strategy}_vs_beam_records": _more(
                _speed(runs["beam records"]), _speed(runs["ours"]), target=6
            ),
            f"{strategy}_vs_copy": _more(_speed(runs["copy"]), _speed(runs["ours"]), target=0.5),
        },
    )


def _smote(sizes: Sizes, data: Mapping[str, str]) -> Group:
    return Group(
        jobs={
            "ours": Job("executor", data=data["million"], rows=sizes.rows, strategy="smote"),
            "script": Job("smote_script", data=data["million"], rows=sizes.rows, strategy="smote"),
        },
        metrics=lambda runs: {
            "smote_vs_script": _faster(_seconds(runs["script"]), _seconds(runs["ours"]), target=3)
        },
        repeats=1,
    )


def _synthesis(sizes: Sizes) -> Group:
    return Group(
        jobs={
            "ours": Job("synthesis", rows=sizes.class_rows),
            "imbalanced-learn": Job("imblearn", rows=sizes.class_rows),
        },
        metrics=lambda runs: {
            "smote_neighbours_vs_imblearn": _less(
                _seconds(runs["imbalanced-learn"]), _seconds(runs["ours"]), target=1.3
            )
        },
    )


def _neighbours(sizes: Sizes) -> Group:
    return Group(
        jobs={
            "once": Job("neighbours", rows=sizes.class_rows),
            "ten times": Job("neighbours", rows=10 * sizes.class_rows),
        },
        metrics=lambda runs: {
            "smote_200k_vs_20k_minority": _less(
                _seconds(runs["once"]), _seconds(runs["ten times"]), target=15
            )
        },
    )


def _memory(sizes: Sizes, data: Mapping[str, str]) -> Group:
    strategy = "undersample"
    return Group(
        jobs={
            "1 M": Job("executor", data=data["million"], rows=sizes.rows, strategy=strategy),
            "4 M": Job("executor", data=data["large"], rows=4 * sizes.rows, strategy=strategy),
        },
        metrics=lambda runs: {
            "undersample_memory_4m_vs_1m": _less(_peak(runs["1 M"]), _peak(runs["4 M"]), target=1.1)
        },
    )


def _workers(sizes: Sizes, data: Mapping[str, str]) -> Group:
    def job(name: str, rows: int, workers: int) -> Job:
        arguments = (f"--direct_num_workers={workers}", PROCESSES)
        return Job(
            "executor", data=data[name], rows=rows, strategy="oversample", beam_args=arguments
        )

    def metrics(runs: Runs) -> dict[str, Metric]:
        one, two = (
            _seconds(runs[f"{n}"]) - _seconds(runs[f"{n}, start-up"]) for n in ("one", "two")
        )
        return {"two_workers_vs_one": _faster(one, two, target=1.6)}

    return Group(
        jobs={
            "one": job("large", 4 * sizes.rows, 1),
            "two": job("large", 4 * sizes.rows, WORKERS),
            "one, start-up": job("tiny", sizes.tiny_rows, 1),
            "two, start-up": job("tiny", sizes.tiny_rows, WORKERS),
        },
        metrics=metrics,
    )


def _seconds(runs: Sequence[Run]) -> float:
    return median(run.seconds for run in runs)


def _speed(runs: Sequence[Run]) -> float:
    return median(run.speed for run in runs)


def _peak(runs: Sequence[Run]) -> float:
    return median(run.peak_rss_bytes for run in runs)


def _more(baseline: float, ours: float, *, target: float) -> Metric:
    """Of speeds: ours / baseline, at least the target."""
    return Metric(baseline, ours, ours / baseline, target, "at least")


def _faster(baseline: float, ours: float, *, target: float) -> Metric:
    """Of seconds: baseline / ours, at least the target."""
    return Metric(baseline, ours, baseline / ours, target, "at least")


def _less(baseline: float, ours: float, *, target: float) -> Metric:
    """Of seconds or bytes: ours / baseline, at most the target."""
    return Metric(baseline, ours, ours / baseline, target, "at most")
