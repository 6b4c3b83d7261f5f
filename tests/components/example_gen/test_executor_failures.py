"""What ExampleGen's executor refuses, and what it leaves behind then: nothing."""

import csv
from pathlib import Path

import pytest
from support.ingestion import Ingest, records_of, report_of, splits_of

from tfx_rebalance.components.example_gen import executor
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx

COLUMNS = """
feature { name: "t" type: BYTES } feature { name: "g" type: INT } feature { name: "x" type: FLOAT }
feature { name: "y" type: BYTES string_domain { value: "neg" value: "pos" } }
"""
HEADER = ("t", "g", "x", "y")
TWO = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")


def rows_of(first=0, rows=60):
    """Returns rows of a day each, four to a group, a tenth of them positive."""
    return [
        (f"19{60 + i // 20}-01-{i % 20 + 1:02}", i // 4, i / 8, "pos" if i % 10 == 0 else "neg")
        for i in range(first, first + rows)
    ]


def write_csv(path, rows, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


@pytest.fixture
def ingest(tmp_path):
    return Ingest(tmp_path, COLUMNS, label="y")


def left_in(tmp_path):
    """Returns the names of what is in the folders of examples."""
    return [path.name for folder in tmp_path.glob("ingest-*/examples") for path in folder.iterdir()]


@pytest.mark.parametrize(
    ("column", "settings", "name"),
    [
        (0, {"time_column": "t"}, "time_column 't'"),
        (1, {"splits": {"group_by": "g"}}, "splits.group_by 'g'"),
    ],
)
def test_of_many_files_the_one_with_the_empty_cell_is_named(
    ingest, tmp_path, column, settings, name
):
    for number in (1, 2, 3):
        rows = rows_of(number * 60)
        if number == 2:
            rows[2] = tuple("" if i == column else cell for i, cell in enumerate(rows[2]))
        write_csv(tmp_path / "a" / f"{number}.csv", rows)
    message = rf"2.csv': 1 cells of data.{name} are empty, the first in data row 3"
    with pytest.raises(DataError, match=message):
        ingest(f"{tmp_path}/a/*.csv", **settings)
    assert left_in(tmp_path) == []


def test_of_many_files_the_one_without_the_column_is_named(ingest, tmp_path):
    write_csv(tmp_path / "a" / "1.csv", rows_of())
    write_csv(tmp_path / "a" / "2.csv", [row[1:] for row in rows_of(60)], header=HEADER[1:])
    with pytest.raises(DataError, match=r"2.csv' has no column 't' \(data.time_column\)"):
        ingest(f"{tmp_path}/a/*.csv", time_column="t")


def test_an_empty_file_among_many_is_named_and_one_with_a_header_alone_is_not(ingest, tmp_path):
    write_csv(tmp_path / "a" / "1.csv", rows_of())
    write_csv(tmp_path / "a" / "2.csv", [])
    assert report_of(ingest(f"{tmp_path}/a/*.csv"))["rows"] == 60
    (tmp_path / "a" / "3.csv").touch()
    with pytest.raises(DataError, match=r"3.csv' is empty. Give a CSV file with a header and rows"):
        ingest(f"{tmp_path}/a/*.csv")


def test_a_part_without_rows_may_be_for_a_split(ingest, tmp_path):
    write_csv(tmp_path / "t1.csv", rows_of())
    write_csv(tmp_path / "t2.csv", [])
    write_csv(tmp_path / "e.csv", rows_of(60))
    source = {"format": "csv", "path": str(tmp_path)}
    files = {"train": "t*.csv", "eval": "e.csv"}
    report = report_of(ingest(source, splits={"files": files}))
    train, val, held_out = (split["rows"] for split in report["splits"].values())
    assert (train + val, held_out) == (60, 60)
    assert abs(val - 15) <= 1
    write_csv(tmp_path / "e.csv", [])
    with pytest.raises(DataError, match="leaves no row for the split 'eval'"):
        ingest(source, splits={"files": files})


def test_a_folder_is_no_file_whatever_its_encoding(ingest, tmp_path):
    write_csv(tmp_path / "a" / "1.csv", rows_of())
    (tmp_path / "a" / "2.csv").mkdir()
    for encoding in ("utf-8", "latin-1"):
        source = {"format": "csv", "path": f"{tmp_path}/a/*.csv", "encoding": encoding}
        with pytest.raises(DataError, match=r"2.csv' cannot be read: Is a directory"):
            ingest(source)
    with pytest.raises(DataError, match=r"2.csv' .*(directory|read)"):
        ingest({"format": "tfrecord", "path": f"{tmp_path}/a/2.csv"})


def test_a_group_that_the_files_tear_apart_is_refused(ingest, tmp_path):
    write_csv(tmp_path / "t.csv", rows_of(0, 60))
    write_csv(tmp_path / "e.csv", rows_of(58, 60))
    source = {"format": "csv", "path": str(tmp_path)}
    files = {"train": "t.csv", "eval": "e.csv"}
    with pytest.raises(DataError, match=r"1 group of 'g' is in more than one split"):
        ingest(source, splits={"files": files, "group_by": "g"})
    write_csv(tmp_path / "e.csv", rows_of(60, 60))
    examples = ingest(source, splits={"files": files, "group_by": "g"})
    groups = [set(values) for values in splits_of(examples, "g").values()]
    assert sum(map(len, groups)) == len(set.union(*groups))


def test_rows_before_1970_are_split_by_time(ingest, tmp_path):
    source = write_csv(tmp_path / "one.csv", rows_of())
    splits = {"time": {"val_days": 10, "eval_days": 10}}
    report = report_of(ingest(source, time_column="t", splits=splits))
    assert [split["rows"] for split in report["splits"].values()] == [40, 10, 10]


def test_of_serving_rows_without_a_label_none_is_called_left_out(ingest, tmp_path):
    source = write_csv(tmp_path / "one.csv", [(*row[:-1], "") for row in rows_of()])
    report = report_of(ingest(source, serving=1))
    assert (report["missing_labels"], report["splits"]["serving"]["rows"]) == (0, 60)


def test_what_an_attempt_before_left_is_not_published(ingest, tmp_path):
    source = write_csv(tmp_path / "one.csv", rows_of())
    clean = ingest(source)
    old = tmp_path / "ingest-1" / "examples"
    for folder in ("Split-train", "Split-old", "writing-0"):
        (old / folder).mkdir(parents=True)
        shard = Path(clean.uri, "Split-eval", "data_tfrecord-00000-of-00001.gz").read_bytes()
        (old / folder / "data_tfrecord-00007-of-00009.gz").write_bytes(shard)
    again = ingest(source)
    assert records_of(again) == records_of(clean)
    assert sorted(left_in(tmp_path)) == sorted(
        ["Split-train", "Split-val", "Split-eval", "ingestion.json"] * 2
    )


@pytest.mark.parametrize("raised", [KeyboardInterrupt, OSError])
def test_whatever_ends_a_run_nothing_is_left(ingest, tmp_path, monkeypatch, raised):
    source = write_csv(tmp_path / "one.csv", rows_of())

    def interrupted(target, job):
        raise raised

    monkeypatch.setattr(executor, "_describe", interrupted)
    with pytest.raises(raised):
        ingest(source)
    assert left_in(tmp_path) == []


@pytest.mark.slow
def test_an_error_in_another_process_is_told_as_it_was_raised(ingest, tmp_path):
    rows = [*rows_of(), ("1970-01-02", 1, "wrong", "neg")]
    for number in (1, 2):
        write_csv(tmp_path / "a" / f"{number}.csv", rows)
    with pytest.raises(DataError, match=r"\.csv' cannot be read as the schema says: .*'x'.*wrong"):
        ingest(f"{tmp_path}/a/*.csv", beam=TWO)
    assert left_in(tmp_path) == []


def test_a_copy_of_a_row_that_left_the_window_moves_with_it(ingest, tmp_path):
    """Of equal rows the one in the oldest span is the first: it goes, the next takes its place."""
    for day in (1, 2, 3):
        fresh = [(f"1990-01-{day:02}", day * 100 + i, i, ("neg", "pos")[i % 2]) for i in range(40)]
        copies = [("1990-01-01", i, i, ("neg", "pos")[i % 2]) for i in range(60)] if day < 3 else []
        write_csv(tmp_path / "d" / f"{day}.csv", [*fresh, *copies])
    source = f"{tmp_path}/d/{{SPAN}}.csv"
    before, after = ingest(source, span=2, window=2), ingest(source, span=3, window=2)
    report = report_of(after)["moved"]
    assert report["rows"] == 100
    old, new = (by_row(examples) for examples in (before, after))
    # In the old window the copies of day 2 are those that were numbered second.
    assert report["moved"] >= sum(old[row] != new[row] for row in new if row[0] == 2)
    assert report["moved"] > 10


def by_row(examples):
    """Returns the split of each row that is fresh, by (day, number)."""
    groups = splits_of(examples, "g")
    return {(g // 100, g % 100): s for s, found in groups.items() for g in found if g >= 100}
