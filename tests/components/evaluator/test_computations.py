"""The combiner finds a model's output where TFMA's own search finds it."""

import numpy as np
import pytest

pytestmark = pytest.mark.tfx

SCORES, LABEL = np.array([0.1, 0.7, 0.2]), np.array([2])
OTHER = np.array([0.8, 0.1, 0.1])


@pytest.mark.parametrize(
    ("model", "output", "predictions", "labels"),
    [
        ("", "", SCORES, LABEL),
        ("", "scores", {"scores": SCORES, "p": OTHER}, {"scores": LABEL, "p": LABEL}),
        ("", "scores", {"scores": SCORES, "p": OTHER}, LABEL),
        ("new", "", {"new": SCORES, "old": OTHER}, {"new": LABEL, "old": LABEL}),
        ("new", "scores", {"new": {"scores": SCORES}, "old": {"scores": OTHER}}, LABEL),
        ("new", "scores", {"new": {"scores": SCORES}, "old": {}}, {"new": {"scores": LABEL}}),
    ],
)
def test_a_row_is_counted_by_the_output_that_is_named(model, output, predictions, labels):
    from tensorflow_model_analysis.metrics import metric_types

    from tfx_rebalance.components.evaluator.computations import Combiner
    from tfx_rebalance.components.evaluator.tallies import Confusion

    row = metric_types.StandardMetricInputs(labels=labels, predictions=predictions)
    theirs = row.get_predictions(model or None, output or None)
    combiner = Combiner(Confusion, metric_types.MetricKey("counts"), [(model, output)])
    [tally] = combiner.extract_output(
        combiner.add_input(combiner.create_accumulator(), row)
    ).values()
    assert tally.counts[2, np.argmax(theirs)] == tally.counts.sum() == 1
    assert np.argmax(theirs) == 1
