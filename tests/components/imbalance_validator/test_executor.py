"""The node on small artifacts: both outputs are written, whatever it finds."""

import json
import os

import numpy as np
import pandas as pd
import pytest
from google.protobuf import text_format
from support.released import release
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tfx.components.example_validator.executor import Executor as ExampleValidator
from tfx.types import artifact_utils, standard_artifacts

from tfx_rebalance.artifacts import ImbalanceReport
from tfx_rebalance.components.imbalance_validator.executor import Executor
from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.errors import ConfigError, CorruptArtifactError
from tfx_rebalance.findings import read_findings

pytestmark = pytest.mark.tfx

SCHEMA = """
feature { name: "x" type: FLOAT presence { min_fraction: 1.0 min_count: 1 } }
feature { name: "c" type: BYTES domain: "letters" }
feature { name: "y" type: BYTES string_domain { value: "a" value: "b" } }
string_domain { name: "letters" value: "p" value: "q" }
"""


def rows(n, *, rare=0.3, seed=0):
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": chance.normal(size=n),
            "c": chance.choice(["p", "q"], n),
            "y": np.where(np.arange(n) < rare * n, "b", "a"),
        }
    )


@pytest.fixture
def write(tmp_path, statistics_of):
    """Returns a function that writes statistics as StatisticsGen does."""

    def statistics(name, *, sliced=False, **splits):
        artifact = standard_artifacts.ExampleStatistics()
        artifact.uri = str(tmp_path / name)
        artifact.split_names = artifact_utils.encode_split_names(list(splits))
        artifact.span = 7
        artifact.set_string_custom_property("tfx_version", "1.16.0")
        for split, frame in splits.items():
            folder = tmp_path / name / f"Split-{split}"
            folder.mkdir(parents=True)
            found = statistics_of(frame, label="y" if sliced else None)
            (folder / "FeatureStats.pb").write_bytes(found.SerializeToString())
        return artifact

    return statistics


@pytest.fixture
def schema(tmp_path):
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "schema.pbtxt").write_text(SCHEMA)
    artifact = standard_artifacts.Schema()
    artifact.uri = str(tmp_path / "schema")
    return artifact


@pytest.fixture
def validated(tmp_path, schema):
    """Returns a function that runs the stock ExampleValidator."""

    def run(statistics):
        anomalies = standard_artifacts.ExampleAnomalies()
        anomalies.uri = str(tmp_path / "stock")
        ExampleValidator().Do(
            {"statistics": [statistics], "schema": [schema]}, {"anomalies": [anomalies]}, {}
        )
        return anomalies

    return run


@pytest.fixture
def ingested(tmp_path):
    """Returns a function that writes what ExampleGen leaves beside its examples."""

    def write(splits, **more):
        (tmp_path / "examples").mkdir()
        content = {"splits": {s: {"classes": c, "rows": 1} for s, c in splits.items()}, **more}
        (tmp_path / "examples" / "ingestion.json").write_text(json.dumps(content))
        artifact = standard_artifacts.Examples()
        artifact.uri = str(tmp_path / "examples")
        return artifact

    return write


@pytest.fixture
def run(tmp_path, schema, features_of_frame):
    """Returns a function that runs the node and gives (findings, anomalies artifact)."""

    def judge(statistics, *, bars=None, released="", settings=None, **inputs):
        outputs = {
            "anomalies": standard_artifacts.ExampleAnomalies(),
            "imbalance_report": ImbalanceReport(),
        }
        for name, artifact in outputs.items():
            artifact.uri = str(tmp_path / "out" / name)
        Executor().Do(
            {
                "statistics": [statistics],
                "schema": [schema],
                **{name: [artifact] for name, artifact in inputs.items()},
            },
            {name: [artifact] for name, artifact in outputs.items()},
            {
                "settings": ValidateSettings(**settings or {}).model_dump_json(),
                "features": features_of_frame(rows(10), "y", "ab").model_dump_json(),
                "bars": json.dumps(bars or {}),
                "confidence": "0.95",
                "released": released,
            },
        )
        return read_findings(outputs["imbalance_report"].uri), outputs["anomalies"]

    return judge


def diff_of(artifact, split):
    path = os.path.join(artifact.uri, f"Split-{split}", "SchemaDiff.pb")
    with open(path, "rb") as file:
        return anomalies_pb2.Anomalies.FromString(file.read())


def told(findings, name):
    return [check.sentence for check in findings.checks if check.name == name]


def test_clean_data_is_blessed_and_nothing_is_silent(write, run, validated):
    statistics = write("now", train=rows(900), val=rows(300, seed=1), sliced=True)
    findings, anomalies = run(statistics, stock_anomalies=validated(statistics))
    assert findings.verdict == "ok"
    assert anomalies.get_json_value_custom_property("blessed") == {"train": 1, "val": 1}
    assert (anomalies.span, anomalies.split_names) == (7, '["train", "val"]')
    assert set(ValidateSettings.model_fields) - {check.name for check in findings.checks} == {
        "false_alarm",
        "previous",
    }
    assert told(findings, "drift") == [
        "not measured: drift of features: there is no folder of releases"
    ]
    assert told(findings, "anomalies") == ["the data fits the schema"]
    assert findings.classes["train"] == {"a": 630, "b": 270}


