"""The gate as TFMA's config: a threshold where there is a bar, and nowhere else."""

import json

import pytest

from tfx_rebalance.components.evaluator.eval_config import eval_config
from tfx_rebalance.components.evaluator.settings import GateSettings

pytestmark = pytest.mark.tfx

CLASSES = ("no", "yes")


def metrics_of(**settings):
    """Returns the metrics' configs by name."""
    config = eval_config(GateSettings(**settings), CLASSES)
    [spec] = config.metrics_specs
    return {json.loads(metric.config)["name"]: metric for metric in spec.metrics}


def thresholds_of(metric):
    """Returns (slice's features, threshold) of each bar."""
    return [
        (tuple(part.slicing_specs[0].feature_keys), part.threshold)
        for part in metric.per_slice_thresholds
    ]


def test_every_class_has_recall_and_support():
    assert set(metrics_of()) == {
        "class_recall/no",
        "class_support/no",
        "class_recall/yes",
        "class_support/yes",
    }
    assert json.loads(metrics_of()["class_recall/yes"].config)["class_index"] == 1


def test_a_bar_is_a_lower_bound_on_the_whole_split():
    metrics = metrics_of(min_recall={"yes": 0.8}, champion=None)
    [(features, threshold)] = thresholds_of(metrics["class_recall/yes"])
    assert features == ()
    assert threshold.value_threshold.lower_bound.value == 0.8
    assert not threshold.HasField("change_threshold")
    assert thresholds_of(metrics["class_recall/no"]) == []


def test_a_drop_is_allowed_down_to_its_bound_with_or_without_a_bar():
    metrics = metrics_of(min_recall={"yes": 0.8}, champion={"margin": 0.05})
    for name in CLASSES:
        [(_, threshold)] = thresholds_of(metrics[f"class_recall/{name}"])
        assert threshold.change_threshold.absolute.value == pytest.approx(-0.05)
        assert threshold.HasField("value_threshold") == (name == "yes")


def test_support_never_blocks():
    metrics = metrics_of()
    assert all(not thresholds_of(metrics[f"class_support/{name}"]) for name in CLASSES)


def test_a_slice_has_a_shortfall_of_nothing_for_each_class_with_a_bar_there():
    slices = [
        {"features": ("country",), "min_recall": {"yes": 0.7}, "min_positives": 30},
        {"features": ("country", "device"), "min_recall": {"default": 0.4}},
    ]
    metrics = metrics_of(slices=slices)
    found = {name: thresholds_of(m) for name, m in metrics.items() if "shortfall" in name}
    assert {name: features for name, [(features, _)] in found.items()} == {
        "class_recall_shortfall/0/yes": ("country",),
        "class_recall_shortfall/1/no": ("country", "device"),
        "class_recall_shortfall/1/yes": ("country", "device"),
    }
    assert all(t.value_threshold.upper_bound.value == 0 for [(_, t)] in found.values())
    arguments = json.loads(metrics["class_recall_shortfall/0/yes"].config)
    assert (arguments["bar"], arguments["min_positives"]) == (0.7, 30)


def test_the_whole_split_and_every_named_slice_are_measured():
    slices = [{"features": ("country", "device"), "min_recall": {"yes": 0.7}}]
    config = eval_config(GateSettings(slices=slices), CLASSES)
    assert [list(s.feature_keys) for s in config.slicing_specs] == [[], ["country", "device"]]


def test_what_is_judged_is_the_decision_that_will_be_served():
    [spec] = eval_config(GateSettings(), CLASSES).model_specs
    assert spec.signature_name == "serving_default"
    assert spec.prediction_key == "decision_scores"
    assert list(spec.preprocessing_function_names) == ["transform_labels"]
