"""Whether features are distributed as they were: over time, in serving, between the splits."""

from collections.abc import Mapping, Sequence
from typing import Literal

from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.imbalance_validator.distances import Distance, distances
from tfx_rebalance.components.imbalance_validator.settings import Bars
from tfx_rebalance.components.imbalance_validator.statistics import Table
from tfx_rebalance.findings import Check, not_measured

Name = Literal["drift", "skew", "feature_skew"]

REMEDIES: Mapping[Name, str] = {
    "drift": "Find out what changed in the data; if it is meant, raise validate.drift.",
    "skew": "Make serving and training compute the columns alike; or raise validate.skew.",
    "feature_skew": "Look at how the data is split; or raise validate.feature_skew.",
}


def feature_distances(
    name: Name,
    now: Table,
    before: Table,
    *,
    other: str,
    features: Sequence[str],
    bars: Bars,
    own_bars: Mapping[str, float],
    false_alarm: float,
) -> list[Check]:
    """Returns a check per feature: its distance beyond chance.

    Args:
        name: Which comparison it is.
        now: Train's statistics.
        before: What they are compared with.
        other: What that is called.
        features: The columns to compare.
        bars: On the distance beyond chance.
        own_bars: Feature -> the bar that the schema sets for it, instead of `bars.warn`.
        false_alarm: The chance, over all features, of a positive value where there is no
            difference.
    """
    if not (now.rows and before.rows):
        return [not_measured(name, other, why=f"train or {other} has no rows")]
    found = {
        d.feature: d for d in distances(now, before, features=features, false_alarm=false_alarm)
    }
    checks = []
    for feature in features:
        if feature in found:
            own = own_bars.get(feature)
            of_feature = bars if own is None else bars.model_copy(update={"warn": own})
            checks.append(_check(name, found[feature], other=other, bars=of_feature))
        else:
            why = f"it has no counts or numbers that train and {other} share"
            checks.append(not_measured(name, feature, why=why))
    return checks


def own_bars(schema: schema_pb2.Schema, name: Name) -> dict[str, float]:
    """Returns the thresholds of the schema's drift or skew comparators; between splits none."""
    bars: dict[str, float] = {}
    for feature in schema.feature:
        comparator = feature.skew_comparator if name == "skew" else feature.drift_comparator
        for kind in ("infinity_norm", "jensen_shannon_divergence"):
            if name != "feature_skew" and comparator.HasField(kind):
                bars[feature.name] = float(getattr(comparator, kind).threshold)
    return bars


def _check(name: Name, distance: Distance, *, other: str, bars: Bars) -> Check:
    verdict = bars.verdict(distance.beyond_chance)
    measure = "L-infinity" if distance.measure == "L_INFTY" else "Jensen-Shannon divergence"
    topic = f"features of train are not distributed as in {other}"
    told = (
        f"{distance.feature!r} is {distance.measured:.3g} away ({measure}), of which chance "
        f"explains {min(distance.measured, distance.by_chance):.3g}"
    )
    return Check(
        name=name,
        subject=distance.feature,
        value=distance.beyond_chance,
        bar=bars.shown(verdict),
        verdict=verdict,
        sentence=f"{topic}: {told}" if verdict != "ok" else f"train against {other}: {told}",
        remedy=REMEDIES[name] if verdict != "ok" else "",
        topic=topic if verdict != "ok" else "",
        split=other if name == "feature_skew" else "train",
        column=distance.feature,
        measure=distance.measure,
    )
