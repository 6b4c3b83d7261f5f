"""CSV as it comes, typed by the schema, and the row hashes."""

import gzip

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from tfx_rebalance.components.example_gen import rows
from tfx_rebalance.components.example_gen.rows import as_lists, content_hashes, read_batches
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx
SCHEMA = text_format.Parse(
    """
    feature { name: "n" type: INT }
    feature { name: "x" type: FLOAT }
    feature { name: "s" type: BYTES }
    feature { name: "y" type: INT int_domain { min: 0 max: 1 } }
    """,
    schema_pb2.Schema(),
)
PLAIN = "n,x,s,y\n1,0.5,a,0\n-2,1e3,b,1\n"


def read(text, **arguments):
    content = text if isinstance(text, bytes) else text.encode()
    how = {"name": "data.csv", "schema": SCHEMA, "label": "y", **arguments}
    return pa.Table.from_batches(list(read_batches(content, **how)))


def hashes_of(text):
    how = {"name": "data.csv", "schema": SCHEMA, "label": "y"}
    batches = read_batches(text.encode(), **how)
    return np.concatenate([content_hashes(batch) for batch in batches]).tolist()


def test_columns_have_the_schemas_types_and_the_label_is_text():
    table = read(PLAIN)
    assert [str(field.type) for field in table.schema] == ["int64", "double", "string", "string"]
    assert table.to_pylist() == [
        {"n": 1, "x": 0.5, "s": "a", "y": "0"},
        {"n": -2, "x": 1000.0, "s": "b", "y": "1"},
    ]


def test_a_column_the_schema_does_not_have_is_text():
    assert read("new,y\n7,0\n").to_pylist() == [{"new": "7", "y": "0"}]


def test_gzip_and_plain_give_the_same_rows():
    assert read(gzip.compress(PLAIN.encode())) == read(PLAIN)


def test_an_empty_cell_is_a_null_of_any_type():
    assert read("n,x,s,y\n,,,\n1,2,c,0\n").to_pylist()[0] == dict.fromkeys("nxsy")


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("byte order mark", "\ufeff" + PLAIN),
        ("Windows line ends", PLAIN.replace("\n", "\r\n")),
        ("no last line end", PLAIN.rstrip("\n")),
        ("quoted header", PLAIN.replace("n,x,s,y", '"n","x","s","y"')),
        ("quoted cells", PLAIN.replace("a", '"a"')),
    ],
)
def test_how_the_file_is_written_changes_nothing(how, text):
    assert read(text) == read(PLAIN)


@pytest.mark.parametrize(
    "cell", ["a, b", 'he said ""hi""', "žluťoučký 🐴 数", " leading", "NA", "two\nlines"]
)
def test_text_comes_back_as_it_was_written(cell):
    assert read(f'n,x,s,y\n1,2,"{cell}",0\n')["s"].to_pylist() == [cell.replace('""', '"')]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'data.csv' is empty. Give a CSV file with a header and rows"),
        ("\n", "'data.csv' is empty"),
        ("n,x,s,y\n", "'data.csv' has a header but no row"),
        ("n,x,n,y,x\n1,2,3,0,1\n", "the header has n, x more than once"),
        ("n,x,s\n1,2,c\n", r"no column 'y' \(data.label\); it has n, x, s"),
        ("n,x,s,y\n1,2,c\n", "cannot be read as the schema says: .*Expected 4 columns, got 3"),
        ("n,x,s,y\n1,2,c,0,9\n", "cannot be read as the schema says: .*Expected 4 columns, got 5"),
        ("n,x,s,y\n1.5,2,c,0\n", "conversion error to int64: invalid value '1.5'"),
        ("n,x,s,y\n1,two,c,0\n", "conversion error to double: invalid value 'two'"),
        (b"n,x,s,y\n1,2,\xff\xfe,0\n", "cannot be read as the schema says: .*UTF8"),
        (b"n,x,s\xff,y\n1,2,c,0\n", "is not UTF-8 text, plain or gzip"),
        (b"\x1f\x8bnot gzip at all", "is not UTF-8 text, plain or gzip"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_by_name(text, message):
    with pytest.raises(DataError, match=message) as error:
        read(text)
    assert "'data.csv'" in str(error.value)


def test_a_truncated_gzip_file_is_refused():
    whole = gzip.compress("".join(f"{i},{i * 0.37},{i},0\n" for i in range(5000)).encode())
    with pytest.raises(DataError, match=r"'data.csv'"):
        read(gzip.compress(b"n,x,s,y\n") + whole[:-100])


def test_a_wrong_cell_is_told_with_its_column():
    with pytest.raises(DataError, match=r"CSV conversion error to int64: invalid value 'oops'"):
        read("n,x,s,y\n1,2,c,0\noops,2,c,0\n")


@pytest.mark.parametrize("block", [64, 100, 1000])
def test_where_the_blocks_end_changes_no_row_and_no_hash(monkeypatch, block):
    text = "n,x,s,y\n" + "".join(f"{i},{i / 7},text {i},{i % 2}\n" for i in range(100))
    table, hashes = read(text), hashes_of(text)
    monkeypatch.setattr(rows, "BLOCK_BYTES", block)
    assert read(text).num_rows == 100
    assert read(text).combine_chunks() == table.combine_chunks()
    assert hashes_of(text) == hashes


def test_the_order_of_the_columns_changes_no_hash():
    assert hashes_of("n,x,s,y\n1,2,c,0\n4,5,f,1\n") == hashes_of("y,s,n,x\n0,c,1,2\n1,f,4,5\n")


def test_rows_that_differ_in_a_cell_differ_in_their_hash():
    cells = [",,,0", "0,,,0", "1,,,0", ",0,,0", ",1,,0", ",,0,0", ",,nan,0", ",,,1", "1,1,1,1"]
    assert len(set(hashes_of("n,x,s,y\n" + "\n".join(cells) + "\n"))) == len(cells)


def test_equal_rows_have_equal_hashes_wherever_they_are():
    first, _, third = hashes_of("n,x,s,y\n1,2,c,0\n,,,1\n1,2,c,0\n")
    assert first == third


CELLS = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(width=32, allow_nan=False),
    st.none() | st.text(),
)


