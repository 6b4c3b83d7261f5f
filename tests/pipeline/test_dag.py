"""The compiled DAG: who reads which split, and in which order."""

import json

import pytest
from support.pipeline_runs import EXAMPLES

from tfx_rebalance.pipeline.checks import check_config
from tfx_rebalance.pipeline.config_file import load_config

pytestmark = pytest.mark.tfx


def compiled(*overrides):
    """Returns the compiled nodes of the built-in example by name."""
    from tfx.dsl.compiler.compiler import Compiler

    from tfx_rebalance.pipeline.dag import create_pipeline

    config = load_config(EXAMPLES / "card_fraud.yaml", overrides=overrides)
    pipeline = create_pipeline(
        config, check_config(config), root="/root", destination="/serving", fingerprint="f"
    )
    ir = Compiler().compile(pipeline)
    return {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}


@pytest.fixture(scope="module")
def nodes():
    return compiled()


def _parameter(node, name):
    return node.parameters.parameters[name].field_value.string_value


def _upstream(nodes, name):
    direct = set(nodes[name].upstream_nodes)
    return direct.union(*(_upstream(nodes, node) for node in direct))


def test_nothing_before_the_evaluator_reads_eval(nodes):
    assert json.loads(_parameter(nodes["StatisticsGen"], "exclude_splits")) == ["eval"]
    splits = json.loads(_parameter(nodes["Transform"], "splits_config"))
    assert (splits["analyze"], splits["transform"]) == (["train"], ["train", "val"])
    assert json.loads(_parameter(nodes["Rebalance"], "settings"))["splits"] == ["train"]
    assert json.loads(_parameter(nodes["Trainer"], "train_args"))["splits"] == ["train"]
    assert json.loads(_parameter(nodes["Trainer"], "eval_args"))["splits"] == ["val"]
    assert json.loads(_parameter(nodes["Evaluator"], "example_splits")) == ["eval"]

    readers = {
        name
        for name, node in nodes.items()
        for channels in node.inputs.inputs.values()
        for channel in channels.channels
        if (channel.producer_node_query.id, channel.output_key) == ("ExampleGen", "examples")
    }
    # ImbalanceValidator takes the class counts that ExampleGen wrote down, no row; Pusher, after
    # the Evaluator, the keys of `train` and `val`.
    assert readers == {"StatisticsGen", "ImbalanceValidator", "Transform", "Evaluator", "Pusher"}


def test_transform_waits_for_the_validation_gate(nodes):
    assert "ValidationGate" in nodes["Transform"].upstream_nodes


def test_the_trainer_sees_only_what_rebalance_gives(nodes):
    [channel] = nodes["Trainer"].inputs.inputs["examples"].channels
    assert channel.producer_node_query.id == "Rebalance"


def test_the_pusher_comes_after_everything_else(nodes):
    assert _upstream(nodes, "Pusher") == set(nodes) - {"Pusher"}


def _sources(node):
    """Returns input key -> (node, output key) it comes from."""
    return {
        key: (channel.producer_node_query.id, channel.output_key)
        for key, channels in node.inputs.inputs.items()
        for channel in channels.channels
    }


def test_without_a_tuner_there_is_no_node_for_it(nodes):
    assert not {"Tuner", "LatestTuner"} & set(nodes)
    assert "hyperparameters" not in nodes["Trainer"].inputs.inputs


def test_a_tuner_sees_what_the_trainer_sees_and_feeds_it():
    nodes = compiled("tuner={algorithm: random}")
    tuner, trainer = _sources(nodes["Tuner"]), _sources(nodes["Trainer"])
    assert trainer.pop("hyperparameters") == ("Tuner", "best_hyperparameters")
    assert tuner == trainer
    for key in ("train_args", "eval_args"):
        assert _parameter(nodes["Tuner"], key) == _parameter(nodes["Trainer"], key)
    theirs = [json.loads(_parameter(nodes[name], "custom_config")) for name in ("Tuner", "Trainer")]
    assert theirs[0]["settings"] == theirs[1]["settings"]
    assert theirs[0].get("gate") == theirs[1].get("gate")


def test_from_latest_looks_for_the_tuners_and_searches_nothing():
    nodes = compiled("tuner={from: latest}")
    assert "Tuner" not in nodes
    [found] = [
        channel
        for channels in nodes["LatestTuner"].inputs.inputs.values()
        for channel in channels.channels
    ]
    names = {query.name.field_value.string_value for query in found.context_queries}
    assert names == {"card-fraud", "card-fraud.Tuner"}  # Of any run of this pipeline.
    assert found.artifact_query.type.name == "HyperParameters"
    assert _sources(nodes["Trainer"])["hyperparameters"][0] == "LatestTuner"
