"""ADASYN: new rows in proportion to the other classes around."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn import over_sampling
from pydantic import ValidationError
from support.smote_family import (
    SEEDS,
    assert_distributed_alike,
    assert_same,
    assert_sound,
    others_shuffled,
    overlapping,
    points,
    splits,
    streamed,
)
from support.splits import read_numbers, split_of

from tfx_rebalance.components.rebalance.strategies.adasyn import ADASYN
from tfx_rebalance.components.rebalance.synthesis.in_memory import around_class


@given(split=splits(), new=st.integers(0, 60), seed=SEEDS)
def test_there_are_exactly_as_many_sound_pairs_as_wanted(split, new, seed):
    pairs = streamed(ADASYN(), split, new, seed=seed).pairs
    assert_sound(pairs, split, new)
    assert_same(pairs, streamed(ADASYN(), split, new, seed=seed).pairs)


@given(split=splits(), new=st.integers(0, 200), seed=SEEDS)
def test_each_row_has_its_share_to_less_than_one(split, new, seed):
    others = around_class(split, 1, k=5, m=5).others
    chosen = streamed(ADASYN(), split, new, seed=seed)
    counts = np.bincount(chosen.pairs.seed, minlength=len(others))
    shares = others if others.any() else np.ones(len(others))
    assert (np.abs(counts - new * shares / shares.sum()) < 1 + 1e-9).all()
    assert bool(chosen.notes) == (not others.any())


@pytest.mark.parametrize("n_neighbors", [1, 5, 9])
@pytest.mark.parametrize("new", [40, 500])
def test_rows_get_as_many_as_from_imbalanced_learn_to_one(n_neighbors, new):
    numeric, labels = overlapping(rows=300)
    own = numeric[labels == 1]
    wanted = {1: len(own) + new}
    reference = over_sampling.ADASYN(
        sampling_strategy=wanted, n_neighbors=n_neighbors, random_state=0
    )
    theirs = reference.fit_resample(numeric, labels)[0][len(labels) :]
    split = split_of(numeric, labels)
    strategy = ADASYN(n_neighbors=n_neighbors)
    pairs = streamed(strategy, split, new).pairs
    ours = np.bincount(pairs.seed, minlength=len(own))
    # It makes its rows seed by seed, np.rint(share) each.
    others = around_class(split, 1, k=1, m=n_neighbors).others
    expected = np.rint(new * (others / n_neighbors) / (others / n_neighbors).sum()).astype(int)
    assert expected.sum() == len(theirs)
    assert np.abs(ours - expected).max() <= 1
    nearest = reference.nn_.kneighbors(own, return_distance=False)[:, 1:]
    assert (nearest[pairs.seed] == pairs.partner[:, np.newaxis]).any(axis=1).all()


def test_fewer_new_rows_than_seeds_are_still_spread_in_proportion():
    numeric, labels = overlapping(rows=3000, share=0.3)
    split = split_of(numeric, labels)
    others = around_class(split, 1, k=1, m=5).others
    pairs = streamed(ADASYN(), split, 100).pairs
    shares = np.bincount(others, weights=others) / others.sum()
    counts = np.bincount(others[pairs.seed], minlength=len(shares))
    assert (np.abs(counts - 100 * shares) < 1).all()


def test_the_order_of_the_other_classes_changes_nothing():
    split = split_of(*overlapping())
    mixed = others_shuffled(split, 1)
    assert_same(streamed(ADASYN(), split, 90).pairs, streamed(ADASYN(), mixed, 90).pairs)


def test_another_seed_chooses_other_pairs():
    split = split_of(*overlapping())
    one, other = (streamed(ADASYN(), split, 90, seed=seed).pairs for seed in (0, 1))
    assert (one.gap != other.gap).all()


def test_a_class_far_from_the_others_grows_evenly_and_a_note_says_so():
    split = split_of([[0.0], [1.0], [2.0], [90.0], [91.0], [92.0]], [0, 0, 0, 1, 1, 1])
    chosen = streamed(ADASYN(n_neighbors=2), split, 6)
    assert np.bincount(chosen.pairs.seed).tolist() == [2, 2, 2]
    assert chosen.notes == (
        "No row has other classes among its 2 nearest rows: every row is a seed, as in smote.",
    )


def test_a_class_of_one_row_is_repeated():
    split = split_of([[0.0], [1.0], [9.0]], [0, 0, 1])
    assert points(split, streamed(ADASYN(), split, 3).pairs).tolist() == [[9.0]] * 3


def test_n_neighbors_is_both_numbers_unless_k_neighbors_is_given():
    assert ADASYN().k_neighbors == ADASYN().m == 5
    assert ADASYN(n_neighbors=7).k_neighbors == ADASYN(n_neighbors=7).m == 7
    both = ADASYN(n_neighbors=7, k_neighbors=3)
    assert (both.m, both.k_neighbors) == (7, 3)
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        ADASYN(n_neighbors=0)


def test_new_rows_of_real_data_are_distributed_as_imbalanced_learns(shared_data):
    source = shared_data / "mammography" / "mammography.csv.gz"
    numeric, labels = read_numbers(source, label="class")
    split = split_of(numeric, labels)
    majority, minority = np.bincount(labels)
    pairs = streamed(ADASYN(), split, majority - minority).pairs
    theirs = over_sampling.ADASYN(random_state=0).fit_resample(numeric, labels)[0]
    assert_distributed_alike(points(split, pairs), theirs[len(labels) :])
