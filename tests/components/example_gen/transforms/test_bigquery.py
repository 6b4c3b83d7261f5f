"""ReadBigQuery against fakes of what Beam calls: no test reaches Google."""

import json

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from google.api_core.exceptions import Forbidden
from support.fake_bigquery import CALLS, STREAMS, FakeStorage, put_fakes
from support.sources import rows_of

from tfx_rebalance.components.example_gen.sources.bigquery import BigQueryReader
from tfx_rebalance.components.example_gen.sources.settings import BigQuerySource
from tfx_rebalance.components.example_gen.sources.source import Wanted
from tfx_rebalance.components.example_gen.transforms import bigquery
from tfx_rebalance.components.example_gen.transforms.bigquery import ReadBigQuery, as_data_error
from tfx_rebalance.errors import ConfigError, DataError

pytestmark = pytest.mark.tfx

WANTED = Wanted({"n": pa.int64(), "s": pa.string()}, "y")


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    put_fakes(monkeypatch)
    monkeypatch.setattr(bigquery, "ROWS_PER_FILE", 10)


def read(folder, source, *, run_date=None):
    """Returns the rows of all files."""
    with as_data_error(source), BeamPipeline() as pipeline:
        pieces = pipeline | ReadBigQuery(source, run_date=run_date, folder=str(folder / "rows"))
        names = folder / "names"
        _ = (
            pieces
            | beam.Map(lambda piece: piece.path)
            | beam.combiners.ToList()
            | beam.Map(lambda paths: names.write_text(json.dumps(paths)))
        )
    paths = json.loads(names.read_text())
    rows, _ = rows_of(BigQueryReader(source), paths, wanted=WANTED)
    return rows, paths


def in_order(rows):
    return sorted(rows, key=lambda row: (row["n"] is None, row["n"]))


@pytest.mark.parametrize("table", ["my-project:d.t", "my-project.d.t"])
def test_a_tables_rows_come_in_files_of_some_rows(tmp_path, table):
    rows, paths = read(tmp_path, BigQuerySource(table=table))
    assert in_order(rows) == [*STREAMS["stream-0"], *STREAMS["stream-1"]]
    assert len(paths) >= 3
    assert CALLS["tables"] == ["projects/my-project/datasets/d/tables/t"]


def test_a_querys_rows_are_those_of_the_day(tmp_path):
    query = "SELECT * FROM d.t_{YYYY}{MM}{DD}"
    source = BigQuerySource(query=query, project="payer")
    rows, _ = read(tmp_path, source, run_date="2026-01-05T03:00:00Z")
    assert len(rows) == 26
    assert CALLS["queries"] == ["payer: SELECT * FROM d.t_20260105"]
    assert CALLS["tables"] == ["projects/payer/datasets/temporary/tables/answer"]


def test_a_query_with_a_date_needs_a_run_date():
    source = BigQuerySource(query="SELECT * FROM d.t_{YYYY}")
    with pytest.raises(ConfigError, match=r"has \{YYYY\}, but there is no data.run_date. Set it"):
        ReadBigQuery(source, run_date=None, folder="unused")


@pytest.mark.parametrize("table", ["t", "a b.c", "x:y.z.t"])
def test_a_name_that_is_no_tables_is_refused(table):
    with pytest.raises(ConfigError, match=r"names no table. Give it as project.dataset.table"):
        ReadBigQuery(BigQuerySource(table=table), run_date=None, folder="unused")


def test_a_missing_permission_is_told_with_a_remedy(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise Forbidden("no permission to create a session")

    monkeypatch.setattr(FakeStorage, "create_read_session", refuse)
    with pytest.raises(DataError, match=r"'my-project.d.t' cannot be read: .*Read Session User"):
        read(tmp_path, BigQuerySource(table="my-project.d.t"))
