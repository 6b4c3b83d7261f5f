"""Columns of the wanted types, as lists for the encoder, and the row hashes."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from tfx_rebalance import content
from tfx_rebalance.components.example_gen.columns import as_lists, conform
from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted
from tfx_rebalance.content import content_hashes
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx

INT, FLOAT, TEXT, BYTES = pa.int64(), pa.float64(), pa.string(), pa.binary()


def batch_of(**arrays):
    return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))


def conformed(column, to=None, *, allowed=0, label="y"):
    """Returns the cells of a column after `conform`, and the bad rows."""
    bad = BadRows(allowed)
    wanted = Wanted({} if to is None else {"c": to}, label)
    batch = conform(batch_of(c=column), wanted, name="data", bad=bad)
    return batch.column(0), bad


MOMENT = dt.datetime(2024, 1, 31, 10, 0, 0, 120_000)


@pytest.mark.parametrize(
    ("column", "to", "cells"),
    [
        (pa.array([True, None, False]), INT, [1, None, 0]),
        (pa.array([True, None, False]), TEXT, ["true", None, "false"]),
        (pa.array([7, None], pa.int8()), INT, [7, None]),
        (pa.array([7, None], pa.uint16()), FLOAT, [7.0, None]),
        (pa.array([2**60 + 1]), FLOAT, [float(2**60)]),
        (pa.array([7, None], pa.int32()), TEXT, ["7", None]),
        (pa.array([1.0, float("nan"), None]), INT, [1, None, None]),
        (pa.array([0.5, 1.5], pa.float32()), FLOAT, [0.5, 1.5]),
        (pa.array(np.array([1.5, 2], np.float16)), FLOAT, [1.5, 2.0]),
        (pa.array(np.array([1.5, 2], np.float16)), TEXT, ["1.5", "2"]),
        (pa.array([Decimal("2.00"), None]), INT, [2, None]),
        (pa.array([Decimal("2.50"), None]), FLOAT, [2.5, None]),
        (pa.array([Decimal("2.50"), Decimal("3.00")]), TEXT, ["2.5", "3"]),
        (pa.array([" 12", "-3\t", None]), INT, [12, -3, None]),
        (pa.array(["1e3", " .5"]), FLOAT, [1000.0, 0.5]),
        (pa.array(["a", None, "a"]).dictionary_encode(), TEXT, ["a", None, "a"]),
        (pa.array(["7", "8"]).dictionary_encode(), INT, [7, 8]),
        (pa.array(["a"], pa.large_string()), TEXT, ["a"]),
        (pa.array([b"\xc3\xa9"]), TEXT, ["é"]),
        (pa.array(["é"]), BYTES, [b"\xc3\xa9"]),
        (pa.array([b"ab"], pa.binary(2)), BYTES, [b"ab"]),
        (pa.array([dt.date(2024, 1, 31)]), TEXT, ["2024-01-31"]),
        (pa.array([MOMENT], pa.timestamp("ms")), TEXT, ["2024-01-31T10:00:00.12"]),
        (pa.array([MOMENT], pa.timestamp("ns")), TEXT, ["2024-01-31T10:00:00.12"]),
        (pa.array([MOMENT.replace(microsecond=0)]), TEXT, ["2024-01-31T10:00:00"]),
        (pa.array([dt.time(10, 5)]), TEXT, ["10:05:00"]),
        (pa.nulls(2), FLOAT, [None, None]),
        (pa.array([[1], [], None]), INT, [1, None, None]),
        (pa.array([["a"], None]), TEXT, ["a", None]),
        (pa.array([1.0, None]), pa.list_(INT), [[1], None]),
        (pa.array([[1, 2], [], None], pa.large_list(INT)), pa.list_(FLOAT), [[1, 2], [], None]),
        (pa.array([[1, 2]], pa.list_(pa.int8(), 2)), pa.list_(INT), [[1, 2]]),
    ],
)  # fmt: skip
def test_a_column_takes_the_wanted_type(column, to, cells):
    array, bad = conformed(column, to)
    assert array.type == to
    assert array.to_pylist() == cells
    assert bad.count == 0


@pytest.mark.parametrize("zone", ["+01:00", "Europe/Prague", "UTC"])
def test_a_time_with_a_zone_is_told_in_utc(zone):
    column = pa.array([MOMENT, None], pa.timestamp("us", zone))
    assert conformed(column, TEXT)[0].to_pylist() == ["2024-01-31T10:00:00.12Z", None]


@pytest.mark.parametrize(
    ("column", "kept", "cells"),
    [
        (pa.array([True]), INT, [1]),
        (pa.array([1], pa.uint8()), INT, [1]),
        (pa.array([2**64 - 1], pa.uint64()), TEXT, ["18446744073709551615"]),
        (pa.array([0.5], pa.float32()), FLOAT, [0.5]),
        (pa.array([Decimal("0.5")]), FLOAT, [0.5]),
        (pa.array(["a"]).dictionary_encode(), TEXT, ["a"]),
        (pa.array([b"\xff"]), BYTES, [b"\xff"]),
        (pa.array([dt.date(2024, 1, 31)]), TEXT, ["2024-01-31"]),
        (pa.array([[1, 2]], pa.list_(pa.int8())), pa.list_(INT), [[1, 2]]),
        (pa.nulls(1), TEXT, [None]),
    ],
)
def test_a_column_the_schema_does_not_have_is_kept(column, kept, cells):
    array, _ = conformed(column)
    assert array.type == kept
    assert array.to_pylist() == cells


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        (pa.array([1, 0, None]), ["1", "0", None]),
        (pa.array([1.0, 0.5, float("nan")]), ["1", "0.5", None]),
        (pa.array([123456789012.0, -0.0, 1e20]), ["123456789012", "0", "1e+20"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["1.0", " a"]), ["1.0", " a"]),
        (pa.array([b"cat"]), ["cat"]),
        (pa.array([[3], [4]]), ["3", "4"]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
    ],
)
def test_the_label_is_text(column, cells):
    assert conformed(column, INT, label="c")[0].to_pylist() == cells


@pytest.mark.parametrize(
    ("column", "to", "message"),
    [
        (pa.array([1.0, 2.5]), INT, "'data', row 2, column 'c': 2.5 is no integer"),
        (pa.array(["1", "two"]), INT, "row 2, column 'c': 'two' is no integer"),
        (pa.array(["1", ""]), FLOAT, "row 2, column 'c': '' is no number"),
        (pa.array(["1", "x" * 99]), FLOAT, r"row 2, column 'c': 'x{59}\.\.\. is no number"),
        (pa.array([b"a", b"\xff"]), TEXT, r"row 2, column 'c': b'\\xff' is no UTF-8 text"),
        (pa.array([1, 2**64 - 1], pa.uint64()), INT, "row 2, column 'c': 18446744073709551615"),
        (pa.array([Decimal("1.0"), Decimal("1.5")]), INT, "row 2, column 'c': Decimal"),
        (pa.array([[1], [1, 2]]), INT, r"row 2, .*\[1, 2\] has 2 values where the schema has one"),
        (pa.array([[1], [1, None]]), pa.list_(INT), r"row 2, .* has a missing value among several"),
        (pa.array(["1", "a"]), pa.list_(INT), "row 2, column 'c': 'a' is no integer"),
    ],
)
def test_a_cell_that_cannot_be_cast_makes_its_row_bad(column, to, message):
    with pytest.raises(DataError, match=message) as error:
        conformed(column, to)
    assert "raise data.max_bad_rows, which is 0" in str(error.value)
    array, bad = conformed(column, to, allowed=1)
    assert len(array) == 1
    assert bad.count == 1


@pytest.mark.parametrize(
    ("column", "to", "message"),
    [
        (pa.array([{"a": 1}]), TEXT, "column 'c' holds struct<a: int64>; the schema wants string"),
        (pa.array([{"a": 1}]), None, "column 'c' holds struct<a: int64>. Write it as numbers"),
        (pa.array([MOMENT]), INT, r"holds timestamp\[us\]; the schema wants int64.* as BYTES"),
        (pa.array([dt.date(2024, 1, 1)]), FLOAT, "the schema wants double"),
    ],
)
def test_a_column_of_which_no_cell_can_be_cast_is_an_error_of_the_file(column, to, message):
    with pytest.raises(DataError, match=message):
        conformed(column, to, allowed=9)


def test_a_row_with_two_wrong_cells_is_one_bad_row():
    batch = batch_of(a=pa.array(["1", "x", "3"]), b=pa.array(["1", "y", "z"]))
    bad = BadRows(2)
    kept = conform(batch, Wanted({"a": INT, "b": INT}, "y"), name="data", bad=bad, first_row=11)
    assert kept.to_pylist() == [{"a": 1, "b": 1}]
    assert bad.examples == [
        "'data', row 12, column 'a': 'x' is no integer",
        "'data', row 13, column 'b': 'z' is no integer",
    ]


@given(st.lists(st.sampled_from(["1", "2.5", "x", "", " 7", None]), max_size=40))
def test_exactly_the_rows_with_a_wrong_cell_are_left_out(cells):
    array, bad = conformed(pa.array(cells, TEXT), INT, allowed=40)
    good = [c for c in cells if c is None or c.strip().isdigit()]
    assert array.to_pylist() == [c and int(c) for c in good]
    assert bad.count == len(cells) - len(good)


def test_more_bad_rows_than_allowed_are_refused_with_their_number():
    with pytest.raises(DataError, match=r"row 3, .*'c' is no integer \(and 2 before it\)"):
        conformed(pa.array(["a", "b", "c", "d", "1"]), INT, allowed=2)


CELLS = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(width=32, allow_nan=False),
    st.none() | st.text(),
    st.none() | st.binary(),
    st.none() | st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
)
TYPES = {"n": INT, "x": FLOAT, "s": TEXT, "b": BYTES, "l": pa.list_(INT)}


def batch_from(cells):
    pairs = zip(zip(*cells, strict=True), TYPES.values(), strict=True)
    return batch_of(**dict(zip(TYPES, (pa.array(c, t) for c, t in pairs), strict=True)))


@given(cells=st.lists(CELLS, min_size=1, max_size=20))
def test_cells_and_gaps_come_back_from_the_encoded_examples(cells):
    encoded = RecordBatchToExamplesEncoder().encode(as_lists(batch_from(cells)))
    for (n, x, s, b, several), record in zip(cells, encoded, strict=True):
        found = tf.train.Example.FromString(record).features.feature
        assert list(found["n"].int64_list.value) == ([] if n is None else [n])
        assert list(found["x"].float_list.value) == ([] if x is None else [x])
        assert list(found["s"].bytes_list.value) == ([] if s is None else [s.encode()])
        assert list(found["b"].bytes_list.value) == ([] if b is None else [b])
        assert list(found["l"].int64_list.value) == (several or [])


def test_a_slice_of_a_batch_encodes_its_own_rows():
    batch = batch_of(n=pa.array([1, None, 3, 4]), m=pa.array([[1], [2, 3], None, [4]]))
    lists = as_lists(batch.slice(1, 2))
    assert lists.to_pydict() == {"n": [None, [3]], "m": [[2, 3], None]}


@given(cells=st.lists(CELLS, min_size=1, max_size=20), cuts=st.lists(st.integers(0, 20)))
def test_a_rows_hash_depends_on_nothing_but_the_row(cells, cuts):
    whole = content_hashes(batch_from(cells))
    ends = sorted({0, len(cells), *(cut for cut in cuts if cut < len(cells))})
    parts = [batch_from(cells[a:b]) for a, b in pairwise(ends)]
    assert np.concatenate([content_hashes(part) for part in parts]).tolist() == whole.tolist()
    slices = [batch_from(cells).slice(a, b - a) for a, b in pairwise(ends)]
    assert np.concatenate([content_hashes(part) for part in slices]).tolist() == whole.tolist()


@given(cells=st.lists(CELLS, min_size=1, max_size=20))
def test_the_hash_of_scalars_is_that_of_pandas(cells):
    batch = batch_from(cells)
    scalars = pa.RecordBatch.from_arrays(batch.columns[:3], names=["n", "x", "s"])
    numbers = scalars.column(0)
    frame = pd.DataFrame(
        {
            "n": numbers.fill_null(0).to_pandas(),
            "n is there": numbers.is_valid().to_pandas(),
            "s": scalars.column(2).dictionary_encode().to_pandas(),
            "x": scalars.column(1).to_pandas(),
        }
    )
    expected = pd.util.hash_pandas_object(frame, index=False).tolist()
    assert content_hashes(scalars).tolist() == expected


def test_rows_that_are_hashed_in_steps_have_the_same_hashes(monkeypatch):
    batch = batch_of(n=pa.array(range(100)), x=pa.array(np.linspace(0, 1, 100)))
    whole = content_hashes(batch).tolist()
    monkeypatch.setattr(content, "HASHED_TOGETHER", 7)
    assert content_hashes(batch).tolist() == whole


def test_the_order_of_the_columns_changes_no_hash():
    batch = batch_of(a=pa.array([1, None]), b=pa.array(["x", "y"]))
    turned = batch_of(b=batch.column(1), a=batch.column(0))
    assert content_hashes(batch).tolist() == content_hashes(turned).tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([[1, 2]]), pa.array([[2, 1]])),
        (pa.array([[]], pa.list_(INT)), pa.array([None], pa.list_(INT))),
        (pa.array([[0]]), pa.array([[]], pa.list_(INT))),
        (pa.array([[0]]), pa.array([[0, 0]])),
        (pa.array([[b"a", b""]]), pa.array([[b"", b"a"]])),
        (pa.array([b"a"]), pa.array([b"b"])),
        (pa.array([0]), pa.array([None], INT)),
        (pa.array([""]), pa.array([None], TEXT)),
    ],
)
def test_cells_that_differ_have_different_hashes(one, other):
    assert content_hashes(batch_of(c=one))[0] != content_hashes(batch_of(c=other))[0]


def test_text_and_its_bytes_have_the_same_hash_and_so_have_all_nans():
    text, encoded = batch_of(c=pa.array(["é", None])), batch_of(c=pa.array([b"\xc3\xa9", None]))
    assert content_hashes(text).tolist() == content_hashes(encoded).tolist()
    odd = np.array([0xFFF8000000000001, 0x7FF8000000000000], "u8").view(float)
    first, second = content_hashes(batch_of(c=pa.array(odd)))
    assert first == second
