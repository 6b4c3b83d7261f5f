"""Fakes of what Beam calls of BigQuery: no test reaches Google."""

import io
import json
from types import SimpleNamespace

import fastavro
from apache_beam.io.gcp import bigquery_tools
from google.cloud import bigquery_storage_v1

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


def put_fakes(monkeypatch):
    """Puts the fakes in the place of Google's clients."""
    monkeypatch.setattr(bigquery_storage_v1, "BigQueryReadClient", FakeStorage)
    monkeypatch.setattr(bigquery_tools, "BigQueryWrapper", FakeJobs)
    metadata = "apache_beam.io.gcp.gce_metadata_util.fetch_dataflow_job_id"
    monkeypatch.setattr(metadata, lambda: None)
    for calls in CALLS.values():
        calls.clear()
