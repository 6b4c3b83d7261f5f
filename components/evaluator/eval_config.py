"""The gate as a TFMA `EvalConfig` for the Evaluator."""

import json
from collections.abc import Sequence

import tensorflow_model_analysis as tfma

from tfx_rebalance.components.evaluator.metrics import RECALL, SHORTFALL, SUPPORT
from tfx_rebalance.components.evaluator.settings import (
    DEFAULT,
    GateSettings,
    SliceSettings,
    bar_of,
)
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import LABEL_INDEX

ROUNDING = 1e-9
"""0.7 - 0.8 is below -0.1 in floating point, and is a fall of 0.1."""

METRICS_MODULE = "tfx_rebalance.components.evaluator.metrics"


def eval_config(settings: GateSettings, classes: Sequence[str]) -> tfma.EvalConfig:
    """Returns the config: recall per class with its bar, support, and a shortfall per slice.

    Args:
        settings: The bars and slices.
        classes: The classes' names in the order of their indices.

    Raises:
        ConfigError: If a bar is set for a class that there is not: it would gate nothing.
    """
    _check_classes(settings, classes)
    metrics = []
    for index, name in enumerate(classes):
        metrics += [_recall(index, name, settings), _metric("ClassSupport", SUPPORT, name, index)]
        metrics += _shortfalls(index, name, settings.slices)
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(
                signature_name="serving_default",
                preprocessing_function_names=["transform_labels"],
                prediction_key="decision_scores",
                label_key=LABEL_INDEX,
            )
        ],
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=part.features) for part in settings.slices),
        ],
        metrics_specs=[tfma.MetricsSpec(metrics=metrics)],
    )


def _check_classes(settings: GateSettings, classes: Sequence[str]) -> None:
    for bars in (settings.min_recall, *(part.min_recall for part in settings.slices)):
        for name in bars:
            if name not in (*classes, DEFAULT):
                raise ConfigError(
                    f"min_recall names the class {name!r}; allowed are {', '.join(classes)} and "
                    f"{DEFAULT}."
                )


def metric_name(metric: str, label: str) -> str:
    """Returns the name under which a metric of a class stands in the evaluation."""
    return f"{metric}/{label}"


def _recall(index: int, name: str, settings: GateSettings) -> tfma.MetricConfig:
    threshold = tfma.MetricThreshold()
    bar = settings.bar(name)
    if bar is not None:
        threshold.value_threshold.lower_bound.value = bar
    if settings.champion is not None:
        threshold.change_threshold.direction = tfma.MetricDirection.HIGHER_IS_BETTER
        threshold.change_threshold.absolute.value = -(settings.champion.margin + ROUNDING)
    config = _metric("ClassRecall", RECALL, name, index)
    if threshold.ByteSize():
        # On the overall slice only: a slice has its own bars.
        config.per_slice_thresholds.add(slicing_specs=[tfma.SlicingSpec()], threshold=threshold)
    return config


def _shortfalls(index: int, name: str, slices: Sequence[SliceSettings]) -> list[tfma.MetricConfig]:
    configs = []
    for number, part in enumerate(slices):
        bar = bar_of(part.min_recall, name)
        if bar is None:
            continue
        config = _metric(
            "ClassRecallShortfall",
            f"{SHORTFALL}/{number}",
            name,
            index,
            bar=bar,
            min_positives=part.min_positives,
        )
        config.per_slice_thresholds.add(
            slicing_specs=[tfma.SlicingSpec(feature_keys=part.features)],
            threshold=tfma.MetricThreshold(
                value_threshold=tfma.GenericValueThreshold(upper_bound={"value": 0.0})
            ),
        )
        configs.append(config)
    return configs


def _metric(
    class_name: str, metric: str, label: str, index: int, **arguments: float
) -> tfma.MetricConfig:
    config = {"class_index": index, "name": metric_name(metric, label), **arguments}
    return tfma.MetricConfig(
        class_name=class_name, module=METRICS_MODULE, config=json.dumps(config)
    )
