"""The gate as TFMA's config: what is measured, and nothing that TFMA would judge by itself."""

import json

import pytest
import tensorflow_model_analysis as tfma

from tfx_rebalance.components.evaluator.eval_config import (
    METRICS_MODULE,
    OF_CLASSES,
    OVERALL,
    eval_config,
    metric_name,
)
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.errors import ConfigError

pytestmark = pytest.mark.tfx

CLASSES = ("no", "yes")
EVERYTHING = {
    "min_recall": {"yes": 0.8},
    "min_precision": {"yes": 0.3},
    "max_calibration_error": {"default": 0.1},
    "slices": [
        {"features": ("country", "device"), "min_recall": {"yes": 0.7}},
        {"features": ("age",), "buckets": {"age": (18, 65.5)}, "min_recall": {"default": 0.4}},
        {"features": ("sum", "device"), "buckets": {"sum": (0,)}, "min_recall": {"no": 0.4}},
    ],
}


def config_of(*, fitted_rows=None, **settings):
    return eval_config(GateSettings(**settings), CLASSES, fitted_rows=fitted_rows)


def arguments_of(config, output):
    """Returns the arguments of an output's metrics by their names."""
    [spec] = [spec for spec in config.metrics_specs if list(spec.output_names) == [output]]
    found = [json.loads(metric.config) for metric in spec.metrics]
    assert len({arguments["name"] for arguments in found}) == len(found)
    return {arguments["name"]: arguments for arguments in found}


def test_nothing_has_a_threshold_for_tfma_judges_each_slice_alone():
    config = tfma.utils.update_eval_config_with_defaults(
        config_of(**EVERYTHING), has_baseline=True, rubber_stamp=True
    )
    tfma.utils.verify_eval_config(config)
    thresholds = tfma.metrics.metric_thresholds_from_metrics_specs(
        config.metrics_specs, eval_config=config
    )
    assert not thresholds


@pytest.mark.parametrize("output", ["decision_scores", "probabilities"])
def test_every_metric_is_asked_for_every_class_and_for_all_of_them(output):
    found = arguments_of(config_of(**EVERYTHING), output)
    for metric in OF_CLASSES[output].values():
        indices = [found[metric_name(metric, name)]["class_index"] for name in CLASSES]
        assert indices == [0, 1]
    assert set(OVERALL[output].values()) <= set(found)


def test_every_metric_is_one_of_ours():
    specs = config_of(**EVERYTHING).metrics_specs
    assert {metric.module for spec in specs for metric in spec.metrics} == {METRICS_MODULE}


def test_a_margin_is_measured_where_there_is_a_bar_by_the_gates_own_bound():
    found = arguments_of(
        config_of(min_recall={"yes": 0.8}, confidence=0.9, interval="wilson"), "decision_scores"
    )
    assert "gate_margin/no" not in found
    assert found["gate_margin/yes"] == {
        "name": "gate_margin/yes",
        "class_index": 1,
        "bar": 0.8,
        "confidence": 0.9,
        "interval": "wilson",
    }


def test_the_whole_split_and_every_slice_are_measured_buckets_as_features_of_their_own():
    found = [list(spec.feature_keys) for spec in config_of(**EVERYTHING).slicing_specs]
    assert found == [
        [],
        ["country", "device"],
        ["age in buckets at 18.0, 65.5"],
        ["sum in buckets at 0.0", "device"],
    ]


@pytest.mark.parametrize("path", [None, "/serving/releases/7.rows"])
def test_the_comparison_knows_what_the_champion_was_fitted_on(path):
    found = arguments_of(config_of(fitted_rows=path), "decision_scores")
    assert found["paired_decisions"]["fitted_rows"] == path


def test_what_is_judged_is_the_decision_that_will_be_served_and_its_probabilities():
    [spec] = config_of().model_specs
    assert spec.signature_name == "serving_default"
    assert spec.prediction_key == ""  # Both outputs; a metric says which.
    assert list(spec.preprocessing_function_names) == ["transform_labels"]
    outputs = ("decision_scores", "probabilities")
    assert dict(spec.label_keys) == dict.fromkeys(outputs, "label_index")


BARS = {"maybe": 0.5}


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_recall": BARS},
        {"min_precision": BARS},
        {"max_calibration_error": BARS},
        {"slices": [{"features": ("age",), "min_recall": {"yes": 0.5, **BARS}}]},
    ],
)
def test_a_bar_for_a_class_that_there_is_not_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"'maybe'.*allowed are no, yes and default"):
        config_of(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"insufficient": {"maybe": "pass"}},
        {
            "slices": [
                {"features": ("a",), "min_recall": {"yes": 1}, "insufficient": {"maybe": "fail"}}
            ]
        },
    ],
)
def test_so_is_a_policy_for_one(wrong):
    with pytest.raises(ConfigError, match="'maybe'"):
        config_of(**wrong)
