"""Moments in parts, scales, and where missing numbers and constant columns lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import StandardScaler

from tfx_rebalance.components.rebalance.neighbours.exact import squared_distances
from tfx_rebalance.components.rebalance.neighbours.space import (
    Space,
    merged,
    mismatch_of,
    moments_of,
    no_scale,
    space_of,
    standard_scale,
)
from tfx_rebalance.components.rebalance.records.layout import Column, Layout
from tfx_rebalance.components.rebalance.records.rows import Rows

NUMBERS = st.floats(-1e6, 1e6)
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)
TABLES = hnp.arrays(np.float64, SHAPES, elements=NUMBERS)
WITH_GAPS = hnp.arrays(np.float64, SHAPES, elements=NUMBERS | st.just(np.nan))


def layout_of(*columns):
    return Layout(columns, scaled=False)


def numbers(count, **more):
    return layout_of(*(Column(f"x{i}", "float", "numeric", **more) for i in range(count)))


def no_categories(numeric):
    return Rows(numeric, np.empty((len(numeric), 0), dtype=np.int64))


@given(numeric=WITH_GAPS, data=st.data())
def test_moments_of_parts_are_numpys_of_the_whole_whatever_the_split(numeric, data):
    cuts = data.draw(st.lists(st.integers(0, len(numeric)), max_size=5).map(sorted))
    found = merged([moments_of(part) for part in np.split(numeric, cuts)])
    for column, values in enumerate(numeric.T):
        there = values[~np.isnan(values)]
        expected = (len(there), there.mean(), there.var()) if len(there) else (0, 0, 0)
        of_column = (found.count, found.mean, found.deviation**2)
        np.testing.assert_allclose([m[column] for m in of_column], expected, rtol=1e-9, atol=1e-9)


@given(numeric=WITH_GAPS)
def test_one_part_is_merged_to_itself(numeric):
    part = moments_of(numeric)
    for one, other in zip(vars(merged([part])).values(), vars(part).values(), strict=True):
        assert one.tobytes() == other.tobytes()


def test_nothing_cannot_be_merged():
    with pytest.raises(ValueError, match="parts must not be empty"):
        merged([])


@given(numeric=TABLES)
def test_the_standard_scale_is_scikit_learns(numeric):
    scale = standard_scale(moments_of(numeric))
    changing = np.isfinite(scale.spread)
    scaler = StandardScaler().fit(numeric[:, changing]) if changing.any() else None
    if scaler is not None:
        space = space_of(no_categories(numeric), numbers(numeric.shape[1]), scale=scale)
        expected = scaler.transform(numeric[:, changing])
        # Numbers of 1e6 that differ by 1e-6 keep four digits of their difference.
        np.testing.assert_allclose(space.numeric[:, changing], expected, atol=1e-3)


@given(
    value=st.floats(-1e9, 1e9) | st.sampled_from([0.1, 3e38, -1e-38, 0.0]),
    rows=st.sampled_from([1, 3, 1000, 4096]),
    batches=st.integers(1, 3),
)
def test_a_constant_column_is_constant_in_spite_of_rounding(value, rows, batches):
    moments = merged([moments_of(np.full((rows, 1), value))] * batches)
    assert standard_scale(moments).spread.tolist() == [np.inf]


@given(numeric=TABLES, value=NUMBERS, data=st.data())
def test_a_constant_column_has_no_part_in_distances(numeric, value, data):
    place = data.draw(st.integers(0, numeric.shape[1]))
    more = np.insert(numeric, place, value, axis=1)
    one, other = (
        space_of(
            no_categories(table), numbers(table.shape[1]), scale=standard_scale(moments_of(table))
        )
        for table in (numeric, more)
    )
    distances = [squared_distances(space, space) for space in (one, other)]
    np.testing.assert_allclose(*distances, atol=1e-9)


def test_a_column_that_is_missing_everywhere_has_no_part_in_distances():
    numeric = np.array([[1.0, np.nan], [3.0, np.nan]])
    scale = standard_scale(moments_of(numeric))
    space = space_of(no_categories(numeric), numbers(2, optional=True), scale=scale)
    assert squared_distances(space, space).tolist() == [[0, 4], [4, 0]]


@given(numeric=WITH_GAPS)
def test_a_missing_number_lies_at_the_mean_of_its_column(numeric):
    missing, moments = np.isnan(numeric), moments_of(numeric)
    rows, layout = no_categories(numeric), numbers(numeric.shape[1], optional=True)
    scaled = space_of(rows, layout, scale=standard_scale(moments))
    plain = space_of(rows, layout, scale=no_scale(numeric.shape[1], fill=moments.mean))
    assert not scaled.numeric[missing].any()
    means = np.broadcast_to(moments.mean, numeric.shape)
    np.testing.assert_array_equal(plain.numeric, np.where(missing, means, numeric))
    for space in (scaled, plain):
        np.testing.assert_array_equal(space.nominal, missing)


def test_without_a_fill_missing_numbers_lie_at_zero():
    rows = no_categories(np.array([[np.nan, 2.0]]))
    space = space_of(rows, numbers(2, optional=True), scale=no_scale(2))
    assert space.numeric.tolist() == [[0.0, 2.0]]


def test_being_missing_is_one_category_for_each_column_that_may_be():
    layout = layout_of(
        Column("a", "float", "numeric", size=2),
        Column("b", "float", "numeric", size=3, optional=True),
        Column("word", "string", "nominal", optional=True),
        Column("c", "float", "numeric", flag="c_missing"),
    )
    numeric = np.arange(12.0).reshape(2, 6)
    numeric[0, 2:5] = numeric[1, 5] = np.nan
    space = space_of(Rows(numeric, np.array([[7], [8]])), layout, scale=no_scale(6))
    assert space.nominal.tolist() == [[7, 1, 0], [8, 0, 1]]


def test_layouts_without_numbers_or_optional_ones_have_no_such_category():
    words = layout_of(Column("word", "string", "nominal", optional=True))
    rows = Rows(np.empty((2, 0)), np.array([[7], [8]]))
    assert space_of(rows, words, scale=no_scale(0)).nominal.tolist() == [[7], [8]]
    rows = no_categories(np.ones((2, 1)))
    assert space_of(rows, numbers(1), scale=no_scale(1)).nominal.shape == (2, 0)


@given(numeric=TABLES)
def test_the_mismatch_is_the_square_of_the_median_deviation(numeric):
    deviations = sorted(np.sqrt(np.mean((c - c.mean()) ** 2)) for c in numeric.T)
    half = len(deviations) // 2
    median = deviations[half]
    if not len(deviations) % 2:
        median = (deviations[half - 1] + median) / 2
    assert mismatch_of(numeric) == pytest.approx(median**2)


def test_the_mismatch_is_1_where_there_are_no_numbers():
    assert mismatch_of(np.empty((3, 0))) == mismatch_of(np.empty((0, 3))) == 1.0


def test_the_mismatch_is_that_of_scaled_numbers():
    numeric = np.array([[1.0, 5.0, 10.0], [3.0, 5.0, 50.0]])
    scale = standard_scale(moments_of(np.array([[0.0, 0.0, 0.0], [4.0, 4.0, 8.0]])))
    space = space_of(no_categories(numeric), numbers(3), scale=scale)
    assert space.mismatch == pytest.approx((1 / 2) ** 2)


def test_points_are_taken_with_all_that_their_distance_needs():
    differences = (np.zeros((2, 2)),)
    space = Space(np.arange(3.0)[:, np.newaxis], np.array([[0], [1], [1]]), 0.25, differences)
    part = space.take(np.array([2, 0]))
    assert (part.numeric.tolist(), part.nominal.tolist()) == ([[2.0], [0.0]], [[1], [0]])
    assert part.mismatch == 0.25
    assert part.differences is differences
    assert len(part) == 2
