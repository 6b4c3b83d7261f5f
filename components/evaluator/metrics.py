"""TFMA metrics of the served decision and its probabilities, loaded by `MetricConfig(module=...)`.

All metrics of decisions share one confusion matrix per slice, all of probabilities one tally: more
classes or more metrics cost nothing per row. Decisions are the argmax of the predictions, so they
want the output `decision_scores`; ranking and calibration want `probabilities`. A class is named by
`class_index`, its place in the predictions.
"""

from collections.abc import Callable
from typing import Any

from tensorflow_model_analysis.metrics import metric_types

from tfx_rebalance.components.evaluator import measures, values
from tfx_rebalance.components.evaluator.computations import computations, paired_computations
from tfx_rebalance.components.evaluator.tallies import Confusion, Probabilities, Tally
from tfx_rebalance.components.evaluator.values import OfCounts
from tfx_rebalance.scores import balanced_accuracy, macro_f1


class _Metric(metric_types.Metric):
    """A number, or an array of them, from a tally of one output."""

    def __init__(
        self, tally: type[Tally], value: Callable[..., Any], name: str, **given: Any
    ) -> None:
        super().__init__(computations(tally, value), name=name, **given)


class ConfusionMatrix(_Metric):
    """Rows by (class, decision), (C, C), int64."""

    def __init__(self, name: str = "confusion_matrix") -> None:
        super().__init__(Confusion, values.confusion_matrix, name)


class ClassSupport(_Metric):
    """Rows of the class."""

    def __init__(self, class_index: int, name: str = "class_support") -> None:
        super().__init__(Confusion, values.support, name, class_index=class_index)


class ClassRecall(_Metric):
    """Hits over rows of the class, in [0, 1]; NaN where a slice has no row of it."""

    def __init__(self, class_index: int, name: str = "class_recall") -> None:
        super().__init__(Confusion, values.recall, name, class_index=class_index)


class ClassPrecision(_Metric):
    """Hits over rows decided to be of the class, in [0, 1]; NaN where none is."""

    def __init__(self, class_index: int, name: str = "class_precision") -> None:
        super().__init__(Confusion, values.precision, name, class_index=class_index)


class ClassF1(_Metric):
    """The harmonic mean of the two, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_f1") -> None:
        super().__init__(Confusion, values.f1, name, class_index=class_index)


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
            values.recall_bound,
            name,
            class_index=class_index,
            confidence=confidence,
            interval=interval,
        )


class GateMargin(_Metric):
    """That bound minus a bar, in [-1, 1]: from 0 on the bar is shown to be reached."""

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
            values.margin,
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
        super().__init__(Confusion, OfCounts(balanced_accuracy), name)


class GMean(_Metric):
    """The geometric mean of the recalls, in [0, 1]."""

    def __init__(self, name: str = "g_mean") -> None:
        super().__init__(Confusion, OfCounts(measures.g_mean), name)


class MacroF1(_Metric):
    """The mean F1 over the classes, in [0, 1]."""

    def __init__(self, name: str = "macro_f1") -> None:
        super().__init__(Confusion, OfCounts(macro_f1), name)


class MatthewsCorrelation(_Metric):
    """Matthews' correlation coefficient, in [-1, 1]."""

    def __init__(self, name: str = "mcc") -> None:
        super().__init__(Confusion, OfCounts(measures.matthews), name)


class ClassPRAUC(_Metric):
    """Average precision of the class's probability, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_pr_auc") -> None:
        super().__init__(Probabilities, values.pr_auc, name, class_index=class_index)


class ClassROCAUC(_Metric):
    """Area under the ROC curve of the class's probability, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_roc_auc") -> None:
        super().__init__(Probabilities, values.roc_auc, name, class_index=class_index)


class ClassPRCurve(_Metric):
    """Recall, ascending, and precision, (200, 2); rows that no point needs are NaN."""

    def __init__(self, class_index: int, name: str = "class_pr_curve") -> None:
        super().__init__(Probabilities, values.pr_curve, name, class_index=class_index)


class ClassCalibrationError(_Metric):
    """Expected calibration error over 15 equally wide bins, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_ece") -> None:
        super().__init__(Probabilities, values.calibration_error, name, class_index=class_index)


class ClassReliability(_Metric):
    """Mean probability, share of the class and rows of each bin with rows, (15, 3), then NaN."""

    def __init__(self, class_index: int, name: str = "class_reliability") -> None:
        super().__init__(Probabilities, values.reliability, name, class_index=class_index)


class ClassBrier(_Metric):
    """Mean squared error of the class's probability, in [0, 1]."""

    def __init__(self, class_index: int, name: str = "class_brier") -> None:
        super().__init__(Probabilities, values.brier, name, class_index=class_index)


class ClassCalibrationLine(_Metric):
    """Slope and intercept of logit P(class) over logit p, (2,); (1, 0) is perfect."""

    def __init__(self, class_index: int, name: str = "class_calibration_line") -> None:
        super().__init__(Probabilities, values.calibration_line, name, class_index=class_index)


class MeanLogLoss(_Metric):
    """The mean of -log p of the label."""

    def __init__(self, name: str = "log_loss") -> None:
        super().__init__(Probabilities, values.log_loss, name)


class PairedDecisions(metric_types.Metric):
    """Rows of each class by which of two models finds them, (C, 5), int64, for the candidate.

    Both, the candidate alone, the baseline alone, neither; and rows that are in none of these
    because the baseline was fitted on them. Nothing where there is no baseline.
    """

    def __init__(self, fitted_rows: str | None = None, name: str = "paired_decisions") -> None:
        """Takes the file of `releases.write_row_keys`: what the baseline was fitted on."""
        super().__init__(paired_computations, name=name, fitted_rows=fitted_rows)
