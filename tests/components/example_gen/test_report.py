"""What is said of the data in words."""

import pytest

from tfx_rebalance.components.example_gen.report import Ingestion, Moved


def report(**changes):
    plain = {
        "source": "s", "format": "csv", "files": 1, "span": 0, "version": 0, "window": 1,
        "run_date": None, "rows": 10, "bad_rows": 0, "bad_row_examples": (), "missing_labels": 0,
        "duplicates": 0, "immature": 0, "splits": {}, "stratify": True, "group_by": None,
        "time": None, "deviation": 0.001, "moved": None, "moved_note": "", "seed": 0,
        "cut_points": {},
    }  # fmt: skip
    return Ingestion.model_validate({**plain, **changes})


def test_where_nothing_was_left_out_nothing_is_said():
    assert (report().notes, report().warnings) == ([], [])


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"duplicates": 3334}, "3,334 rows equal another one and were left out"),
        ({"immature": 1200}, "1,200 rows are too young for a final label"),
        (
            {"moved": Moved(rows=8000, moved=12)},
            "12 of 8,000 rows that the last window had too are in another split now",
        ),
        (
            {"group_by": "card_id", "deviation": 0.0123},
            "whole groups of 'card_id': a class's share of a split is up to 1.23% of the class off",
        ),
    ],
)
def test_what_was_done_as_configured_is_a_note(changes, note):
    assert report(**changes).notes == [note]
    assert report(**changes).warnings == []


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        (
            {"bad_rows": 2000, "bad_row_examples": ("'f', row 2: x", "'f', row 3: y")},
            "2,000 rows cannot be read and were left out: 'f', row 2: x; 'f', row 3: y",
        ),
        ({"missing_labels": 7}, "7 rows have no label and were left out"),
    ],
)
def test_what_is_missing_from_the_data_is_a_warning(changes, warning):
    assert report(**changes).warnings == [warning]
    assert report(**changes).notes == []


def test_groups_that_shares_did_not_decide_about_have_no_deviation():
    assert report(group_by="g", deviation=None).notes == []


def test_a_window_without_shared_rows_moved_nothing():
    assert Moved(rows=0, moved=0).share == 0
    assert Moved(rows=8, moved=2).share == 0.25


def test_the_report_comes_back_from_its_file():
    whole = report(moved=Moved(rows=2, moved=1), cut_points={"*": ("0f", "f0")})
    assert Ingestion.model_validate_json(whole.model_dump_json(indent=2)) == whole
