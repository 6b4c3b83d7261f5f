"""TFMA metrics of the served decision and its probabilities, loaded by `MetricConfig(module=...)`.

All metrics of decisions share one confusion matrix per slice, all of probabilities one tally: more
classes or more metrics cost nothing per row. Decisions are the argmax of the predictions, so they
want the output `decision_scores`; ranking and calibration want `probabilities`. A class is named by
`class_index`, its place in the predictions.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2

from tfx_rebalance.components.evaluator import measures
from tfx_rebalance.components.evaluator.tallies import Confusion, Paired, Probabilities, Tally
from tfx_rebalance.intervals import clopper_pearson_lower, wilson_lower
from tfx_rebalance.scores import Ints, balanced_accuracy, macro_f1, recalls

Computations = metric_types.MetricComputations
Element = metric_types.StandardMetricInputs


class Combiner(beam.CombineFn):
    """Counts the rows of a slice in a tally."""

    def __init__(
        self,
        tally: Callable[[], Tally],
        key: metric_types.MetricKey,
        reads: Sequence[tuple[str, str]],
    ) -> None:
        """Takes the tally's class, the key of its result, and which (model, output) it is given."""
        super().__init__()
        self._tally, self._key, self._reads = tally, key, tuple(reads)

    def create_accumulator(self) -> Tally:
        """Returns a tally of no rows."""
        return self._tally()

    def add_input(self, mutable_accumulator: Tally, element: Element) -> Tally:
        """Adds a row."""
        model, output = self._reads[0]
        label = element.get_labels(model or None, output or None)
        said = (element.get_predictions(m or None, o or None) for m, o in self._reads)
        mutable_accumulator.add(label, *said)
        return mutable_accumulator

    def merge_accumulators(self, accumulators: Iterable[Tally]) -> Tally:
        """Adds tallies up."""
        first, *others = accumulators
        for other in others:
            first.merge(other)
        return first

    def compact(self, accumulator: Tally) -> Tally:
        """Counts the rows that wait, before it travels."""
        return accumulator.settle()

    def extract_output(self, accumulator: Tally) -> dict[metric_types.MetricKey, Tally]:
        """Returns the tally under its key."""
        return {self._key: accumulator.settle()}


class _Metric(metric_types.Metric):
    """A number, or an array of them, from a tally of one output."""

    def __init__(self, tally: type[Tally], value: Callable[..., Any], name: str, **given: Any):
        super().__init__(_computations(tally, value), name=name, **given)


class ConfusionMatrix(_Metric):
    """Rows by (class, decision), (C, C), int64."""

    def __init__(self, name: str = "confusion_matrix") -> None:
        super().__init__(Confusion, confusion_matrix, name)


class ClassSupport(_Metric):
    """Rows of the class."""

    def __init__(self, class_index: int, name: str = "class_support") -> None:
        super().__init__(Confusion, support, name, class_index=class_index)


class ClassRecall(_Metric):
    """Hits over rows of the class, in [0, 1]; NaN where a slice has no row of it."""

    def __init__(self, class_index: int, name: str = "class_recall") -> None:
        super().__init__(Confusion, recall, name, class_index=class_index)


class ClassPrecision(_Metric):
    """Hits over rows decided to be of the class, in [0, 1]; NaN where none is."""

    def __init__(self, class_index: int, name: str = "class_precision") -> None:
        super().__init__(Confusion, precision, name, class_index=class_index)


class ClassF1(_Metric):
    """The harmonic mean of the two, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_f1") -> None:
        super().__init__(Confusion, f1, name, class_index=class_index)


class ClassRecallLowerBound(_Metric):
    """The one-sided lower bound of the class's recall, in [0, 1]; 0 without rows."""

    def __init__(
        self,
        class_index: int,
        confidence: float = 0.95,
        interval: str = "clopper_pearson",
        name: str = "class_recall_lower_bound",
    ) -> None:
        super().__init__(
            Confusion,
            recall_bound,
            name,
            class_index=class_index,
            confidence=confidence,
            interval=interval,
        )


class GateMargin(_Metric):
    """That bound minus a bar, in [-1, 1]: where it is at least 0, the bar is shown to be reached."""

    def __init__(
        self,
        class_index: int,
        bar: float,
        confidence: float = 0.95,
        interval: str = "clopper_pearson",
        name: str = "gate_margin",
    ) -> None:
        super().__init__(
            Confusion,
            margin,
            name,
            class_index=class_index,
            bar=bar,
            confidence=confidence,
            interval=interval,
        )


