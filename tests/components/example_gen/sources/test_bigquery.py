"""What of BigQuery needs no BigQuery: dates, names, rows in files, errors."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from google.api_core.exceptions import Forbidden
from google.auth.exceptions import DefaultCredentialsError
from support.sources import rows_of

from tfx_rebalance.components.example_gen.sources.bigquery import (
    BigQueryReader,
    beam_table,
    data_error_of,
    dated,
    write_rows,
)
from tfx_rebalance.components.example_gen.sources.settings import BigQuerySource
from tfx_rebalance.components.example_gen.sources.source import Wanted
from tfx_rebalance.errors import DataError

SOURCE = BigQuerySource(table="p:d.t")


def test_a_query_gets_the_date_and_keeps_its_other_braces():
    query = "SELECT '{x}' FROM t_{YYYY}{MM}{DD} WHERE d = '{YYYY}-{MM}-{DD}'"
    day = dt.date(2026, 1, 5)
    assert dated(query, day) == "SELECT '{x}' FROM t_20260105 WHERE d = '2026-01-05'"


@pytest.mark.parametrize(
    ("table", "taken"),
    [
        ("p:d.t", "p:d.t"),
        ("p.d.t", "p:d.t"),
        ("d.t", "d.t"),
        ("example.com:p:d.t", "example.com:p:d.t"),
        ("example.com:p.d.t", "example.com:p:d.t"),
    ],
)
def test_a_table_may_be_written_both_ways(table, taken):
    assert beam_table(table) == taken


@pytest.mark.parametrize("scheme", ["", pytest.param("file://", marks=pytest.mark.tfx)])
def test_rows_of_any_type_come_back_from_their_file(tmp_path, scheme):
    moment = dt.datetime(2026, 1, 5, 10, tzinfo=dt.timezone.utc)
    rows = [
        {"n": 1, "x": Decimal("1.5"), "day": moment.date(), "at": moment, "b": b"\xff", "y": True},
        {"n": None, "x": None, "day": None, "at": None, "b": None, "y": False, "tags": ["a", "b"]},
    ]
    reader = BigQueryReader(SOURCE)
    wanted = Wanted({"n": pa.int64(), "x": pa.float64(), "tags": pa.list_(pa.string())}, "y")
    piece = write_rows(rows, f"{scheme}{tmp_path}")
    found, _ = rows_of(reader, [piece.path], wanted=wanted)
    assert found == [
        {"n": 1, "x": 1.5, "day": "2026-01-05", "at": "2026-01-05T10:00:00Z", "b": b"\xff",
         "y": "true", "tags": None},
        {"n": None, "x": None, "day": None, "at": None, "b": None, "y": "false",
         "tags": ["a", "b"]},
    ]  # fmt: skip


def test_every_file_has_a_name_of_its_own(tmp_path):
    rows = [{"n": 1}]
    assert write_rows(rows, str(tmp_path)).path != write_rows(rows, str(tmp_path)).path


def test_values_that_do_not_go_together_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"BigQuery's column 'n' cannot be read: .*Cast it in"):
        write_rows([{"n": 1}, {"n": "x"}], str(tmp_path))


@pytest.mark.parametrize(
    "error",
    [
        Forbidden("no permission bigquery.tables.getData"),
        DefaultCredentialsError("no credentials"),
        ConnectionRefusedError("refused"),
    ],
)
def test_what_the_cloud_refuses_is_told_with_a_remedy(error):
    told = str(data_error_of(error, SOURCE))
    assert "BigQuery's table 'p:d.t' cannot be read: " in told
    assert str(error) in told
    assert "gcloud auth application-default login" in told
    outer = RuntimeError("in Beam")
    outer.__cause__ = error
    assert str(data_error_of(outer, SOURCE)) == told


def test_another_error_is_not_taken_for_bigquerys():
    assert data_error_of(ValueError("ours"), SOURCE) is None


def test_our_own_error_keeps_its_message_whatever_caused_it():
    error = DataError("class 'pos' has 2 rows")
    error.__cause__ = Forbidden("tried before")
    assert data_error_of(error, SOURCE) is None
