"""The node's spec: parameters are JSON strings, and wrong arguments fail when it is built."""

import json

import pytest

from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Feature, Features

pytestmark = pytest.mark.tfx

FEATURES = Features(
    inputs=[Feature(name="x", dtype="float", categorical=False, optional=False)],
    label="y",
    label_dtype="string",
    classes=("a", "b"),
)


def node(**more):
    from tfx.types import channel_utils, standard_artifacts

    from tfx_rebalance.components.imbalance_validator.component import ImbalanceValidator

    def channel(name):
        return channel_utils.as_channel([getattr(standard_artifacts, name)()])

    arguments = {"bars": {"a": 0.9, "b": None}, "confidence": 0.95, **more}
    return ImbalanceValidator(
        statistics=channel("ExampleStatistics"),
        schema=channel("Schema"),
        anomalies=channel("ExampleAnomalies"),
        settings=ValidateSettings(),
        features=FEATURES,
        **arguments,
    )


def test_it_takes_statistics_and_gives_anomalies_and_a_report():
    built = node(released="/serving")
    assert set(built.inputs) == {"statistics", "schema", "stock_anomalies"}
    assert {key: channel.type_name for key, channel in built.outputs.items()} == {
        "anomalies": "ExampleAnomalies",
        "imbalance_report": "tfx_rebalance.ImbalanceReport",
    }
    properties = built.exec_properties
    assert all(isinstance(value, str) for value in properties.values())
    assert json.loads(properties["bars"]) == {"a": 0.9, "b": None}
    assert ValidateSettings.model_validate_json(properties["settings"]) == ValidateSettings()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"bars": {"c": 0.5}}, "the class 'c'; allowed are a, b"),
        ({"bars": {"a": 0.0}}, "bar of 'a' must be in"),
        ({"confidence": 1.0}, "confidence must be in"),
    ],
)
def test_wrong_arguments_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        node(**wrong)


def test_the_report_is_found_where_kubeflow_looks():
    import tfx_rebalance
    from tfx_rebalance.artifacts import ImbalanceReport

    assert tfx_rebalance.ImbalanceReport is ImbalanceReport
