"""ExampleGen's executor over many files, spans, groups, times and formats."""

import csv
import datetime
import random
from collections import Counter
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
from support.ingestion import Ingest, records_of, report_of, splits_of

from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx

COLUMNS = """
feature { name: "t" type: BYTES } feature { name: "g" type: INT } feature { name: "n" type: INT }
feature { name: "x" type: FLOAT }
feature { name: "y" type: BYTES string_domain { value: "neg" value: "pos" } }
"""
HEADER = ("t", "g", "n", "x", "y")
FIRST_DAY = datetime.date(2024, 1, 1)
DAY = "{YYYY}-{MM}-{DD}.csv"


def rows_of(days=1, per_day=200):
    """Returns rows, a tenth of them positive, four to a group."""
    return [
        (
            (FIRST_DAY + datetime.timedelta(days=day)).isoformat(),
            (day * per_day + i) // 4,
            day * per_day + i,
            i / 8,
            "pos" if i % 10 == 0 else "neg",
        )
        for day in range(days)
        for i in range(per_day)
    ]


def write_csv(path, rows, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def ingest(tmp_path):
    return Ingest(tmp_path, COLUMNS, label="y")


@pytest.fixture
def days(tmp_path):
    """Returns the pattern of a file per day, ten of them."""
    for row_of_day in range(10):
        day = (FIRST_DAY + datetime.timedelta(days=row_of_day)).isoformat()
        write_csv(tmp_path / "days" / f"{day}.csv", [r for r in rows_of(10) if r[0] == day])
    return str(tmp_path / "days" / DAY)


@pytest.mark.slow
def test_how_rows_lie_in_files_changes_no_split(ingest, tmp_path):
    rows = rows_of(3)
    write_csv(tmp_path / "one.csv", rows)
    random.Random(0).shuffle(rows)
    for number in range(7):
        write_csv(tmp_path / "many" / f"{number}.csv", rows[number::7])
    table = pyarrow.csv.read_csv(str(tmp_path / "one.csv"))
    for name, size in (("small", 17), ("large", 1000)):
        pyarrow.parquet.write_table(table, tmp_path / f"{name}.parquet", row_group_size=size)
    one = records_of(ingest(str(tmp_path / "one.csv")))
    for other in ("many/*.csv", "small.parquet", "large.parquet"):
        assert records_of(ingest(str(tmp_path / other))) == one


@pytest.mark.slow
@pytest.mark.parametrize("splits", [{}, {"group_by": "g"}])
def test_two_processes_give_what_one_gives(ingest, tmp_path, splits):
    rows = rows_of(3)
    for number in range(4):
        write_csv(tmp_path / "many" / f"{number}.csv", rows[number::4])
    source = str(tmp_path / "many" / "*.csv")
    beam = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    one = ingest(source, splits=splits)
    two = ingest(source, splits=splits, beam=beam)
    assert records_of(one) == records_of(two)
    assert report_of(one) == report_of(two)


def test_groups_are_whole_and_their_deviation_is_reported(ingest, tmp_path):
    write_csv(tmp_path / "one.csv", rows_of(5))
    examples = ingest(str(tmp_path / "one.csv"), splits={"group_by": "g"})
    groups = [set(values) for values in splits_of(examples, "g").values()]
    assert not groups[0] & groups[1]
    assert not groups[1] & groups[2]
    assert not groups[0] & groups[2]
    report = report_of(examples)
    counts = [split["classes"]["pos"] for split in report["splits"].values()]
    expected = max(abs(n / 100 - share) for n, share in zip(counts, (0.6, 0.2, 0.2), strict=True))
    assert report["deviation"] >= expected - 1e-9
    assert report["deviation"] < 0.02


def test_an_empty_group_is_refused(ingest, tmp_path):
    write_csv(tmp_path / "one.csv", [*rows_of(1), ("2024-01-01", "", 1, 1, "neg")])
    with pytest.raises(DataError, match=r"1 cells of data.splits.group_by 'g' are empty"):
        ingest(str(tmp_path / "one.csv"), splits={"group_by": "g"})


def test_the_newest_day_is_read_and_its_span_told(ingest, days):
    examples = ingest(days)
    assert report_of(examples)["rows"] == 200
    assert (
        examples.get_int_custom_property("span")
        == (FIRST_DAY + datetime.timedelta(days=9) - datetime.date(1970, 1, 1)).days
    )
    assert examples.span == examples.get_int_custom_property("span")
    assert examples.get_string_custom_property("input_fingerprint").startswith(
        "split:single_split,num_files:1,total_bytes:"
    )


def test_a_run_date_a_lag_and_a_window_choose_the_days(ingest, days):
    examples = ingest(days, run_date="2024-01-06T03:00:00Z", lag_days=1, window=3)
    found = {t for values in splits_of(examples, "t").values() for t in values}
    assert found == {b"2024-01-03", b"2024-01-04", b"2024-01-05"}


def test_rows_of_a_rolling_window_move_only_near_a_cut(ingest, days):
    before = ingest(days, run_date="2024-01-07", window=5)
    after = ingest(days, run_date="2024-01-08", window=5)
    old = {n: s for s, values in splits_of(before, "n").items() for n in values}
    new = {n: s for s, values in splits_of(after, "n").items() for n in values}
    shared = old.keys() & new.keys()
    moved = sum(old[n] != new[n] for n in shared)
    report = report_of(after)["moved"]
    assert report == {"rows": len(shared), "moved": moved}
    assert len(shared) == 800
    # Cuts are quantiles of 1000 draws, a fifth of them new: by 4 sigma they move no further.
    assert moved <= 2 * 4 * (0.24 / 1000 * 2 / 5) ** 0.5 * 800


def test_the_first_window_says_that_nothing_is_known_of_the_last(ingest, days):
    report = report_of(ingest(days, run_date="2024-01-03", window=3))
    assert report["moved"] is None
    assert "the span before this window is not there" in report["moved_note"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"run_date": "2024-02-01"}, "has no file for 2024-02-01; there is from 2024-01-01 to"),
        ({"run_date": "{{$.pipeline_job_schedule_time_utc}}"}, "did not fill it in"),
        ({"window": 11}, "has no file for 2023-12-31"),
    ],
)
def test_missing_days_are_refused_before_anything_is_written(
    ingest, days, tmp_path, settings, message
):
    with pytest.raises(DataError, match=message):
        ingest(days, **settings)
    assert not list(tmp_path.rglob("Split-*"))