@given(cells=st.lists(CELLS, min_size=1, max_size=20))
def test_cells_and_gaps_come_back_from_the_encoded_examples(cells):
    types = (pa.int64(), pa.float64(), pa.string())
    arrays = [
        pa.array(column, t) for column, t in zip(zip(*cells, strict=True), types, strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, names=["n", "x", "s"])
    encoded = RecordBatchToExamplesEncoder().encode(as_lists(batch))
    for (n, x, s), record in zip(cells, encoded, strict=True):
        found = tf.train.Example.FromString(record).features.feature
        assert list(found["n"].int64_list.value) == ([] if n is None else [n])
        assert list(found["x"].float_list.value) == ([] if x is None else [x])
        assert list(found["s"].bytes_list.value) == ([] if s is None else [s.encode()])


def test_a_slice_of_a_batch_encodes_its_own_rows():
    batch = pa.RecordBatch.from_arrays([pa.array([1, None, 3, 4])], names=["n"])
    assert as_lists(batch.slice(1, 2))[0].to_pylist() == [None, [3]]


def test_a_wrong_cell_is_told_with_its_column_and_row():
    with pytest.raises(DataError, match=r"column 'n': Row #3: .*invalid value 'seven'"):
        read("x,n,y\n1,1,0\n2,seven,1\n")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_wrong_cell_far_into_a_file_is_an_error_and_no_hang(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK_BYTES", 64)
    lines = [b"n,y", *(b"%d,0" % i for i in range(1500)), b"x,0", *[b"1,1"] * 1500, b""]
    path = tmp_path / "data.csv"
    path.write_bytes(pack(b"\n".join(lines)))
    for _ in range(20):
        with pytest.raises(DataError, match="Row #1502"):
            list(read_batches(str(path), name="data.csv", schema=SCHEMA, label="y"))


def test_a_quoted_line_break_may_lie_on_the_border_of_two_blocks(monkeypatch):
    monkeypatch.setattr(rows, "BLOCK_BYTES", 64)
    table = read("s,y\n" + "".join(f'"line {i}\nbreak",0\n' for i in range(200)))
    assert table["s"].to_pylist() == [f"line {i}\nbreak" for i in range(200)]


def test_a_rows_hash_does_not_depend_on_missing_cells_beside_it(monkeypatch):
    text = "n,y\n" + "".join(f"{i if i % 5 else ''},0\n" for i in range(100))
    whole = hashes_of(text)
    monkeypatch.setattr(rows, "BLOCK_BYTES", 32)
    assert hashes_of(text) == whole