def test_the_stock_anomalies_are_merged_and_stop(write, run, validated):
    bad = rows(900).assign(c="r", x=1.0)
    statistics = write("now", train=bad, val=rows(300))
    findings, anomalies = run(statistics, stock_anomalies=validated(statistics))
    [stop] = findings.told("stop")
    assert stop.startswith("the data does not fit the schema: train: column 'c': ")
    found = diff_of(anomalies, "train")
    assert set(found.anomaly_info) == {"c", "x"}
    assert found.HasField("baseline")
    assert found.drift_skew_info == diff_of(anomalies, "val").drift_skew_info
    assert anomalies.get_json_value_custom_property("blessed") == {"train": 0, "val": 0}
    assert "hardly vary in train: 'c' is constant" in found.anomaly_info["c"].description


def test_counts_of_every_split_come_from_ingestion(write, run, ingested, tmp_path):
    counts = {
        "train": {"a": 630, "b": 270},
        "val": {"a": 200, "b": 80},
        "eval": {"a": 200, "b": 12},
    }
    findings, _ = run(
        write("now", train=rows(900)), examples=ingested(counts), bars={"a": None, "b": 0.9}
    )
    assert findings.classes == counts
    assert told(findings, "support") == [
        "with 12 rows of 'b' in eval no model can show a recall of 0.9 at 95 % confidence; 29 are "
        "needed"
    ]
    chart = (tmp_path / "out" / "imbalance_report" / "rows.svg").read_text()
    assert "a: 630 train, 200 val, 200 eval" in chart


@pytest.mark.parametrize(
    ("how", "verdict"),
    [({"group_by": "card"}, "warn"), ({"time": {"column": "t"}}, "warn"), ({"time": None}, "stop")],
)
def test_grouped_and_timed_splits_only_warn(write, run, ingested, how, verdict):
    counts = {"train": {"a": 500, "b": 500}, "val": {"a": 990, "b": 10}}
    findings, _ = run(write("now", train=rows(900)), examples=ingested(counts, **how))
    assert findings.verdict == verdict


def test_previous_and_serving_statistics_are_compared(write, run):
    now = rows(900)
    findings, anomalies = run(
        write("now", train=now),
        previous_statistics=write("before", train=rows(900, rare=0.03, seed=1)),
        serving_statistics=write(
            "serving", anything=rows(300, seed=2).drop(columns="y").assign(c="p")
        ),
    )
    assert findings.verdict == "stop"
    assert {(c.name, c.subject) for c in findings.checks if c.verdict != "ok"} == {
        ("label_shift", "b"),
        ("skew", "c"),
    }
    [info] = [i for i in diff_of(anomalies, "train").drift_skew_info if i.path.step[0] == "c"]
    assert (len(info.drift_measurements), len(info.skew_measurements)) == (1, 1)
    assert "not measured: unknown_labels of serving: it has no labels that can be counted" in told(
        findings, "unknown_labels"
    )


def test_the_champions_statistics_are_found_and_gone_ones_warn(write, run, tmp_path):
    before = write("before", train=rows(900, seed=1))
    release(tmp_path / "serving", "3", statistics_uri=before.uri)
    released = str(tmp_path / "serving")
    findings, _ = run(write("now", train=rows(900)), released=released)
    assert [c.subject for c in findings.checks if c.name == "drift"] == ["x", "c"]
    release(tmp_path / "serving", "4", statistics_uri="/gone")
    findings, _ = run(write("again", train=rows(900)), released=released)
    assert [c.name for c in findings.checks if c.verdict == "warn"] == ["drift", "label_shift"]
    for warning in findings.told("warn"):
        assert "the statistics of the newest release are gone: '/gone/Split-train" in warning


def test_a_uri_of_the_config_must_be_there(write, run):
    with pytest.raises(ConfigError, match=r"validate.previous is '/gone', but '/gone/Split-train"):
        run(write("now", train=rows(90)), settings={"previous": "/gone"})


def test_the_schemas_own_comparators_are_bars(write, run, schema):
    parsed = text_format.Parse(SCHEMA, schema_pb2.Schema())
    parsed.feature[1].drift_comparator.infinity_norm.threshold = 0.9
    with open(os.path.join(schema.uri, "schema.pbtxt"), "w") as file:
        file.write(text_format.MessageToString(parsed))
    before = write("before", train=rows(900, seed=1).assign(c="p"))
    findings, _ = run(write("now", train=rows(900)), previous_statistics=before)
    [check] = [c for c in findings.checks if (c.name, c.subject) == ("drift", "c")]
    assert (check.verdict, check.bar) == ("ok", pytest.approx(0.9))


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"val": rows(50)}, "no split 'train', only val"),
        ({"train": rows(50).assign(y=3)}, r"is_categorical: true"),
    ],
)
def test_statistics_that_cannot_be_judged_are_refused(write, run, splits, message):
    with pytest.raises(ConfigError, match=message):
        run(write("now", **splits))


def test_serving_statistics_of_two_splits_are_refused(write, run):
    two = write("serving", one=rows(50), two=rows(50))
    with pytest.raises(ConfigError, match="splits one, two; one is allowed"):
        run(write("now", train=rows(50)), serving_statistics=two)


def test_a_broken_ingestion_file_is_told(write, run, ingested, tmp_path):
    examples = ingested({})
    (tmp_path / "examples" / "ingestion.json").write_text("{}")
    with pytest.raises(CorruptArtifactError, match=r"ingestion\.json' has no class counts"):
        run(write("now", train=rows(50)), examples=examples)
