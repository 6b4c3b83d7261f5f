"""Every format has a reader, and every reader can be sent to a worker."""

import pickle

import pytest

from tfx_rebalance.components.example_gen.sources.registry import READERS, reader_of
from tfx_rebalance.components.example_gen.sources.settings import (
    BigQuerySource,
    CsvSource,
    ImageFolderSource,
    OpenMLSource,
    ParquetSource,
    TFDSSource,
    TFRecordSource,
)
from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted

pytestmark = pytest.mark.tfx
SETTINGS = (
    CsvSource(path="x"),
    ParquetSource(path="x"),
    TFRecordSource(path="x"),
    ImageFolderSource(path="x"),
    TFDSSource(name="x"),
    BigQuerySource(table="d.x"),
    OpenMLSource(name="x"),
)


def test_the_registry_has_the_formats_that_are_read():
    assert sorted(READERS) == sorted(settings.format for settings in SETTINGS)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings.format)
def test_a_reader_can_be_sent_and_takes_no_pieces(settings):
    reader = pickle.loads(pickle.dumps(reader_of(settings)))
    assert reader.pieces([]) == []
    if settings.format != "tfds":  # It looks into the builder's files for the names.
        assert list(reader.batches([], Wanted({}, "y"), BadRows())) == []
    if not hasattr(settings, "path") and settings.format != "bigquery":
        assert callable(reader.prepare)
