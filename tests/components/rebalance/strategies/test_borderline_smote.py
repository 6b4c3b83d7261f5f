"""Borderline-SMOTE: seeds are the rows in danger, partners of the class or of any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.over_sampling import BorderlineSMOTE as Reference
from support.smote_family import (
    SEEDS,
    assert_distributed_alike,
    assert_same,
    assert_sound,
    informed,
    others_shuffled,
    overlapping,
    points,
    splits,
    streamed,
)
from support.splits import read_numbers, split_of

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.strategies.borderline_smote import (
    BorderlineSMOTE,
    BorderlineSMOTE2,
    in_danger,
)
from tfx_rebalance.components.rebalance.synthesis.in_memory import around_class, rows_of_class

BOTH = pytest.mark.parametrize(
    ("strategy", "choose"),
    [(BorderlineSMOTE(), streamed), (BorderlineSMOTE2(), informed)],
    ids=["1", "2"],
)


def chosen(strategy, choose, split, new, **which):
    """Returns pairs and notes, whichever of the two it is."""
    found = choose(strategy, split, new, **which)
    return found if isinstance(found, tuple) else (found.pairs, found.notes)


@BOTH
@given(split=splits(), new=st.integers(1, 60), seed=SEEDS)
def test_there_are_exactly_as_many_sound_pairs_as_wanted(strategy, choose, split, new, seed):
    pairs, _ = chosen(strategy, choose, split, new, seed=seed)
    assert_sound(pairs, split, new)
    again, _ = chosen(strategy, choose, split, new, seed=seed)
    assert_same(pairs, again)


@BOTH
@given(split=splits(), new=st.integers(1, 60))
def test_seeds_are_the_rows_in_danger_evenly(strategy, choose, split, new):
    danger = in_danger(around_class(split, 1, k=5, m=10))
    pairs, notes = chosen(strategy, choose, split, new)
    counts = np.bincount(pairs.seed, minlength=len(danger))
    seeds = danger if danger.any() else ~danger
    assert bool(notes) == (not danger.any())
    assert counts[~seeds].sum() == 0
    assert set(counts[seeds].tolist()) <= {new // seeds.sum(), new // seeds.sum() + 1}


@BOTH
@pytest.mark.parametrize("other", [0, 1])
def test_the_order_of_the_other_classes_changes_nothing(strategy, choose, other):
    numeric, labels = overlapping()
    split = split_of(numeric, labels)
    mixed = others_shuffled(split, 1, seed=other)
    assert_same(chosen(strategy, choose, split, 90)[0], chosen(strategy, choose, mixed, 90)[0])


@BOTH
def test_another_seed_chooses_other_pairs(strategy, choose):
    split = split_of(*overlapping())
    one, other = (chosen(strategy, choose, split, 90, seed=seed)[0] for seed in (0, 1))
    assert (one.partner != other.partner).any()
    assert (one.gap != other.gap).all()


@BOTH
def test_a_class_of_one_row_is_repeated(strategy, choose):
    split = split_of([[0.0], [1.0], [2.0], [9.0]], [0, 0, 0, 1])
    pairs, notes = chosen(strategy, choose, split, 3)
    assert points(split, pairs).tolist() == [[9.0]] * 3
    assert notes == (
        "No row has from half to all but one of its 3 nearest rows in other classes: every row "
        "is a seed, as in smote.",
    )


def test_nothing_wanted_is_nothing_chosen():
    split = split_of(*overlapping())
    assert len(streamed(BorderlineSMOTE(), split, 0).pairs) == 0
    assert informed(BorderlineSMOTE2(), split, 0) == (None, ())


@pytest.mark.parametrize("m", [1, 2, 5, 10])
@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0])
def test_the_rows_in_danger_are_those_of_imbalanced_learn(m, distance):
    numeric, labels = overlapping(rows=400, distance=distance, seed=m)
    reference = Reference(m_neighbors=m)
    reference._validate_estimator()
    reference.nn_m_.fit(numeric)
    expected = reference._in_danger_noise(reference.nn_m_, numeric[labels == 1], 1, labels)
    ours = in_danger(around_class(split_of(numeric, labels), 1, k=5, m=m))
    assert ours.tolist() == expected.tolist()
    assert m == 1 or expected.any()


def test_kind_1_goes_to_neighbours_of_its_class_as_imbalanced_learn_does():
    numeric, labels = overlapping()
    split = split_of(numeric, labels)
    pairs = streamed(BorderlineSMOTE(), split, 500).pairs
    reference = Reference(random_state=0)
    reference.fit_resample(numeric, labels)
    own = numeric[labels == 1]
    nearest = reference.nn_k_.kneighbors(own, return_distance=False)[:, 1:]
    assert (nearest[pairs.seed] == pairs.partner[:, np.newaxis]).any(axis=1).all()
    assert (pairs.gap > 0.9).any()
    assert pairs.toward is None


def test_kind_2_goes_to_any_of_the_nearest_rows_as_imbalanced_learn_does():
    numeric, labels = overlapping()
    split = split_of(numeric, labels)
    pairs, _ = informed(BorderlineSMOTE2(), split, 500)
    reference = Reference(kind="borderline-2", random_state=0)
    reference.fit_resample(numeric, labels)
    own = rows_of_class(split, 1)
    nearest = reference.nn_k_.kneighbors(numeric[own], return_distance=False)[:, 1:]
    partners = np.searchsorted(split.keys, pairs.foreign)
    assert (nearest[pairs.seed] == partners[:, np.newaxis]).any(axis=1).all()
    elsewhere = labels[partners] == 0
    assert ((pairs.partner == NOBODY) == elsewhere).all()
    assert (own[pairs.partner[~elsewhere]] == partners[~elsewhere]).all()
    # Evenly from the k nearest, so as many go elsewhere as there are elsewhere.
    counts = np.bincount(pairs.seed, minlength=len(own))
    share = (labels[nearest] == 0).mean(axis=1)
    deviation = np.sqrt((counts * share * (1 - share)).sum())
    assert abs(elsewhere.sum() - (counts * share).sum()) <= 4 * deviation
    assert 0.4 < pairs.gap[elsewhere].max() < 0.5 < pairs.gap[~elsewhere].max()


def test_kind_2_stays_on_the_nearer_half_of_the_way_to_another_class():
    numeric, labels = overlapping()
    split = split_of(numeric, labels)
    pairs, _ = informed(BorderlineSMOTE2(), split, 500)
    partners = numeric[np.searchsorted(split.keys, pairs.foreign)]
    start = numeric[labels == 1][pairs.seed]
    new = start + pairs.gap[:, np.newaxis] * (partners - start)
    np.testing.assert_allclose(points(split, pairs), new)


def test_new_rows_of_real_data_are_distributed_as_imbalanced_learns(shared_data):
    source = shared_data / "mammography" / "mammography.csv.gz"
    numeric, labels = read_numbers(source, label="class")
    split = split_of(numeric, labels)
    majority, minority = np.bincount(labels)
    pairs = streamed(BorderlineSMOTE(), split, majority - minority).pairs
    theirs = Reference(random_state=0).fit_resample(numeric, labels)[0]
    assert_distributed_alike(points(split, pairs), theirs[len(labels) :])
