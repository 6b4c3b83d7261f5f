"""CSV as it comes, typed by the schema: strictly, and with wrong rows left out."""

import csv
import gzip
import io
import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sources import WANTED

from tfx_rebalance.components.example_gen.sources import csv as source
from tfx_rebalance.components.example_gen.sources.csv import CsvReader, read_file
from tfx_rebalance.components.example_gen.sources.csv_header import header_columns
from tfx_rebalance.components.example_gen.sources.settings import CsvSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Piece, Wanted
from tfx_rebalance.content import content_hashes
from tfx_rebalance.errors import ConfigError, DataError

PLAIN = "n,x,s,y\n1,0.5,a,0\n-2,1e3,b,1\n"
ROWS = [{"n": 1, "x": 0.5, "s": "a", "y": "0"}, {"n": -2, "x": 1000.0, "s": "b", "y": "1"}]
BOTH = pytest.mark.parametrize("allowed", [0, 9], ids=["strict", "tolerant"])


def zst(content):
    return pa.Codec("zstd").compress(content, asbytes=True) if content else content


@pytest.fixture
def read(tmp_path):
    """Returns a function that reads text or bytes as a file with any settings."""

    def run(text, *, allowed=0, wanted=WANTED, bad=None, **settings):
        path = tmp_path / "data.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        reader = pickle.loads(pickle.dumps(CsvReader(CsvSource(path="unused", **settings))))
        bad = BadRows(allowed) if bad is None else bad
        batches = list(reader.batches(reader.pieces([str(path)]), wanted, bad))
        return pa.Table.from_batches(batches) if batches else None

    return run


@BOTH
def test_columns_have_the_schemas_types_and_the_label_is_text(read, allowed):
    table = read(PLAIN, allowed=allowed)
    assert [str(field.type) for field in table.schema] == ["int64", "double", "string", "string"]
    assert table.to_pylist() == ROWS


@BOTH
def test_a_column_the_schema_does_not_have_is_text(read, allowed):
    assert read("new,y\n7,0\n", allowed=allowed).to_pylist() == [{"new": "7", "y": "0"}]


@BOTH
def test_lists_and_bytes_are_made_of_cells(read, allowed):
    wanted = Wanted({"a": pa.list_(pa.int64()), "b": pa.binary()}, "y")
    table = read("a,b,y\n7,x,0\n,,1\n", wanted=wanted, allowed=allowed)
    assert table.to_pylist() == [{"a": [7], "b": b"x", "y": "0"}, {"a": None, "b": None, "y": "1"}]


@BOTH
def test_an_empty_cell_is_a_null_of_any_type(read, allowed):
    text = "n,x,s,y\n,,,\n1,2,c,0\n"
    assert read(text, allowed=allowed).to_pylist()[0] == dict.fromkeys("nxsy")


def packed(text, encoding="utf-8"):
    """Returns a GZIP file without the time: it is in the names of tests, which have to stay."""
    return gzip.compress(text.encode(encoding), mtime=0)


@BOTH
@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("gzip", packed(PLAIN)),
        ("gzip members", b"".join(packed(line) for line in PLAIN.splitlines(True))),
        ("zstd", zst(PLAIN.encode())),
        ("byte order mark", "\ufeff" + PLAIN),
        ("Windows line ends", PLAIN.replace("\n", "\r\n")),
        ("no last line end", PLAIN.rstrip("\n")),
        ("quoted header", PLAIN.replace("n,x,s,y", '"n","x","s","y"')),
        ("quoted cells", PLAIN.replace("a", '"a"')),
        ("spaces around numbers", PLAIN.replace("1,0.5", " 1 , 0.5")),
    ],
)  # fmt: skip
def test_how_the_file_is_written_changes_nothing(read, how, text, allowed):
    assert read(text, allowed=allowed).to_pylist() == ROWS