class MeanRecall(_Metric):
    """Balanced accuracy: the mean recall over the classes with rows, in [0, 1].

    TFMA takes one of its own for a class called BalancedAccuracy, whatever the module.
    """

    def __init__(self, name: str = "balanced_accuracy") -> None:
        super().__init__(Confusion, _of_counts(balanced_accuracy), name)


class GMean(_Metric):
    """The geometric mean of the recalls, in [0, 1]."""

    def __init__(self, name: str = "g_mean") -> None:
        super().__init__(Confusion, _of_counts(measures.g_mean), name)


class MacroF1(_Metric):
    """The mean F1 over the classes, in [0, 1]."""

    def __init__(self, name: str = "macro_f1") -> None:
        super().__init__(Confusion, _of_counts(macro_f1), name)


class MatthewsCorrelation(_Metric):
    """Matthews' correlation coefficient, in [-1, 1]."""

    def __init__(self, name: str = "mcc") -> None:
        super().__init__(Confusion, _of_counts(measures.matthews), name)


class ClassPRAUC(_Metric):
    """Average precision of the class's probability, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_pr_auc") -> None:
        super().__init__(Probabilities, pr_auc, name, class_index=class_index)


class ClassROCAUC(_Metric):
    """Area under the ROC curve of the class's probability, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_roc_auc") -> None:
        super().__init__(Probabilities, roc_auc, name, class_index=class_index)


class ClassPRCurve(_Metric):
    """Recall, ascending, and precision, (points, 2)."""

    def __init__(self, class_index: int, name: str = "class_pr_curve") -> None:
        super().__init__(Probabilities, pr_curve, name, class_index=class_index)


class ClassCalibrationError(_Metric):
    """Expected calibration error over 15 equally wide bins, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_ece") -> None:
        super().__init__(Probabilities, calibration_error, name, class_index=class_index)


class ClassReliability(_Metric):
    """Mean probability, share of the class and rows of each bin with rows, (bins, 3)."""

    def __init__(self, class_index: int, name: str = "class_reliability") -> None:
        super().__init__(Probabilities, reliability, name, class_index=class_index)


class ClassBrier(_Metric):
    """Mean squared error of the class's probability, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_brier") -> None:
        super().__init__(Probabilities, brier, name, class_index=class_index)


class ClassCalibrationLine(_Metric):
    """Slope and intercept of logit P(class) over logit p, (2,); (1, 0) is perfect."""

    def __init__(self, class_index: int, name: str = "class_calibration_line") -> None:
        super().__init__(Probabilities, calibration_line, name, class_index=class_index)


class MeanLogLoss(_Metric):
    """The mean of -log p of the label."""

    def __init__(self, name: str = "log_loss") -> None:
        super().__init__(Probabilities, log_loss, name)


class PairedDecisions(metric_types.Metric):
    """Rows of each class by which of two models finds them, (C, 4), int64, for the candidate.

    Both, the candidate alone, the baseline alone, neither. Nothing where there is no baseline.
    """

    def __init__(self, name: str = "paired_decisions") -> None:
        super().__init__(_paired, name=name)


def confusion_matrix(tally: Confusion) -> Ints:
    """Returns rows by (class, decision), (C, C)."""
    return tally.counts


def support(tally: Confusion, class_index: int) -> float:
    """Returns the rows of a class."""
    return float(tally.counts[class_index].sum()) if len(tally.counts) else 0.0


def recall(tally: Confusion, class_index: int) -> float:
    """Returns the recall of a class, in [0, 1], or NaN without rows of it."""
    return float(recalls(tally.counts)[class_index]) if len(tally.counts) else math.nan


def precision(tally: Confusion, class_index: int) -> float:
    """Returns the precision of a class, in [0, 1], or NaN where it is not decided."""
    return float(measures.precisions(tally.counts)[class_index]) if len(tally.counts) else math.nan


def f1(tally: Confusion, class_index: int) -> float:
    """Returns the F1 of a class, in [0, 1]."""
    return float(measures.f1s(tally.counts)[class_index]) if len(tally.counts) else math.nan


def recall_bound(
    tally: Confusion, class_index: int, *, confidence: float, interval: str
) -> float:
    """Returns the lower bound of a class's recall, in [0, 1]."""
    if not len(tally.counts):
        return 0.0
    hits, rows = tally.counts[class_index, class_index], tally.counts[class_index].sum()
    bound = wilson_lower if interval == "wilson" else clopper_pearson_lower
    return bound(int(hits), int(rows), confidence=confidence)


