"""Calibration maps against their definitions, and the choice among them on known distortions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError
from scipy.special import softmax
from scipy.stats import chi2
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss

from tfx_rebalance.components.trainer.calibration.choice import (
    FOLDS,
    METHODS,
    Choice,
    _folds,
    choose,
    row_losses,
)
from tfx_rebalance.components.trainer.calibration.fits import (
    fit_isotonic,
    fit_temperature,
    fit_vector_scaling,
)
from tfx_rebalance.components.trainer.calibration.maps import Curve, Temperature, VectorScaling
from tfx_rebalance.components.trainer.calibration.saerens import saerens_em

CLASSES = ("a", "b", "c")
PRIORS = np.array([0.7, 0.2, 0.1])
SEEDS = st.integers(0, 10_000)


def calibrated(n, *, seed=0, priors=PRIORS, means=(0.0, 1.5, 3.0)):
    """Returns the exact posteriors of n rows, their labels drawn from `priors`."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, n, p=priors)
    x = rng.normal(np.array(means)[labels])
    return softmax(np.log(priors) - (x[:, None] - np.array(means)) ** 2 / 2, axis=1), labels


def sharpened(p, power):
    return softmax(np.log(p) * power, axis=1)


def test_calibrated_probabilities_are_left_alone():
    chosen = [choose(*calibrated(3000, seed=s), classes=CLASSES).chosen for s in range(5)]
    assert chosen.count("none") >= 4


def test_a_temperature_is_found_again_and_chosen():
    p, labels = calibrated(4000)
    choice = choose(sharpened(p, 2.5), labels, classes=CLASSES)
    assert choice.chosen == "temperature"
    assert choice.map.temperature == pytest.approx(2.5, rel=0.1)


def test_vector_scaling_is_found_again_and_chosen():
    p, labels = calibrated(6000)
    wrong = softmax(np.log(p) * [0.5, 1, 2] + [0.5, 0, -1], axis=1)
    choice = choose(wrong, labels, classes=CLASSES)
    assert choice.chosen == "vector_scaling"
    honest = log_loss(labels, p)
    assert choice.log_loss["vector_scaling"] == pytest.approx(honest, abs=0.01)
    assert choice.log_loss["none"] > honest + 0.05


def test_isotonic_is_chosen_where_the_distortion_is_a_step():
    p, labels = calibrated(6000)
    wrong = np.where(p[:, :1] > 0.5, [[0.4, 0.4, 0.2]] + 0.1 * p, [[0.3, 0.3, 0.4]] + 0.1 * p)
    choice = choose(wrong / wrong.sum(axis=1, keepdims=True), labels, classes=CLASSES)
    assert choice.log_loss["isotonic"] < choice.log_loss["none"]
    assert choice.chosen in {"isotonic", "vector_scaling"}


@given(seed=SEEDS, power=st.floats(0.3, 4))
def test_no_temperature_has_a_lower_log_loss_than_the_fitted_one(seed, power):
    p, labels = calibrated(300, seed=seed)
    p = sharpened(p, power)
    best = row_losses(fit_temperature(p, labels).apply(p), labels).mean()
    for t in (0.1, 0.3, 0.7, 1, 1.5, 3, 9):
        assert best <= row_losses(Temperature(temperature=t).apply(p), labels).mean() + 1e-6


@given(seed=SEEDS)
def test_vector_scaling_is_at_least_as_good_on_its_own_rows_as_no_map(seed):
    p, labels = calibrated(300, seed=seed)
    p = sharpened(p, 2)
    fitted = fit_vector_scaling(p, labels)
    assert row_losses(fitted.apply(p), labels).mean() <= row_losses(p, labels).mean() + 1e-9


@given(seed=SEEDS)
def test_isotonic_curves_go_through_the_centres_of_scikit_learns_steps(seed):
    p, labels = calibrated(300, seed=seed)
    fitted = fit_isotonic(p, labels)
    for c, curve in enumerate(fitted.curves):
        theirs = IsotonicRegression(out_of_bounds="clip").fit(p[:, c], labels == c).predict(p[:, c])
        theirs = np.clip(theirs, 1 / 302, 301 / 302)
        steps = np.unique(theirs)
        centres = [p[theirs == step, c].mean() for step in steps]
        np.testing.assert_allclose(np.interp(centres, curve.x, curve.y), steps, atol=1e-9)
        assert len(curve.x) == len(steps)


def test_isotonic_leaves_rows_in_their_order():
    p, labels = calibrated(2000)
    fitted = fit_isotonic(p, labels)
    for c, curve in enumerate(fitted.curves):
        inside = np.sort(p[(p[:, c] > curve.x[0]) & (p[:, c] < curve.x[-1]), c])
        assert (np.diff(np.interp(inside, curve.x, curve.y)) > 0).all()


