"""ExampleValidator's anomalies become checks, and our checks become anomalies beside them."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2 as pb

from tfx_rebalance.components.imbalance_validator.anomalies import merged, schema_checks
from tfx_rebalance.findings import Check, findings_of

STOCK = text_format.Parse(
    """
    anomaly_info { key: "b" value { description: "b is missing." severity: ERROR } }
    anomaly_info { key: "a" value { short_description: "Column dropped" } }
    dataset_anomaly_info { description: "too few rows" }
    """,
    pb.Anomalies(),
)


def check(name, verdict, **more):
    settled = {"subject": "x", "sentence": f"{name} is off", "split": "train", "column": "x"}
    return Check(name=name, verdict=verdict, **{**settled, **more})


def test_schema_anomalies_are_told_sorted_with_split_column_and_remedy():
    checks = schema_checks(STOCK, split="val", mode="stop")
    [told] = findings_of(checks, classes={}, settings={}).told("stop")
    assert told == (
        "the data does not fit the schema: val: column 'a': Column dropped; val: column 'b': b is "
        "missing; val: too few rows. Correct the data or the reviewed schema, or set "
        "validate.anomalies: warn to go on regardless."
    )
    assert {c.verdict for c in schema_checks(STOCK, split="val", mode="warn")} == {"warn"}


def test_our_findings_stand_beside_the_stock_ones():
    checks = [
        check("near_constant", "warn"),
        check("leakage", "stop"),
        check("drift", "warn", value=0.2, bar=0.1, measure="L_INFTY", column="c"),
        check("label_shift", "stop", column="", subject="fraud"),
        check("unknown_labels", "warn", column="y"),
        check("near_constant", "warn", split="val"),
        check("near_constant", "ok", column="fine"),
        check("anomalies", "stop", column="b"),
    ]
    found = merged(STOCK, checks, split="train", label="y")
    info = found.anomaly_info
    assert set(info) == {"a", "b", "c", "x", "y"}
    assert info["b"] == STOCK.anomaly_info["b"]
    assert info["x"].severity == pb.AnomalyInfo.ERROR
    assert info["x"].description == "near_constant is off. leakage is off."
    assert info["x"].short_description == "Multiple errors"
    assert [r.type for r in info["y"].reason] == [
        pb.AnomalyInfo.CUSTOM_VALIDATION,
        pb.AnomalyInfo.ENUM_TYPE_UNEXPECTED_STRING_VALUES,
    ]
    assert info["c"].reason[0].type == pb.AnomalyInfo.COMPARATOR_L_INFTY_HIGH
    assert info["c"].severity == pb.AnomalyInfo.WARNING
    assert found.dataset_anomaly_info == STOCK.dataset_anomaly_info
    assert STOCK.ByteSize() < found.ByteSize()


def test_measured_distances_are_kept_even_below_their_bar():
    found = merged(
        pb.Anomalies(),
        [
            check("drift", "ok", value=0.02, bar=0.1, measure="JENSEN_SHANNON_DIVERGENCE"),
            check("skew", "ok", value=0.03, bar=None, measure="L_INFTY"),
        ],
        split="train",
        label="y",
    )
    [info] = found.drift_skew_info
    assert list(info.path.step) == ["x"]
    assert [m.value for m in info.drift_measurements] == [0.02]
    assert [m.value for m in info.skew_measurements] == [0.03]
    assert not found.anomaly_info


@pytest.mark.parametrize("split", ["train", "val"])
def test_nothing_found_is_no_anomaly(split):
    assert not merged(pb.Anomalies(), [], split=split, label="y").anomaly_info
    assert schema_checks(pb.Anomalies(), split=split, mode="stop") == []
