"""TFMA metrics of the served decision, loaded by `MetricConfig(module=...)`.

All share one confusion matrix per slice, TFMA's own: more classes or more metrics cost nothing
per row. The decision is the argmax of the predictions, so they want `decision_scores`.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tensorflow_model_analysis.metrics import metric_types, multi_class_confusion_matrix_metrics
from tensorflow_model_analysis.proto import config_pb2

RECALL = "class_recall"
SUPPORT = "class_support"
SHORTFALL = "class_recall_shortfall"

_ALWAYS = -1.0
"""The score below which TFMA counts a row as undecided; decision scores are never negative."""

Matrix = Mapping[Any, float]


class ClassRecall(metric_types.Metric):
    """Hits over rows of the class, in [0, 1]; NaN where a slice has no row of it."""

    def __init__(self, class_index: int, name: str = RECALL) -> None:
        super().__init__(_computations(recall), class_index=class_index, name=name)


class ClassSupport(metric_types.Metric):
    """Rows of the class."""

    def __init__(self, class_index: int, name: str = SUPPORT) -> None:
        super().__init__(_computations(support), class_index=class_index, name=name)


class ClassRecallShortfall(metric_types.Metric):
    """How far recall is below `bar`, in [0, 1]; 0 below `min_positives` rows of the class.

    For slices: TFMA's `min_slice_size` fails every threshold of a small slice, and recall is NaN
    where the class does not occur, which fails too.
    """

    def __init__(
        self, class_index: int, bar: float, min_positives: int, name: str = SHORTFALL
    ) -> None:
        super().__init__(
            _computations(shortfall),
            class_index=class_index,
            bar=bar,
            min_positives=min_positives,
            name=name,
        )


def recall(matrix: Matrix, class_index: int) -> float:
    """Returns the recall of a class, in [0, 1], or NaN without rows of it."""
    rows = support(matrix, class_index)
    hits = sum(
        n
        for entry, n in matrix.items()
        if entry.actual_class_id == entry.predicted_class_id == class_index
    )
    return hits / rows if rows else math.nan


def support(matrix: Matrix, class_index: int) -> float:
    """Returns the rows of a class."""
    return sum(n for entry, n in matrix.items() if entry.actual_class_id == class_index)


def shortfall(matrix: Matrix, class_index: int, *, bar: float, min_positives: int) -> float:
    """Returns how far recall is below `bar`, or 0 below `min_positives` rows of the class."""
    if support(matrix, class_index) < min_positives:
        return 0.0
    return max(0.0, bar - recall(matrix, class_index))


def _computations(
    value: Callable[..., float],
) -> Callable[..., metric_types.MetricComputations]:
    def create(
        class_index: int,
        name: str,
        eval_config: config_pb2.EvalConfig | None = None,
        model_names: list[str] | None = None,
        output_names: list[str] | None = None,
        example_weighted: bool = False,
        **parameters: float,
    ) -> metric_types.MetricComputations:
        of_class = partial(value, class_index=class_index, **parameters)
        computations: metric_types.MetricComputations = []
        for model in model_names or [""]:
            for output in output_names or [""]:
                shared = multi_class_confusion_matrix_metrics.multi_class_confusion_matrices(
                    thresholds=[_ALWAYS],
                    eval_config=eval_config,
                    model_name=model,
                    output_name=output,
                    example_weighted=example_weighted,
                )
                key = metric_types.MetricKey(
                    name=name,
                    model_name=model,
                    output_name=output,
                    example_weighted=example_weighted,
                )
                computations += [*shared, _derived(key, shared[0].keys[0], of_class)]
        return computations

    return create


def _derived(
    key: metric_types.MetricKey,
    matrices: metric_types.MetricKey,
    value: Callable[[Matrix], float],
) -> metric_types.DerivedMetricComputation:
    def result(metrics: dict[metric_types.MetricKey, Any]) -> dict[metric_types.MetricKey, float]:
        # A slice on which the model has no prediction at all has no matrix.
        return {key: value(metrics[matrices].get(_ALWAYS, {}))}

    return metric_types.DerivedMetricComputation(keys=[key], result=result)
