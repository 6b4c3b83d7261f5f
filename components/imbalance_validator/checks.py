"""All checks of a run, in the order in which they are told."""

from collections.abc import Mapping

from tensorflow_metadata.proto.v0 import anomalies_pb2

from tfx_rebalance.components.imbalance_validator.anomalies import schema_checks
from tfx_rebalance.components.imbalance_validator.class_skew import class_skew
from tfx_rebalance.components.imbalance_validator.drift import (
    Name,
    feature_distances,
    own_bars,
)
from tfx_rebalance.components.imbalance_validator.evidence import TRAIN, Evidence
from tfx_rebalance.components.imbalance_validator.label_shift import (
    PREVIOUS,
    SERVING,
    label_shift,
    unknown_labels,
)
from tfx_rebalance.components.imbalance_validator.leakage import leakage
from tfx_rebalance.components.imbalance_validator.near_constant import near_constant
from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.components.imbalance_validator.split_skew import split_skew
from tfx_rebalance.components.imbalance_validator.statistics import Split, Table
from tfx_rebalance.components.imbalance_validator.support import EVAL, support
from tfx_rebalance.findings import Check, not_measured


def all_checks(
    evidence: Evidence,
    settings: ValidateSettings,
    *,
    bars: Mapping[str, float | None],
    confidence: float,
) -> list[Check]:
    """Returns every check; one that cannot be measured says so.

    Args:
        evidence: What was read.
        settings: The bars.
        bars: Class -> the recall that the release gate wants to see proven, or None.
        confidence: Of that proof.
    """
    counts = {split: evidence.of_classes(n) or {} for split, n in evidence.counts.items()}
    inputs = [feature.name for feature in evidence.features.inputs]
    train = evidence.splits[TRAIN]
    return [
        *_schema(evidence.anomalies, settings),
        *class_skew(counts[TRAIN], settings),
        *support(counts.get(EVAL), bars, confidence=confidence, mode=settings.support),
        *split_skew(counts, settings, dependence=evidence.dependence),
        *_labels(evidence, settings),
        *_between_splits(evidence, settings, inputs),
        *_against(evidence, settings, inputs, other=PREVIOUS),
        *_against(evidence, settings, inputs, other=SERVING),
        *near_constant(train.table, features=inputs, bars=settings.near_constant),
        *leakage(train, classes=evidence.features.classes, features=inputs, bars=settings.leakage),
    ]


def _schema(
    anomalies: Mapping[str, anomalies_pb2.Anomalies] | None, settings: ValidateSettings
) -> list[Check]:
    if anomalies is None:
        return [not_measured("anomalies", "the schema", why="no anomalies were handed in")]
    found = [
        check
        for split, of_split in anomalies.items()
        for check in schema_checks(of_split, split=split, mode=settings.anomalies)
    ]
    fits = Check(name="anomalies", subject="schema", value=0, sentence="the data fits the schema")
    return found or [fits]


def _labels(evidence: Evidence, settings: ValidateSettings) -> list[Check]:
    known = evidence.of_classes(evidence.counts[TRAIN]) or {}
    checks = []
    for split, counts in evidence.counts.items():
        checks += unknown_labels(counts, known, split=split, mode=settings.unknown_labels)
    if evidence.serving is not None:
        counts_there = evidence.counts_in(evidence.serving.table)
        checks += unknown_labels(counts_there, known, split=SERVING, mode=settings.unknown_labels)
    return checks


def _between_splits(
    evidence: Evidence, settings: ValidateSettings, inputs: list[str]
) -> list[Check]:
    others = [split for split in evidence.splits if split != TRAIN]
    if evidence.dependence:  # What chance does is then not known.
        only_warn = settings.feature_skew.model_copy(update={"stop": None})
        settings = settings.model_copy(update={"feature_skew": only_warn})
    checks = []
    for other in others:
        table = evidence.splits[other].table
        checks += _distances("feature_skew", evidence, settings, inputs, table=table, other=other)
    why = "there are no statistics of another split than train"
    return checks or [not_measured("feature_skew", "features", why=why)]


def _against(
    evidence: Evidence, settings: ValidateSettings, inputs: list[str], *, other: str
) -> list[Check]:
    """Returns the checks of features and classes against the previous or serving statistics."""
    name: Name = "drift" if other == PREVIOUS else "skew"
    split: Split | None = evidence.previous if other == PREVIOUS else evidence.serving
    if split is None:
        return _nothing_there(evidence, name)
    now = evidence.of_classes(evidence.counts[TRAIN])
    return [
        *label_shift(
            now,
            evidence.of_classes(evidence.counts_in(split.table)),
            other=other,
            bars=settings.label_shift,
            false_alarm=settings.false_alarm,
        ),
        *_distances(name, evidence, settings, inputs, table=split.table, other=other),
    ]


def _nothing_there(evidence: Evidence, name: Name) -> list[Check]:
    state = evidence.previous_state
    why = state.why if name == "drift" else "there are no serving statistics"
    checks = [
        not_measured(*what, why=why) for what in ((name, "features"), ("label_shift", "classes"))
    ]
    if name == "drift" and state.broken:
        remedy = "Restore them, release again, or set validate.previous to a uri or to none."
        warning = {"verdict": "warn", "remedy": remedy}
        return [check.model_copy(update=warning) for check in checks]
    return checks


def _distances(
    name: Name,
    evidence: Evidence,
    settings: ValidateSettings,
    inputs: list[str],
    *,
    table: Table,
    other: str,
) -> list[Check]:
    return feature_distances(
        name,
        evidence.splits[TRAIN].table,
        table,
        other=other,
        features=inputs,
        bars=getattr(settings, name),
        own_bars=own_bars(evidence.schema, name),
        false_alarm=settings.false_alarm,
    )
