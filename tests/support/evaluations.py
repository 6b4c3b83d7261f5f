"""Evaluations through TFMA: of rows whose predictions are given, and of small SavedModels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_model_analysis.proto import metrics_for_slice_pb2
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, channel_utils, standard_artifacts

from tfx_rebalance.components.evaluator.component import Evaluator
from tfx_rebalance.components.evaluator.executor import Executor
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.features import FEATURES_FILE, LABEL_INDEX, Features

OUTPUTS = ("decision_scores", "probabilities")


@dataclass(frozen=True)
class Scored:
    """Rows and what models say of them."""

    labels: Any
    """(n,), class indices."""
    said: Mapping[str, Mapping[str, Any]]
    """Model (alone: the empty name) -> output -> (n, C)."""
    features: Mapping[str, Any] = field(default_factory=dict)
    """Name -> (n,)."""
    records: Sequence[bytes] = ()
    """Serialized, (n,); rows for `PairedDecisions`."""


def simulated(rows: int, *, seed: int = 0, classes: int = 3) -> tuple[dict[str, Any], Any]:
    """Returns what a fair model says, output -> (rows, C), and labels, the first class frequent.

    The labels are of `classes` and the rows alone; another seed is another model of them.
    """
    priors = np.array([0.7, 0.2, 0.1, 0.05, 0.05][:classes])
    priors = priors / priors.sum()
    labels = np.random.default_rng(99).choice(classes, size=rows, p=priors)
    noise = np.random.default_rng(seed).normal(size=(rows, classes))
    odds = np.exp(noise + 1.5 * np.eye(classes)[labels]) * priors
    p = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return {"probabilities": p, "decision_scores": (p / priors).astype(np.float32)}, labels


def evaluate(uri: Path, scored: Scored, config: tfma.EvalConfig) -> None:
    """Measures rows by TFMA's own evaluator and writes what it found, as the Evaluator does."""
    alone = list(scored.said) == [""]
    config = tfma.utils.update_eval_config_with_defaults(
        config, has_baseline=not alone, rubber_stamp=True
    )
    labels = dict.fromkeys(OUTPUTS, scored.labels)
    rows = len(scored.labels)
    extracts = {
        tfma.FEATURES_KEY: dict(scored.features),
        tfma.LABELS_KEY: labels if alone else dict.fromkeys(scored.said, labels),
        tfma.PREDICTIONS_KEY: scored.said[""] if alone else dict(scored.said),
        tfma.INPUT_KEY: np.array(scored.records or [b""] * rows, dtype=object),
    }
    slicing = [
        tfma.extractors.UnbatchExtractor(),
        tfma.extractors.SliceKeyExtractor(eval_config=config),
    ]
    with beam.Pipeline() as pipeline:
        _ = (
            pipeline
            | beam.Create([extracts])
            | tfma.ExtractAndEvaluate(slicing, tfma.default_evaluators(eval_config=config))
            | tfma.WriteResults(tfma.default_writers(str(uri), eval_config=config))
        )


def measured(uri: Path, *, model: str = "") -> dict[tuple[Any, ...], dict[str, Any]]:
    """Returns slice -> "output/metric" -> number or array, as TFMA reads it from disk."""
    found = {}
    for part in tfma.load_metrics(str(uri)):
        where = tuple((k.column, _slice_value(k)) for k in part.slice_key.single_slice_keys)
        found[where] = {
            f"{item.key.output_name}/{item.key.name}": _value(item.value)
            for item in part.metric_keys_and_values
            if item.key.model_name == model and not item.key.is_diff
        }
    return found


def _slice_value(key: metrics_for_slice_pb2.SingleSliceKey) -> Any:
    value = getattr(key, key.WhichOneof("kind"))
    return value.decode() if isinstance(value, bytes) else value


def _value(value: metrics_for_slice_pb2.MetricValue) -> Any:
    if value.WhichOneof("type") == "array_value":
        array = value.array_value
        values = array.float64_values or array.int64_values or array.float32_values
        return np.array(values).reshape(list(array.shape))
    return value.double_value.value


