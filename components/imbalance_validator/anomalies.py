"""Between TFDV's Anomalies and our checks, both ways."""

from collections.abc import Iterable
from typing import Literal

from tensorflow_metadata.proto.v0 import anomalies_pb2 as pb

from tfx_rebalance.findings import Check

TOPIC = "the data does not fit the schema"

TYPES = {
    "unknown_labels": pb.AnomalyInfo.ENUM_TYPE_UNEXPECTED_STRING_VALUES,
    "L_INFTY": pb.AnomalyInfo.COMPARATOR_L_INFTY_HIGH,
    "JENSEN_SHANNON_DIVERGENCE": pb.AnomalyInfo.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH,
}
"""TFDV's name of what a measure or a check finds; everything else is CUSTOM_VALIDATION."""

MEASURES = {
    "L_INFTY": pb.DriftSkewInfo.Measurement.L_INFTY,
    "JENSEN_SHANNON_DIVERGENCE": pb.DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE,
}


def schema_checks(
    anomalies: pb.Anomalies, *, split: str, mode: Literal["stop", "warn"]
) -> list[Check]:
    """Returns a check per anomaly that ExampleValidator found in a split."""
    found = [
        (name, f"{split}: column {name!r}: {info.description or info.short_description}")
        for name, info in sorted(anomalies.anomaly_info.items())
    ]
    if anomalies.HasField("dataset_anomaly_info"):
        found.append(("", f"{split}: {anomalies.dataset_anomaly_info.description}"))
    return [
        Check(
            name="anomalies",
            subject=column or split,
            verdict=mode,
            sentence=f"{TOPIC}: {told.strip().rstrip('.')}",
            remedy="Correct the data or the reviewed schema"
            + (", or set validate.anomalies: warn to go on regardless." if mode == "stop" else "."),
            topic=TOPIC,
            split=split,
            column=column,
        )
        for column, told in found
    ]


def merged(stock: pb.Anomalies, checks: Iterable[Check], *, split: str, label: str) -> pb.Anomalies:
    """Returns what ExampleValidator found in a split together with what we did.

    A check that is not about a feature is about the label. A warning is an anomaly too, as
    TFDV's own are.
    """
    anomalies = pb.Anomalies()
    anomalies.CopyFrom(stock)
    for check in checks:
        if check.split == split and check.name in ("drift", "skew") and check.measure:
            _add_measurement(anomalies, check)
        if check.split == split and check.verdict != "ok" and check.name != "anomalies":
            _add(anomalies.anomaly_info[check.column or label], check, column=check.column or label)
    return anomalies


def _add(info: pb.AnomalyInfo, check: Check, *, column: str) -> None:
    fresh = not info.description
    short = check.name.replace("_", " ")
    kind = TYPES.get(check.measure or check.name, pb.AnomalyInfo.CUSTOM_VALIDATION)
    info.path.step[:] = [column]
    info.reason.add(type=kind, short_description=short, description=check.sentence)
    info.description = f"{info.description} {check.sentence}.".strip()
    info.short_description = short if fresh else "Multiple errors"
    level = pb.AnomalyInfo.ERROR if check.verdict == "stop" else pb.AnomalyInfo.WARNING
    info.severity = max(info.severity, level)


def _add_measurement(anomalies: pb.Anomalies, check: Check) -> None:
    path = [check.column]
    known = [info for info in anomalies.drift_skew_info if list(info.path.step) == path]
    info = known[0] if known else anomalies.drift_skew_info.add(path={"step": path})
    measurements = info.drift_measurements if check.name == "drift" else info.skew_measurements
    measurements.add(type=MEASURES[check.measure], value=check.value, threshold=check.bar)
