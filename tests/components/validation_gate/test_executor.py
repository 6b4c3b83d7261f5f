"""ValidationGate stops a run on what ExampleValidator published, and says what it was."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.types import artifact_utils, standard_artifacts

from tfx_rebalance.components.validation_gate.executor import Executor, anomalies_in
from tfx_rebalance.errors import StopRun

pytestmark = pytest.mark.tfx


def missing(*columns):
    return "".join(
        f'anomaly_info {{ key: "{column}" value {{ description: "{column} is missing." }} }}'
        for column in columns
    )


@pytest.fixture
def anomalies(tmp_path):
    """Returns a function that writes anomalies per split, as ExampleValidator does."""

    def write(**splits):
        artifact = standard_artifacts.ExampleAnomalies()
        artifact.uri = str(tmp_path)
        artifact.split_names = artifact_utils.encode_split_names(list(splits))
        for split, text in splits.items():
            (tmp_path / f"Split-{split}").mkdir()
            proto = text_format.Parse(text, anomalies_pb2.Anomalies())
            (tmp_path / f"Split-{split}" / "SchemaDiff.pb").write_bytes(proto.SerializeToString())
        return artifact

    return write


def judge(artifact, on_anomaly="stop"):
    Executor().Do({"anomalies": [artifact]}, {}, {"on_anomaly": on_anomaly})


def test_data_without_anomalies_passes(anomalies):
    judge(anomalies(train="", eval=""))


def test_an_anomaly_stops_the_run_with_split_column_and_remedy(anomalies):
    with pytest.raises(StopRun) as error:
        judge(anomalies(train="", val=missing("age")))
    assert "does not fit the schema: val: column 'age': age is missing" in str(error.value)
    assert "validate.anomalies: warn" in str(error.value)


def test_an_anomaly_can_be_passed_over(anomalies):
    judge(anomalies(train=missing("age")), on_anomaly="warn")


def test_every_split_is_looked_at_and_the_columns_are_sorted(anomalies):
    found = anomalies_in(anomalies(train=missing("b", "a"), eval=missing("c")))
    assert [text.partition(": ")[0] for text in found] == ["train", "train", "eval"]
    assert [name for text in found for name in "abc" if f"'{name}'" in text] == ["a", "b", "c"]


def test_an_anomaly_of_the_whole_split_counts(anomalies):
    artifact = anomalies(train='dataset_anomaly_info { description: "too few rows" }')
    assert anomalies_in(artifact) == ["train: too few rows"]


def test_a_short_description_is_better_than_none(anomalies):
    text = 'anomaly_info { key: "a" value { short_description: "Column dropped" } }'
    assert anomalies_in(anomalies(train=text)) == ["train: column 'a': Column dropped"]


def test_of_many_anomalies_the_first_ten_are_told(anomalies):
    columns = [f"column_{i:02}" for i in range(13)]
    with pytest.raises(StopRun, match=r"column_09 is missing \(and 3 more\)") as error:
        judge(anomalies(train=missing(*columns)))
    assert "column_10" not in str(error.value)