@BOTH
@pytest.mark.parametrize(
    ("text", "cell", "settings"),
    [
        (PLAIN.replace(",", ";"), "a", {"delimiter": ";"}),
        (PLAIN.replace(",", "\t"), "a", {"delimiter": "\t"}),
        (PLAIN.replace("a", "'a,'"), "a,", {"quote": "'"}),
        (PLAIN.partition("\n")[2], "a", {"columns": ("n", "x", "s", "y")}),
        (PLAIN.replace("a", "NULL"), None, {"null_values": ("", "NULL")}),
        (PLAIN.replace(",", ";").replace(".", ","), "a", {"delimiter": ";", "decimal_point": ","}),
        (PLAIN.encode("utf-16"), "a", {"encoding": "utf-16"}),
        (packed(PLAIN.replace("a", "é"), "cp1250"), "é", {"encoding": "cp1250"}),
        (PLAIN.replace("a", "\\,"), ",", {"escape": "\\", "quote": None}),
        (PLAIN.replace("a", '"'), '"', {"quote": None}),
    ],
)
def test_every_dialect_can_be_told(read, text, cell, settings, allowed):
    expected = [{**ROWS[0], "s": cell}, ROWS[1]]
    assert read(text, allowed=allowed, **settings).to_pylist() == expected


@BOTH
@pytest.mark.parametrize(
    "cell", ["a, b", 'he said ""hi""', "žluťoučký 🐴 数", " leading", "NA", "two\nlines"]
)
def test_text_comes_back_as_it_was_written(read, cell, allowed):
    table = read(f'n,x,s,y\n1,2,"{cell}",0\n', allowed=allowed)
    assert table["s"].to_pylist() == [cell.replace('""', '"')]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty. Give a CSV file with a header and rows"),
        ("\n", "is empty"),
        ("n,x,n,y,x\n1,2,3,0,1\n", "the header has n, x more than once"),
        ("n,x,s\n1,2,c\n", r"no column 'y' \(data.label\); it has n, x, s"),
        ("n;x;y\n1;2;0\n", "one column 'n;x;y', with the delimiter ','; did you mean delimiter"),
        ('"n,y\n1,2\n', "the header is no CSV"),
        ("n,x,s,y\n1,2,c\n", "cannot be read as the schema says: .*Expected 4 columns, got 3"),
        ("n,x,s,y\n1,2,c,0,9\n", "cannot be read as the schema says: .*Expected 4 columns, got 5"),
        ("n,x,s,y\n1.5,2,c,0\n", "conversion error to int64: invalid value '1.5'"),
        ("n,x,s,y\n1,two,c,0\n", "column 'x': Row #2: .*invalid value 'two'"),
        (b"n,x,s,y\n1,2,\xff\xfe,0\n", "column 's': Row #2: .*UTF8"),
        (b"n,x,s\xff,y\n1,2,c,0\n", "is not UTF-8 text, plain, gzip or zstd"),
        (b"\x1f\x8bnot gzip at all", "is not UTF-8 text, plain, gzip or zstd"),
        (b"\x28\xb5\x2f\xfdnot zstd at all", "is not UTF-8 text, plain, gzip or zstd"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_such_table_is_refused_by_name(read, text, message):
    with pytest.raises(DataError, match=message) as error:
        read(text)
    assert "data.csv'" in str(error.value)


@BOTH
def test_a_truncated_gzip_file_is_refused(read, allowed):
    whole = gzip.compress("".join(f"{i},{i * 0.37},{i},0\n" for i in range(5000)).encode())
    with pytest.raises(DataError, match=r"data.csv'"):
        read(gzip.compress(b"n,x,s,y\n") + whole[:-100], allowed=allowed)


@BOTH
def test_a_file_with_a_header_and_no_row_gives_nothing_among_others(read, allowed, tmp_path):
    assert read("n,x,s,y\n", allowed=allowed) is None or read("n,x,s,y\n").num_rows == 0
    with pytest.raises(DataError, match="has a header but no row"):
        list(read_file(str(tmp_path / "data.csv"), WANTED))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_file_that_is_gone_is_refused(tmp_path, encoding):
    reader = CsvReader(CsvSource(path="unused", encoding=encoding))
    with pytest.raises((DataError, OSError), match="No such file or directory"):
        list(reader.batches([Piece(str(tmp_path / "none"))], WANTED, BadRows()))


def test_half_a_character_of_utf_16_is_refused(read):
    with pytest.raises(DataError, match=r"is not utf-16 text.* Correct data.source.encoding"):
        read(PLAIN.encode("utf-16")[:-1], encoding="utf-16")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoding": "utf-99"}, "data.source.encoding 'utf-99' is unknown"),
        ({"delimiter": "§"}, "delimiter '§'.* must be ASCII"),
        ({"decimal_point": "·"}, "decimal_point '·' must be ASCII"),
    ],
)
def test_settings_that_arrow_cannot_take_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        CsvReader(CsvSource(path="x", **settings))


