"""Scores against scikit-learn's, and calibration against probabilities known to be honest."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit, softmax
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

from tfx_rebalance.scores import (
    average_precisions,
    balanced_accuracy,
    brier,
    calibration_lines,
    confusion,
    ece,
    log_loss,
    macro_f1,
    recalls,
)

SEEDS = st.integers(0, 10_000)


def rows(seed, *, n=400, classes=3):
    """Returns distributions with ties among them, labels, and decisions."""
    rng = np.random.default_rng(seed)
    p = np.round(softmax(2 * rng.normal(size=(n, classes)), axis=1), 2) + 0.001
    p /= p.sum(axis=1, keepdims=True)
    labels = (rng.random(n)[:, None] > p.cumsum(axis=1)[:, :-1]).sum(axis=1)
    labels[:classes] = range(classes)
    return p, labels, rng.integers(0, classes, n)


@given(seed=SEEDS)
def test_log_loss_and_average_precision_are_scikit_learns(seed):
    p, labels, _ = rows(seed)
    assert log_loss(p, labels) == pytest.approx(metrics.log_loss(labels, p))
    theirs = [metrics.average_precision_score(labels == c, p[:, c]) for c in range(3)]
    np.testing.assert_allclose(average_precisions(p, labels), theirs)


@given(seed=SEEDS)
def test_brier_of_two_classes_is_twice_scikit_learns(seed):
    p, labels, _ = rows(seed, classes=2)
    assert brier(p, labels) == pytest.approx(2 * metrics.brier_score_loss(labels, p[:, 1]))


@given(seed=SEEDS)
def test_brier_is_the_squared_distance_to_the_label(seed):
    p, labels, _ = rows(seed)
    assert brier(p, labels) == pytest.approx(((p - np.eye(3)[labels]) ** 2).sum(axis=1).mean())


@given(seed=SEEDS, absent=st.booleans())
def test_recalls_balanced_accuracy_and_macro_f1_are_scikit_learns(seed, absent):
    _, labels, decided = rows(seed)
    if absent:
        labels, decided = np.minimum(labels, 1), np.minimum(decided, 1)
    counts = confusion(labels, decided, classes=3)
    np.testing.assert_array_equal(
        counts, metrics.confusion_matrix(labels, decided, labels=range(3))
    )
    present = np.unique(labels)
    theirs = metrics.recall_score(labels, decided, average=None, labels=present)
    np.testing.assert_allclose(recalls(counts)[present], theirs)
    assert np.isnan(recalls(counts)[2]) == absent
    assert balanced_accuracy(counts) == pytest.approx(
        metrics.balanced_accuracy_score(labels, decided)
    )
    assert macro_f1(counts) == pytest.approx(metrics.f1_score(labels, decided, average="macro"))


@given(seed=SEEDS)
def test_calibration_lines_are_logistic_regressions(seed):
    p, labels, _ = rows(seed)
    lines = calibration_lines(p, labels)
    for c in range(3):
        model = LogisticRegression(penalty=None, tol=1e-10, max_iter=1000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # lbfgs stops short of this tolerance and says so.
            model.fit(logit(p[:, [c]]), labels == c)
        assert lines.slopes[c] == pytest.approx(model.coef_[0, 0], abs=1e-3)
        assert lines.intercepts[c] == pytest.approx(model.intercept_[0], abs=1e-3)


def test_a_distorted_line_is_found_again():
    rng = np.random.default_rng(0)
    x = rng.normal(size=50_000)
    labels = (rng.random(50_000) < expit(0.5 * x - 1)).astype(int)
    lines = calibration_lines(np.stack([expit(-x), expit(x)], axis=1), labels)
    np.testing.assert_allclose(lines.slopes, 0.5, atol=0.05)
    np.testing.assert_allclose(lines.intercepts, [1, -1], atol=0.05)


def test_what_rows_do_not_determine_is_nan():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]])
    assert np.isnan(calibration_lines(p, np.array([0, 0, 1, 1])).slopes).all()
    assert np.isnan(calibration_lines(p, np.zeros(4, int)).slopes).all()
    assert np.isnan(average_precisions(p, np.zeros(4, int))[1])


@given(seed=SEEDS, by=st.sampled_from(["width", "mass"]), bins=st.integers(1, 20))
def test_ece_is_the_mean_gap_over_bins(seed, by, bins):
    p, labels, _ = rows(seed, n=100)
    error = ece(p, labels, bins=bins, by=by)
    for c in range(3):
        column, own = p[:, c], labels == c
        inner = np.linspace(0, 1, bins + 1)[1:-1]
        edges = inner if by == "width" else np.quantile(column, inner, method="higher")
        edges = np.unique(edges)
        total = 0.0
        for low, high in zip([-np.inf, *edges], [*edges, np.inf], strict=True):
            inside = (column >= low) & (column < high)
            if inside.any():
                total += inside.mean() * abs(own[inside].mean() - column[inside].mean())
        assert error[c] == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize("by", ["width", "mass"])
def test_honest_probabilities_have_a_small_ece_and_shifted_ones_their_shift(by):
    rng = np.random.default_rng(0)
    q = rng.uniform(0.2, 0.8, 100_000)
    labels = (rng.random(100_000) < q).astype(int)
    honest = np.stack([1 - q, q], axis=1)
    assert ece(honest, labels, by=by).max() < 15 * 4 * 0.5 / np.sqrt(100_000)
    shifted = honest + np.array([-0.1, 0.1])
    np.testing.assert_allclose(ece(shifted, labels, by=by), 0.1, atol=0.01)
