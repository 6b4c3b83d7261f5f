"""Evaluations through TFMA of rows whose predictions are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import metrics_for_slice_pb2


@dataclass(frozen=True)
class Scored:
    """Rows and what models say of them."""

    labels: Any
    """(n,), class indices."""
    said: Mapping[str, Mapping[str, Any]]
    """Model (alone: the empty name) -> output (the only one: the empty name) -> (n, C)."""
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
    labels = {m: dict.fromkeys(outputs, scored.labels) for m, outputs in scored.said.items()}
    extracts = {
        tfma.FEATURES_KEY: dict(scored.features),
        tfma.LABELS_KEY: _without_empty_names(labels),
        tfma.PREDICTIONS_KEY: _without_empty_names(scored.said),
        tfma.INPUT_KEY: np.array(scored.records or [b""] * len(scored.labels), dtype=object),
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


def _without_empty_names(values: Any) -> Any:
    """Returns nested mappings without those of one entry that has no name."""
    if not isinstance(values, Mapping):
        return values
    if list(values) == [""]:
        return _without_empty_names(values[""])
    return {name: _without_empty_names(value) for name, value in values.items()}


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
