"""The schema arrives byte for byte, or not at all."""

from pathlib import Path

import pytest
from support.pipeline_runs import REPOSITORY

pytestmark = pytest.mark.tfx

SCHEMA = REPOSITORY / "schemas" / "card_fraud" / "schema.pbtxt"


def carry(folder, text):
    from tfx.types import standard_artifacts

    from tfx_rebalance.components.carried_schema.executor import Executor

    artifact = standard_artifacts.Schema()
    artifact.uri = str(folder)
    Executor().Do({}, {"schema": [artifact]}, {"text": text})


def test_stock_readers_find_the_text_as_it_was(tmp_path):
    from tfx.utils import io_utils

    carry(tmp_path, SCHEMA.read_text())
    path = io_utils.get_only_uri_in_dir(str(tmp_path))
    assert Path(path).read_text() == SCHEMA.read_text()
    assert "is_fraud" in {f.name for f in io_utils.SchemaReader().read(path).feature}


def test_what_is_no_schema_is_no_artifact(tmp_path):
    from google.protobuf import text_format

    with pytest.raises(text_format.ParseError):
        carry(tmp_path, "feature { colour: 'red' }")
    assert list(tmp_path.iterdir()) == []
