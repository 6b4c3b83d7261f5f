"""What TFMA wrote, read back as counts for the gate and numbers for the report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import metrics_for_slice_pb2

from tfx_rebalance.components.evaluator.eval_config import (
    CONFUSION,
    OF_CLASSES,
    OVERALL,
    PAIRED,
    PROBABILITIES,
    SCORES,
    metric_name,
)
from tfx_rebalance.components.evaluator.extractors import original_name
from tfx_rebalance.components.evaluator.gating.champion import Paired
from tfx_rebalance.components.evaluator.gating.counts import Counts, SliceCounts
from tfx_rebalance.errors import DataError
from tfx_rebalance.gate import ClassQuality

CANDIDATE = ("", tfma.CANDIDATE_KEY)
"""What TFMA calls the model that is judged: alone, and beside a baseline."""

Named = Mapping[tuple[str, str], Any]
"""(output, metric) -> number or array."""


@dataclass(frozen=True)
class Measured:
    """Everything that was measured on the eval split."""

    counts: Counts
    quality: dict[str, ClassQuality]
    overall: dict[str, float]
    excluded_rows: int
    """That are in no pair, because the champion was fitted on them."""


def read_measured(uri: str, *, classes: Sequence[str], cold_start: bool) -> Measured:
    """Returns what lies in an evaluation artifact.

    Args:
        uri: The artifact's.
        classes: The classes' names in the order of the matrices.
        cold_start: Whether there was no champion.

    Raises:
        DataError: If the eval split had no row.
    """
    slices = dict(_slices(uri))
    if () not in slices:
        raise DataError(
            "the eval split has no row to judge a model by. Give data.splits.eval a larger share, "
            "or bring rows."
        )
    everything = slices.pop(())
    quality = {name: _quality(everything, name) for name in classes}
    counts = Counts(
        confusion=everything[SCORES, CONFUSION],
        slices=[
            SliceCounts(dict(where), values[SCORES, CONFUSION])
            for where, values in sorted(slices.items())
        ],
        paired=_paired(everything, classes),
        cold_start=cold_start,
        calibration_errors={name: found.ece for name, found in quality.items()},
    )
    numbers = {
        name: float(everything[output, name])
        for output, names in OVERALL.items()
        for name in names.values()
        if name != CONFUSION
    }
    numbers["brier"] = float(sum(found.brier for found in quality.values()))
    pairs = everything.get((SCORES, PAIRED))
    return Measured(counts, quality, numbers, 0 if pairs is None else int(pairs[:, 4].sum()))


def _slices(uri: str) -> Iterator[tuple[tuple[tuple[str, str], ...], Named]]:
    """Yields (feature, value) pairs and the candidate's metrics of each slice."""
    for found in tfma.load_metrics(uri):
        where = tuple(
            (original_name(key.column), _text(key)) for key in found.slice_key.single_slice_keys
        )
        values = {
            (item.key.output_name, item.key.name): _value(item.value)
            for item in found.metric_keys_and_values
            if item.key.model_name in CANDIDATE and not item.key.is_diff
        }
        yield where, values


def _quality(values: Named, label: str) -> ClassQuality:
    def number(metric: str) -> float | None:
        output = SCORES if metric in OF_CLASSES[SCORES].values() else PROBABILITIES
        found = float(values[output, metric_name(metric, label)])
        return found if np.isfinite(found) else None

    slope, intercept = values[PROBABILITIES, metric_name("class_calibration_line", label)]
    curve = values[PROBABILITIES, metric_name("class_pr_curve", label)]
    bins = values[PROBABILITIES, metric_name("class_reliability", label)]
    determined = bool(np.isfinite([slope, intercept]).all())
    return ClassQuality(
        support=round(number("class_support") or 0),
        recall=number("class_recall"),
        precision=number("class_precision"),
        f1=number("class_f1"),
        pr_auc=number("class_pr_auc"),
        roc_auc=number("class_roc_auc"),
        ece=number("class_ece") or 0.0,
        brier=number("class_brier") or 0.0,
        calibration_slope=float(slope) if determined else None,
        calibration_intercept=float(intercept) if determined else None,
        pr_curve=tuple((float(r), float(p)) for r, p in curve if np.isfinite(r)),
        reliability=tuple((float(p), float(s), round(n)) for p, s, n in bins if np.isfinite(n)),
    )


def _paired(values: Named, classes: Sequence[str]) -> dict[str, Paired]:
    found = values.get((SCORES, PAIRED))
    if found is None:
        return {}
    return {name: Paired(*map(int, row[:4])) for name, row in zip(classes, found, strict=True)}


def _text(key: metrics_for_slice_pb2.SingleSliceKey) -> str:
    value = getattr(key, key.WhichOneof("kind") or "bytes_value")
    return value.decode() if isinstance(value, bytes) else f"{value}"


def _value(value: metrics_for_slice_pb2.MetricValue) -> Any:
    """Returns a float, or an array."""
    if value.WhichOneof("type") == "array_value":
        array = value.array_value
        kind = metrics_for_slice_pb2.ArrayValue.DataType.Name(array.data_type).lower()
        return np.array(getattr(array, f"{kind}_values")).reshape(array.shape)
    return value.double_value.value if value.HasField("double_value") else np.nan
