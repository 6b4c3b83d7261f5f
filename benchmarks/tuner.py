"""What Hyperband in the DAG finds, against its own median trial, on rows that no search has seen.

    python benchmarks/tuner.py [--quick] [--json] [--seeds N]

For each seed the example config of mammography is split anew and runs three times through the
command: with `tuner: {algorithm: hyperband}`, whose best values feed the Trainer, and twice with
the values of the median one of the same search's trials, by their scores on `val`, set by hand:
trained in full, and for the epochs that the trial had. What the Trainers exported is scored on
`eval`, which nothing before the Evaluator reads: average precision of the rare class, by
scikit-learn.

`hyperband_beats_median`
    The share of the seeds in which the best trial's model is strictly better than the median
    trial's values trained in full.
`hyperband_beats_median_as_tried`
    The same against the median trial with its own epochs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "examples" / "mammography.yaml"
DATA = ROOT.parent / "shared" / "data" / "mammography"
LABEL, RARE = "class", "1"
SEEDS, MAX_EPOCHS, QUICK_MAX_EPOCHS = 5, 20, 3
TARGET = 0.8
FINISHED = (0, 4)
"""Exit codes of a run that trained and evaluated: released, or not blessed."""


@dataclass(frozen=True)
class Compared:
    """A seed's two models on `eval`."""

    seed: int
    trials: int
    val_best: float
    val_median: float
    best: float
    median: float
    median_as_tried: float


def main() -> int:
    """Returns the exit code: 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, trials of 3 epochs at most")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--seeds", type=int, help=f"default {SEEDS}")
    arguments = parser.parse_args()
    if not DATA.is_dir():
        print(f"{DATA} is missing: nothing is measured.", file=sys.stderr)
        return 0
    seeds = arguments.seeds or (1 if arguments.quick else SEEDS)
    max_epochs = QUICK_MAX_EPOCHS if arguments.quick else MAX_EPOCHS
    compared = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory(prefix="tuner-") as folder:
            compared.append(compare(Path(folder), seed=seed, max_epochs=max_epochs))
        print(row_of(compared[-1]), file=sys.stderr, flush=True)
    metrics = metrics_of(compared)
    missed = [
        name
        for name, metric in metrics.items()
        if metric["target"] is not None and metric["value"] < metric["target"]
    ]
    if arguments.json:
        print(json.dumps(metrics))
        return int(bool(missed))
    for name, metric in metrics.items():
        verdict = ", MISSED" if name in missed else ""
        target = "none" if metric["target"] is None else f"at least {metric['target']:g}"
        print(f"{name}: {metric['value']:.2f} (target: {target}{verdict})")
    return int(bool(missed))


def compare(root: Path, *, seed: int, max_epochs: int) -> Compared:
    """Returns what the best and the median trial of a search come to."""
    search = {"algorithm": "hyperband", "max_epochs": max_epochs, "seed": seed}
    run(root, {"tuner": search}, seed=seed)
    [results] = (root / "pipeline/Tuner/tuner_results").glob("*/tuner_results.json")
    trials = sorted(json.loads(results.read_text()), key=lambda trial: float(trial["score"]))
    median = trials[(len(trials) - 1) // 2]
    best = on_eval(root)
    run(root, settings_of(median), seed=seed)
    in_full = on_eval(root)
    run(root, {**settings_of(median), "trainer.epochs": median["tuner/epochs"]}, seed=seed)
    return Compared(
        seed,
        len(trials),
        val_best=trials[-1]["score"],
        val_median=median["score"],
        best=best,
        median=in_full,
        median_as_tried=on_eval(root),
    )


def run(root: Path, settings: Mapping[str, Any], *, seed: int) -> None:
    """Runs the pipeline; what does not depend on the settings comes from the cache."""
    seeds = {"data.seed": seed, "trainer.seed": seed}
    pairs = {**settings, **seeds}.items()
    overrides = [word for key, value in pairs for word in ("--set", f"{key}={json.dumps(value)}")]
    command = [sys.executable, "-c", "from tfx_rebalance.pipeline.cli import entry; entry()"]
    ended = subprocess.run(
        [*command, "run", str(CONFIG), "--root", str(root), "--json", *overrides],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode not in FINISHED:
        raise RuntimeError(f"the run with seed {seed} failed:\n{ended.stderr}")


def settings_of(trial: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a trial's values as keys of the config."""
    from tfx_rebalance.components.trainer.hyperparameters import settled
    from tfx_rebalance.components.trainer.settings import TrainerSettings

    values = {key: value for key, value in trial.items() if key not in ("trial_id", "score")}
    found = settled(values, list(TrainerSettings.model_fields))
    return {f"trainer.{key}": value for key, value in found.items()}


def on_eval(root: Path) -> float:
    """Returns the average precision of the model trained last, on `eval`."""
    import tensorflow as tf
    from sklearn.metrics import average_precision_score

    models = (root / "pipeline/Trainer/model").glob("*/Format-Serving")
    newest = max(models, key=lambda path: int(path.parent.name))
    shards = sorted(map(str, (root / "pipeline/ExampleGen/examples").glob("*/Split-eval/*.gz")))
    records = list(tf.data.TFRecordDataset(shards, "GZIP").as_numpy_iterator())
    spec = {LABEL: tf.io.FixedLenFeature([], tf.string)}
    labels = tf.io.parse_example(tf.constant(records), spec)[LABEL].numpy()
    served = tf.saved_model.load(str(newest)).signatures["serving_default"]
    probabilities = served(tf.constant(records))["probabilities"].numpy()
    features = json.loads((newest / "assets.extra/features.json").read_text())
    column = features["classes"].index(RARE)
    return float(average_precision_score(labels == RARE.encode(), probabilities[:, column]))


def row_of(one: Compared) -> str:
    """Returns a seed's line of the table."""
    return (
        f"seed {one.seed}: {one.trials} trials; on val best {one.val_best:.4f}, median "
        f"{one.val_median:.4f}; on eval best {one.best:.4f}, median {one.median:.4f}, "
        f"as tried {one.median_as_tried:.4f}"
    )


def metrics_of(compared: Sequence[Compared]) -> dict[str, dict[str, Any]]:
    """Returns what `--json` prints."""
    return {
        "hyperband_beats_median": _metric(compared, "median", target=TARGET),
        "hyperband_beats_median_as_tried": _metric(compared, "median_as_tried", target=None),
    }


def _metric(compared: Sequence[Compared], other: str, *, target: float | None) -> dict[str, Any]:
    wins = [one.best > getattr(one, other) for one in compared]
    return {
        "value": sum(wins) / len(wins),
        "bound": "at least",
        "target": target,
        "unit": "share of seeds",
        "baseline": sum(getattr(one, other) for one in compared) / len(compared),
        "ours": sum(one.best for one in compared) / len(compared),
    }


if __name__ == "__main__":
    sys.exit(main())
