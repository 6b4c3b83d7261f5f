"""Seeds and partners: exact numbers, even chances, and draws that depend on the row alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest, norm

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.synthesis.pairs import (
    Draws,
    Pairs,
    counter_of,
    even_counts,
    even_seeds,
    towards_neighbours,
    weighted_counts,
)
from tfx_rebalance.draws import keyed_draws, shard_row_keys

FOUR_SIGMA = 2 * norm.sf(4)
SEEDS = st.integers(0, 2**40)


def draws_of(rows, seed=0):
    return Draws(shard_row_keys(3, rows), seed)


@given(wanted=st.integers(0, 99), rows=st.integers(1, 20), seed=SEEDS)
def test_rows_are_taken_evenly_and_those_with_the_smallest_draws_once_more(wanted, rows, seed):
    drawn = keyed_draws(shard_row_keys(0, rows), seed=seed, purpose="seeds")
    counts = even_counts(wanted, drawn)
    whole, extra = divmod(wanted, rows)
    once_more = set(sorted(range(rows), key=lambda row: drawn[row])[:extra])
    assert counts.tolist() == [whole + (row in once_more) for row in range(rows)]


@given(wanted=st.integers(0, 99), rows=st.integers(1, 20), seed=SEEDS)
def test_even_seeds_are_sorted_and_exactly_as_many_as_wanted(wanted, rows, seed):
    draws = draws_of(rows, seed)
    seeds = even_seeds(wanted, draws)
    counts = np.bincount(seeds, minlength=rows)
    assert (len(seeds), (np.diff(seeds) >= 0).all()) == (wanted, True)
    assert counts.tolist() == even_counts(wanted, draws.of_rows("seeds")).tolist()


def test_no_rows_can_be_taken_only_for_no_rows():
    nothing = np.empty(0, dtype=np.uint64)
    assert even_counts(0, nothing).tolist() == []
    with pytest.raises(ValueError, match="wanted must be 0 without rows, got 3"):
        even_counts(3, nothing)


@given(
    wanted=st.integers(0, 1000),
    weights=st.lists(st.floats(0, 1e6) | st.sampled_from([0.0, 0.1, 1 / 3]), min_size=1),
)
def test_rows_are_taken_by_weight_to_less_than_one_and_exactly_as_many_as_wanted(wanted, weights):
    weights = np.array([*weights, 1.0])
    counts = weighted_counts(wanted, weights)
    assert counts.sum() == wanted
    exact = wanted * weights / weights.sum()
    assert (np.abs(counts - exact) < 1 + 1e-9).all()
    assert not counts[weights == 0].any()


@given(wanted=st.integers(0, 100), rows=st.integers(1, 9), weight=st.floats(0.01, 10))
def test_rows_of_equal_weight_are_taken_evenly_the_first_ones_once_more(wanted, rows, weight):
    counts = weighted_counts(wanted, np.full(rows, weight))
    assert counts.tolist() == [wanted // rows + (row < wanted % rows) for row in range(rows)]


def test_rows_without_weight_cannot_be_taken():
    for weights in (np.zeros(3), np.empty(0), np.array([np.nan])):
        with pytest.raises(ValueError, match="weights must have a positive sum"):
            weighted_counts(2, weights)


@given(seeds=st.lists(st.integers(0, 5)).map(sorted))
def test_the_counter_numbers_the_new_rows_of_each_seed(seeds):
    expected = [seeds[:place].count(seed) for place, seed in enumerate(seeds)]
    assert counter_of(np.array(seeds, dtype=np.int64)).tolist() == expected


def test_numbers_drawn_are_even_and_unrelated():
    rows = np.repeat(np.arange(2000), 5)
    draws, counter = draws_of(2000), counter_of(rows)
    one, other = (draws.uniform(rows, counter, purpose) for purpose in ("gap", "neighbour"))
    for numbers in (one, other):
        assert ((numbers >= 0) & (numbers < 1)).all()
        assert kstest(numbers, "uniform").pvalue > FOUR_SIGMA
    # Purposes, counters of a row, and rows: correlations of n pairs deviate by 1 / sqrt(n).
    of_rows = one.reshape(2000, 5)
    for a, b in ((one, other), (of_rows[:, 0], of_rows[:, 1]), (of_rows[:-1, 0], of_rows[1:, 0])):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(len(a))


@given(seed=SEEDS, data=st.data())
def test_a_number_depends_on_the_rows_key_and_the_counter_alone(seed, data):
    keys = shard_row_keys(0, 9)
    order = np.array(data.draw(st.permutations(range(9))))
    rows, counter = np.arange(9), np.full(9, 4)
    here = Draws(keys, seed).uniform(rows, counter, "gap")
    there = Draws(keys[order], seed).uniform(rows, counter, "gap")
    assert here[order].tolist() == there.tolist()


NEIGHBOURS = st.lists(
    st.integers(0, 4).map(lambda known: [10 + i if i < known else NOBODY for i in range(4)]),
    min_size=1,
    max_size=8,
).map(np.array)


@given(neighbours=NEIGHBOURS, data=st.data(), seed=SEEDS, longest=st.floats(0.01, 1))
def test_partners_are_neighbours_of_their_seeds_or_nobody(neighbours, data, seed, longest):
    rows = st.integers(0, len(neighbours) - 1)
    seeds = np.array(data.draw(st.lists(rows).map(sorted)), dtype=np.int64)
    draws = draws_of(len(neighbours), seed)
    pairs = towards_neighbours(seeds, neighbours, draws, longest=longest)
    assert pairs.seed.tolist() == seeds.tolist()
    for row, partner in zip(seeds, pairs.partner, strict=True):
        known = [n for n in neighbours[row].tolist() if n != NOBODY]
        assert partner in (known or [NOBODY])
    assert ((pairs.gap >= 0) & (pairs.gap < longest)).all()
    assert pairs.toward is pairs.foreign is None


@given(seed=SEEDS, data=st.data())
def test_the_pairs_of_a_row_do_not_depend_on_other_rows(seed, data):
    neighbours = np.arange(12 * 3).reshape(12, 3)
    seeds = np.array(sorted(data.draw(st.lists(st.integers(0, 11), min_size=1))))
    draws = draws_of(12, seed)
    of_row = seeds == seeds[0]
    whole = towards_neighbours(seeds, neighbours, draws).take(of_row)
    alone = towards_neighbours(seeds[of_row], neighbours, draws)
    assert whole.partner.tolist() == alone.partner.tolist()
    assert whole.gap.tolist() == alone.gap.tolist()


def test_partners_are_drawn_evenly_from_the_neighbours_there_are():
    neighbours = np.tile(np.array([7, 8, 9, NOBODY]), (500, 1))
    seeds = even_seeds(9000, draws_of(500))
    pairs = towards_neighbours(seeds, neighbours, draws_of(500))
    counts = [np.count_nonzero(pairs.partner == partner) for partner in (7, 8, 9)]
    assert sum(counts) == 9000
    assert chisquare(counts).pvalue > FOUR_SIGMA
    assert kstest(pairs.gap, "uniform").pvalue > FOUR_SIGMA


def test_the_largest_draw_is_still_a_place():
    below_one = np.nextafter(1.0, 0)
    for known in range(1, 1000):
        assert int(below_one * known) < known


def test_without_places_for_neighbours_there_is_nobody():
    pairs = towards_neighbours(np.array([0, 0]), np.empty((1, 0), dtype=np.int64), draws_of(1))
    assert pairs.partner.tolist() == [NOBODY, NOBODY]


def test_pairs_are_taken_with_all_they_have():
    pairs = Pairs(
        seed=np.array([0, 1]),
        partner=np.array([1, NOBODY]),
        gap=np.array([0.1, 0.2]),
        toward=np.array([[np.nan], [3.0]]),
        foreign=np.array([5, 6], dtype=np.uint64),
    )
    assert [len(v) for v in vars(pairs.take(np.array([True, False]))).values()] == [1] * 5
    last = pairs.take(np.array([1]))
    assert [v.tolist() for v in vars(last).values()] == [[1], [NOBODY], [0.2], [[3.0]], [6]]
    plain = Pairs(pairs.seed, pairs.partner, pairs.gap).take(np.array([1]))
    assert plain.toward is plain.foreign is None
    assert len(plain) == 1
