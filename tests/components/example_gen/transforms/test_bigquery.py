"""ReadBigQuery against fakes of what Beam calls: no test reaches Google."""

import io
import json
from types import SimpleNamespace

import apache_beam as beam
import fastavro
import pyarrow as pa
import pytest
from apache_beam.io.gcp import bigquery_tools
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from google.api_core.exceptions import Forbidden
from google.cloud import bigquery_storage_v1
from support.sources import rows_of

from tfx_rebalance.components.example_gen.sources.bigquery import BigQueryReader
from tfx_rebalance.components.example_gen.sources.settings import BigQuerySource
from tfx_rebalance.components.example_gen.sources.source import Wanted
from tfx_rebalance.components.example_gen.transforms import bigquery
from tfx_rebalance.components.example_gen.transforms.bigquery import ReadBigQuery, as_data_error
from tfx_rebalance.errors import ConfigError, DataError

pytestmark = pytest.mark.tfx

FIELDS = {"n": ["null", "long"], "s": "string", "y": "string"}
SCHEMA = {
    "type": "record",
    "name": "row",
    "fields": [{"name": name, "type": kind} for name, kind in FIELDS.items()],
}
STREAMS = {
    "stream-0": [{"n": n, "s": f"text {n}", "y": str(n % 2)} for n in range(25)],
    "stream-1": [{"n": None, "s": "", "y": "1"}],
    "stream-2": [],
}
WANTED = Wanted({"n": pa.int64(), "s": pa.string()}, "y")
CALLS: dict[str, list[str]] = {"queries": [], "tables": []}


class FakeStorage:
    """A fake of BigQueryReadClient: a session of three streams in Avro, as the real one sends."""

    def create_read_session(self, *, parent, read_session, max_stream_count):
        """Returns the streams."""
        del parent, max_stream_count
        CALLS["tables"].append(read_session.table)
        streams = [SimpleNamespace(name=name) for name in STREAMS]
        return SimpleNamespace(
            streams=streams, data_format="AVRO", estimated_total_bytes_scanned=0, avro_schema=""
        )

    def read_rows(self, name, **_):
        """Returns the messages of a stream."""
        for start in range(0, len(STREAMS[name]), 10):
            buffer = io.BytesIO()
            for row in STREAMS[name][start : start + 10]:
                fastavro.schemaless_writer(buffer, fastavro.parse_schema(SCHEMA), row)
            yield SimpleNamespace(
                avro_schema=SimpleNamespace(schema=json.dumps(SCHEMA)),
                avro_rows=SimpleNamespace(serialized_binary_rows=buffer.getvalue()),
            )


class FakeJobs:
    """A fake of Beam's BigQueryWrapper: it notes queries and has no client."""

    def __init__(self, **_):
        pass

    @classmethod
    def from_pipeline_options(cls, _options):
        """Returns one."""
        return cls()

    @staticmethod
    def _bigquery_client(_options):
        return None

    def get_query_location(self, _project, _query, _legacy):
        """Returns a place."""
        return "EU"

    def create_temporary_dataset(self, *_):
        """Does nothing."""

    def _clean_up_beam_labelled_temporary_datasets(self, **_):
        pass

    def _start_query_job(self, project, query, use_legacy_sql, _flatten, *, dry_run=False, **_):
        assert not use_legacy_sql
        if not dry_run:
            CALLS["queries"].append(f"{project}: {query}")
        statistics = SimpleNamespace(totalBytesProcessed=1)
        return SimpleNamespace(jobReference=None, statistics=statistics)

    def wait_for_bq_job(self, *_, **__):
        """Does nothing."""

    def _get_temp_table(self, project):
        return SimpleNamespace(projectId=project, datasetId="temporary", tableId="answer")

    def get_table(self, *_):
        """Returns a table's size."""
        return SimpleNamespace(numBytes=1)


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    """Puts the fakes in the place of Google's clients."""
    monkeypatch.setattr(bigquery_storage_v1, "BigQueryReadClient", FakeStorage)
    monkeypatch.setattr(bigquery_tools, "BigQueryWrapper", FakeJobs)
    metadata = "apache_beam.io.gcp.gce_metadata_util.fetch_dataflow_job_id"
    monkeypatch.setattr(metadata, lambda: None)
    monkeypatch.setattr(bigquery, "ROWS_PER_FILE", 10)
    for calls in CALLS.values():
        calls.clear()


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
