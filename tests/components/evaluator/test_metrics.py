"""The metrics of the served decision against scikit-learn's, alone and through TFMA."""

import math

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.util import assert_that
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import recall_score
from tensorflow_model_analysis.metrics import metric_util
from tensorflow_model_analysis.metrics.multi_class_confusion_matrix_metrics import MatrixEntryKey

from tfx_rebalance.components.evaluator.metrics import (
    ClassRecall,
    ClassRecallShortfall,
    ClassSupport,
    recall,
    shortfall,
    support,
)

pytestmark = pytest.mark.tfx

PAIRS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=40)


def matrix_of(pairs):
    """Returns TFMA's confusion matrix of (actual, predicted) pairs."""
    return {MatrixEntryKey(*pair): float(pairs.count(pair)) for pair in set(pairs)}


@given(pairs=PAIRS)
def test_recall_and_support_are_scikit_learns(pairs):
    actual, predicted = [a for a, _ in pairs], [p for _, p in pairs]
    for label in range(3):
        assert support(matrix_of(pairs), label) == actual.count(label)
        if label in actual:
            theirs = recall_score(actual, predicted, labels=[label], average=None)[0]
            assert recall(matrix_of(pairs), label) == pytest.approx(theirs)
        else:
            assert math.isnan(recall(matrix_of(pairs), label))


@given(pairs=PAIRS, bar=st.floats(0.01, 1), least=st.integers(1, 10))
def test_the_shortfall_is_what_lacks_to_the_bar_where_there_are_rows_enough(pairs, bar, least):
    matrix = matrix_of(pairs)
    lacks = shortfall(matrix, 1, bar=bar, min_positives=least)
    if support(matrix, 1) < least:
        assert lacks == 0
    else:
        assert lacks == pytest.approx(max(0, bar - recall(matrix, 1)))
        assert 0 <= lacks <= bar


# The decision is the argmax even where no score reaches TFMA's usual threshold of 0.5.
LABELS = [0, 0, 1, 1, 1, 2]
SCORES = [
    [0.4, 0.3, 0.3],
    [0.1, 0.45, 0.44],
    [0.2, 0.3, 0.1],
    [0.0, 0.01, 0.0],
    [7.0, 9.0, 8.0],  # Scores over small thresholds are above 1.
    [0.3, 0.4, 0.2],
]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (ClassRecall(class_index=0), 0.5),
        (ClassRecall(class_index=1), 1.0),
        (ClassRecall(class_index=2), 0.0),
        (ClassRecall(class_index=3), math.nan),
        (ClassSupport(class_index=1), 3.0),
        (ClassRecallShortfall(class_index=0, bar=0.9, min_positives=2), 0.4),
        (ClassRecallShortfall(class_index=0, bar=0.9, min_positives=3), 0.0),
    ],
)
def test_tfma_measures_the_argmax_of_the_scores(metric, expected):
    matrices, derived = metric.computations(example_weighted=False)
    rows = [
        {"labels": np.array([y]), "predictions": np.array(s), "example_weights": np.array([1.0])}
        for y, s in zip(LABELS, SCORES, strict=True)
    ]

    def is_expected(found):
        [((), value)] = found
        np.testing.assert_allclose(value, expected)

    with BeamPipeline() as pipeline:
        values = (
            pipeline
            | beam.Create(rows)
            | beam.Map(metric_util.to_standard_metric_inputs)
            | beam.Map(lambda row: ((), row))
            | beam.CombinePerKey(matrices.combiner)
            | beam.MapTuple(lambda part, found: (part, next(iter(derived.result(found).values()))))
        )
        assert_that(values, is_expected)
