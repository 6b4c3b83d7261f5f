"""New rows: numbers between their parents', categories by vote, everything else the seed's."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.records.parsing import LARGEST_INT
from tfx_rebalance.components.rebalance.records.rows import ABSENT, Rows
from tfx_rebalance.components.rebalance.synthesis.interpolation import born, voted
from tfx_rebalance.components.rebalance.synthesis.pairs import Pairs

NUMBERS = st.floats(-3e38, 3e38) | st.just(np.nan) | st.floats(0, 1)
WHOLE = st.integers(-LARGEST_INT, LARGEST_INT) | st.integers(-3, 3)
GAPS = st.floats(0, 1) | st.sampled_from([0.0, 1.0, np.nextafter(1.0, 0), 0.5])
WIDTH = 3


@st.composite
def families(draw, elements=NUMBERS, *, nobody=True):
    """Returns numbers, (n, WIDTH), and pairs of their rows, some with nobody."""
    rows = draw(st.integers(1, 6))
    numeric = draw(hnp.arrays(np.float64, (rows, WIDTH), elements=elements))
    place = st.integers(0, rows - 1)
    partner = place | st.just(NOBODY) if nobody else place
    drawn = draw(st.lists(st.tuples(place, partner, GAPS), min_size=1, max_size=8))
    seed, partner, gap = (np.array(column) for column in zip(*drawn, strict=True))
    return numeric, Pairs(seed, partner, gap)


def numbers_born(numeric, pairs, **more):
    rows = Rows(numeric, np.empty((len(numeric), 0), dtype=np.int64))
    nobody = np.empty((len(numeric), 0), dtype=np.int64)
    return born(rows, pairs, nobody, **more).rows.numeric


@given(drawn=families())
def test_numbers_lie_between_the_parents_and_missing_ones_follow_the_seed(drawn):
    numeric, pairs = drawn
    found = numbers_born(numeric, pairs)
    start = numeric[pairs.seed]
    end = np.where((pairs.partner == NOBODY)[:, np.newaxis], start, numeric[pairs.partner])
    np.testing.assert_array_equal(np.isnan(found), np.isnan(start))
    alone = np.isnan(end) & ~np.isnan(start)
    np.testing.assert_array_equal(found[alone], start[alone])
    both = ~np.isnan(start) & ~np.isnan(end)
    low, high = np.minimum(start, end)[both], np.maximum(start, end)[both]
    assert ((found[both] >= low) & (found[both] <= high)).all()


@given(drawn=families(elements=st.floats(-1e6, 1e6), nobody=False))
def test_numbers_are_the_papers_formula_with_one_gap_for_all_elements(drawn):
    numeric, pairs = drawn
    for new, seed, partner, gap in zip(
        numbers_born(numeric, pairs), pairs.seed, pairs.partner, pairs.gap, strict=True
    ):
        expected = numeric[seed] + gap * (numeric[partner] - numeric[seed])
        np.testing.assert_allclose(new, expected, rtol=1e-9, atol=1e-9)


@given(drawn=families(elements=WHOLE.map(float)))
def test_whole_numbers_stay_whole_and_between_the_parents_however_large(drawn):
    numeric, pairs = drawn
    whole = np.array([True, False, True])
    found = numbers_born(numeric, pairs, whole=whole)[:, whole].astype(np.int64)
    start = numeric[pairs.seed].astype(np.int64)
    end = np.where((pairs.partner == NOBODY)[:, np.newaxis], start, numeric[pairs.partner])
    end = end.astype(np.int64)
    low, high = np.minimum(start, end)[:, whole], np.maximum(start, end)[:, whole]
    assert ((found >= low) & (found <= high)).all()


def test_whole_numbers_are_rounded_to_the_nearest():
    numeric = np.array([[0.0, 0.0], [10.0, 10.0]])
    pairs = Pairs(np.zeros(3, int), np.ones(3, int), np.array([0.04, 0.06, 0.99]))
    found = numbers_born(numeric, pairs, whole=np.array([True, False]))
    assert found[:, 0].tolist() == [0, 1, 10]
    assert found[:, 1].tolist() == pytest.approx([0.4, 0.6, 9.9])


def test_rounding_does_not_lead_past_the_partner():
    pairs = Pairs(np.array([0, 1]), np.array([1, 0]), np.array([1.0, 1.0]))
    numeric = np.array([[-1e16, 1 - 2.0**53, 0.0], [3.0, 4.0, 0.0]])
    found = numbers_born(numeric, pairs)
    assert found.tolist() == numeric[::-1].tolist()


def test_a_missing_whole_number_stays_missing():
    pairs = Pairs(np.array([0]), np.array([1]), np.array([0.5]))
    found = numbers_born(np.array([[np.nan], [4.0]]), pairs, whole=np.array([True]))
    assert np.isnan(found).all()


def test_a_point_that_is_no_row_takes_the_partners_place_where_it_is_known():
    numeric = np.array([[0.0, 0.0, np.nan], [8.0, 8.0, 8.0]])
    pairs = Pairs(
        seed=np.array([0, 0, 0]),
        partner=np.array([1, NOBODY, NOBODY]),
        gap=np.array([0.5, 0.5, 0.5]),
        toward=np.array([[4.0, np.nan, 4.0], [4.0, np.nan, 4.0], [np.nan] * 3]),
    )
    expected = [[2.0, 4.0, np.nan], [2.0, 0.0, np.nan], [0.0, 0.0, np.nan]]
    np.testing.assert_array_equal(numbers_born(numeric, pairs), expected)


@st.composite
def votes(draw):
    """Returns categories, (n, 2), and neighbours, (n, k): nobody is its own, some have none."""
    rows, k = draw(st.integers(1, 7)), draw(st.integers(0, 6))
    codes = st.sampled_from([ABSENT, 0, 1, 5])
    nominal = draw(hnp.arrays(np.int64, (rows, 2), elements=codes))
    neighbours = np.full((rows, k), NOBODY)
    for row in range(rows):
        others = [other for other in range(rows) if other != row]
        named = draw(st.permutations(others))[: draw(st.integers(0, k))]
        neighbours[row, : len(named)] = named
    return nominal, neighbours


def winner(values):
    """Returns the most frequent value, of equally frequent ones the first."""
    counts = Counter(values)
    return next(value for value in values if counts[value] == max(counts.values()))


@given(drawn=votes())
def test_the_most_frequent_category_wins_and_of_equally_frequent_ones_the_nearest(drawn):
    nominal, neighbours = drawn
    donors = voted(nominal, neighbours)
    assert donors.shape == nominal.shape
    for row, named in enumerate(neighbours):
        known = named[named != NOBODY]
        for column in range(2):
            donor = donors[row, column]
            assert donor in (known if len(known) else [row])
            voters = nominal[known if len(known) else [row], column]
            assert nominal[donor, column] == winner(voters.tolist())


@given(drawn=votes(), numbers=st.booleans(), data=st.data())
def test_a_new_row_has_the_category_that_its_seeds_neighbours_voted_for(drawn, numbers, data):
    nominal, neighbours = drawn
    rows = Rows(np.zeros((len(nominal), int(numbers))), nominal)
    seed = np.array([data.draw(st.integers(0, len(nominal) - 1))])
    known = neighbours[seed[0]][neighbours[seed[0]] != NOBODY].tolist()
    pairs = Pairs(seed, np.array(known[:1] or [NOBODY]), np.array([0.3]))
    found = born(rows, pairs, neighbours)
    # Without numbers the seed votes too, and is the nearest to itself.
    voters = known if numbers and known else [seed[0], *known]
    expected = [winner(nominal[voters, column].tolist()) for column in range(2)]
    assert found.rows.nominal.tolist() == [expected]
    assert [nominal[d, c] for c, d in enumerate(found.donors[0])] == expected
    assert found.seed.tolist() == seed.tolist()


def test_the_vote_of_smote_n_is_the_papers_example():
    words = ["ABCDE", "AFCGN", "HBCDN"]  # Chawla et al. 2002, table 5.
    nominal = np.array([[ord(letter) for letter in word] for word in words])
    pairs = Pairs(np.array([0]), np.array([1]), np.array([0.5]))
    neighbours = np.array([[1, 2], [0, 2], [0, 1]])
    found = born(Rows(np.empty((3, 0)), nominal), pairs, neighbours)
    assert "".join(map(chr, found.rows.nominal[0])) == "ABCDN"


@given(drawn=votes(), data=st.data())
def test_a_row_with_nobody_to_go_to_is_copied_in_everything(drawn, data):
    nominal, neighbours = drawn
    numeric = data.draw(hnp.arrays(np.float64, (len(nominal), 2), elements=NUMBERS))
    seed = np.array([data.draw(st.integers(0, len(nominal) - 1))])
    toward = data.draw(st.sampled_from([None, np.full((1, 2), np.nan)]))
    pairs = Pairs(seed, np.array([NOBODY]), np.array([0.7]), toward)
    found = born(Rows(numeric, nominal), pairs, neighbours)
    np.testing.assert_array_equal(found.rows.numeric, numeric[seed])
    np.testing.assert_array_equal(found.rows.nominal, nominal[seed])
    assert (found.donors == seed[0]).all()


def test_no_pairs_are_no_new_rows():
    rows = Rows(np.zeros((2, 1)), np.zeros((2, 1), dtype=np.int64))
    nothing = np.empty(0, dtype=np.int64)
    found = born(rows, Pairs(nothing, nothing, np.empty(0)), np.array([[1], [0]]))
    assert len(found.rows) == 0
    assert found.donors.shape == (0, 1)
