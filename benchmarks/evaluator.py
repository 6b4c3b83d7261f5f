"""Seconds of an evaluation with our metrics against the same information from stock TFMA metrics.

    python benchmarks/evaluator.py [--quick] [--json] [--rows N] [--repeats N]

Simulated rows of seven classes, all of them and by one feature, another one and both crossed: 24
slices. Both sides have the same rows, SavedModel, extractors and slices and write their results;
the clock runs from making the Beam graph to its end, on the DirectRunner in this process, one
worker. After a short run of each all take turns, and medians are compared. Nothing is told unless
both sides found the same: the lean stock confusion matrices must be ours, and the stock areas under
the ROC curve next to ours, in every slice.

`evaluation_vs_stock`
    Every metric of `components/evaluator` but paired decisions, against `binarize` with recall,
    precision, F1, prevalence, both AUCs, their curves, reliability and squared error of each class,
    and the means of recall and F1 over the classes.
`evaluation_vs_lean_stock`
    The same against the least that stock can be asked: one confusion matrix, AUCs and curves.
`metrics_vs_stock`
    The first one without what both pay: seconds to read, score and give rows their slices.
`seven_classes_vs_two`
    Ours with seven classes / with two, as many rows.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from _process import ENVIRONMENT

CLASSES, FEW_CLASSES = 7, 2
ROWS, QUICK_ROWS, WARM_UP_ROWS = 8_000, 2_000, 1
"""Stock takes 20 to 30 ms a row, however many there are. A single row is in four slices."""
REPEATS = 3
TARGET = 0.5
AUC_TOLERANCE, TIES = 0.01, 2
"""Both sides rank rows by bins, not the same ones: what is a tie here may be none there."""

SHARED, COUNT = "read, score, slice", "the same and one count"
OURS, FEW, STOCK, LEAN = "ours", "ours, two classes", "stock", "lean stock"

Numbers = Mapping[tuple[str, ...], Mapping[str, Any]]
"""Values of the features of a slice -> metric -> its value."""


class BenchmarkError(Exception):
    """The sides did not do the same work."""


def main() -> int:
    """Returns the exit code: 1 when a target is missed, 2 when the sides are not comparable."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="evaluator-") as folder:
        try:
            seconds = measure(Path(folder), rows=arguments.rows, repeats=arguments.repeats)
        except BenchmarkError as error:
            print(f"evaluator: {error}", file=sys.stderr)
            return 2
    metrics = metrics_of(seconds)
    print(table_of(seconds, rows=arguments.rows), file=sys.stderr)
    if arguments.json:
        print(json.dumps(metrics))
    else:
        for name, metric in metrics.items():
            target = "none" if metric["target"] is None else f"at most {metric['target']:g}"
            print(f"{name}: {metric['value']:.3f} (target: {target})")
    return int(any(m["target"] is not None and m["value"] > m["target"] for m in metrics.values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows, one repeat")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--rows", type=int, help=f"default {ROWS:,}")
    parser.add_argument("--repeats", type=int, help=f"measured runs of each, default {REPEATS}")
    arguments = parser.parse_args()
    arguments.rows = arguments.rows or (QUICK_ROWS if arguments.quick else ROWS)
    arguments.repeats = arguments.repeats or (1 if arguments.quick else REPEATS)
    return arguments


def measure(folder: Path, *, rows: int, repeats: int) -> dict[str, list[float]]:
    """Returns the seconds of each way, which took turns, after a short run of each.

    Raises:
        BenchmarkError: If what was found differs.
    """
    _prepare()
    from _evaluator_ways import numbers_in

    for name, way in ways(folder / "warm_up", rows=WARM_UP_ROWS).items():
        way(folder / "warm_up" / name)
    measured = ways(folder, rows=rows)
    taken: dict[str, list[float]] = {name: [] for name in measured}
    for repeat in range(repeats):
        outputs = {name: folder / f"{repeat}" / name for name in measured}
        for name, way in measured.items():
            taken[name].append(way(outputs[name]))
            line = f"run {repeat + 1} of {repeats}, {name}: {taken[name][-1]:.1f} s"
            print(line, file=sys.stderr, flush=True)
        found = {name: numbers_in(outputs[name], classes=CLASSES) for name in (OURS, STOCK, LEAN)}
        check_same_work(found)
    return taken


def _prepare() -> None:
    """One thread for TensorFlow, which reads this when it is imported, and a quiet stderr."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")  # Stock curves divide by 0 where a slice lacks a class.


def ways(folder: Path, *, rows: int) -> dict[str, Callable[[Path], float]]:
    """Returns what evaluates rows, made in the folder, and takes the time; see `_evaluator_*`."""
    import _evaluator_configs as configs
    from _evaluator_ways import evaluate, make_world

    seven = make_world(folder / "seven", classes=CLASSES, rows=rows)
    two = make_world(folder / "two", classes=FEW_CLASSES, rows=rows)
    return {
        SHARED: lambda _: evaluate(seven, configs.one_count, output=None),
        COUNT: lambda output: evaluate(seven, configs.one_count, output=output),
        OURS: lambda output: evaluate(seven, configs.ours, output=output),
        FEW: lambda output: evaluate(two, configs.ours, output=output),
        STOCK: lambda output: evaluate(seven, configs.stock, output=output),
        LEAN: lambda output: evaluate(seven, configs.lean_stock, output=output),
    }


def check_same_work(found: Mapping[str, Numbers]) -> None:
    """A baseline that does not do the work is no baseline.

    Raises:
        BenchmarkError: If slices, a confusion matrix or the area under a ROC curve differ.
    """
    slices = {name: sorted(numbers) for name, numbers in found.items()}
    if not slices[OURS] or any(of_way != slices[OURS] for of_way in slices.values()):
        raise BenchmarkError(f"the slices are not the same: {slices}")
    for where, numbers in found[OURS].items():
        matrix = numbers["confusion_matrix"]
        theirs = found[LEAN][where]["multi_class_confusion_matrix_at_thresholds"]
        if (matrix != theirs).any():
            raise BenchmarkError(f"slice {where}: {matrix.tolist()} is not {theirs.tolist()}")
        for index, own in enumerate(matrix.sum(axis=1)):
            pairs = own * (matrix.sum() - own)
            area = numbers[f"class_roc_auc/class {index}"]
            stock = found[STOCK][where][f"auc/{index}"]
            if pairs and not abs(area - stock) <= AUC_TOLERANCE + TIES / pairs:
                raise BenchmarkError(f"slice {where}, class {index}: {area} is not {stock}")


def metrics_of(seconds: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Any]]:
    """Returns what `--json` prints: ratios of median seconds."""
    of = {name: median(taken) for name, taken in seconds.items()}
    pairs = {
        "evaluation_vs_stock": (of[OURS], of[STOCK], TARGET),
        "evaluation_vs_lean_stock": (of[OURS], of[LEAN], None),
        "metrics_vs_stock": (of[OURS] - of[SHARED], of[STOCK] - of[SHARED], None),
        "seven_classes_vs_two": (of[OURS], of[FEW], None),
    }
    return {
        name: {
            "value": ours / baseline,
            "target": target,
            "unit": "ratio",
            "baseline": baseline,
            "ours": ours,
        }
        for name, (ours, baseline, target) in pairs.items()
    }


def table_of(seconds: Mapping[str, Sequence[float]], *, rows: int) -> str:
    """Returns medians as text, a row per way."""
    head = (
        f"{rows:,} rows, median seconds of {len(seconds[OURS])} run(s) on {os.cpu_count()} cores, "
        f"load of the last minute {os.getloadavg()[0]:.1f}"
    )
    return "\n".join([head, *(f"{name:<24}{median(s):>8.1f}" for name, s in seconds.items())])


if __name__ == "__main__":
    sys.exit(main())
