"""What the Evaluator measures, as a TFMA `EvalConfig`; what follows from it is in `gating`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow_model_analysis as tfma

from tfx_rebalance.components.evaluator.extractors import bucketed_name
from tfx_rebalance.components.evaluator.settings import DEFAULT, GateSettings, SliceSettings
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import LABEL_INDEX

METRICS_MODULE = "tfx_rebalance.components.evaluator.metrics"
SCORES, PROBABILITIES = "decision_scores", "probabilities"
CONFUSION, PAIRED = "confusion_matrix", "paired_decisions"

OF_CLASSES = {
    SCORES: {
        "ClassSupport": "class_support",
        "ClassRecall": "class_recall",
        "ClassPrecision": "class_precision",
        "ClassF1": "class_f1",
    },
    PROBABILITIES: {
        "ClassPRAUC": "class_pr_auc",
        "ClassROCAUC": "class_roc_auc",
        "ClassCalibrationError": "class_ece",
        "ClassBrier": "class_brier",
        "ClassCalibrationLine": "class_calibration_line",
        "ClassPRCurve": "class_pr_curve",
        "ClassReliability": "class_reliability",
    },
}
"""Output -> metric of a class -> the first part of its name in the evaluation."""
OVERALL = {
    SCORES: {
        "ConfusionMatrix": CONFUSION,
        "MeanRecall": "balanced_accuracy",
        "GMean": "g_mean",
        "MacroF1": "macro_f1",
        "MatthewsCorrelation": "mcc",
    },
    PROBABILITIES: {"MeanLogLoss": "log_loss"},
}


def eval_config(
    settings: GateSettings, classes: Sequence[str], *, fitted_rows: str | None = None
) -> tfma.EvalConfig:
    """Returns the config: every metric of every class, overall and on the gate's slices.

    It has no thresholds: TFMA judges each slice alone against a fixed number, and the gate does
    not. The Evaluator of this folder decides, and alone writes the blessing.

    Args:
        settings: The bars and slices.
        classes: The classes' names in the order of their indices.
        fitted_rows: Keys of rows that do not count in the comparison with a champion
            (`releases.write_row_keys`): it was fitted on them.

    Raises:
        ConfigError: If a class is named that there is not: its bar would gate nothing.
    """
    _check_classes(settings, classes)
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(
                signature_name="serving_default",
                preprocessing_function_names=["transform_labels"],
                label_keys={SCORES: LABEL_INDEX, PROBABILITIES: LABEL_INDEX},
            )
        ],
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=slice_keys(part)) for part in settings.slices),
        ],
        metrics_specs=[
            tfma.MetricsSpec(
                output_names=[SCORES],
                metrics=[
                    _metric("PairedDecisions", PAIRED, fitted_rows=fitted_rows),
                    *_metrics(SCORES, settings, classes),
                ],
            ),
            tfma.MetricsSpec(
                output_names=[PROBABILITIES], metrics=_metrics(PROBABILITIES, settings, classes)
            ),
        ],
    )


def slice_keys(part: SliceSettings) -> list[str]:
    """Returns the features TFMA slices by: those named, or which bucket they lie in."""
    return [
        bucketed_name(name, part.buckets[name]) if name in part.buckets else name
        for name in part.features
    ]


def metric_name(metric: str, label: str) -> str:
    """Returns the name under which a metric of a class stands in the evaluation."""
    return f"{metric}/{label}"


def _metrics(
    output: str, settings: GateSettings, classes: Sequence[str]
) -> list[tfma.MetricConfig]:
    metrics = [_metric(kind, name) for kind, name in OVERALL[output].items()]
    for index, label in enumerate(classes):
        for kind, name in OF_CLASSES[output].items():
            metrics.append(_metric(kind, metric_name(name, label), class_index=index))
        bar = settings.bar(label)
        if output == SCORES and bar is not None:
            bound = {"confidence": settings.confidence, "interval": settings.interval}
            name = metric_name("gate_margin", label)
            metrics.append(_metric("GateMargin", name, class_index=index, bar=bar, **bound))
    return metrics


def _metric(class_name: str, name: str, **arguments: Any) -> tfma.MetricConfig:
    config = json.dumps({"name": name, **arguments})
    return tfma.MetricConfig(class_name=class_name, module=METRICS_MODULE, config=config)


def _check_classes(settings: GateSettings, classes: Sequence[str]) -> None:
    named: list[Mapping[str, object]] = [
        settings.min_recall,
        settings.min_precision,
        settings.max_calibration_error,
        settings.insufficient,
    ]
    for part in settings.slices:
        named += [part.min_recall, part.insufficient]
    for by_class in named:
        for name in by_class:
            if name not in (*classes, DEFAULT):
                raise ConfigError(
                    f"the gate names the class {name!r}; allowed are {', '.join(classes)} and "
                    f"{DEFAULT}. Correct the name."
                )
