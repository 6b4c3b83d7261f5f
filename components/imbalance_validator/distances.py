"""How far a feature is from what it was, by TFDV's comparators, and how far chance goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tensorflow_data_validation as tfdv
from scipy.stats import chi2
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

from tfx_rebalance.components.imbalance_validator.histograms import on_a_common_grid
from tfx_rebalance.components.imbalance_validator.statistics import Column, Table

Array = npt.NDArray[np.float64]
Measure = Literal["L_INFTY", "JENSEN_SHANNON_DIVERGENCE"]

MISSING = "\x00missing"
"""Stands for the rows without a value, which are compared like a value."""
OTHERS = tuple(f"\x00other {i}" for i in range(100))
"""Stand for the values that TFDV did not keep. They are spread over many names: which ones are
kept depends on the size of the sample, and must not look like a difference."""


@dataclass(frozen=True)
class Distance:
    """One feature in two data sets."""

    feature: str
    measure: Measure
    measured: float
    """In [0, 1]: the largest difference of a value's shares, or a divergence in bits."""
    by_chance: float
    """What two samples of these sizes from one distribution exceed only with a small chance."""

    @property
    def beyond_chance(self) -> float:
        """What is compared with a bar, >= 0."""
        return max(0.0, self.measured - self.by_chance)


@dataclass(frozen=True)
class _Pair:
    """Rows of each value, or in each cell, (2, k); the last one is of the missing."""

    measure: Measure
    rows: Array
    names: tuple[str, ...] = ()


def distances(
    now: Table, before: Table, *, features: Sequence[str], false_alarm: float
) -> list[Distance]:
    """Returns how far the features are apart, those of them that can be compared.

    Categorical: TFDV's L-infinity. Numeric: TFDV's Jensen-Shannon divergence, on a common grid
    (see `histograms`). Missing cells count as a value of their own.

    Args:
        now: A data set.
        before: What it is compared with.
        features: Which columns.
        false_alarm: The chance, over all features, that one without a difference is beyond its
            `by_chance`.
    """
    pairs = {name: _pair(now.column(name), before.column(name)) for name in features}
    known = {name: pair for name, pair in pairs.items() if pair is not None}
    each = false_alarm / max(1, len(known))
    measured = _measured(known)
    return [
        Distance(name, pair.measure, measured[name], _by_chance(pair, each))
        for name, pair in known.items()
        if name in measured
    ]


def l_infinity_by_chance(rows: Array, *, false_alarm: float) -> float:
    """Returns what the largest difference of shares exceeds by chance at most so often.

    Bernstein's inequality (1924) for a difference of two binomial shares, with the pooled share
    for the unknown one, for each of k values in both directions:
    sqrt(2 p (1 - p) (1/n + 1/m) L) + 2/3 max(1/n, 1/m) L, L = log(2 k / false_alarm).

    Args:
        rows: Of each value in both data sets, (2, k).
        false_alarm: In (0, 1).
    """
    n, m = rows.sum(axis=1)
    shares = rows.sum(axis=0) / (n + m)
    logarithm = np.log(2 * rows.shape[1] / false_alarm)
    variance = float((shares * (1 - shares)).max()) * (1 / n + 1 / m)
    return float(np.sqrt(2 * variance * logarithm) + 2 / 3 * max(1 / n, 1 / m) * logarithm)


def jensen_shannon_by_chance(rows: Array, *, false_alarm: float) -> float:
    """Returns what the divergence (bits) exceeds by chance at most so often.

    It is at most half the triangular discrimination sum (p - q)^2 / (p + q) (Topsøe 2000), which
    under one distribution is (1/n + 1/m) / 2 times a chi-square with k - 1 degrees of freedom.

    Args:
        rows: In each of k cells in both data sets, (2, k).
        false_alarm: In (0, 1).
    """
    n, m = rows.sum(axis=1)
    cells = int((rows.sum(axis=0) > 0).sum())
    return float((1 / n + 1 / m) / 4 * chi2.isf(false_alarm, cells - 1)) if cells > 1 else 0.0


