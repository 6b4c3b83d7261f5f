"""What each resampling strategy does to a model, on real data that is split again and again.

    python benchmarks/strategies.py [--quick] [--json] [--repeats N] [--only DATA ...]

Seven parts in ten of each data set are trained on, stratified; only they are ever resampled, by our
strategies in memory. Each model is fitted on what every variant leaves of the same split, and all
are tested on the same natural rows. With --quick that is one data set, split twice.

Scores: average precision (of the rare class, or the mean over more than two classes); log loss at
the natural prior, of the model's own probabilities and after the served model's correction;
balanced accuracy of the model's own argmax and of the served model's balanced decision. Seconds
are CPU seconds of one thread.

`balanced_decision_vs_smote`
    Balanced accuracy of no resampling and the balanced decision / of SMOTE and argmax.
`corrected_log_loss_vs_uncorrected`
    After undersampling to equal classes: log loss with the correction / without. Of the two-class
    sets with more than ten to one: what the correction repairs is the prior, which is not far off
    at three to one, and not the lack of rows, which is what seven equal classes suffer from.

Both are of the strong model, means over data sets. The other metrics have no target: each is the
difference to no resampling of one score of one model on one data set.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from _strategies_data import SHARED, SOURCES, Parts, Source, parts_of, read
from _strategies_models import MODELS, scores_of
from _strategies_resampling import VARIANTS, resampled
from _strategies_results import RESAMPLE, Results, Run, metrics_of, targeted
from _strategies_tables import tables_of
from threadpoolctl import threadpool_limits

from tfx_rebalance.components.rebalance.strategy import Labels

SEED = 0
REPEATS, QUICK_REPEATS = 5, 2
QUICK_DATA = "mammography"


def main() -> int:
    """Returns the exit code: 1 when a target is missed."""
    arguments = _arguments()
    if not SHARED.is_dir():
        print(f"strategies: not measured: there is no {SHARED}", file=sys.stderr)
        print("{}" if arguments.json else "")
        return 0
    with threadpool_limits(limits=1):
        results = measure(arguments.only, repeats=arguments.repeats)
    print(tables_of(results), file=sys.stderr)
    show(results, as_json=arguments.json)
    return int(not all(metric.met for metric in targeted(results).values()))


def measure(names: Iterable[str], *, repeats: int) -> Results:
    """Returns the scores of every model after every variant on the named data sets."""
    results: dict[Run, list[dict[str, float]]] = {}
    for name in names:
        source = SOURCES[name]
        data = read(source, seed=SEED)
        for repeat, parts in enumerate(parts_of(data, repeats=repeats, seed=SEED)):
            started = time.process_time()
            for model, variant, scores in _scored(parts, source, data.values, seed=SEED + repeat):
                results.setdefault(Run(name, model, variant), []).append(scores)
            seconds = time.process_time() - started
            line = f"{name}, split {repeat + 1}: {seconds:.0f} CPU seconds"
            print(line, file=sys.stderr, flush=True)
    return results


def variants_for(labels: Labels, source: Source) -> list[str]:
    """Returns the variants that are measured on a training part.

    Those that its source leaves out are not, nor is a cut that would cut no class.
    """
    counts = np.bincount(labels)
    return [
        name
        for name, variant in VARIANTS.items()
        if name in (source.only or VARIANTS)
        and name not in source.skipped
        and (variant.times is None or counts.max() > variant.times * counts.min())
    ]


def show(results: Results, *, as_json: bool) -> None:
    """Prints the metrics on stdout: all as JSON, those with a target as text."""
    if as_json:
        print(json.dumps({name: metric.told for name, metric in metrics_of(results).items()}))
        return
    for name, metric in targeted(results).items():
        verdict = "" if metric.met else ", MISSED"
        print(f"{name}: {metric.value:.3f} (target: {metric.bound} {metric.target:g}{verdict})")


def _scored(
    parts: Parts, source: Source, values: Sequence[int], *, seed: int
) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yields (model, variant, scores)."""
    for variant in variants_for(parts.train.labels, source):
        started = time.process_time()
        training = resampled(parts.train, VARIANTS[variant], seed=seed)
        spent = {RESAMPLE: time.process_time() - started}
        for model in MODELS:
            scores = scores_of(model, training, parts, values=values, seed=seed)
            yield model, variant, {**scores, **spent}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_DATA} alone, split twice")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--repeats", type=int, help=f"splits of each data set, default {REPEATS}")
    parser.add_argument("--only", nargs="+", choices=list(SOURCES), help="some of the data sets")
    arguments = parser.parse_args()
    arguments.repeats = arguments.repeats or (QUICK_REPEATS if arguments.quick else REPEATS)
    arguments.only = arguments.only or ([QUICK_DATA] if arguments.quick else list(SOURCES))
    return arguments


if __name__ == "__main__":
    sys.exit(main())
