"""Polynom-fit-SMOTE: even steps on lines to the mean, to the next row, or between any two."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.smote_family import SEEDS, assert_same, assert_sound, points, splits, streamed
from support.splits import split_of

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.strategies.polynom_fit_smote import PolynomFitSMOTE

EACH = pytest.mark.parametrize("topology", ["star", "bus", "mesh"])


def a_class(rows, *, width=3, seed=0):
    """Returns a split of one class."""
    return split_of(np.random.default_rng(seed).normal(size=(rows, width)), np.ones(rows))


def lines_of(pairs):
    """Returns each new row's line: its ends, the lower first."""
    ends = np.stack([pairs.seed, pairs.partner], axis=1)
    return [tuple(line) for line in np.sort(ends, axis=1).tolist()]


@EACH
@given(split=splits(), new=st.integers(0, 400), seed=SEEDS)
def test_there_are_exactly_as_many_sound_pairs_as_wanted(topology, split, new, seed):
    strategy = PolynomFitSMOTE(topology=topology)
    pairs = streamed(strategy, split, new, seed=seed).pairs
    assert_sound(pairs, split, new)
    assert_same(pairs, streamed(strategy, split, new, seed=seed).pairs)


@EACH
@given(rows=st.integers(2, 12), new=st.integers(0, 200))
def test_the_new_rows_of_a_line_lie_in_even_steps_on_it(topology, rows, new):
    pairs = streamed(PolynomFitSMOTE(topology=topology), a_class(rows), new).pairs
    lines = list(zip(pairs.seed.tolist())) if topology == "star" else lines_of(pairs)
    for line, copies in Counter(lines).items():
        on_it = np.array([other == line for other in lines])
        along = np.where(pairs.seed == line[0], pairs.gap, 1 - pairs.gap)[on_it]
        np.testing.assert_allclose(np.sort(along), np.arange(1, copies + 1) / (copies + 1))


@EACH
@given(rows=st.integers(2, 9), new=st.integers(0, 200))
def test_lines_get_as_many_as_each_other_or_one_more(topology, rows, new):
    pairs = streamed(PolynomFitSMOTE(topology=topology), a_class(rows), new).pairs
    lines = {"star": rows, "bus": rows - 1, "mesh": rows * (rows - 1) // 2}[topology]
    found = Counter(pairs.seed.tolist() if topology == "star" else lines_of(pairs))
    if topology == "mesh" and new < lines:
        seeds = np.bincount(pairs.seed, minlength=rows)
        assert seeds.max() - seeds.min() <= 1
        return
    assert len(found) <= lines
    assert set(found.values()) <= {new // lines, new // lines + 1}
    assert new < lines or len(found) == lines


@EACH
@pytest.mark.parametrize("copies", [1, 2, 5])
def test_whole_rounds_are_even_steps_on_every_line(topology, copies):
    split = a_class(6)
    numeric = split.rows.numeric
    steps = (np.arange(copies) + 1)[:, np.newaxis] / (copies + 1)
    ends = {
        "star": [(row, numeric.mean(axis=0)) for row in numeric],
        "bus": list(pairwise(numeric)),
        "mesh": [(numeric[i], numeric[j]) for i in range(6) for j in range(i)],
    }[topology]
    expected = np.concatenate([start + steps * (end - start) for start, end in ends])
    pairs = streamed(PolynomFitSMOTE(topology=topology), split, len(expected)).pairs
    found = points(split, pairs)
    ordered = [rows[np.lexsort(rows.round(9).T)] for rows in (found, expected)]
    np.testing.assert_allclose(*ordered)


def test_a_star_goes_to_the_mean_of_what_is_known():
    split = split_of([[0.0, 1.0], [2.0, np.nan], [np.nan, 3.0], [4.0, np.nan]], np.ones(4))
    pairs = streamed(PolynomFitSMOTE(), split, 4).pairs
    assert pairs.toward.tolist() == [[2.0, 2.0]] * 4
    new = points(split, pairs)
    # What a row lacks, its new rows lack.
    np.testing.assert_array_equal(new, [[1.0, 1.5], [2.0, np.nan], [np.nan, 2.5], [3.0, np.nan]])


def test_a_column_that_nobody_has_stays_missing():
    split = split_of([[1.0, np.nan], [3.0, np.nan]], np.ones(2))
    new = points(split, streamed(PolynomFitSMOTE(), split, 2).pairs)
    np.testing.assert_array_equal(new, [[1.5, np.nan], [2.5, np.nan]])


def test_a_mesh_too_large_to_list_is_drawn_from():
    split = a_class(3000)
    pairs = streamed(PolynomFitSMOTE(topology="mesh"), split, 6000).pairs
    assert np.bincount(pairs.seed).tolist() == [2] * 3000
    # Each end is drawn evenly: 2 of 6000 draws are expected for a row, at most 4 sigma more.
    assert np.bincount(pairs.partner).max() <= 2 + 4 * np.sqrt(6000) / np.sqrt(3000) * 2
    assert abs(np.count_nonzero(pairs.partner > pairs.seed) - 3000) <= 4 * np.sqrt(6000 / 4)
    assert len(np.unique(points(split, pairs), axis=0)) == 6000


@EACH
def test_a_class_of_one_row_is_repeated(topology):
    split = a_class(1)
    pairs = streamed(PolynomFitSMOTE(topology=topology), split, 3).pairs
    assert pairs.partner.tolist() == [NOBODY] * 3
    assert pairs.toward is None
    assert points(split, pairs).tolist() == split.rows.numeric.tolist() * 3


@EACH
def test_equal_rows_have_equal_children(topology):
    split = split_of(np.full((5, 2), 0.1), np.ones(5))
    pairs = streamed(PolynomFitSMOTE(topology=topology), split, 12).pairs
    np.testing.assert_allclose(points(split, pairs), 0.1)
