"""What TFX compiles wrong is right afterwards, and the contract's checker agrees."""

import copy
import json

import pytest
from support.compiled import spec, text_of, with_dynamic_property, with_exit_handler

from tfx_rebalance.pipeline.targets.contract import faults_of
from tfx_rebalance.pipeline.targets.repairs import Container, Repairs, repaired


def repair(given, **wanted):
    nothing = {
        "root": "gs://b/r", "defaults": {}, "uncached": (), "retries": {}, "containers": {},
    }  # fmt: skip
    return repaired(given, Repairs(**{**nothing, **wanted}))


def places(given):
    return [fault.place for fault in faults_of(text_of(given), "vertex")]


def test_the_given_spec_stays_as_it_was():
    given = with_exit_handler(spec())
    before = copy.deepcopy(given)
    repair(given, uncached=("Read",), retries={"Train": 3}, defaults={"run_date": "x"})
    assert given == before


def test_a_dropped_default_is_put_back():
    given = spec()
    del given["root"]["inputDefinitions"]["parameters"]["run_date"]["defaultValue"]
    assert places(given) == ["root.inputDefinitions.parameters.run_date"]
    mended = repair(given, defaults={"run_date": ""})
    assert mended["root"]["inputDefinitions"]["parameters"]["run_date"]["defaultValue"] == ""
    assert places(mended) == []


def test_a_default_for_no_parameter_is_an_error_that_names_those_there_are():
    with pytest.raises(ValueError, match=r"no parameter 'day', only \['run_date'\]"):
        repair(spec(), defaults={"day": ""})


def test_a_dynamic_property_names_a_task_that_exists_and_has_the_producers_type():
    given = with_dynamic_property(spec())
    assert any("Read_task" in str(fault) for fault in faults_of(text_of(given), "vertex"))
    mended = repair(given)
    assert places(mended) == []
    inputs = mended["components"]["Train"]["inputDefinitions"]
    assert inputs["parameters"]["rows"] == {"parameterType": "NUMBER_INTEGER"}
    arguments = mended["deploymentSpec"]["executors"]["Train_executor"]["container"]["args"]
    assert json.loads(arguments[-1]) == inputs


def test_a_dynamic_property_of_no_task_is_left_for_the_checker():
    mended = repair(with_dynamic_property(spec(), task="Nobody_task"))
    assert places(mended) == ["root.dag.tasks.Train.inputs.parameters.rows"]


def test_tasks_under_an_exit_handler_get_the_pipelines_parameters():
    given = with_exit_handler(spec())
    assert "components.tfx-dag.dag.tasks.Read.inputs.parameters.run_date" in places(given)
    mended = repair(given)
    assert places(mended) == []
    inner = mended["components"]["tfx-dag"]["inputDefinitions"]["parameters"]
    assert inner == {"run_date": {"parameterType": "STRING", "defaultValue": ""}}
    handed = mended["root"]["dag"]["tasks"]["tfx-dag"]["inputs"]
    assert handed == {"parameters": {"run_date": {"componentInputParameter": "run_date"}}}


@pytest.mark.parametrize("shape", [lambda s: s, with_exit_handler], ids=["flat", "exit handler"])
def test_cache_and_retries_are_said_of_each_task_wherever_it_lies(shape):
    mended = repair(shape(spec()), uncached=("Read", "NotThere"), retries={"Train": 2, "Read": 0})
    dag = mended["components"].get("tfx-dag", mended["root"])["dag"]
    read, train = dag["tasks"]["Read"], dag["tasks"]["Train"]
    assert read["cachingOptions"] == {"enableCache": False}
    assert train["cachingOptions"] == {"enableCache": True}
    assert train["retryPolicy"]["maxRetryCount"] == 2
    assert "retryPolicy" not in read


def test_what_was_not_cached_does_not_become_so():
    mended = repair(with_exit_handler(spec()))
    tasks = mended["root"]["dag"]["tasks"]
    assert tasks["Exit"]["cachingOptions"] == {"enableCache": False}
    assert "cachingOptions" not in tasks["tfx-dag"]


def test_image_and_resources_are_one_tasks_alone():
    resources = {"cpuLimit": 8.0, "accelerator": {"type": "NVIDIA_L4", "count": "1"}}
    mended = repair(spec(), containers={"Train": Container("i:1-gpu", resources)})
    executors = mended["deploymentSpec"]["executors"]
    assert executors["Train_executor"]["container"]["image"] == "i:1-gpu"
    assert executors["Train_executor"]["container"]["resources"] == resources
    assert executors["Read_executor"] == spec()["deploymentSpec"]["executors"]["Read_executor"]
    assert places(mended) == []


def test_the_root_is_where_runs_go_that_name_none():
    assert repair(spec(), root="gs://b/r")["defaultPipelineRoot"] == "gs://b/r"