@pytest.mark.parametrize("method", METHODS)
@given(p=arrays(float, (9, 3), elements=st.floats(0, 1)), seed=SEEDS)
def test_every_map_gives_finite_distributions_also_for_rows_it_has_not_seen(method, p, seed):
    p[:, 0] += 1e-30
    p /= p.sum(axis=1, keepdims=True)
    out = METHODS[method].fit(*calibrated(200, seed=seed)).apply(p)
    assert np.isfinite(out).all()
    assert out.min() >= 0
    np.testing.assert_allclose(out.sum(axis=1), 1)


def test_a_class_with_few_rows_is_told_and_only_what_it_allows_is_offered():
    p, labels = calibrated(2000, priors=np.array([0.9, 0.09, 0.01]))
    few = int((labels == 2).sum())
    choice = choose(sharpened(p, 2), labels, classes=CLASSES)
    assert set(choice.refused) == {"vector_scaling", "isotonic"}
    assert choice.refused["isotonic"] == (
        "isotonic needs 200 rows of each class and as many of others in val, "
        f"class 'c' has {few} of 2000"
    )
    assert set(choice.log_loss) == {"none", "temperature"}


@pytest.mark.parametrize("rare", [0, 1])
def test_of_two_classes_the_one_with_few_rows_is_named(rare):
    labels = np.full(4000, 1 - rare)
    labels[:40] = rare
    choice = choose(np.full((4000, 2), 0.5), labels, classes=("0", "1"))
    assert choice.refused["vector_scaling"].endswith(f"class '{rare}' has 40 of 4000")


def test_almost_no_rows_leave_probabilities_as_they_are():
    choice = choose(np.full((4, 2), 0.5), np.array([0, 1, 0, 1]), classes=("a", "b"))
    assert choice.chosen == "none"
    assert "val has 4 rows, a calibration needs 10" in choice.refused["temperature"]


def test_a_choice_is_json_and_only_offered_methods_are_tried():
    p, labels = calibrated(3000)
    choice = choose(sharpened(p, 2), labels, classes=CLASSES, methods=("isotonic",))
    assert set(choice.log_loss) == {"none", "isotonic"}
    assert Choice.model_validate_json(choice.model_dump_json()) == choice


@given(labels=st.lists(st.integers(0, 3), min_size=20, max_size=100), seed=SEEDS)
def test_folds_spread_every_class_evenly(labels, seed):
    labels = np.array(labels)
    folds = _folds(labels, seed=seed)
    for c in np.unique(labels):
        counts = np.bincount(folds[labels == c], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1


def test_row_losses_are_scikit_learns_log_loss():
    p, labels = calibrated(100)
    assert row_losses(p, labels).mean() == pytest.approx(log_loss(labels, p))


def test_curves_and_maps_out_of_order_are_refused():
    with pytest.raises(ValidationError, match="x ascending"):
        Curve(x=(0.2, 0.1), y=(0.1, 0.2))
    with pytest.raises(ValidationError):
        Temperature(temperature=0)
    with pytest.raises(ValidationError):
        VectorScaling(slopes=(1.0,), intercepts=(float("nan"),))


@given(seed=SEEDS, shifted=arrays(float, 3, elements=st.floats(0.1, 1)))
def test_em_finds_moved_priors_and_the_posteriors_at_them(seed, shifted):
    """Its log likelihood is above that of the true priors, and both are near each other."""
    shifted = shifted / shifted.sum()
    truth, labels = calibrated(4000, seed=seed, priors=shifted)
    trained = truth / shifted * PRIORS
    found = saerens_em(trained / trained.sum(axis=1, keepdims=True), PRIORS)
    shares = np.bincount(labels, minlength=3) / 4000
    assert found.converged
    assert found.priors.sum() == pytest.approx(1)
    np.testing.assert_allclose(found.priors, found.probabilities.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.priors, shares, atol=0.12)


def test_em_tests_whether_priors_moved():
    still = [saerens_em(calibrated(500, seed=s)[0], PRIORS).statistic for s in range(200)]
    above = np.mean(np.array(still) > chi2.ppf(0.95, 2))
    assert above <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)
    moved, _ = calibrated(500, priors=np.array([0.3, 0.3, 0.4]))
    there = moved / [0.3, 0.3, 0.4] * PRIORS
    assert saerens_em(there / there.sum(axis=1, keepdims=True), PRIORS).statistic > 20


def test_em_refuses_no_rows_and_probability_without_prior():
    with pytest.raises(ValueError, match="at least one row"):
        saerens_em(np.zeros((0, 2)), np.array([0.5, 0.5]))
    with pytest.raises(ValueError, match="must have a prior > 0"):
        saerens_em(np.array([[0.5, 0.5]]), np.array([1.0, 0]))