def _by_chance(pair: _Pair, false_alarm: float) -> float:
    if not pair.rows.sum(axis=1).all():
        return 0.0
    if pair.measure == "L_INFTY":
        return l_infinity_by_chance(pair.rows, false_alarm=false_alarm)
    return jensen_shannon_by_chance(pair.rows, false_alarm=false_alarm)


def _pair(now: Column, before: Column) -> _Pair | None:
    columns = (now, before)
    known = [column.values is not None or column.curve is not None for column in columns]
    if not any(known) or any(
        not k and not column.empty for k, column in zip(known, columns, strict=True)
    ):
        return None
    missing = np.array([[column.missing] for column in columns])
    if now.curve is None and before.curve is None:
        return _categories(columns, missing)
    if now.values is not None or before.values is not None:
        return None  # Text has become a number, or the other way round: an anomaly of the schema.
    curves = [column.curve for column in columns if column.curve is not None]
    cells = on_a_common_grid(curves)
    if now.curve is None or before.curve is None:  # Missing in all rows.
        nothing = np.zeros_like(cells)
        cells = np.vstack([nothing, cells] if now.curve is None else [cells, nothing])
    return _Pair("JENSEN_SHANNON_DIVERGENCE", np.hstack([cells, missing]))


def _categories(columns: Sequence[Column], missing: Array) -> _Pair:
    names = sorted({name for column in columns for name in column.values or {}})
    rows = [[(column.values or {}).get(name, 0) for name in names] for column in columns]
    others = np.array([[column.others / len(OTHERS)] * len(OTHERS) for column in columns])
    if not others.any():
        return _Pair("L_INFTY", np.hstack([np.array(rows), missing]), (*names, MISSING))
    return _Pair(
        "L_INFTY", np.hstack([np.array(rows), others, missing]), (*names, *OTHERS, MISSING)
    )


def _measured(pairs: dict[str, _Pair]) -> dict[str, float]:
    """Returns what TFDV's comparators measure: it keeps what is below a threshold too."""
    schema = schema_pb2.Schema()
    for name, pair in pairs.items():
        numeric = pair.measure == "JENSEN_SHANNON_DIVERGENCE"
        feature = schema.feature.add(
            name=name, type=schema_pb2.FLOAT if numeric else schema_pb2.BYTES
        )
        comparator = feature.drift_comparator
        (
            comparator.jensen_shannon_divergence if numeric else comparator.infinity_norm
        ).threshold = 1
    now, before = (_statistics(pairs, side) for side in (0, 1))
    found: anomalies_pb2.Anomalies = tfdv.validate_statistics(
        now, schema, previous_statistics=before
    )
    return {
        ".".join(info.path.step): float(info.drift_measurements[0].value)
        for info in found.drift_skew_info
        if info.drift_measurements
    }


def _statistics(pairs: dict[str, _Pair], side: int) -> pb.DatasetFeatureStatisticsList:
    statistics = pb.DatasetFeatureStatisticsList()
    totals = [pair.rows[side].sum() for pair in pairs.values()]
    dataset = statistics.datasets.add(num_examples=round(max(totals, default=0)))
    for name, pair in pairs.items():
        feature = dataset.features.add(path={"step": [name]})
        rows = pair.rows[side].tolist()
        if pair.names:
            feature.type = pb.FeatureNameStatistics.STRING
            _fill_common(feature.string_stats.common_stats, sum(rows))
            for label, count in zip(pair.names, rows, strict=True):
                feature.string_stats.rank_histogram.buckets.add(label=label, sample_count=count)
        else:
            feature.type = pb.FeatureNameStatistics.FLOAT
            _fill_common(feature.num_stats.common_stats, sum(rows))
            histogram = feature.num_stats.histograms.add(type=pb.Histogram.STANDARD)
            for cell, count in enumerate(rows):
                histogram.buckets.add(low_value=cell, high_value=cell + 1, sample_count=count)
    return statistics


def _fill_common(common: Any, rows: float) -> None:
    common.num_non_missing = common.tot_num_values = round(rows)
    common.min_num_values = common.max_num_values = 1
