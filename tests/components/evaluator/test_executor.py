"""The node on small models: what it measures, judges and writes."""

import numpy as np
import pandas as pd
import pytest
import tensorflow_model_analysis as tfma
from sklearn.metrics import confusion_matrix
from support.evaluator_runs import artifact, rows_of, served_decisions
from support.evaluator_world import (
    FRAME,
    LABELS,
    files_of,
    make_world,
    properties_of,
)
from tfx.components.evaluator.executor import Executor as StockExecutor
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.utils import proto_utils

from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.errors import DataError
from tfx_rebalance.gate import read_gate
from tfx_rebalance.records import write_shard

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

BUCKETS = ["below 30", "30 to below 60.5", "60.5 and above"]
BY_SEX = {
    "features": ("sex",),
    "min_recall": {"default": 0.3},
    "insufficient": {"c": "fail", "default": "pass"},
}
BY_AGE_AND_SEX = {
    "features": ("age", "sex"),
    "buckets": {"age": (30, 60.5)},
    "min_recall": {"default": 0.3},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def cold(world, tmp_path_factory):
    """Returns a first release."""
    settings = GateSettings(min_recall={"default": 0.5}, slices=[BY_AGE_AND_SEX])
    return world.evaluate(tmp_path_factory.mktemp("cold"), settings, model="good")


def test_a_first_release_is_judged_on_its_bars_alone_and_blessed(world, cold):
    gate = read_gate(str(cold.uri))
    assert gate.passed, gate.reasons
    assert (gate.champion, gate.champions, gate.excluded_rows) == ("cold_start", (), 0)
    assert files_of(cold.blessing) == ["BLESSED"]
    decided = served_decisions(world.models["good"], world.rows["examples"])
    assert np.array(gate.confusion).tolist() == confusion_matrix(LABELS, decided).tolist()


def test_every_slice_is_judged_with_buckets_and_without_rows_that_have_no_value(cold):
    bucket = pd.cut(FRAME["age"], [-np.inf, 30, 60.5, np.inf], right=False, labels=BUCKETS)
    wanted = FRAME.assign(age=bucket.astype(str)).groupby(["age", "sex", "y"]).size()
    cells = [cell for cell in read_gate(str(cold.uri)).shares if cell.where]
    found = {(c.where["age"], c.where["sex"], c.label): c.rows for c in cells if c.rows}
    assert found == wanted.to_dict()


def test_the_blessing_is_as_the_stock_executor_writes_it(world, cold, tmp_path):
    threshold = tfma.MetricThreshold(value_threshold={"lower_bound": {"value": 0}})
    metric = tfma.MetricConfig(class_name="ExampleCount", threshold=threshold)
    spec = tfma.ModelSpec(
        signature_name="serving_default",
        preprocessing_function_names=["transform_labels"],
        label_key="label_index",
        prediction_key="probabilities",
    )
    config = tfma.EvalConfig(model_specs=[spec], metrics_specs=[tfma.MetricsSpec(metrics=[metric])])
    blessing = artifact("ModelBlessing", tmp_path / "blessing")
    StockExecutor(BaseBeamExecutor.Context(tmp_dir=str(tmp_path), unique_id="1")).Do(
        {key: [found] for key, found in {**world.rows, "model": world.models["good"]}.items()},
        {"evaluation": [artifact("ModelEvaluation", tmp_path / "e")], "blessing": [blessing]},
        {"eval_config": proto_utils.proto_to_json(config), "example_splits": '["eval"]'},
    )
    assert files_of(cold.blessing) == files_of(blessing) == ["BLESSED"]
    assert properties_of(cold.blessing) == properties_of(blessing)


def test_a_class_that_a_slice_has_no_row_of_is_never_passed_silently(world, tmp_path):
    settings = GateSettings(min_recall={"default": 0.5}, slices=[BY_SEX, BY_AGE_AND_SEX])
    found = world.evaluate(tmp_path, settings, model="good")
    gate = read_gate(str(found.uri))
    cells = [c for c in gate.shares if c.where.get("sex") == "x" and c.label == "c"]
    assert {(c.rows, c.verdict) for c in cells} == {(0, "insufficient")}
    assert len(cells) == 1 + len(BUCKETS)
    assert [c.where for c in cells if c.blocks] == [{"sex": "x"}]
    [reason] = gate.reasons
    assert reason.startswith("where sex is x, no row is of 'c'")
    assert not gate.passed
    assert files_of(found.blessing) == ["NOT_BLESSED"]
    assert properties_of(found.blessing)["blessed"] == 0


def test_a_class_that_is_not_in_the_split_at_all_blocks(world, tmp_path):
    rows = rows_of(tmp_path, FRAME[FRAME["y"] != "c"], label="y")
    settings = GateSettings(min_recall={"a": 0.3, "b": 0.3}, insufficient="pass")
    found = world.evaluate(tmp_path, settings, model="good", **rows)
    gate = read_gate(str(found.uri))
    [cell] = [cell for cell in gate.shares if cell.label == "c" and cell.kind == "recall"]
    assert (cell.rows, cell.verdict, cell.blocks) == (0, "insufficient", True)
    assert not gate.passed
    assert gate.quality["c"].recall is None
    assert files_of(found.blessing) == ["NOT_BLESSED"]


def test_an_empty_split_is_an_error_and_blesses_nothing(world, tmp_path):
    write_shard(str(tmp_path / "examples" / "Split-eval" / "shard.gz"), [])
    examples = artifact("Examples", tmp_path / "examples")
    examples.split_names = '["eval"]'
    with pytest.raises(DataError, match=r"eval split has no row.*data\.splits\.eval"):
        world.evaluate(tmp_path, GateSettings(), model="good", examples=examples)
    assert not (tmp_path / "blessing").exists()
    assert not (tmp_path / "evaluation" / "gate.json").exists()
