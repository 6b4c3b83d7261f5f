"""Parquet files by row group, and that their rows are those of the same CSV file."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sources import WANTED, rows_of

from tfx_rebalance.components.example_gen.sources import parquet
from tfx_rebalance.components.example_gen.sources.csv import CsvReader
from tfx_rebalance.components.example_gen.sources.parquet import ParquetReader
from tfx_rebalance.components.example_gen.sources.settings import CsvSource, ParquetSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted
from tfx_rebalance.content import content_hashes
from tfx_rebalance.errors import DataError

READER = ParquetReader(ParquetSource(path="unused"))


def table_of(rows=100):
    numbers = list(range(rows))
    return pa.table(
        {
            "n": [n if n % 7 else None for n in numbers],
            "x": [n / 7 for n in numbers],
            "s": [f"text {n % 3}" if n % 5 else None for n in numbers],
            "y": [n % 2 for n in numbers],
        }
    )


def test_a_row_group_is_a_piece_and_files_stay_in_order(tmp_path):
    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(table_of(100), first, row_group_size=30)
    pq.write_table(table_of(10), second)
    pieces = READER.pieces([str(first), str(second)])
    assert [(piece.path[-9:], piece.row_group) for piece in pieces] == [
        *[("a.parquet", group) for group in range(4)],
        ("b.parquet", 0),
    ]
    sizes = [sum(b.num_rows for b in READER.batches([p], WANTED, BadRows())) for p in pieces]
    assert sizes == [30, 30, 30, 10, 10]


def test_large_row_groups_are_read_in_steps(tmp_path, monkeypatch):
    pq.write_table(table_of(1000), tmp_path / "a.parquet")
    whole, _ = rows_of(READER, [tmp_path / "a.parquet"])
    monkeypatch.setattr(parquet, "BATCH_BYTES", 1000)
    pieces = READER.pieces([str(tmp_path / "a.parquet")])
    batches = list(READER.batches(pieces, WANTED, BadRows()))
    assert len(batches) > 10
    assert [row for batch in batches for row in batch.to_pylist()] == whole


def test_types_are_those_of_the_schema_and_the_label_is_text(tmp_path):
    table = pa.table(
        {
            "n": pa.array([1, 2], pa.int8()),
            "x": pa.array([1, 2]),
            "s": pa.array(["a", None]).dictionary_encode(),
            "y": pa.array([1.0, 0.0]),
            "new": pa.array([True, None]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    rows, _ = rows_of(READER, [tmp_path / "a.parquet"])
    assert rows == [
        {"n": 1, "x": 1.0, "s": "a", "y": "1", "new": 1},
        {"n": 2, "x": 2.0, "s": None, "y": "0", "new": None},
    ]


def test_a_wrong_cell_is_told_with_its_row_in_the_file(tmp_path):
    path = tmp_path / "a.parquet"
    cells = [*["1"] * 45, "x", "2"]
    pq.write_table(pa.table({"n": cells, "y": ["0"] * 47}), path, row_group_size=20)
    with pytest.raises(DataError, match=r"a.parquet', row 46, column 'n': 'x' is no integer"):
        rows_of(READER, [path])
    rows, bad = rows_of(READER, [path], allowed=1)
    assert len(rows) == 46
    assert bad.count == 1


def test_a_file_without_rows_gives_nothing(tmp_path):
    pq.write_table(table_of(0), tmp_path / "a.parquet")
    assert rows_of(READER, [tmp_path / "a.parquet"]) == ([], BadRows())


@pytest.mark.parametrize("damage", ["empty", "text", "cut off", "in the middle"])
def test_a_damaged_file_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "a.parquet"
    pq.write_table(table_of(5000), path)
    whole = path.read_bytes()
    zeros = whole[:8] + bytes(len(whole) // 2) + whole[8 + len(whole) // 2 :]
    made = {"empty": b"", "text": b"n,y\n1,2\n", "cut off": whole[:-50], "in the middle": zeros}
    path.write_bytes(made[damage])
    with pytest.raises(DataError, match=r"a.parquet' cannot be read as Parquet: .*file anew"):
        rows_of(READER, [path])


def test_a_column_twice_or_a_missing_label_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    twice = pa.Table.from_arrays([pa.array([1])] * 3, names=["n", "n", "y"])
    pq.write_table(twice, path)
    with pytest.raises(DataError, match=r"a.parquet' has n more than once. Rename one"):
        rows_of(READER, [path])
    pq.write_table(pa.table({"n": [1]}), path)
    with pytest.raises(DataError, match=r"has no column 'y' \(data.label\); it has n. Correct"):
        rows_of(READER, [path])
    assert rows_of(READER, [path], wanted=Wanted({}, "y", label_required=False))[0] == [{"n": 1}]


@pytest.mark.tfx
def test_of_a_file_elsewhere_only_the_end_is_read(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(table_of(100), path, row_group_size=30)
    remote = f"file://{path}"
    pieces = READER.pieces([remote])
    assert [piece.row_group for piece in pieces] == [0, 1, 2, 3]
    assert rows_of(READER, [remote])[0] == rows_of(READER, [path])[0]


CELLS = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.text(st.characters(exclude_categories=["C"]), min_size=1),
    st.sampled_from(["0", "1"]),
)


@given(rows=st.lists(CELLS, min_size=1, max_size=30), group=st.integers(1, 10))
def test_the_same_rows_have_the_same_hashes_in_any_format(tmp_path_factory, rows, group):
    folder = tmp_path_factory.mktemp("formats")
    kinds = [*WANTED.types.values()]
    arrays = [pa.array(cells, t) for cells, t in zip(zip(*rows, strict=True), kinds, strict=True)]
    table = pa.Table.from_arrays(arrays, names=list("nxsy"))
    pq.write_table(table, folder / "a.parquet", row_group_size=group)
    pa.csv.write_csv(table, folder / "a.csv")
    hashes = []
    for reader, name in ((READER, "a.parquet"), (CsvReader(CsvSource(path="-")), "a.csv")):
        pieces = reader.pieces([str(folder / name)])
        batches = reader.batches(pieces, WANTED, BadRows())
        hashes.append(np.concatenate([content_hashes(batch) for batch in batches]).tolist())
    assert hashes[0] == hashes[1]
