"""How good the Trainer's models are on real data, against boosted trees and against doing nothing.

    python benchmarks/quality.py [--quick] [--json] [--only PART ...] [--data DATA ...]

mammography, adult, nsl_kdd and covertype (the 100,000 rows beside the checkout) as the examples
read them, duplicates included; made model inputs in memory as Transform makes them, fitted on
`train` alone; trained by the Trainer's `learn`, then calibrated and decided by its `decide`.
Resplits 0 to 4 deal three rows in five to `train`, one each to `val` and `eval`, stratified; all
models of a resplit are measured on the same `eval`. Settings were chosen on other resplits.

quality
    `data_sets_level_with_boosted_trees`: the share of data sets where `chosen`, one network, has
    neither PR-AUC (mean over classes) nor balanced accuracy below that of scikit-learn's
    `HistGradientBoostingClassifier(class_weight="balanced")` by more than the 95 % interval of the
    paired differences. The trees get the raw columns, names as categories, and `val` to learn from
    as well, which they have no other use for; otherwise they are as scikit-learn has them by
    default. `example` is the example config as it is; it and ensembles of three are shown beside,
    on the first resplit, of mammography on the first three.
treatments
    `<data>/<treatment>/log_loss_vs_none`: log loss on `eval` after class weights, focal, logit
    adjustment or resampling, each corrected and calibrated / without any. Resampling goes to 10:1,
    or to equal classes where the data are within that already (adult). A target on adult and
    covertype; elsewhere the table shows the cost.
promise
    `promise_kept`: `decision: min_recall` at confidence 0.95; the share of resplits 0 to 39, each
    trained anew, in which the recall on `eval` reaches what was promised, mean over data sets. A
    promise that `decide` refuses counts as not kept.

With --quick: mammography alone, fewer resplits, no ensembles.
"""

import argparse
import json
import logging
import os
import sys
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from _strategies_data import SHARED

if TYPE_CHECKING:
    from _quality_results import Results

PARTS = ("quality", "treatments", "promise")
DATA = ("mammography", "nsl_kdd", "covertype", "adult")
QUICK_DATA = "mammography"
RESPLITS = {"quality": 5, "treatments": 3, "promise": 40}
QUICK_RESPLITS = {"quality": 2, "treatments": 1, "promise": 4}


def main() -> int:
    """Returns the exit code: 1 when a target is missed."""
    arguments = _arguments()
    if not SHARED.is_dir():
        print(f"quality: not measured: there is no {SHARED}", file=sys.stderr)
        print("{}" if arguments.json else "")
        return 0
    from _quality_results import metrics_of, tables_of

    results = measure(arguments)
    print(tables_of(results), file=sys.stderr)
    metrics = metrics_of(results)
    if arguments.json:
        print(json.dumps({name: metric.told for name, metric in metrics.items()}))
    else:
        for name, metric in metrics.items():
            if metric.target is not None:
                verdict = "" if metric.met else ", MISSED"
                target = f"{metric.bound} {metric.target:g}"
                print(f"{name}: {metric.value:.3f} (target: {target}{verdict})")
    return int(not all(metric.met for metric in metrics.values()))


def measure(arguments: argparse.Namespace) -> "Results":
    """Returns what was measured of the parts and data sets that are asked for."""
    # Each network has a measuring graph of its own, which TensorFlow takes for a mistake.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    from _quality_data import read
    from _quality_measures import promise_of, quality_of, treatments_of
    from _quality_plans import PLANS
    from _quality_results import Results

    resplits = QUICK_RESPLITS if arguments.quick else RESPLITS
    results = Results()
    for name in arguments.data:
        table = read(name)
        if "quality" in arguments.only:
            others = 0 if arguments.quick else PLANS[name].others
            scores = quality_of(name, table, resplits=resplits["quality"], of_others=others)
            results.quality[name] = scores
        if "treatments" in arguments.only:
            results.treatments[name] = treatments_of(name, table, resplits=resplits["treatments"])
        if "promise" in arguments.only and PLANS[name].promised is not None:
            results.promise[name] = promise_of(name, table, resplits=resplits["promise"])
    return results


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_DATA} alone, fewer resplits")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="some parts")
    parser.add_argument("--data", nargs="+", choices=DATA, help="some of the data sets")
    arguments = parser.parse_args()
    arguments.data = arguments.data or ([QUICK_DATA] if arguments.quick else list(DATA))
    return arguments


if __name__ == "__main__":
    sys.exit(main())
