"""The compiled DAG: who reads which split, and in which order."""

import json

import pytest
from support.pipeline_runs import EXAMPLES

from tfx_rebalance.pipeline.checks import check_config
from tfx_rebalance.pipeline.config_file import load_config

pytestmark = pytest.mark.tfx


@pytest.fixture(scope="module")
def nodes():
    from tfx.dsl.compiler.compiler import Compiler

    from tfx_rebalance.pipeline.dag import create_pipeline

    config = load_config(EXAMPLES / "card_fraud.yaml")
    pipeline = create_pipeline(
        config, check_config(config), root="/root", destination="/serving", fingerprint="f"
    )
    ir = Compiler().compile(pipeline)
    return {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}


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
    # ImbalanceValidator takes the class counts that ExampleGen wrote down, no row.
    assert readers == {"StatisticsGen", "ImbalanceValidator", "Transform", "Evaluator"}


def test_transform_waits_for_the_validation_gate(nodes):
    assert "ValidationGate" in nodes["Transform"].upstream_nodes


def test_the_trainer_sees_only_what_rebalance_gives(nodes):
    [channel] = nodes["Trainer"].inputs.inputs["examples"].channels
    assert channel.producer_node_query.id == "Rebalance"


def test_the_pusher_comes_after_everything_else(nodes):
    assert _upstream(nodes, "Pusher") == set(nodes) - {"Pusher"}
