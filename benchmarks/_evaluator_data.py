"""The data of `evaluator.py`: simulated rows, and a SavedModel that costs next to nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from tfx_rebalance.components.evaluator.eval_config import PROBABILITIES, SCORES
from tfx_rebalance.components.example_gen.columns import as_lists
from tfx_rebalance.features import LABEL_INDEX
from tfx_rebalance.records import shard_name, write_shard

LABEL, LOGITS = "label", "logit"
SLICED = {"region": 5, "channel": 3}
"""Feature -> how many values it has."""
SIGNAL, BLUR = 2.0, 0.8
"""What its own class adds to the logits, and their noise: classes overlap."""


def write_rows(folder: Path, classes: Sequence[str], *, rows: int) -> None:
    """Writes `rows` rows of classes that halve in size from one to the next.

    A row's features are the logits that the model will say, so the rows are nothing real.
    """
    random = np.random.default_rng(0)
    shares = 0.5 ** np.arange(len(classes))
    index = random.choice(len(classes), size=rows, p=shares / shares.sum())
    logits = np.log(shares) + random.normal(scale=BLUR, size=(rows, len(classes)))
    logits[np.arange(rows), index] += SIGNAL
    columns = {
        LABEL: np.array(classes, dtype=object)[index],
        **dict(zip(logit_names(classes), logits.astype(np.float32).T, strict=True)),
        **{name: _values(name, random.integers(n, size=rows)) for name, n in SLICED.items()},
    }
    batch = pa.RecordBatch.from_pydict(columns)
    records = RecordBatchToExamplesEncoder().encode(as_lists(batch))
    write_shard(str(folder / shard_name(0, 1)), records)


def write_model(folder: Path, classes: Sequence[str]) -> None:
    """Writes a SavedModel with the signatures of `components/trainer` that the Evaluator calls."""
    model = _Model(classes)
    signatures = {"serving_default": model.serve, "transform_labels": model.labels}
    tf.saved_model.save(model, str(folder), signatures=signatures)


def logit_names(classes: Sequence[str]) -> list[str]:
    """Returns the names of a row's logits, one per class."""
    return [f"{LOGITS}{index}" for index in range(len(classes))]


def _values(name: str, codes: Any) -> Any:
    """Returns the values of a sliced feature, (n,), for the codes of its rows, (n,)."""
    return np.array([f"{name} {code}" for code in range(SLICED[name])], dtype=object)[codes]


class _Model(tf.Module):
    """The softmax of the logits in the row; its thresholds decide for the smaller classes."""

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__()
        self._classes, self._names = tf.constant(list(classes)), tuple(logit_names(classes))
        self._thresholds = tf.constant(0.7 ** np.arange(len(classes)), tf.float32)
        examples = tf.TensorSpec([None], tf.string)
        self.serve = tf.function(self._serve, input_signature=[examples])
        self.labels = tf.function(self._labels, input_signature=[examples])

    def _serve(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = {name: tf.io.FixedLenFeature([], tf.float32) for name in self._names}
        parsed = tf.io.parse_example(examples, spec)
        logits = tf.stack([parsed[name] for name in self._names], axis=1)
        probabilities = tf.nn.softmax(logits)
        return {PROBABILITIES: probabilities, SCORES: probabilities / self._thresholds}

    def _labels(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = {LABEL: tf.io.FixedLenFeature([], tf.string)}
        label = tf.io.parse_example(examples, spec)[LABEL]
        return {LABEL_INDEX: tf.argmax(label[:, None] == self._classes, axis=1)}
