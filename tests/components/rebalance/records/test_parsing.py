"""Serialized tf.Examples as arrays: what is missing, what is equal, what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.resampling import example

from tfx_rebalance.components.rebalance.records.layout import Column, Layout
from tfx_rebalance.components.rebalance.records.parsing import (
    LARGEST_INT,
    parse,
    parsed,
    parsed_all,
)
from tfx_rebalance.components.rebalance.records.rows import ABSENT
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx

PATH = "Split-train/shard-0"
NAN, INF = float("nan"), float("inf")


def read(column, *cells):
    """Returns rows of one feature `x`; a cell None: the row lacks it."""
    records = [example(**({} if cell is None else {"x": cell})) for cell in cells]
    return parsed(np.array(records, dtype=object), Layout((column,), scaled=False), path=PATH)


def number(dtype="float", **more):
    return Column("x", dtype, "numeric", **more)


def category(dtype="string"):
    return Column("x", dtype, "nominal", optional=True)


@given(cells=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_are_read_as_they_are(cells):
    found = read(number(), *cells)
    assert found.numeric.tolist() == [[cell] for cell in cells]
    assert found.nominal.shape == (len(cells), 0)


@given(cells=st.lists(st.integers(-LARGEST_INT, LARGEST_INT), min_size=1))
def test_integers_are_read_to_the_last_digit(cells):
    assert read(number("int"), *cells).numeric[:, 0].astype(np.int64).tolist() == cells


def test_vectors_lie_side_by_side_with_other_columns():
    layout = Layout(
        (
            Column("a", "float", "numeric", size=2),
            Column("word", "string", "nominal"),
            Column("b", "int", "numeric", size=2),
            Column("c", "float", "numeric"),
            Column("rest", "float", "copied", size=None),
        ),
        scaled=False,
    )
    record = example(a=[1.0, 2.0], word=b"w", b=[3, 4], c=5.0, rest=[9.0, 9.0, 9.0])
    found = parsed(np.array([record], dtype=object), layout, path=PATH)
    assert found.numeric.tolist() == [[1, 2, 3, 4, 5]]
    assert found.nominal.shape == (1, 1)


@pytest.mark.parametrize("cell", [None, [], NAN])
def test_what_an_optional_number_may_lack_is_nan(cell):
    found = read(number(optional=True), 1.0, cell)
    np.testing.assert_array_equal(found.numeric, [[1], [np.nan]])


def test_what_an_optional_integer_may_lack_is_nan():
    found = read(number("int", optional=True), 7, None, [])
    np.testing.assert_array_equal(found.numeric, [[7], [np.nan], [np.nan]])


def test_a_vector_with_nan_in_it_is_missing_as_a_whole():
    found = read(number(size=3, optional=True), [1.0, NAN, 3.0], None, [4.0, 5.0, 6.0])
    np.testing.assert_array_equal(found.numeric, [[np.nan] * 3, [np.nan] * 3, [4, 5, 6]])


def test_a_companion_says_where_a_filled_number_was_missing():
    layout = Layout((number(flag="x_missing"),), scaled=True)
    rows = [example(x=0.0, x_missing=1.0), example(x=0.0, x_missing=0.0), example(x=2.0)]
    found = parsed(np.array(rows, dtype=object), layout, path=PATH)
    np.testing.assert_array_equal(found.numeric, [[np.nan], [0], [2]])


@given(words=st.lists(st.none() | st.binary(max_size=2), min_size=1))
def test_words_have_equal_codes_if_and_only_if_they_are_equal(words):
    codes = read(category(), *words).nominal[:, 0].tolist()
    for one, a in zip(words, codes, strict=True):
        assert (a == ABSENT) == (not one)  # An empty word says no more than none.
        for other, b in zip(words, codes, strict=True):
            assert (a == b) == ((one or b"") == (other or b""))


def test_codes_of_words_are_the_same_in_every_batch():
    one, other = read(category(), b"a", b"b"), read(category(), b"c", b"b", b"a")
    assert one.nominal[0] == other.nominal[2]
    assert one.nominal[1] == other.nominal[1]


def test_integer_categories_are_their_own_codes():
    codes = read(category("int"), 2**63 - 1, -3, None).nominal
    assert codes.tolist() == [[2**63 - 1], [-3], [ABSENT]]


WHERE = f"'{PATH}': feature 'x' is "
READ = " rows read together, so rows cannot be compared by it. Correct the data,"
COPY = " or list the feature under rebalance.copied."


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        (
            number(),
            [1.0, None, NAN, [], 2.0],
            f"missing or NaN in 3 of 5{READ} declare the feature optional in the schema,",
        ),
        (number("int"), [None, 3], "missing or NaN in 1 of 2"),
        (number(size=2), [[1.0, NAN], [INF, NAN], [1.0, 2.0]], "infinite in 1 of 3"),
        (number(size=2), [[1.0, NAN], [NAN, NAN], [1.0, 2.0]], "missing or NaN in 2 of 3"),
        (number(flag="x_missing"), [NAN], "missing or NaN in 1 of 1"),
        (number(), [1.0, INF, -INF], f"infinite in 2 of 3{READ}{COPY}"),
        (number(optional=True), [NAN, INF], f"infinite in 1 of 2{READ}{COPY}"),
        (
            number("int", optional=True),
            [None, 2**53 + 1, -(2**60)],
            f"beyond 2**53 in 2 of 3{READ} declare the feature categorical in the schema "
            f"(int_domain),{COPY}",
        ),
    ],
)
def test_what_rows_cannot_be_compared_by_is_refused_with_count_and_remedy(column, cells, message):
    with pytest.raises(DataError) as error:
        read(column, *cells)
    assert str(error.value).startswith(WHERE + message)
    assert str(error.value).endswith(COPY)


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        (number(), 1, "Data types don't match"),
        (number(), b"1", "Data types don't match"),
        (number(), [1.0, 2.0], "Values size: 2 but output shape: [1]"),
        (number(size=3), [1.0, 2.0], "Values size: 2 but output shape: [3]"),
        (category(), [b"a", b"b"], "Can't parse serialized Example"),
    ],
)
def test_a_row_that_is_not_as_the_schema_says_is_refused(column, cell, said):
    with pytest.raises(DataError) as error:
        read(column, cell)
    message = str(error.value)
    assert message.startswith(f"'{PATH}': an example is not as the schema says: ")
    assert "Key: x" in message
    assert said in message
    assert message.endswith(" Correct the schema or the data.")
    assert "{{" not in message


def test_a_record_that_is_no_example_is_refused():
    layout = Layout((number(),), scaled=False)
    with pytest.raises(DataError, match="a record is no tf"):
        parsed(np.array([b"\xff\xff"], dtype=object), layout, path=PATH)


def test_nothing_is_parsed_where_nothing_is_asked_for():
    assert parse(np.array([b"\xff"], dtype=object), {}, path=PATH) == {}


def test_a_layout_of_copied_features_gives_rows_without_columns():
    found = read(Column("x", "float", "copied"), 1.0, 2.0)
    assert (found.numeric.shape, found.nominal.shape) == ((2, 0), (2, 0))


def test_batches_are_read_in_order():
    layout = Layout((number(),), scaled=False)
    batches = [
        np.array([example(x=float(i)) for i in part], dtype=object) for part in ([3, 1], [2])
    ]
    assert parsed_all(batches, layout, path=PATH).numeric.tolist() == [[3], [1], [2]]
    assert parsed_all([], layout, path=PATH).numeric.shape == (0, 1)
