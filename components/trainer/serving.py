"""What is exported: the transformation, the model and the decision in one SavedModel."""

import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from tfx_rebalance.components.trainer.averaging import Network, natural_probabilities
from tfx_rebalance.components.trainer.calibration.graph import apply
from tfx_rebalance.components.trainer.columns import Columns
from tfx_rebalance.components.trainer.deciding import Decided
from tfx_rebalance.features import FEATURES_FILE, LABEL_INDEX, Features
from tfx_rebalance.labels import UNKNOWN, class_index

MISSING_INT = int(np.iinfo(np.int64).min)

_DTYPES = {"float": tf.float32, "int": tf.int64, "string": tf.string}
_MISSING = {"float": float("nan"), "int": MISSING_INT, "string": ""}


def tensor_names(features: Features) -> dict[str, str]:
    """Returns the argument of `serving_raw` for each input: its name, as TensorFlow allows.

    What is no letter, digit or underscore becomes an underscore; names that then coincide get the
    column's number.
    """
    names: dict[str, str] = {}
    for number, feature in enumerate(features.inputs):
        name = re.sub(r"[^A-Za-z0-9_]", "_", feature.name)
        valid = name[:1].isalpha() and name not in names.values()
        names[feature.name] = name if valid else f"column_{number}_{name}"
    return names


class ServedModel(tf.Module):
    """The signatures of ARCHITECTURE.md, "The served model"."""

    def __init__(
        self,
        members: Sequence[Network],
        decided: Decided,
        *,
        features: Features,
        columns: Columns,
        transform: tft.TFTransformOutput,
    ) -> None:
        super().__init__(name="served_model")
        self._members = list(members)
        self._transform = transform.transform_features_layer()
        self._raw_spec = transform.raw_feature_spec()
        self._features, self._columns = features, columns
        self._corrections = tf.constant(decided.corrections, tf.float32)
        self._map, self._decision = decided.map, decided.decision
        self._classes = tf.constant(list(features.classes))

    def save(self, path: str) -> None:
        """Writes the SavedModel with its three signatures, and beside it what its inputs are."""
        tf.saved_model.save(self, path, signatures=self._signatures())
        card = os.path.join(path, FEATURES_FILE)
        tf.io.gfile.makedirs(os.path.dirname(card))
        with tf.io.gfile.GFile(card, "w") as file:
            file.write(self._features.model_dump_json(indent=2))

    def _signatures(self) -> dict[str, Any]:
        examples = tf.TensorSpec([None], tf.string, name="examples")
        names = tensor_names(self._features)
        raw = {
            feature.name: tf.TensorSpec([None], _DTYPES[feature.dtype], name=names[feature.name])
            for feature in self._features.inputs
        }
        return {
            "serving_default": tf.function(self._serve_examples, input_signature=[examples]),
            "serving_raw": tf.function(self._serve_raw, input_signature=[raw]),
            "transform_labels": tf.function(self._labels, input_signature=[examples]),
        }

    def _serve_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = {feature.name: self._raw_spec[feature.name] for feature in self._features.inputs}
        return self._decide(tf.io.parse_example(examples, spec))

    def _serve_raw(self, raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """A missing cell is NaN, `MISSING_INT` or the empty string."""
        return self._decide(
            {
                feature.name: self._as_parsed(raw[feature.name], feature.name, feature.dtype)
                for feature in self._features.inputs
            }
        )

    def _as_parsed(self, column: tf.Tensor, name: str, dtype: str) -> tf.Tensor | tf.SparseTensor:
        """Returns a dense column in the form `parse_example` gives it."""
        spec = self._raw_spec[name]
        if isinstance(spec, tf.io.FixedLenFeature):
            return tf.reshape(column, [-1, *spec.shape])
        present = ~tf.math.is_nan(column) if dtype == "float" else column != _MISSING[dtype]
        rows = tf.where(present)
        indices = tf.concat([rows, tf.zeros_like(rows)], axis=1)
        shape = tf.stack([tf.size(column, tf.int64), 1])
        return tf.SparseTensor(indices, tf.boolean_mask(column, present), shape)

    def _decide(self, raw: dict[str, tf.Tensor | tf.SparseTensor]) -> dict[str, tf.Tensor]:
        inputs = self._columns.pack(self._transform(raw))
        corrected = natural_probabilities(self._members, self._corrections, inputs)
        probabilities = apply(self._map, corrected)
        scores = self._scores(probabilities)
        index = tf.argmax(scores, axis=1, output_type=tf.int64)
        return {
            "probabilities": probabilities,
            "decision_scores": scores,
            "class_index": index,
            "class_label": tf.gather(self._classes, index),
        }

    def _scores(self, probabilities: tf.Tensor) -> tf.Tensor:
        thresholds = self._decision.thresholds
        if thresholds is not None:
            return probabilities / tf.constant(thresholds, tf.float32)
        return tf.matmul(probabilities, tf.constant(self._decision.gains, tf.float32))

    def _labels(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """The label of the *raw* examples as a class index, for TFMA."""
        dtype = tf.string if self._features.label_dtype == "string" else tf.int64
        spec = {self._features.label: tf.io.FixedLenFeature([], dtype)}
        labels = tf.io.parse_example(examples, spec)[self._features.label]
        index = class_index(labels, self._features.classes)
        known = tf.debugging.assert_greater(
            index, tf.constant(UNKNOWN, tf.int64), f"label outside {list(self._features.classes)}"
        )
        with tf.control_dependencies([known]):
            return {LABEL_INDEX: tf.identity(index)}
