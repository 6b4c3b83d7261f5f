"""Class weights, prior correction and the decision rule against what they are to reproduce."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError
from sklearn.utils.class_weight import compute_class_weight

from tfx_rebalance.components.trainer.priors import (
    EffectiveNumber,
    class_weights,
    decision_thresholds,
    prior_correction,
    weights_for_mix,
)

COUNTS = st.lists(st.integers(1, 200), min_size=2, max_size=5)
SHARES = st.floats(0.01, 1)


@st.composite
def joints(draw, classes=3, values=3):
    """Returns P(x, class) over few values of x, (values, classes)."""
    joint = draw(arrays(float, (values, classes), elements=SHARES))
    return joint / joint.sum()


def names(n):
    return tuple(f"class {i}" for i in range(n))


@given(counts=COUNTS)
def test_balanced_weights_are_scikit_learns(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    theirs = compute_class_weight("balanced", classes=np.arange(len(counts)), y=labels)
    ours = class_weights(np.array(counts, float), "balanced", classes=names(len(counts)))
    assert ours == pytest.approx(theirs)


@given(counts=COUNTS)
def test_balanced_weights_give_every_class_the_same_mass_and_keep_the_total(counts):
    mass = np.array(counts, float)
    weighted = mass * class_weights(mass, "balanced", classes=names(len(counts)))
    assert weighted == pytest.approx(np.full(len(counts), mass.sum() / len(counts)))


def test_a_class_without_mass_weighs_nothing_and_changes_no_other():
    weights = class_weights(np.array([30.0, 0, 10]), "balanced", classes=names(3))
    assert weights == pytest.approx([40 / 60, 0, 2])


def test_none_weighs_all_the_same_and_a_mapping_what_it_says():
    mass = np.array([5.0, 1])
    assert class_weights(mass, "none", classes=names(2)).tolist() == [1, 1]
    assert class_weights(mass, {"class 1": 7}, classes=names(2)).tolist() == [1, 7]


MASSES = arrays(float, 4, elements=st.floats(0.5, 1e7))


@given(mass=MASSES, scheme=st.sampled_from(["balanced", "sqrt", EffectiveNumber(beta=0.99)]))
def test_the_mean_weight_over_the_mass_is_one_and_rarer_classes_weigh_no_less(mass, scheme):
    weights = class_weights(mass, scheme, classes=names(4))
    assert (weights * mass).sum() == pytest.approx(mass.sum())
    assert (np.diff(weights[np.argsort(mass)]) <= 1e-9 * weights.max()).all()


@given(mass=MASSES)
def test_sqrt_weights_are_square_roots_of_balanced_ones_up_to_a_factor(mass):
    ratio = class_weights(mass, "sqrt", classes=names(4)) / np.sqrt(
        class_weights(mass, "balanced", classes=names(4))
    )
    assert ratio == pytest.approx(np.full(4, ratio[0]))


@given(mass=arrays(float, 3, elements=st.integers(1, 5000)), beta=st.floats(0, 0.999))
def test_effective_number_weights_are_in_the_ratio_of_cuis_sums(mass, beta):
    """The effective number is 1 + beta + ... + beta ** (n - 1)."""
    number = np.array([(float(beta) ** np.arange(n)).sum() for n in mass])
    weights = class_weights(mass, EffectiveNumber(beta=beta), classes=names(3))
    assert weights * number == pytest.approx(np.full(3, weights[0] * number[0]))


@given(mass=arrays(float, 3, elements=st.floats(1, 1000)))
def test_effective_number_is_none_at_beta_0_and_balanced_towards_1(mass):
    none, balanced = EffectiveNumber(beta=0), EffectiveNumber(beta=1 - 1e-9)
    assert class_weights(mass, none, classes=names(3)) == pytest.approx(np.ones(3))
    theirs = class_weights(mass, "balanced", classes=names(3))
    assert class_weights(mass, balanced, classes=names(3)) == pytest.approx(theirs, rel=1e-4)


def test_a_class_without_mass_weighs_nothing_under_every_scheme():
    for scheme in ("sqrt", EffectiveNumber()):
        weights = class_weights(np.array([30.0, 0, 10]), scheme, classes=names(3))
        assert weights[1] == 0
        assert (weights[[0, 2]] > 0).all()


def test_beta_is_below_one():
    with pytest.raises(ValidationError):
        EffectiveNumber(beta=1.0)


def test_an_unknown_scheme_or_rule_is_refused():
    with pytest.raises(ValueError, match=r"must be none, balanced, sqrt, .* a mapping, got 'even'"):
        class_weights(np.ones(2), "even", classes=names(2))
    with pytest.raises(ValueError, match="must be argmax or balanced, got 'even'"):
        decision_thresholds(np.ones(2) / 2, "even")


@given(joint=joints(), rates=arrays(float, 3, elements=SHARES))
def test_the_correction_undoes_resampling_and_weights_exactly(joint, rates):
    seen = joint * rates / (joint * rates).sum()  # What a perfect model learns from.
    learnt = seen / seen.sum(axis=1, keepdims=True)
    corrected = learnt * prior_correction(joint.sum(axis=0), seen.sum(axis=0))
    corrected /= corrected.sum(axis=1, keepdims=True)
    assert corrected == pytest.approx(joint / joint.sum(axis=1, keepdims=True))


def test_a_class_training_did_not_see_gets_no_probability():
    factors = prior_correction(np.array([0.5, 0.3, 0.2]), np.array([0.6, 0.4, 0.0]))
    assert factors == pytest.approx([5 / 6, 3 / 4, 0])


def score(joint, decisions, of_class):
    """Returns the sum over classes of `of_class` times P(x, c) where c is decided."""
    return sum(joint[x, c] * of_class[c] for x, c in enumerate(decisions))


@pytest.mark.parametrize("rule", ["argmax", "balanced"])
@given(joint=joints())
def test_no_decision_beats_the_rule_at_what_it_maximises(rule, joint):
    natural = joint.sum(axis=0)
    # Accuracy counts rows, balanced accuracy averages the recalls.
    worth = np.ones(3) if rule == "argmax" else 1 / (3 * natural)
    posterior = joint / joint.sum(axis=1, keepdims=True)
    decided = np.argmax(posterior / decision_thresholds(natural, rule), axis=1)
    best = max(score(joint, d, worth) for d in itertools.product(range(3), repeat=3))
    assert score(joint, decided, worth) == pytest.approx(best)


@given(counts=COUNTS)
def test_thresholds_are_positive_and_the_largest_is_one(counts):
    natural = np.array([0, *counts]) / sum(counts)
    for rule in ("argmax", "balanced"):
        thresholds = decision_thresholds(natural, rule)
        assert thresholds.min() > 0
        assert thresholds.max() == 1


@given(
    mass=st.lists(st.floats(0.5, 1e6), min_size=2, max_size=6),
    wanted=st.lists(st.floats(0.01, 1), min_size=6, max_size=6),
)
def test_rows_of_another_mix_weigh_like_the_wanted_shares(mass, wanted):
    mass, wanted = np.array(mass), np.array(wanted[: len(mass)])
    shares = wanted / wanted.sum()
    weighted = mass * weights_for_mix(mass, shares)
    np.testing.assert_allclose(weighted / weighted.sum(), shares)
    np.testing.assert_allclose(weighted.sum(), mass.sum())
