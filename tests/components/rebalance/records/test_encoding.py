"""Arrays as serialized tf.Examples: protobuf's own bytes, read back by whoever reads them later."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from tfx_rebalance.components.rebalance.records.encoding import (
    float_entries,
    int_entries,
    joined,
    ragged_entries,
    weight_suffix,
)

pytestmark = pytest.mark.tfx

NAMES = st.text(max_size=5) | st.sampled_from(["x" * 120, "ä" * 100, "\0"])
ELEMENTS = {
    np.float32: st.floats(width=32, allow_nan=False),
    np.int64: st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 300),
    object: st.binary(max_size=4) | st.just(b"\0" * 150),
}
EMPTY = np.zeros((0, 0), dtype=np.float32)
ROW_SPLITS = np.array([0, 2])


@st.composite
def float_columns(draw):
    """Returns (columns, values, present): NaN is in what is not present, and only there."""
    sizes = draw(st.dictionaries(NAMES, st.integers(1, 3), max_size=4))
    rows, ends = draw(st.integers(0, 6)), np.cumsum([0, *sizes.values()]).tolist()
    values = draw(hnp.arrays(np.float32, (rows, ends[-1]), elements=ELEMENTS[np.float32]))
    present = draw(hnp.arrays(np.bool_, (rows, len(sizes))))
    for row, column in np.argwhere(~present):
        values[row, draw(st.integers(ends[column], ends[column + 1] - 1))] = np.nan
    return list(sizes.items()), values, present


@st.composite
def ragged(draw):
    """Returns (dtype, rows as lists)."""
    dtype, most = draw(st.sampled_from(list(ELEMENTS))), draw(st.integers(1, 3))
    return dtype, draw(st.lists(st.lists(ELEMENTS[dtype], max_size=most), max_size=6))


def entries_of(name, dtype, rows):
    flat = np.array([value for row in rows for value in row], dtype=dtype)
    return ragged_entries(name, flat, np.cumsum([0, *map(len, rows)]))


def feature(values):
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], (int, np.int64)):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def entry(name, values):
    """Returns the map entry as protobuf writes it."""
    if not len(values):
        return b""
    return tf.train.Features(feature={name: feature(values)}).SerializeToString()


@given(drawn=float_columns())
def test_floats_are_protobufs_bytes_and_absent_where_one_is_nan(drawn):
    columns, values, present = drawn
    starts = np.cumsum([size for _, size in columns], dtype=int)[:-1]
    expected = [
        b"".join(
            entry(name, of_column)
            for (name, _), of_column, there in zip(
                columns, np.split(row, starts), of_row, strict=False
            )
            if there
        )
        for row, of_row in zip(values, present, strict=True)
    ]
    assert float_entries(columns, values) == expected


@given(
    name=NAMES,
    values=hnp.arrays(
        np.int64,
        hnp.array_shapes(max_dims=2, min_side=1, max_side=5),
        elements=ELEMENTS[np.int64],
    ),
)
def test_integers_are_protobufs_bytes(name, values):
    expected = [entry(name, np.atleast_1d(row).tolist()) for row in values]
    assert int_entries(name, values) == expected


@given(name=NAMES, drawn=ragged())
def test_ragged_values_are_protobufs_bytes_and_absent_where_there_are_none(name, drawn):
    dtype, rows = drawn
    assert entries_of(name, dtype, rows) == [entry(name, row) for row in rows]


@given(parts=st.lists(st.lists(st.binary(max_size=200), min_size=3, max_size=3), min_size=1))
def test_joined_rows_have_the_entries_of_all_parts_behind_their_length(parts):
    for record, row in zip(joined(parts), zip(*parts, strict=True), strict=True):
        unknown = tf.train.BytesList.FromString(record)  # Its field 1 is one string of bytes.
        assert list(unknown.value) == [b"".join(row)]


@given(drawn=float_columns(), data=st.data())
def test_tensorflow_and_protobuf_read_back_what_was_written(drawn, data):
    columns, values, present = drawn
    n = len(values)
    ints = data.draw(hnp.arrays(np.int64, n, elements=ELEMENTS[np.int64]))
    words = data.draw(st.lists(st.lists(ELEMENTS[object], max_size=2), min_size=n, max_size=n))
    parts = [
        float_entries([(f"f{name}", size) for name, size in columns], values),
        int_entries("ints", ints),
        entries_of("words", object, words),
    ]
    records = joined(parts)
    spec = {f"f{name}": tf.io.RaggedFeature(tf.float32) for name, _ in columns}
    spec |= {"ints": tf.io.FixedLenFeature([], tf.int64), "words": tf.io.RaggedFeature(tf.string)}
    found = tf.io.parse_example(tf.constant(records, dtype=tf.string), spec)
    assert found["ints"].numpy().tolist() == ints.tolist()
    assert found["words"].to_list() == words
    ends = np.cumsum([size for _, size in columns], dtype=int)
    for (name, size), end, there in zip(columns, ends, present.T, strict=True):
        kept = values[there, end - size : end]
        assert found[f"f{name}"].row_lengths().numpy().tolist() == (size * there).tolist()
        assert found[f"f{name}"].flat_values.numpy().tobytes() == kept.tobytes()
    for record, there, row in zip(records, present, words, strict=True):
        names = {f"f{name}" for (name, _), is_there in zip(columns, there, strict=True) if is_there}
        by_protobuf = tf.train.Example.FromString(record).features.feature
        assert set(by_protobuf) == names | {"ints"} | ({"words"} if row else set())


def test_what_tensorflow_parsed_is_written_as_it_was():
    records = joined([ragged_entries("x", np.array([3, -4, 5]), np.array([0, 2, 2, 3]))])
    parsed = tf.io.parse_example(records, {"x": tf.io.RaggedFeature(tf.int64)})["x"]
    again = ragged_entries("x", parsed.values.numpy(), parsed.row_splits.numpy())
    assert joined([again]) == records


def test_tfx_bsl_reads_back_what_was_written():
    schema = schema_pb2.Schema()
    for name, kind in (("x", "FLOAT"), ("y", "INT"), ("z", "BYTES")):
        schema.feature.add(name=name, type=schema_pb2.FeatureType.Value(kind))
    values = np.array([[0.5, -1], [np.nan, 2]], dtype=np.float32)
    words = ragged_entries("z", np.array([b"\0", b""], dtype=object), np.array([0, 2, 2]))
    parts = [float_entries([("x", 2)], values), int_entries("y", np.array([-1, 7])), words]
    batch = ExamplesToRecordBatchDecoder(schema.SerializeToString()).DecodeBatch(joined(parts))
    assert batch.to_pydict() == {
        "x": [[0.5, -1.0], None],
        "y": [[-1], [7]],
        "z": [[b"\0", b""], None],
    }


def test_rows_are_the_same_however_many_are_written_at_once():
    columns = [(f"feature {i}", 7) for i in range(30)]  # 1,300 bytes a row, 2.6 MB together.
    values = np.arange(2000 * 210, dtype=np.float32).reshape(2000, 210)
    values[::3, 100] = np.nan
    whole = float_entries(columns, values)
    assert whole == [e for part in np.split(values, 20) for e in float_entries(columns, part)]
    numbers = values[:, :100].astype(np.int64)
    ints = int_entries("i", numbers)
    assert ints == [e for part in np.split(numbers, 20) for e in int_entries("i", part)]


def test_parts_of_larger_arrays_are_written_as_they_are():
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    columns = [("a", 2), ("b", 1)]
    assert float_entries(columns, values[::2, ::2]) == float_entries(
        columns, values[::2, ::2].copy()
    )
    numbers = values.astype(np.int64)
    assert int_entries("i", numbers[::2, 1]) == int_entries("i", numbers[::2, 1].copy())


def test_equal_single_values_are_one_object():
    words = np.array([b"a", b"b", b"".join([b"a"])], dtype=object)
    for entries in (
        int_entries("i", np.array([2**40, 1, 2**40])),
        ragged_entries("w", words, np.arange(4)),
    ):
        assert entries[0] is entries[2]
        assert entries[0] != entries[1]


def test_a_missing_value_of_a_ragged_feature_stays_a_value():
    nan = np.array([np.nan, 1], dtype=np.float32)
    assert ragged_entries("x", nan, ROW_SPLITS) == [entry("x", nan)]


def test_no_rows_and_no_features_are_written_as_such():
    assert float_entries([], EMPTY) == float_entries([("a", 2)], EMPTY.reshape(0, 2)) == []
    assert joined([float_entries([], np.zeros((2, 0), dtype=np.float32))]) == [b"\n\0"] * 2
    assert int_entries("i", np.zeros(0, dtype=np.int64)) == joined([[], []]) == []
    assert int_entries("i", np.zeros((0, 3), dtype=np.int64)) == []
    assert ragged_entries("w", np.zeros(0, dtype=object), np.zeros(1, dtype=np.int64)) == []


@given(weight=st.floats(0, 1e30), drawn=float_columns())
def test_the_suffix_adds_the_weight_and_nothing_else(weight, drawn):
    expected = tf.train.Example(
        features=tf.train.Features(feature={"example_weight": feature([weight])})
    )
    assert weight_suffix(weight) == expected.SerializeToString()
    columns, values, _ = drawn
    for record in joined([float_entries(columns, values)]):
        both = tf.train.Example.FromString(record)
        both.MergeFrom(expected)
        assert tf.train.Example.FromString(record + weight_suffix(weight)) == both


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: float_entries([("a", 1), ("a", 1)], EMPTY), "different names"),
        (lambda: float_entries([("a", 0)], EMPTY), "sizes >= 1"),
        (lambda: float_entries([("a", 2)], np.zeros((3, 1), dtype=np.float32)), r"\(n, 2\)"),
        (lambda: float_entries([("a", 1)], np.zeros((3, 1))), "float32"),
        (lambda: int_entries("a", np.zeros(2)), "int64"),
        (lambda: int_entries("a", np.zeros((2, 0), dtype=np.int64)), "s >= 1"),
        (lambda: ragged_entries("a", np.array([1, 2]), np.array([0, 1])), "from 0 to the number"),
        (
            lambda: ragged_entries("a", np.array([1, 2]), np.array([0, 2, 1, 2])),
            "from 0 to the number",
        ),
        (lambda: ragged_entries("a", np.array([1, 2]), np.array([], dtype=np.int64)), "from 0"),
        (lambda: ragged_entries("a", np.array([1, 2]), np.array([0.0, 2.0])), "integers, flat"),
        (lambda: ragged_entries("a", np.array([1.0, 2.0]), ROW_SPLITS), "float32, int64"),
        (lambda: ragged_entries("a", np.array(["b", "c"], dtype=object), ROW_SPLITS), "bytes"),
        (lambda: joined([]), "at least one"),
        (lambda: joined([[b""], []]), "all of one length"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
