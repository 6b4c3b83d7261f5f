"""ProWSyn: new rows between rows of one proximity level, more on the nearer ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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

from tfx_rebalance.components.rebalance.strategies.prowsyn import ProWSyn, proximity_levels


def levels_by_loop(numeric, labels, *, n_neighbors, levels):
    """Returns what `proximity_levels` promises of class 1, row by row."""
    own, others = numeric[labels == 1], numeric[labels != 1]
    level = np.full(len(own), levels)
    for number in range(levels):
        left = np.flatnonzero(level == levels)
        reached = set()
        for row in others:
            nearest = left[np.argsort(np.linalg.norm(own[left] - row, axis=1))[:n_neighbors]]
            reached |= set(nearest.tolist())
        level[sorted(reached)] = number
    return level


@given(split=splits(), new=st.integers(1, 60), seed=SEEDS)
def test_there_are_exactly_as_many_sound_pairs_as_wanted(split, new, seed):
    pairs, _ = informed(ProWSyn(n_neighbors=2), split, new, seed=seed)
    assert_sound(pairs, split, new)
    again, _ = informed(ProWSyn(n_neighbors=2), split, new, seed=seed)
    assert_same(pairs, again)


@pytest.mark.parametrize(("n_neighbors", "levels"), [(1, 5), (2, 3), (5, 5), (1, 1)])
def test_levels_are_those_of_a_plain_loop(n_neighbors, levels):
    numeric, labels = overlapping(rows=150, share=0.5, distance=3.0)
    found = proximity_levels(split_of(numeric, labels), 1, n_neighbors=n_neighbors, levels=levels)
    expected = levels_by_loop(numeric, labels, n_neighbors=n_neighbors, levels=levels)
    assert found.tolist() == expected.tolist()
    assert len(np.unique(found)) > 1


@pytest.mark.parametrize("theta", [0.0, 1.0, 3.0])
def test_levels_get_new_rows_by_their_weight_and_the_rest_by_the_lasts(theta):
    numeric, labels = overlapping(rows=300, share=0.5, distance=3.0)
    split = split_of(numeric, labels)
    strategy = ProWSyn(n_neighbors=1, levels=3, theta=theta)
    pairs, notes = informed(strategy, split, 1000)
    level = proximity_levels(split, 1, n_neighbors=1, levels=3)
    assert (np.bincount(level, minlength=4) > 1).all()
    weights = np.exp(-theta * np.array([0, 1, 2, 2]))
    counts = np.bincount(level[pairs.seed], minlength=4)
    assert (np.abs(counts - 1000 * weights / weights.sum()) < 1).all()
    assert notes == ()


def test_a_partner_is_any_other_row_of_the_level_drawn_evenly():
    numeric, labels = overlapping(rows=80, share=0.5, distance=3.0)
    split = split_of(numeric, labels)
    level = proximity_levels(split, 1, n_neighbors=1, levels=5)
    pairs, _ = informed(ProWSyn(n_neighbors=1), split, 20_000)
    assert (level[pairs.seed] == level[pairs.partner]).all()
    first = np.flatnonzero(level == 0)
    counts = np.bincount(pairs.partner[level[pairs.seed] == 0], minlength=len(level))[first]
    expected = counts.sum() / len(first)
    assert (np.abs(counts - expected) <= 4 * np.sqrt(expected)).all()


def test_a_level_of_one_row_gets_nothing():
    # 8 is nearest to the other class; 9 and 12 are next.
    split = split_of([[0.0], [8.0], [9.0], [12.0]], [0, 1, 1, 1])
    pairs, notes = informed(ProWSyn(n_neighbors=1, levels=1), split, 10)
    assert np.bincount(pairs.seed).tolist() == [0, 5, 5]
    assert notes == ()


def test_a_weight_too_small_for_a_float_still_counts_among_such():
    split = split_of([[0.0], [8.0], [9.0], [12.0]], [0, 1, 1, 1])
    pairs, _ = informed(ProWSyn(n_neighbors=1, levels=2, theta=1e6), split, 10)
    assert len(pairs) == 10


def test_without_other_classes_all_rows_are_alike():
    split = split_of(np.arange(5.0)[:, np.newaxis], np.ones(5))
    pairs, _ = informed(ProWSyn(), split, 10)
    assert np.bincount(pairs.seed).tolist() == [2] * 5


@pytest.mark.parametrize("rows", [1, 2])
def test_without_two_rows_on_a_level_it_is_smote_and_a_note_says_so(rows):
    numeric = [[0.0], *([5.0 + row] for row in range(rows))]
    split = split_of(numeric, [0] + [1] * rows)
    pairs, notes = informed(ProWSyn(n_neighbors=1, levels=1), split, 4)
    assert notes == ("No proximity level has two rows: new rows are made as by smote.",)
    assert np.bincount(pairs.seed).tolist() == [4 // rows] * rows
    if rows == 1:
        assert points(split, pairs).tolist() == [[5.0]] * 4


def test_nothing_wanted_is_nothing_chosen():
    assert informed(ProWSyn(), split_of(*overlapping()), 0) == (None, ())


def test_the_order_of_the_other_classes_changes_nothing():
    split = split_of(*overlapping())
    mixed = others_shuffled(split, 1)
    assert_same(informed(ProWSyn(), split, 90)[0], informed(ProWSyn(), mixed, 90)[0])


def test_another_seed_chooses_other_pairs():
    split = split_of(*overlapping())
    one, other = (informed(ProWSyn(), split, 90, seed=seed)[0] for seed in (0, 1))
    assert (one.gap != other.gap).all()
