"""Features that hardly vary in train, so that a model learns nothing from them."""

from collections.abc import Sequence

from tfx_rebalance.components.imbalance_validator.settings import Bars
from tfx_rebalance.components.imbalance_validator.statistics import Column, Table
from tfx_rebalance.findings import Check, not_measured

NAME = "near_constant"


def most_frequent(column: Column, *, rows: int) -> float | None:
    """Returns the share of rows with the most frequent value, missing counted as one.

    Exact for text, categories, zeros, flags and constants; for other numbers to within TFDV's
    quantile sketch, some 0.1 % of the rows. None for what TFDV does not count.
    """
    if not rows:
        return None
    if column.values is None and column.curve is None:
        return 1.0 if column.empty else None
    most = float(max((column.values or {}).values(), default=0))
    curve = column.curve
    if curve is not None and curve.binary:
        most = max(column.zeros, curve.total - column.zeros)
    elif curve is not None:
        most = max(column.zeros, curve.total * curve.largest_step())
    return min(1.0, max(most, column.missing) / rows)


def near_constant(train: Table, *, features: Sequence[str], bars: Bars) -> list[Check]:
    """Returns a check per feature."""
    checks = []
    for feature in features:
        share = most_frequent(train.column(feature), rows=train.rows)
        if share is None:
            checks.append(not_measured(NAME, feature, why="TFDV counts no values of its kind"))
        else:
            checks.append(_check(feature, share, bars))
    return checks


def _check(feature: str, share: float, bars: Bars) -> Check:
    verdict = bars.verdict(share)
    topic = "features that hardly vary in train"
    told = f"{feature!r} is constant" if share == 1 else f"{feature!r} ({share:.6g} are one value)"
    return Check(
        name=NAME,
        subject=feature,
        value=share,
        bar=bars.shown(verdict),
        verdict=verdict,
        sentence=f"{topic}: {told}"
        if verdict != "ok"
        else f"{feature!r}: {share:.3g} of train have one value",
        remedy="List them under data.exclude, or raise validate.near_constant."
        if verdict != "ok"
        else "",
        topic=topic if verdict != "ok" else "",
        split="train",
        column=feature,
    )