class _Linear(tf.Module):
    """Logits that are linear in numbers of the rows; a missing number is 0."""

    def __init__(self, features: Features, weights: Any, thresholds: Any) -> None:
        super().__init__()
        self._features = features
        self._weights, self._thresholds = (
            tf.constant(values, tf.float32) for values in (weights, thresholds)
        )

    def save(self, path: str) -> None:
        rows = tf.TensorSpec([None], tf.string, name="examples")
        signatures = {
            "serving_default": tf.function(self._serve, input_signature=[rows]),
            "transform_labels": tf.function(self._label_index, input_signature=[rows]),
        }
        tf.saved_model.save(self, path, signatures=signatures)

    def _serve(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        kinds = {"float": (tf.float32, 0.0), "int": (tf.int64, 0)}
        spec = {
            feature.name: tf.io.FixedLenFeature([], *kinds[feature.dtype])
            for feature in self._features.inputs
        }
        found = tf.io.parse_example(examples, spec)
        columns = [tf.cast(found[name], tf.float32) for name in spec]
        x = tf.stack([tf.ones_like(columns[0]), *columns], axis=1)
        probabilities = tf.nn.softmax(x @ self._weights)
        scores = probabilities / self._thresholds
        return {"probabilities": probabilities, "decision_scores": scores}

    def _label_index(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        label = self._features.label
        kind = {"string": tf.string, "int": tf.int64}[self._features.label_dtype]
        found = tf.io.parse_example(examples, {label: tf.io.FixedLenFeature([], kind)})[label]
        texts = found if kind == tf.string else tf.strings.as_string(found)
        is_class = texts[:, None] == tf.constant(list(self._features.classes))
        return {LABEL_INDEX: tf.argmax(tf.cast(is_class, tf.int64), axis=1)}


def save_model(uri: Path, features: Features, *, weights: Any, thresholds: Any) -> Artifact:
    """Writes a model as the Trainer does, for the Evaluator's eyes.

    Args:
        uri: Of the artifact.
        features: Numeric inputs, all of which it reads.
        weights: (1 + inputs, C), the constant first.
        thresholds: (C,); `decision_scores` are probabilities over them.
    """
    served = uri / "Format-Serving"
    _Linear(features, weights, thresholds).save(str(served))
    card = served / FEATURES_FILE
    card.parent.mkdir(exist_ok=True)
    card.write_text(features.model_dump_json())
    return artifact("Model", uri)


def artifact(kind: str, uri: Path, *, number: int = 0) -> Artifact:
    """Returns a standard artifact."""
    found = getattr(standard_artifacts, kind)()
    found.uri, found.id = str(uri), number
    return found


def examples_of(folder: Path) -> Artifact:
    """Returns the artifact whose split `eval` lies in `Split-eval` of a folder."""
    found = artifact("Examples", folder)
    found.split_names = '["eval"]'
    return found


def schema_artifact(folder: Path, schema: schema_pb2.Schema) -> Artifact:
    """Writes a schema and returns its artifact."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.pbtxt").write_text(text_format.MessageToString(schema))
    return artifact("Schema", folder)


@dataclass(frozen=True)
class Evaluated:
    """What the Evaluator left."""

    uri: Path
    """Of the evaluation."""
    blessing: Artifact


def run_evaluator(
    folder: Path,
    settings: GateSettings,
    *,
    classes: Sequence[str],
    released: str = "",
    **inputs: Artifact,
) -> Evaluated:
    """Runs the component's executor on artifacts, into `folder`, with the component's properties.

    Args:
        folder: For the evaluation and the blessing.
        settings: The gate.
        classes: The classes' names in the order of their indices.
        released: Where manifests of released models are.
        **inputs: `examples`, `model`, `schema` and perhaps `baseline_model`.
    """
    node = Evaluator(
        settings=settings,
        classes=classes,
        released=released,
        **{key: channel_utils.as_channel([found]) for key, found in inputs.items()},
    )
    outputs = {
        "evaluation": artifact("ModelEvaluation", folder / "evaluation"),
        "blessing": artifact("ModelBlessing", folder / "blessing"),
    }
    context = BaseExecutor.Context(tmp_dir=str(folder / "temporary"), unique_id="1")
    Executor(context).Do(
        {key: [found] for key, found in inputs.items()},
        {key: [found] for key, found in outputs.items()},
        node.exec_properties,
    )
    return Evaluated(folder / "evaluation", outputs["blessing"])