@BOTH
def test_a_column_named_in_the_settings_twice_is_refused(read, allowed):
    with pytest.raises(DataError, match=r"data.source.columns has y more than once"):
        read("1,2\n", columns=("y", "y"), allowed=allowed)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("wrong", [b"x,0", b"1"], ids=["cell", "ragged"])
def test_a_wrong_row_far_into_a_file_is_an_error_and_no_hang(read, monkeypatch, pack, wrong):
    monkeypatch.setattr(source, "BLOCK_BYTES", 64)
    lines = [b"n,y", *(b"%d,0" % i for i in range(1500)), wrong, wrong, *[b"1,1"] * 1500, b""]
    content = pack(b"\n".join(lines))
    for _ in range(10):
        with pytest.raises(DataError, match="Row #1502"):
            read(content)
        with pytest.raises(DataError, match=r"row 1503.*\(and 1 before it\)"):
            read(content, allowed=1)
        assert read(content, allowed=2).num_rows == 3000


@BOTH
@pytest.mark.parametrize("block", [64, 100, 1000])
def test_where_the_blocks_end_changes_no_row_and_no_hash(read, monkeypatch, block, allowed):
    text = "n,x,s,y\n" + "".join(f"{i},{i / 7},text {i},{i % 2}\n" for i in range(100))
    table = read(text, allowed=allowed).combine_chunks()
    hashes = content_hashes(table.to_batches()[0])
    monkeypatch.setattr(source, "BLOCK_BYTES", block)
    again = read(text, allowed=allowed)
    assert again.combine_chunks() == table
    parts = [content_hashes(batch) for batch in again.to_batches()]
    assert len(parts) > 1
    assert np.concatenate(parts).tolist() == hashes.tolist()


@BOTH
def test_a_quoted_line_break_may_lie_on_the_border_of_two_blocks(read, monkeypatch, allowed):
    monkeypatch.setattr(source, "BLOCK_BYTES", 64)
    lines = "".join(f'"line {i}\nbreak",0\n' for i in range(200))
    table = read("s,y\n" + lines, allowed=allowed)
    assert table["s"].to_pylist() == [f"line {i}\nbreak" for i in range(200)]


def test_wrong_rows_are_told_with_file_row_column_and_value(read, monkeypatch):
    monkeypatch.setattr(source, "BLOCK_BYTES", 32)
    rows = ["n,x,s,y", "1,1,a,0", "1,1,a", "oops,1,a,0", "1,1,a,0,9", "1,1,\ufffd,0", "2,1,a,0"]
    bad = BadRows(9)
    content = "\n".join([*rows, ""]).encode().replace("\ufffd".encode(), b"\xff")
    assert [row["n"] for row in read(content, bad=bad).to_pylist()] == [1, 2]
    told = [example.rpartition("data.csv', ")[2] for example in bad.examples]
    assert sorted(told) == [
        "row 3: 3 cells where 4 are expected: '1,1,a'",
        "row 4, column 'n': 'oops' is no integer",
        "row 5: 5 cells where 4 are expected: '1,1,a,0,9'",
        "row 6, column 's': b'\\xff' is no UTF-8 text",
    ]
    assert bad.count == 4


