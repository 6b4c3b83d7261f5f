"""What is sent, as plain data."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.compiled_specs import PARAMETERS, kubeflow_settings, small_spec, vertex_settings

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.schedules import requests
from tfx_rebalance.pipeline.schedules.dry_run import schedule_calls, switch_calls
from tfx_rebalance.pipeline.schedules.requests import Job, KubeflowIds, Plan

IDS = KubeflowIds(experiment="e", pipeline="p", version="v")
SECRETS = {
    "secrets": [{"secret": "bq", "key": "token", "variable": "TOKEN"}],
    "service_account": "runner",
}


def job(target, **parameters):
    return Job(small_spec(target), {**PARAMETERS, **parameters})


def plan(target, **changes):
    cron = "0 0 3 * * *" if target == "kubeflow" else "0 3 * * *"
    return Plan(**{"name": "nightly", "cron": cron, "job": job(target), **changes})


def schedule_body(**changes):
    return requests.kubeflow_schedule(
        plan("kubeflow", **changes), kubeflow_settings(), IDS, enabled=True
    )


def test_a_run_on_kubeflow_has_an_explicit_root_and_every_parameter():
    body = requests.kubeflow_run(job("kubeflow"), "r-1", kubeflow_settings(**SECRETS), IDS)
    assert body == {
        "display_name": "r-1",
        "experiment_id": "e",
        "pipeline_version_reference": {"pipeline_id": "p", "pipeline_version_id": "v"},
        "runtime_config": {
            "pipeline_root": "gs://models/pipelines/pipeline",
            "parameters": PARAMETERS,
        },
        "service_account": "runner",
    }


def test_a_schedule_on_kubeflow_runs_one_at_a_time_and_makes_up_for_nothing():
    body = schedule_body()
    assert (body["max_concurrency"], body["no_catchup"], body["mode"]) == (1, True, "ENABLE")
    assert body["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * *"}}
    assert schedule_body(catch_up=True)["no_catchup"] is False


@pytest.mark.parametrize(
    "changes",
    [{"cron": "0 0 4 * * *"}, {"catch_up": True}, {"job": job("kubeflow", epochs=4)}],
)
def test_another_wish_has_another_mark_and_the_same_has_the_same(changes):
    assert schedule_body()["description"] == schedule_body()["description"]
    assert schedule_body(**changes)["description"] != schedule_body()["description"]


def test_whether_it_is_paused_is_no_part_of_the_mark():
    marks = {
        requests.kubeflow_schedule(plan("kubeflow"), kubeflow_settings(), IDS, enabled=e)[
            "description"
        ]
        for e in (True, False)
    }
    assert len(marks) == 1


def test_a_run_on_vertex_has_an_explicit_root_labels_and_every_parameter():
    settings = vertex_settings(service_account="sa@shop", network="projects/1/global/networks/n")
    request = requests.vertex_run(job("vertex"), "r-1", settings)
    assert request["parent"] == "projects/shop/locations/europe-west4"
    assert request["pipelineJobId"] == "r-1"
    sent = request["pipelineJob"]
    assert sent["pipelineSpec"] == small_spec("vertex").pipeline
    assert sent["runtimeConfig"] == {
        "gcsOutputDirectory": "gs://models/pipelines/pipeline",
        "parameterValues": PARAMETERS,
    }
    assert sent["labels"] == {"team": "fraud"}
    assert (sent["serviceAccount"], sent["network"]) == ("sa@shop", "projects/1/global/networks/n")


def test_a_schedule_on_vertex_has_one_run_at_work_and_none_in_a_queue():
    schedule = requests.vertex_schedule(plan("vertex"), vertex_settings())["schedule"]
    assert schedule["maxConcurrentRunCount"] == schedule["maxConcurrentActiveRunCount"] == 1
    assert schedule["allowQueueing"] is False
    assert "pipelineJobId" not in schedule["createPipelineJobRequest"]


def test_an_update_on_vertex_replaces_all_it_sends_but_the_name():
    request = requests.vertex_update(plan("vertex"), vertex_settings(), "schedules/1")
    sent = request["schedule"].keys() - {"name", "displayName"}
    assert set(request["updateMask"].split(",")) == sent


@pytest.mark.parametrize(
    ("exists", "paused", "calls"),
    [
        (False, False, ["CreateSchedule"]),
        (True, False, ["UpdateSchedule"]),
        (True, True, ["UpdateSchedule", "PauseSchedule"]),
        (False, True, ["CreateSchedule", "PauseSchedule"]),
    ],
)
def test_dry_runs_of_vertex_name_the_calls(exists, paused, calls):
    found = schedule_calls(plan("vertex", paused=paused), vertex_settings(), exists=exists)
    assert [c["call"] for c in found] == [f"ScheduleService.{name}" for name in calls]


@pytest.mark.parametrize(
    ("exists", "paused", "mode", "rest"),
    [
        (False, False, "ENABLE", []),
        (False, True, "DISABLE", []),
        (True, True, "DISABLE", ["DELETE"]),
        (True, False, "DISABLE", ["POST", "DELETE"]),
    ],
)
def test_dry_runs_of_kubeflow_name_the_steps_of_a_swap(exists, paused, mode, rest):
    upload, create, *others = schedule_calls(
        plan("kubeflow", paused=paused), kubeflow_settings(), exists=exists
    )
    assert upload["file"] == small_spec("kubeflow").text
    assert create["body"]["mode"] == mode
    assert [call["call"].split()[0] for call in others] == rest


@pytest.mark.parametrize("switch", ["pause", "resume", "delete"])
def test_dry_runs_of_switches_name_the_schedule(switch):
    for settings in (kubeflow_settings(), vertex_settings()):
        [call] = switch_calls(switch, "nightly", settings)
        assert "<id of schedule 'nightly'>" in json.dumps(call)


@given(name=st.from_regex(r"[a-z][-a-z0-9]{0,127}", fullmatch=True))
def test_a_good_run_id_is_taken_as_it_is(name):
    assert requests.check_run_id(name) == name


@pytest.mark.parametrize("name", ["", "Cards", "1a", "a_b", "a" * 129, "a b", "é", "a\n"])
def test_a_run_id_that_one_backend_would_refuse_is_refused(name):
    with pytest.raises(ConfigError, match="--run-id must be a small letter"):
        requests.check_run_id(name)


@pytest.mark.parametrize("name", ["", "a" * 128, 'a"b', "a/b", "a b", "-a"])
def test_a_schedules_name_that_one_backend_would_refuse_is_refused(name):
    with pytest.raises(ConfigError, match="--name must be a letter or digit"):
        requests.check_schedule_name(name)
