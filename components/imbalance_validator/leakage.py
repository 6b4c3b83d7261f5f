"""Features that alone tell the class: most often something known only afterwards."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.imbalance_validator.histograms import on_a_common_grid
from tfx_rebalance.components.imbalance_validator.settings import Bars
from tfx_rebalance.components.imbalance_validator.statistics import Column, Split, Table
from tfx_rebalance.findings import Check, not_measured

Array = npt.NDArray[np.float64]

NAME = "leakage"
LEAST_PARTS = 20
"""Cells that numbers are put in; many classes need more."""


def normalized_mutual_information(table: Array, *, values: int = 0) -> float:
    """Returns I(X; Y) / H(Y), in [0, 1]: the share of the class's entropy that X takes away.

    Theil's uncertainty coefficient (1970). I is corrected for chance by (r - 1)(c - 1) / 2n
    (Miller 1955), else a column with another value in each row would tell every class.

    Args:
        table: Rows of each value of X in each class, (c, r).
        values: How many different values X has, if more than there are columns.
    """
    table = table[table.sum(axis=1) > 0]
    rows = table.sum()
    if len(table) < 2:
        return 0.0
    of_class = table.sum(axis=1) / rows
    used = max(int((table.sum(axis=0) > 0).sum()), values)
    by_chance = (used - 1) * (len(table) - 1) / (2 * rows)
    entropy = -float((of_class * np.log(of_class)).sum())
    return float(np.clip((mutual_information(table) - by_chance) / entropy, 0, 1))


def mutual_information(table: Array) -> float:
    """Returns I(X; Y) of a contingency table in nats: sum p(x, y) log(p(x, y) / p(x) p(y))."""
    joint = table / table.sum()
    alone = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    some = joint > 0
    return float((joint[some] * np.log(joint[some] / alone[some])).sum())


def leakage(
    train: Split, *, classes: Sequence[str], features: Sequence[str], bars: Bars
) -> list[Check]:
    """Returns a check per feature, from the statistics of each class."""
    tables = {label: train.classes[label] for label in classes if label in train.classes}
    if len(tables) < 2:
        why = (
            "the statistics of train are not sliced by class; give StatisticsGen "
            "stats_options=slicing_by(label)"
        )
        return [not_measured(NAME, "train", why=why)]
    checks = []
    for feature in features:
        table = _contingency(feature, tables)
        if table is None:
            checks.append(not_measured(NAME, feature, why="TFDV counts no values of its kind"))
        else:
            unique = train.table.column(feature).unique
            share = normalized_mutual_information(table, values=unique)
            checks.append(_check(feature, share, bars))
    return checks


def _contingency(feature: str, tables: Mapping[str, Table]) -> Array | None:
    """Returns rows per class and value, (c, r); the last one is of the missing."""
    columns = [table.column(feature) for table in tables.values()]
    missing = np.array([[column.missing] for column in columns])
    curves = {i: column.curve for i, column in enumerate(columns) if column.curve is not None}
    if curves and all(i in curves or column.empty for i, column in enumerate(columns)):
        parts = max(LEAST_PARTS, 2 * len(curves))
        cells = on_a_common_grid(list(curves.values()), parts=parts)
        table = np.zeros((len(columns), cells.shape[1]))
        table[list(curves)] = cells
        return np.hstack([table, missing])
    if all(column.values is not None or column.empty for column in columns):
        return np.hstack([_by_value(columns), missing])
    return None


def _by_value(columns: Sequence[Column]) -> Array:
    names = sorted({name for column in columns for name in column.values or {}})
    rows = [[(c.values or {}).get(name, 0) for name in names] + [c.others] for c in columns]
    return np.array(rows, dtype=float)


def _check(feature: str, share: float, bars: Bars) -> Check:
    verdict = bars.verdict(share)
    topic = "features that alone tell the class"
    told = f"{feature!r} takes away {share:.3g} of its entropy"
    return Check(
        name=NAME,
        subject=feature,
        value=share,
        bar=bars.shown(verdict),
        verdict=verdict,
        sentence=f"{topic}: {told}" if verdict != "ok" else told.replace("its", "the class's"),
        remedy="Make sure they are known before the label is; if not, list them under "
        "data.exclude; if so, raise validate.leakage."
        if verdict != "ok"
        else "",
        topic=topic if verdict != "ok" else "",
        split="train",
        column=feature,
    )
