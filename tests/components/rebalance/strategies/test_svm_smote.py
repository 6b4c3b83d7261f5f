"""SVM-SMOTE: support vectors as seeds, outwards where they are safe, inwards in danger."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn import over_sampling
from sklearn.svm import SVC
from support.smote_family import (
    SEEDS,
    assert_same,
    assert_sound,
    informed,
    others_shuffled,
    overlapping,
    points,
    splits,
)
from support.splits import split_of

from tfx_rebalance.components.rebalance.strategies import svm_smote
from tfx_rebalance.components.rebalance.strategies.svm_smote import SVMSMOTE, support_vectors
from tfx_rebalance.components.rebalance.synthesis.in_memory import around_class
from tfx_rebalance.errors import ConfigError

NO_SEED = "No support vector has its class near it: new rows are made as by smote."


def outwards(pairs):
    """Returns which pairs go away from their partners."""
    return ~np.isnan(pairs.toward).all(axis=1)


@settings(max_examples=10)  # Fitting takes 10 ms.
@given(split=splits(), new=st.integers(1, 60), seed=SEEDS)
def test_there_are_exactly_as_many_sound_pairs_as_wanted(split, new, seed):
    pairs, _ = informed(SVMSMOTE(), split, new, seed=seed)
    assert_sound(pairs, split, new)
    again, _ = informed(SVMSMOTE(), split, new, seed=seed)
    assert_same(pairs, again)


@pytest.mark.parametrize("distance", [0.7, 1.5, 2.5])
def test_seeds_and_ways_are_those_of_imbalanced_learn(distance):
    numeric, labels = overlapping(rows=300, share=0.4, distance=distance)
    reference = over_sampling.SVMSMOTE(random_state=0)
    reference._validate_estimator()
    support = SVC(gamma="scale").fit(numeric, labels).support_
    support = support[labels[support] == 1]
    reference.nn_m_.fit(numeric)
    noise, danger = (
        reference._in_danger_noise(reference.nn_m_, numeric[support], 1, labels, kind=kind)
        for kind in ("noise", "danger")
    )
    pairs, _ = informed(SVMSMOTE(), split_of(numeric, labels), 1000)
    rows = np.flatnonzero(labels == 1)
    away = outwards(pairs)
    assert np.unique(rows[pairs.seed[~away]]).tolist() == sorted(support[danger].tolist())
    safe = support[~danger & ~noise]
    assert np.unique(rows[pairs.seed[away]]).tolist() == sorted(safe.tolist())
    assert np.count_nonzero(away) == 500


def test_new_rows_are_where_imbalanced_learn_would_put_them():
    numeric, labels = overlapping(rows=300, share=0.4)
    split = split_of(numeric, labels)
    pairs, _ = informed(SVMSMOTE(out_step=0.3), split, 400)
    own = numeric[labels == 1]
    nearest = around_class(split, 1, k=5).neighbours
    assert (nearest[pairs.seed] == pairs.partner[:, np.newaxis]).any(axis=1).all()
    step = np.where(outwards(pairs), -pairs.gap, pairs.gap)[:, np.newaxis]
    expected = own[pairs.seed] + step * (own[pairs.partner] - own[pairs.seed])
    np.testing.assert_allclose(points(split, pairs), expected)
    assert 0.25 < pairs.gap[outwards(pairs)].max() < 0.3
    assert pairs.gap[~outwards(pairs)].max() > 0.9


def test_with_seeds_of_one_kind_all_new_rows_go_that_way():
    rng = np.random.default_rng(0)
    numeric = np.concatenate([rng.normal(size=(40, 2)), 9 + rng.normal(size=(40, 2))])
    split = split_of(numeric, np.repeat([0, 1], 40))
    pairs, notes = informed(SVMSMOTE(), split, 30)
    assert outwards(pairs).all()
    assert notes == ()


def test_what_the_seed_or_the_partner_lacks_is_not_made_up():
    numeric, labels = overlapping(rows=120, share=0.5)
    numeric[np.flatnonzero(labels == 1)[::3], 0] = np.nan
    split = split_of(numeric, labels)
    pairs, _ = informed(SVMSMOTE(), split, 200)
    new, own = points(split, pairs), numeric[labels == 1]
    lacking = np.isnan(own[:, 0])
    np.testing.assert_array_equal(np.isnan(new[:, 0]), lacking[pairs.seed])
    half = lacking[pairs.partner] & ~lacking[pairs.seed]
    assert half.any()
    assert (new[half, 0] == own[pairs.seed[half], 0]).all()


@pytest.mark.parametrize(
    ("numeric", "labels"),
    [([[0.0], [1.0], [9.0]], [0, 0, 1]), ([[0.0], [1.0], [2.0]], [1, 1, 1])],
    ids=["one row", "one class"],
)
def test_without_a_seed_it_is_smote_and_a_note_says_so(numeric, labels):
    split = split_of(numeric, labels)
    pairs, notes = informed(SVMSMOTE(), split, 6)
    rows = sum(labels)
    assert notes == (NO_SEED,)
    assert np.bincount(pairs.seed).tolist() == [6 // rows] * rows


def test_without_numbers_there_are_no_support_vectors():
    split = split_of(np.empty((4, 0)), [0, 0, 1, 1], [[0], [1], [1], [1]])
    assert not support_vectors(split).any()


def test_nothing_wanted_is_nothing_chosen():
    assert informed(SVMSMOTE(), split_of(*overlapping()), 0) == (None, ())


@settings(max_examples=10)
@given(seed=st.integers(0, 99))
def test_the_order_of_the_other_classes_changes_nothing(seed):
    split = split_of(*overlapping())
    mixed = others_shuffled(split, 1, seed=seed)
    assert_same(informed(SVMSMOTE(), split, 90)[0], informed(SVMSMOTE(), mixed, 90)[0])


def test_more_rows_than_a_machine_is_fitted_to_are_refused(monkeypatch):
    monkeypatch.setattr(svm_smote, "MOST_ROWS", 199)
    with pytest.raises(
        ConfigError,
        match=r"all 200 rows of the split\. Allowed: up to 199; use borderline_smote",
    ):
        informed(SVMSMOTE(), split_of(*overlapping()), 90)
