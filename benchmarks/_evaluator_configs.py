"""What `evaluator.py` asks of TFMA: our metrics, what stock metrics can say of it, and less."""

import json
from collections.abc import Callable, Iterable, Sequence

import tensorflow_model_analysis as tfma
from _evaluator_data import SLICED

from tfx_rebalance.components.evaluator.eval_config import (
    METRICS_MODULE,
    PROBABILITIES,
    SCORES,
    eval_config,
    metric_name,
)
from tfx_rebalance.components.evaluator.settings import GateSettings, SliceSettings

REGION, CHANNEL = SLICED
SLICES = ((REGION,), (CHANNEL,), (REGION, CHANNEL))
"""Beside all rows; the last one is a cross."""

COUNTED = ("Recall", "Precision", "F1Score", "Prevalence")
"""Of a class where its probability is above 0.5; TFMA counts one matrix for all four."""
RANKED = ("AUC", "AUCPrecisionRecall", "ConfusionMatrixPlot", "CalibrationPlot")
"""Of a class; TFMA counts one histogram for all. The plots are the PR curve and the reliability."""
BRIER = "MeanSquaredError"
AVERAGED = ("Recall", "F1Score")
"""Over the classes: balanced accuracy and macro-F1, from the same matrices."""
MATRIX = tfma.MetricConfig(
    class_name="MultiClassConfusionMatrixAtThresholds", config=json.dumps({"thresholds": [0.0]})
)

Config = Callable[[Sequence[str]], tfma.EvalConfig]


def ours(classes: Sequence[str]) -> tfma.EvalConfig:
    """Returns every metric of `components/evaluator`; paired decisions want a champion."""
    config = _gate(classes)
    [of_scores] = (spec for spec in config.metrics_specs if SCORES in spec.output_names)
    for index, label in enumerate(classes):
        name = metric_name("class_recall_lower_bound", label)
        of_scores.metrics.add(
            class_name="ClassRecallLowerBound",
            module=METRICS_MODULE,
            config=json.dumps({"name": name, "class_index": index}),
        )
    return config


def stock(classes: Sequence[str]) -> tfma.EvalConfig:
    """Returns what stock metrics can say of it, class by class."""
    ids = range(len(classes))
    averaged = tfma.MetricsSpec(
        output_names=[PROBABILITIES],
        binarize=_each(classes),
        aggregate=tfma.AggregationOptions(
            macro_average=True, class_weights=dict.fromkeys(ids, 1.0)
        ),
        metrics=_named(AVERAGED),
    )
    return _with(classes, [_binarized(classes, (*COUNTED, *RANKED, BRIER)), averaged])


def lean_stock(classes: Sequence[str]) -> tfma.EvalConfig:
    """Returns the least: one confusion matrix, the rest is the reader's arithmetic; curves."""
    matrix = tfma.MetricsSpec(output_names=[SCORES], metrics=[MATRIX])
    return _with(classes, [matrix, _binarized(classes, RANKED)])


def one_count(classes: Sequence[str]) -> tfma.EvalConfig:
    """Returns a count of rows: what TFMA itself takes to slice, with any metric."""
    counted = tfma.MetricsSpec(output_names=[PROBABILITIES], metrics=_named(["ExampleCount"]))
    return _with(classes, [counted])


def _gate(classes: Sequence[str]) -> tfma.EvalConfig:
    bars = {"default": 0.5}
    parts = tuple(SliceSettings(features=features, min_recall=bars) for features in SLICES)
    return eval_config(GateSettings(slices=parts, champion=None), classes)


def _with(classes: Sequence[str], specs: Iterable[tfma.MetricsSpec]) -> tfma.EvalConfig:
    """Returns the gate's config, model and slices, with other metrics."""
    config = _gate(classes)
    del config.metrics_specs[:]
    config.metrics_specs.extend(specs)
    return config


def _binarized(classes: Sequence[str], names: Iterable[str]) -> tfma.MetricsSpec:
    return tfma.MetricsSpec(
        output_names=[PROBABILITIES], binarize=_each(classes), metrics=_named(names)
    )


def _each(classes: Sequence[str]) -> tfma.BinarizationOptions:
    return tfma.BinarizationOptions(class_ids={"values": range(len(classes))})


def _named(names: Iterable[str]) -> list[tfma.MetricConfig]:
    return [tfma.MetricConfig(class_name=name) for name in names]