def test_time_splits_and_immature_rows_are_left_out(ingest, days):
    splits = {"time": {"val_days": 2, "eval_days": 3}}
    examples = ingest(
        days,
        window=10,
        run_date="2024-01-10",
        splits=splits,
        time_column="t",
        label_maturity_days=1,
    )
    found = {s: sorted({t[-2:] for t in v}) for s, v in splits_of(examples, "t").items()}
    assert found == {
        "train": [b"01", b"02", b"03"],
        "val": [b"04", b"05"],
        "eval": [b"06", b"07", b"08"],
    }
    assert report_of(examples)["immature"] == 400
    assert report_of(examples)["time"] == "t"


def test_rows_too_young_for_a_label_need_none(ingest, tmp_path):
    rows = rows_of(5)
    young = [(*row[:-1], "") for row in rows if row[0] == "2024-01-05"]
    write_csv(tmp_path / "one.csv", [*(r for r in rows if r[0] != "2024-01-05"), *young])
    how = {"time_column": "t", "label_maturity_days": 1, "run_date": "2024-01-05T12:00:00Z"}
    report = report_of(ingest(str(tmp_path / "one.csv"), **how))
    assert (report["immature"], report["missing_labels"]) == (200, 0)
    assert sum(split["rows"] for split in report["splits"].values()) == 800
    write_csv(tmp_path / "two.csv", [*rows, ("2024-01-01", 1, 1, 1, "")])
    with pytest.raises(DataError, match="1 of 1001 rows have no label 'y'"):
        ingest(str(tmp_path / "two.csv"), **how)
    report = report_of(ingest(str(tmp_path / "two.csv"), **how, missing_label="drop"))
    assert (report["immature"], report["missing_labels"]) == (200, 1)