@BOTH
def test_a_point_is_wrong_where_the_decimal_point_is_a_comma(read, allowed):
    text = "x;y\n0,5;1\n1.5;0\n"
    if allowed:
        assert read(text, delimiter=";", decimal_point=",", allowed=1)["x"].to_pylist() == [0.5]
    bad = BadRows(allowed, count=allowed)
    with pytest.raises(DataError, match=r"1\.5.*raise data.max_bad_rows"):
        read(text, delimiter=";", decimal_point=",", bad=bad)


def test_rows_that_are_bad_in_one_file_count_in_the_next(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("n,y\nx,0\n1,1\n")
    reader, bad = CsvReader(CsvSource(path="unused")), BadRows(1)
    with pytest.raises(DataError, match=r"b', row 2, column 'n': 'x' .*\(and 1 before it\)"):
        list(reader.batches([Piece(str(tmp_path / name)) for name in ("a", "b")], WANTED, bad))


def test_rows_to_be_scored_need_no_label(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("n,x\n1,2\n")
    wanted = Wanted(WANTED.types, "y", label_required=False)
    assert [b.to_pylist() for b in read_file(str(path), wanted)] == [[{"n": 1, "x": 2.0}]]
    assert header_columns(str(path), name="data.csv") == ["n", "x"]


CELL = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
)
GOOD = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | CELL.filter(bool),
    st.sampled_from(["0", "1"]),
)
BAD = st.sampled_from(
    [["1"], ["1", "2", "3", "4", "5"], ["x", "1", "a", "0"], ["1", "-", "a", "0"]]
)


@given(rows=st.lists(GOOD | BAD, min_size=1, max_size=20))
def test_rows_come_back_from_their_text_and_no_good_row_is_lost(tmp_path_factory, rows):
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([["n", "x", "s", "y"], *rows])
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    path.write_bytes(text.getvalue().encode())
    good = [dict(zip("nxsy", row, strict=True)) for row in rows if isinstance(row, tuple)]
    reader, bad = CsvReader(CsvSource(path="unused")), BadRows(len(rows))
    batches = list(reader.batches([Piece(str(path))], WANTED, bad))
    assert [row for batch in batches for row in batch.to_pylist()] == good
    assert bad.count == len(rows) - len(good)
    if not bad.count:
        strict = list(reader.batches([Piece(str(path))], WANTED, BadRows()))
        assert pa.Table.from_batches(strict) == pa.Table.from_batches(batches)


@BOTH
def test_mammography_is_read_whole(shared_data, allowed):
    path = shared_data / "mammography" / "mammography.csv.gz"
    columns = header_columns(str(path), name="mammography")
    wanted = Wanted({name: pa.float64() for name in columns[:-1]}, columns[-1])
    reader = CsvReader(CsvSource(path=str(path)))
    table = pa.Table.from_batches(reader.batches([Piece(str(path))], wanted, BadRows(allowed)))
    assert table.num_rows == 11_183
    assert len(table[columns[-1]].unique()) == 2


def test_adult_is_the_same_strict_and_tolerant(shared_data):
    path = shared_data / "adult" / "adult.csv.gz"
    columns = header_columns(str(path), name="adult")
    wanted = Wanted({"age": pa.int64(), "fnlwgt": pa.float64()}, columns[-1])
    reader = CsvReader(CsvSource(path=str(path)))
    strict, tolerant = (
        pa.Table.from_batches(reader.batches([Piece(str(path))], wanted, BadRows(allowed)))
        for allowed in (0, 1)
    )
    assert strict == tolerant
    assert strict.num_rows == 48_842
