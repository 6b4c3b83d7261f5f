"""The Evaluator on small SavedModels, with artifacts on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf
from google.protobuf import text_format
from support.real_examples import schema_of, write_frame
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, channel_utils, standard_artifacts

from tfx_rebalance.components.evaluator.component import Evaluator
from tfx_rebalance.components.evaluator.executor import Executor
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.features import FEATURES_FILE, LABEL_INDEX, Feature, Features
from tfx_rebalance.records import read_records, shard_paths


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


def features_of(frame: pd.DataFrame, *inputs: str, label: str) -> Features:
    """Returns a model's numeric inputs and its label, the classes sorted."""
    return Features(
        inputs=[
            Feature(
                name=name,
                dtype="int" if frame[name].dtype.kind == "i" else "float",
                categorical=False,
                optional=bool(frame[name].isna().any()),
            )
            for name in inputs
        ],
        label=label,
        label_dtype="int" if frame[label].dtype.kind == "i" else "string",
        classes=[str(value) for value in sorted(frame[label].unique())],
    )


def rows_of(folder: Path, frame: pd.DataFrame, *, label: str) -> dict[str, Artifact]:
    """Writes rows as the split `eval`, and their schema; returns both artifacts."""
    write_frame(folder / "examples" / "Split-eval", frame, shards=2)
    (folder / "schema").mkdir()
    schema = text_format.MessageToString(schema_of(frame, label=label))
    (folder / "schema" / "schema.pbtxt").write_text(schema)
    examples = artifact("Examples", folder / "examples")
    examples.split_names = '["eval"]'
    return {"examples": examples, "schema": artifact("Schema", folder / "schema")}


def served_decisions(model: Artifact, examples: Artifact) -> Any:
    """Returns the class that a model decides on for each row of `rows_of`, (n,)."""
    serve = tf.saved_model.load(f"{model.uri}/Format-Serving").signatures["serving_default"]
    shards = shard_paths(f"{examples.uri}/Split-eval")
    scores = [
        serve(examples=tf.constant(rows))["decision_scores"].numpy()
        for shard in shards
        for rows in read_records(shard)
    ]
    assert len(scores) == len(shards)  # A batch each: rows were dealt out in turn.
    decided = np.zeros(sum(map(len, scores)), np.int64)
    for place, of_shard in enumerate(scores):
        decided[place :: len(shards)] = of_shard.argmax(axis=1)
    return decided


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
    context = BaseBeamExecutor.Context(tmp_dir=str(folder / "temporary"), unique_id="1")
    Executor(context).Do(
        {key: [found] for key, found in inputs.items()},
        {key: [found] for key, found in outputs.items()},
        node.exec_properties,
    )
    return Evaluated(folder / "evaluation", outputs["blessing"])
