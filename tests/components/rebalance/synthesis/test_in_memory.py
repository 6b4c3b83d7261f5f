"""Seeds by weight, and a class of a split in memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.smote_family import SEEDS, overlapping, splits
from support.splits import split_of, wanted_of

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    InformedOverSampler,
    around_class,
    class_draws,
    class_space,
    grown,
    new_rows,
    others_around,
    rows_of_class,
    seeds_among,
    seeds_by_group,
    smote_pairs,
    towards_rows,
)
from tfx_rebalance.components.rebalance.synthesis.interpolation import born
from tfx_rebalance.components.rebalance.synthesis.pairs import Draws
from tfx_rebalance.draws import shard_row_keys


def draws_of(rows, seed=0):
    return Draws(shard_row_keys(3, rows), seed)


@given(rows=st.lists(st.integers(0, 30), min_size=1, unique=True), wanted=st.integers(0, 99))
def test_seeds_among_rows_are_these_rows_evenly(rows, wanted):
    rows = np.array(sorted(rows))
    seeds = seeds_among(rows, wanted, draws=draws_of(31))
    assert np.all(np.diff(seeds) >= 0)
    counts = np.bincount(seeds, minlength=31)
    assert counts.sum() == counts[rows].sum() == wanted
    assert set(counts[rows].tolist()) <= {wanted // len(rows), wanted // len(rows) + 1}


def test_seeds_are_refused_when_there_are_none():
    with pytest.raises(ValueError, match="wanted must be 0 without rows, got 2"):
        seeds_among(np.empty(0, dtype=np.int64), 2, draws=draws_of(3))


@given(
    groups=st.lists(st.integers(-1, 3), min_size=1, max_size=40),
    weights=st.lists(st.floats(0.01, 10), min_size=4, max_size=4),
    wanted=st.integers(0, 200),
    seed=SEEDS,
)
def test_each_row_has_its_share_of_its_groups_weight_to_less_than_one(
    groups, weights, wanted, seed
):
    groups = np.array([*groups, 0])
    rows = np.bincount(groups + 1, minlength=5)[1:]
    weights = np.where(rows > 0, weights, 0.0)
    seeds = seeds_by_group(groups, weights, wanted=wanted, draws=draws_of(len(groups), seed))
    counts = np.bincount(seeds, minlength=len(groups))
    assert len(seeds) == wanted
    assert not counts[groups < 0].any()
    shares = wanted * weights / weights.sum() / np.maximum(rows, 1)
    inside = groups >= 0
    assert (np.abs(counts[inside] - shares[groups[inside]]) < 1 + 1e-9).all()


def test_which_rows_have_one_more_depends_on_the_seed():
    groups = np.zeros(100, dtype=np.int64)
    first, second = (
        seeds_by_group(groups, np.ones(1), wanted=50, draws=draws_of(100, seed)) for seed in (0, 1)
    )
    # Two unrelated halves share a quarter of the rows.
    assert abs(len(np.intersect1d(first, second)) - 25) <= 4 * np.sqrt(100 / 16)


@given(split=splits(), label=st.integers(0, 2))
def test_around_a_class_is_what_a_plain_search_finds(split, label):
    around = around_class(split, label, k=3, m=4)
    rows = rows_of_class(split, label)
    assert around.rows.numeric.tobytes() == split.rows.numeric[rows].tobytes()
    space, inside = split.space, class_space(split, label)
    for place, row in enumerate(rows):
        own = distances(inside, place)
        own[place] = np.inf
        named = own[around.neighbours[place]]
        np.testing.assert_allclose(named, np.sort(own)[: len(named)], atol=1e-6)
        all_of = distances(space, row)
        all_of[row] = np.inf
        clear = np.sort(all_of)[3:5]
        if clear[1] > clear[0] + 1e-6:  # Else it is open which of two is among the nearest.
            nearest = np.argsort(all_of, kind="stable")[:4]
            assert around.others[place] == np.count_nonzero(split.labels[nearest] != label)


def distances(space, row):
    squares = ((space.numeric - space.numeric[row]) ** 2).sum(axis=1)
    return np.sqrt(squares + space.mismatch * (space.nominal != space.nominal[row]).sum(axis=1))


def test_nobody_is_looked_at_around_a_class_unless_asked():
    numeric, labels = overlapping()
    around = around_class(split_of(numeric, labels), 1, k=5)
    assert around.others is None
    with pytest.raises(ValueError, match=r"around\.others must be counted"):
        others_around(around)


def test_m_is_what_there_was_to_count():
    around = around_class(split_of([[0.0], [1.0], [2.0]], [0, 1, 1]), 1, k=5, m=10)
    assert around.m == 2
    assert around.others.tolist() == [1, 1]


def test_a_class_has_the_draws_of_its_row_keys():
    numeric, labels = overlapping()
    split = split_of(numeric, labels)
    assert class_draws(split, 1, seed=5).keys.tolist() == split.keys[labels == 1].tolist()


@given(split=splits(), new=st.lists(st.integers(0, 20), min_size=3, max_size=3))
def test_every_class_that_grows_is_asked_for_and_no_row_goes(split, new):
    before = np.bincount(split.labels, minlength=3)
    targets = {c: int(n + new[c]) for c, n in enumerate(before) if n}
    wanted = wanted_of(split, targets=targets)
    expected = {c: new[c] for c in targets if new[c]}
    assert new_rows(split, wanted) == expected
    verdict = grown(
        split,
        wanted,
        lambda label, count: smote_pairs(
            around_class(split, label, k=5),
            count,
            draws=class_draws(split, label, seed=0),
            notes=(f"Grew by {count}.",) if label else (),
        ),
    )
    assert verdict.kept.all()
    assert {label: len(pairs) for label, pairs in verdict.pairs.items()} == expected
    assert verdict.notes == {c: (f"Grew by {n}.",) for c, n in expected.items() if c}


def test_pairs_with_rows_of_any_class_go_where_those_rows_are():
    split = split_of([[0.0, 0.0], [4.0, 8.0], [2.0, np.nan], [8.0, 0.0]], [1, 0, 0, 1])
    pairs = towards_rows(
        split,
        1,
        seeds=np.array([0, 0, 1]),
        partners=np.array([1, 3, 2]),
        gap=np.array([0.25, 0.5, 0.5]),
    )
    assert pairs.partner.tolist() == [NOBODY, 1, NOBODY]
    assert pairs.foreign.tolist() == split.keys[[1, 3, 2]].tolist()
    around = around_class(split, 1, k=1)
    new = born(around.rows, pairs, around.neighbours)
    # What the partner lacks is the seed's.
    assert new.rows.numeric.tolist() == [[1.0, 2.0], [4.0, 0.0], [5.0, 0.0]]


def test_targets_are_those_of_oversampling():
    assert InformedOverSampler().targets({"a": 9, "b": 2}, "auto") == {"a": 9, "b": 9}