def test_the_files_may_say_what_is_in_which_split(ingest, days):
    folder = str(Path(days).parent)
    files = {"train": "2024-01-0[1-7].csv", "eval": "2024-01-1*.csv"}
    examples = ingest(
        {"format": "csv", "path": folder}, splits={"files": files, "train": 0.6, "val": 0.2}
    )
    times = splits_of(examples, "t")
    assert set(times["eval"]) == {b"2024-01-10"}
    assert (len(times["train"]), len(times["val"])) == (1050, 350)
    files["val"] = "2024-01-08.csv"
    times = splits_of(ingest({"format": "csv", "path": folder}, splits={"files": files}), "t")
    assert (set(times["val"]), len(times["train"])) == ({b"2024-01-08"}, 1400)


def test_duplicates_are_dropped_and_counted(ingest, tmp_path):
    rows = rows_of(1)
    write_csv(tmp_path / "a" / "1.csv", rows)
    write_csv(tmp_path / "a" / "2.csv", [*rows[:50], *rows[:20]])
    examples = ingest(str(tmp_path / "a" / "*.csv"), drop_duplicates=True)
    write_csv(tmp_path / "one.csv", rows)
    assert records_of(examples) == records_of(ingest(str(tmp_path / "one.csv")))
    assert report_of(examples)["duplicates"] == 70


def test_bad_rows_over_all_files_are_held_against_the_bound(ingest, tmp_path):
    rows = rows_of(1)
    for number in (1, 2):
        wrong = ("2024-01-01", 1, "no number", 1, "neg")
        write_csv(tmp_path / "a" / f"{number}.csv", [*rows[number::2], wrong])
    source = str(tmp_path / "a" / "*.csv")
    report = report_of(ingest(source, max_bad_rows=2))
    assert (report["bad_rows"], report["rows"]) == (2, 199)
    assert "no number" in report["bad_row_examples"][0]
    for allowed in (0, 1):
        with pytest.raises(DataError, match=f"raise data.max_bad_rows, which is {allowed}"):
            ingest(source, max_bad_rows=allowed)


def test_a_minimum_per_class_and_split_says_how_many_rows_are_missing(ingest, tmp_path):
    write_csv(tmp_path / "one.csv", rows_of(1))
    report = report_of(ingest(str(tmp_path / "one.csv"), splits={"min_rows": 6}))
    assert [s["classes"]["pos"] for s in report["splits"].values()] == [8, 6, 6]
    with pytest.raises(DataError, match=r"class 'pos' has 20 rows and needs 7 in each .* missing"):
        ingest(str(tmp_path / "one.csv"), splits={"min_rows": 7})


def test_serving_rows_may_lack_the_label_and_have_unknown_ones(ingest, tmp_path):
    write_csv(tmp_path / "one.csv", [row[:-1] for row in rows_of(1)], header=HEADER[:-1])
    examples = ingest(str(tmp_path / "one.csv"), serving=1, splits={"min_rows": 500})
    assert list(splits_of(examples, "n")) == ["serving"]
    assert report_of(examples)["splits"] == {"serving": {"rows": 200, "classes": {}}}
    rows = [(*row[:-1], ("new", "", "pos")[i % 3]) for i, row in enumerate(rows_of(1))]
    write_csv(tmp_path / "two.csv", rows)
    examples = ingest(str(tmp_path / "two.csv"), serving=1)
    found = Counter(splits_of(examples, "y", missing=b"")["serving"])
    assert found == {b"new": 67, b"": 67, b"pos": 66}
    assert report_of(examples)["splits"]["serving"]["classes"] == {"new": 67, "pos": 66}
