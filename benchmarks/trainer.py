"""Examples per second that the Trainer's input pipeline gives, against TFX's own.

    python benchmarks/trainer.py [--quick] [--json] [--repeats N]

What is compared, on 31 features (30 numbers and the label), eight GZIP shards, batches of 512, one
process, TensorFlow's threads as they come:

`streamed_vs_factory`
    Rows too many to keep, shuffled in each epoch, against `fn_args.data_accessor`'s
    `tf_dataset_factory`, which shuffles within 10,000 rows.
`second_epoch_vs_factory`
    Rows that fit into memory, from the second epoch on.
`class_weights_cost`
    Seconds of an epoch of `fit` with class weights / without, the built-in network.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

WIDTH, SHARDS, BATCH = 30, 8, 512
ROWS, QUICK_ROWS = 400_000, 40_000
FACTORY_ROWS = 100_000
"""Its seconds per row do not depend on how many there are."""
REPEATS = 3
NAMES = tuple(f"f{i:02}" for i in range(WIDTH))
LABEL = "y"
TARGETS = {
    "streamed_vs_factory": ("at least", 2.5),
    "second_epoch_vs_factory": ("at least", 10),
    "class_weights_cost": ("at most", 1.05),
}


def main() -> int:
    """Returns the exit code: 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, one repeat")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--repeats", type=int, help=f"measured runs of each, default {REPEATS}")
    arguments = parser.parse_args()
    rows = QUICK_ROWS if arguments.quick else ROWS
    repeats = arguments.repeats or (1 if arguments.quick else REPEATS)
    with tempfile.TemporaryDirectory(prefix="trainer-") as folder:
        write_data(Path(folder), rows=rows)
        seconds = measure(folder, rows=rows, repeats=repeats)
    metrics = metrics_of(seconds)
    for name, taken in seconds.items():
        print(f"{name:<18}{1e6 * taken:>10.2f} seconds per million rows", file=sys.stderr)
    missed = [name for name, metric in metrics.items() if not _is_met(metric)]
    if arguments.json:
        print(json.dumps(metrics))
        return int(bool(missed))
    for name, metric in metrics.items():
        verdict = ", MISSED" if name in missed else ""
        target = f"{metric['bound']} {metric['target']:g}"
        print(f"{name}: {metric['value']:.3f} (target: {target}{verdict})")
    return int(bool(missed))


def write_data(folder: Path, *, rows: int) -> None:
    """Writes `rows` rows of normal numbers, every fiftieth of the rare class."""
    import numpy as np
    import pyarrow as pa
    from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

    from tfx_rebalance.components.example_gen.columns import as_lists
    from tfx_rebalance.records import shard_name, write_shard

    random, each = np.random.default_rng(0), rows // SHARDS
    for shard in range(SHARDS):
        label = (np.arange(each) % 50 == 0).astype(np.int64)
        columns = {name: random.normal(size=each) + label for name in NAMES}
        batch = pa.RecordBatch.from_pydict({**columns, LABEL: label})
        records = RecordBatchToExamplesEncoder().encode(as_lists(batch))
        write_shard(str(folder / shard_name(shard, SHARDS)), records)


def measure(folder: str, *, rows: int, repeats: int) -> dict[str, float]:
    """Returns the median seconds per row of each way, which took turns."""
    factory_rows = min(rows, FACTORY_ROWS)
    fit = _fits(folder, rows=rows)
    ways: Mapping[str, Callable[[], float]] = {
        "factory": lambda: _drain(_factory(folder), factory_rows) / factory_rows,
        "streamed": lambda: _drain(_ours(folder, memory=0), rows) / rows,
        "second epoch": lambda: _second_epoch(_ours(folder, memory=2 << 30), rows) / rows,
        "fit, no weights": lambda: fit("none") / rows,
        "fit, weights": lambda: fit("balanced") / rows,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):  # The first one warms up.
        for name, way in ways.items():
            seconds = way()
            if repeat:
                taken[name].append(seconds)
    return {name: median(seconds) for name, seconds in taken.items()}


def metrics_of(seconds: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Returns what `--json` prints."""
    pairs = {
        "streamed_vs_factory": (1 / seconds["streamed"], 1 / seconds["factory"]),
        "second_epoch_vs_factory": (1 / seconds["second epoch"], 1 / seconds["factory"]),
        "class_weights_cost": (seconds["fit, weights"], seconds["fit, no weights"]),
    }
    return {
        name: {
            "value": ours / baseline,
            "bound": TARGETS[name][0],
            "target": TARGETS[name][1],
            "unit": "ratio",
            "baseline": baseline,
            "ours": ours,
        }
        for name, (ours, baseline) in pairs.items()
    }


def _is_met(metric: Mapping[str, Any]) -> bool:
    if metric["bound"] == "at least":
        return bool(metric["value"] >= metric["target"])
    return bool(metric["value"] <= metric["target"])


def _drain(batches: Iterator[Any], rows: int) -> float:
    """Returns the seconds until so many rows have come."""
    started = time.monotonic()
    for _ in range(rows // BATCH):
        next(batches)
    return time.monotonic() - started


def _second_epoch(batches: Iterator[Any], rows: int) -> float:
    _drain(batches, rows)
    return _drain(batches, rows)


def _split(folder: str, *, memory: int) -> Any:
    from tfx_rebalance.components.trainer import inputs
    from tfx_rebalance.components.trainer.columns import Columns

    inputs.IN_MEMORY_BYTES = memory
    columns = Columns(NAMES, (), 0, LABEL)
    return inputs.read_split([f"{folder}/*"], columns, classes=("common", "rare"))


def _ours(folder: str, *, memory: int) -> Iterator[Any]:
    import numpy as np

    weights = np.array([0.5, 25.0])
    return iter(_split(folder, memory=memory).batches(weights, batch_size=BATCH, seed=0))


def _factory(folder: str) -> Iterator[Any]:
    """The dataset that TFX's templates train from."""
    from tensorflow_metadata.proto.v0 import schema_pb2
    from tfx.components.util import tfxio_utils
    from tfx.types import standard_artifacts
    from tfx_bsl.public.tfxio import TensorFlowDatasetOptions

    schema = schema_pb2.Schema()
    for name in (*NAMES, LABEL):
        feature = schema.feature.add(name=name)
        feature.type = schema_pb2.INT if name == LABEL else schema_pb2.FLOAT
        feature.shape.dim.add(size=1)
        feature.presence.min_fraction = 1
    examples = standard_artifacts.Examples()
    examples.uri = folder
    make = tfxio_utils.get_tf_dataset_factory_from_artifact([examples], ["benchmark"])
    options = TensorFlowDatasetOptions(batch_size=BATCH, label_key=LABEL)
    return iter(make([f"{folder}/*"], options, schema))


def _fits(folder: str, *, rows: int) -> Callable[[str], float]:
    """Returns what fits the network for an epoch under a scheme of weights, and its seconds."""
    import keras

    from tfx_rebalance.components.trainer.models.mlp import MLP
    from tfx_rebalance.components.trainer.priors import class_weights

    split = _split(folder, memory=2 << 30)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = MLP().build(split.columns, classes=2, seed=0)
    model.compile("adam", loss)

    def fit(scheme: str) -> float:
        weights = class_weights(split.mass, scheme, classes=("common", "rare"))
        batches = split.batches(weights, batch_size=BATCH, seed=0)
        started = time.monotonic()
        model.fit(batches, steps_per_epoch=rows // BATCH, verbose=0)
        return time.monotonic() - started

    return fit


if __name__ == "__main__":
    sys.exit(main())