def margin(tally: Confusion, class_index: int, *, bar: float, **bound: Any) -> float:
    """Returns the lower bound of a class's recall minus its bar."""
    return recall_bound(tally, class_index, **bound) - bar


def pr_auc(tally: Probabilities, class_index: int) -> float:
    """Returns the average precision of a class."""
    return measures.ranking(tally, class_index).pr_auc if tally.rows else math.nan


def roc_auc(tally: Probabilities, class_index: int) -> float:
    """Returns the area under the ROC curve of a class."""
    return measures.ranking(tally, class_index).roc_auc if tally.rows else math.nan


def pr_curve(tally: Probabilities, class_index: int) -> Any:
    """Returns recall and precision, (points, 2)."""
    return measures.ranking(tally, class_index).curve if tally.rows else np.zeros((0, 2))


def calibration_error(tally: Probabilities, class_index: int) -> float:
    """Returns the expected calibration error of a class."""
    return float(measures.eces(tally)[class_index]) if tally.rows else math.nan


def reliability(tally: Probabilities, class_index: int) -> Any:
    """Returns the reliability diagram of a class, (bins, 3)."""
    return measures.reliability(tally, class_index) if tally.rows else np.zeros((0, 3))


def brier(tally: Probabilities, class_index: int) -> float:
    """Returns the mean squared error of a class's probability."""
    return float(measures.briers(tally)[class_index]) if tally.rows else math.nan


def calibration_line(tally: Probabilities, class_index: int) -> Any:
    """Returns slope and intercept, (2,), NaN where the rows do not determine them."""
    if not tally.rows:
        return np.full(2, math.nan)
    return np.array(measures.calibration_line(tally, class_index))


def log_loss(tally: Probabilities) -> float:
    """Returns the mean log loss."""
    return tally.log_loss / tally.rows if tally.rows else math.nan


class _of_counts:  # noqa: N801  # A function that pickles.
    def __init__(self, value: Callable[[Ints], float]) -> None:
        self._value = value

    def __call__(self, tally: Confusion) -> float:
        return self._value(tally.counts) if len(tally.counts) else math.nan


def _computations(
    tally: type[Tally], value: Callable[..., Any]
) -> Callable[..., Computations]:
    # TFMA hands over what the positional parameters name.
    def create(
        name: str,
        eval_config: config_pb2.EvalConfig | None = None,
        model_names: list[str] | None = None,
        output_names: list[str] | None = None,
        example_weighted: bool = False,
        **given: Any,
    ) -> Computations:
        del eval_config, example_weighted  # The gate counts rows, not weights.
        computations: Computations = []
        for model in model_names or [""]:
            for output in output_names or [""]:
                shared = _key(f"_{tally.__name__.lower()}", model, output)
                key = _key(name, model, output)
                counted = Combiner(tally, shared, [(model, output)])
                computations += [
                    metric_types.MetricComputation([shared], None, counted),
                    _derived(key, shared, partial(value, **given)),
                ]
        return computations

    return create


def _paired(
    name: str,
    eval_config: config_pb2.EvalConfig | None = None,
    model_names: list[str] | None = None,
    output_names: list[str] | None = None,
    example_weighted: bool = False,
) -> Computations:
    del example_weighted
    specs = eval_config.model_specs if eval_config else []
    baseline = next((spec.name for spec in specs if spec.is_baseline), None)
    candidates = [model for model in model_names or [""] if model != baseline]
    if baseline is None or not candidates:
        return []
    computations: Computations = []
    for output in output_names or [""]:
        shared, key = (_key(n, candidates[0], output) for n in ("_paired", name))
        combiner = Combiner(Paired, shared, [(candidates[0], output), (baseline, output)])
        computations += [
            metric_types.MetricComputation([shared], None, combiner),
            _derived(key, shared, confusion_matrix),
        ]
    return computations


def _key(name: str, model: str, output: str) -> metric_types.MetricKey:
    return metric_types.MetricKey(name=name, model_name=model, output_name=output)


def _derived(
    key: metric_types.MetricKey, tally: metric_types.MetricKey, value: Callable[[Any], Any]
) -> metric_types.DerivedMetricComputation:
    def result(metrics: dict[metric_types.MetricKey, Any]) -> dict[metric_types.MetricKey, Any]:
        return {key: value(metrics[tally])}

    return metric_types.DerivedMetricComputation(keys=[key], result=result)
