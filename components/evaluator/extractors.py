"""Buckets of numeric features, as features that TFMA can slice by."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma

from tfx_rebalance.components.evaluator.gating.buckets import buckets_of

_BUCKETED = re.compile(r"^(.+) in buckets at (.+)$")
Edges = Mapping[str, tuple[str, list[float]]]
"""Name of a bucketed feature -> the feature it is made of, and where its buckets meet."""


def bucketed_name(feature: str, edges: Sequence[float]) -> str:
    """Returns the name of the feature that says in which bucket another one lies."""
    return f"{feature} in buckets at {', '.join(repr(edge) for edge in edges)}"


def original_name(name: str) -> str:
    """Returns the feature that a bucketed one was made of; any other name as it is."""
    found = _BUCKETED.match(name)
    return found[1] if found else name


def custom_extractors(
    eval_shared_model: Any, eval_config: tfma.EvalConfig, tensor_adapter_config: Any
) -> list[Any]:
    """Returns TFMA's own extractors, with one of buckets behind that of the features.

    The stock Evaluator calls it by its name.
    """
    stock = tfma.default_extractors(
        eval_shared_model=eval_shared_model,
        eval_config=eval_config,
        tensor_adapter_config=tensor_adapter_config,
    )
    edges = _edges(eval_config)
    if not edges:
        return list(stock)
    ours = tfma.extractors.Extractor(
        stage_name="ExtractBuckets", ptransform=beam.Map(_with_buckets, edges)
    )
    return [stock[0], ours, *stock[1:]]


def _edges(eval_config: tfma.EvalConfig) -> Edges:
    names = {name for spec in eval_config.slicing_specs for name in spec.feature_keys}
    found = {name: _BUCKETED.match(name) for name in sorted(names)}
    return {
        name: (match[1], [float(edge) for edge in match[2].split(", ")])
        for name, match in found.items()
        if match
    }


def _with_buckets(extracts: Mapping[str, Any], edges: Edges) -> dict[str, Any]:
    """Adds the bucketed features to a batch of rows."""
    features = dict(extracts[tfma.FEATURES_KEY])
    for name, (feature, bounds) in edges.items():
        features[name] = buckets_of(_dense(features[feature]), bounds)
    return {**extracts, tfma.FEATURES_KEY: features}


def _dense(column: Any) -> Any:
    """Returns a number per row, (n,), NaN where there is none; float32 stays so."""
    values = np.asarray(column.values if hasattr(column, "dense_shape") else column)
    values = values.astype(np.float32 if values.dtype == np.float32 else np.float64)
    if not hasattr(column, "dense_shape"):
        return values.reshape(len(values), -1)[:, 0]
    out = np.full(int(column.dense_shape[0]), np.nan, values.dtype)
    rows = np.asarray(column.indices)[:, 0].astype(np.int64)  # TFMA's of no value are floats.
    out[rows] = values
    return out
