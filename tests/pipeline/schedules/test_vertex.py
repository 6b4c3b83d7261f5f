"""Vertex AI Pipelines: the real clients of Google against a double of its services on loopback."""

import itertools
import logging
import warnings

import grpc
import pytest
from google.cloud import aiplatform_v1
from support.compiled_specs import PARAMETERS, small_spec, spec_text, vertex_settings
from support.fake_vertex import Fault, fake_vertex, insecure, service_account

from tfx_rebalance.errors import ConfigError, ServiceError
from tfx_rebalance.pipeline.schedules import requests
from tfx_rebalance.pipeline.schedules.requests import Job, Plan
from tfx_rebalance.pipeline.schedules.vertex import Vertex
from tfx_rebalance.vertex import as_data

CRON, LATER = "TZ=Europe/Berlin 0 3 * * *", "0 4 * * *"
JOB = Job(small_spec("vertex"), PARAMETERS)
PARENT = "projects/shop/locations/europe-west4"
CODES = grpc.StatusCode


@pytest.fixture
def server(monkeypatch, tmp_path):
    with fake_vertex(monkeypatch, tmp_path) as state:
        yield state


def connect(**settings):
    waits = []
    backend = Vertex(vertex_settings(**settings), wait=waits.append)
    backend.waits = waits
    return backend


def plan(cron=CRON, **changes):
    return Plan(**{"name": "nightly", "cron": cron, "job": JOB, **changes})


def failing(method, fault, times=10**9):
    """Returns what lets the first `times` calls of a method go wrong."""
    left = itertools.count(times, -1)
    return lambda called, _request: fault if called == method and next(left) > 0 else None


def sent(server, method):
    """Returns the requests of a method as they arrived."""
    return [request for name, request in server.requests if name == method]


def as_message(kind, request):
    """Returns what is told as plain data as the message that it is."""
    from google.protobuf import json_format

    message = kind()
    json_format.ParseDict(request, kind.pb(message))
    return message


def test_a_run_is_started_with_exactly_the_request_that_was_told(server):
    outcome = connect().submit(JOB, "cards-1")
    assert (outcome.id, outcome.words) == (f"{PARENT}/pipelineJobs/cards-1", "started")
    told = requests.vertex_run(JOB, "cards-1", vertex_settings())
    assert sent(server, "CreatePipelineJob") == [
        as_message(aiplatform_v1.CreatePipelineJobRequest, told)
    ]
    assert server.places == [f"parent={PARENT}"]


def test_a_schedule_is_made_with_exactly_the_request_that_was_told(server):
    outcome = connect().apply(plan())
    assert (outcome.words, outcome.state) == ("created", "active")
    told = requests.vertex_schedule(plan(), vertex_settings())
    assert sent(server, "CreateSchedule") == [as_message(aiplatform_v1.CreateScheduleRequest, told)]


def test_the_sdk_would_send_the_same(server, monkeypatch, tmp_path):
    """Our requests against those of `PipelineJob` and `PipelineJobSchedule`."""
    path = tmp_path / "spec.yaml"
    path.write_text(spec_text("vertex"))
    settings = vertex_settings(service_account="sa@shop", network="projects/1/global/networks/n")
    connect(service_account=settings.service_account, network=settings.network).submit(JOB, "a")
    connect(service_account=settings.service_account, network=settings.network).apply(plan())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from google.cloud import aiplatform

    monkeypatch.setattr(
        "google.cloud.aiplatform.utils.gcs_utils."
        "create_gcs_bucket_for_pipeline_artifacts_if_it_does_not_exist",
        lambda **_: None,
    )
    place = {"project": settings.project, "location": settings.location}
    job = aiplatform.PipelineJob(
        "cards",
        str(path),
        job_id="b",
        pipeline_root=settings.artifacts,
        parameter_values=PARAMETERS,
        labels=settings.labels,
        **place,
    )
    account = {"service_account": settings.service_account, "network": settings.network}
    monkeypatch.setattr(logging.getLogger("google.cloud.aiplatform"), "disabled", True)
    job.submit(**account)
    fresh = aiplatform.PipelineJob(
        "cards",
        str(path),
        pipeline_root=settings.artifacts,
        parameter_values=PARAMETERS,
        labels=settings.labels,
        **place,
    )
    aiplatform.PipelineJobSchedule(fresh, "nightly", **place).create(
        CRON, max_concurrent_run_count=1, max_concurrent_active_run_count=1, **account
    )
    ours, theirs = (as_data(request) for request in sent(server, "CreatePipelineJob"))
    assert {**ours, "pipelineJobId": "b"} == theirs
    ours, theirs = (as_data(request) for request in sent(server, "CreateSchedule"))
    ours["schedule"]["createPipelineJobRequest"]["pipelineJob"].pop("displayName")
    assert ours == theirs


def test_the_same_run_twice_is_one_run(server):
    first = connect().submit(JOB, "cards-1")
    again = connect().submit(JOB, "cards-1")
    assert (again.id, again.words) == (first.id, "there already (running), so none was started")
    assert len(server.jobs) == 1


def test_the_same_run_id_for_another_day_is_refused(server):
    connect().submit(JOB, "cards-1")
    other = Job(JOB.spec, {**PARAMETERS, "run_date": "2026-03-01"})
    with pytest.raises(ConfigError, match=r"'cards-1' is there already with other .*: run_date"):
        connect().submit(other, "cards-1")


@pytest.mark.parametrize("state", ["QUEUED", "PENDING", "RUNNING", "PAUSED", "SUCCEEDED"])
def test_a_run_at_work_or_done_well_is_not_started_again(server, state):
    connect().submit(JOB, "cards-1")
    [job] = server.jobs.values()
    job.state = aiplatform_v1.PipelineState[f"PIPELINE_STATE_{state}"]
    assert f"there already ({state.lower()})" in connect().submit(JOB, "cards-1").words


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "CANCELLING"])
def test_a_run_that_ended_badly_is_no_success_of_the_next_command(server, state):
    outcome = connect().submit(JOB, "cards-1")
    [job] = server.jobs.values()
    job.state = aiplatform_v1.PipelineState[f"PIPELINE_STATE_{state}"]
    words = rf"'cards-1' is there already and {state.lower()}: {outcome.id}. Take another --run-id"
    with pytest.raises(ConfigError, match=words):
        connect().submit(JOB, "cards-1")


def test_the_same_run_id_for_a_mended_pipeline_is_refused(server):
    connect().submit(JOB, "cards-1")
    mended = Job(small_spec("vertex", sdkVersion="x"), PARAMETERS)
    with pytest.raises(ConfigError, match=r"'cards-1' .* \(running\), of another version of the p"):
        connect().submit(mended, "cards-1")
    assert len(server.jobs) == 1


@pytest.mark.parametrize("done", [True, False])
def test_a_run_whose_start_fails_for_a_moment_is_started_once(server, done):
    server.fault = failing("CreatePipelineJob", Fault(done=done), times=2)
    backend = connect()
    backend.submit(JOB, "cards-1")
    assert len(server.jobs) == 1
    assert backend.waits == ([0.5] if done else [0.5, 1.0])


def test_the_same_schedule_again_is_the_same_schedule(server):
    first = connect().apply(plan())
    again = connect().apply(plan())
    assert (again.id, again.words) == (first.id, "updated")
    assert server.named("nightly") == [(CRON, "ACTIVE")]


def test_an_update_is_one_call_that_takes_the_new_pipeline_too(server):
    connect().apply(plan())
    job = Job(small_spec("vertex", sdkVersion="x"), {**PARAMETERS, "epochs": 9})
    connect().apply(plan(LATER, job=job))
    assert server.calls() == ["CreateSchedule", "UpdateSchedule"]
    [found] = server.schedules.values()
    sent_job = as_data(found)["createPipelineJobRequest"]["pipelineJob"]
    assert sent_job["pipelineSpec"]["sdkVersion"] == "x"
    assert sent_job["runtimeConfig"]["parameterValues"]["epochs"] == 9
    assert (found.cron, found.max_concurrent_active_run_count) == (LATER, 1)


def test_a_schedule_may_begin_paused_and_be_resumed_and_paused(server):
    backend = connect()
    assert backend.apply(plan(paused=True)).state == "paused"
    assert server.named("nightly") == [(CRON, "PAUSED")]
    backend.resume("nightly", catch_up=False)
    assert server.named("nightly") == [(CRON, "ACTIVE")]
    backend.pause("nightly")
    backend.pause("nightly")  # It is paused already, which Vertex would refuse.
    assert server.named("nightly") == [(CRON, "PAUSED")]
    assert server.calls().count("PauseSchedule") == 2


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_completed_schedule_is_neither_paused_nor_resumed(server, verb):
    connect().apply(plan())
    [found] = server.schedules.values()
    found.state = aiplatform_v1.Schedule.State.COMPLETED
    options = {"catch_up": False} if verb == "resume" else {}
    with pytest.raises(ConfigError, match="'nightly' is completed: it starts no more runs"):
        getattr(connect(), verb)("nightly", **options)
    assert server.calls() == ["CreateSchedule"]
    assert connect().delete("nightly").words == "deleted"


@pytest.mark.parametrize("catch_up", [True, False])
def test_missed_runs_are_made_up_for_only_when_told(server, catch_up):
    backend = connect()
    backend.apply(plan(paused=True))
    backend.resume("nightly", catch_up=catch_up)
    assert [r.catch_up for r in sent(server, "ResumeSchedule")] == [catch_up]


def test_an_update_of_a_paused_schedule_leaves_it_paused(server):
    connect().apply(plan(paused=True))
    assert connect().apply(plan(LATER)).state == "paused"
    assert server.named("nightly") == [(LATER, "PAUSED")]


def test_an_update_may_pause(server):
    connect().apply(plan())
    assert connect().apply(plan(LATER, paused=True)).state == "paused"
    assert server.named("nightly") == [(LATER, "PAUSED")]


def test_schedules_are_listed_over_pages_and_deleted_by_name(server):
    server.page_size = 2
    backend = connect()
    for number in range(5):
        backend.apply(plan(name=f"s{number}"))
    assert [s.name for s in backend.schedules()] == ["s0", "s1", "s2", "s3", "s4"]
    backend.delete("s1")
    assert [s.name for s in backend.schedules()] == ["s0", "s2", "s3", "s4"]


def test_schedules_of_notebooks_are_none_of_ours(server):
    connect().apply(plan())
    other = aiplatform_v1.Schedule(name=f"{PARENT}/schedules/x", display_name="nightly", cron=CRON)
    server.schedules[other.name] = other
    assert len(connect().schedules()) == 1


def test_two_of_a_name_are_for_a_person_to_tell_apart(server):
    connect().apply(plan())
    twin = aiplatform_v1.Schedule(next(iter(server.schedules.values())))
    twin.name = f"{PARENT}/schedules/twin"
    server.schedules[twin.name] = twin
    for call in (lambda: connect().apply(plan()), lambda: connect().delete("nightly")):
        with pytest.raises(ConfigError, match=r"are 2 schedules 'nightly': .*/schedules/twin"):
            call()
    assert len(server.schedules) == 2


@pytest.mark.parametrize("verb", ["pause", "delete", "resume"])
def test_a_schedule_that_is_not_there_is_named_with_the_nearest(server, verb):
    backend = connect()
    backend.apply(plan())
    options = {"catch_up": False} if verb == "resume" else {}
    with pytest.raises(ConfigError, match=r"no schedule 'nihgtly' \(did you mean 'nightly'\?\)"):
        getattr(backend, verb)("nihgtly", **options)


@pytest.mark.parametrize("code", [CODES.INTERNAL, CODES.UNAVAILABLE, CODES.DEADLINE_EXCEEDED])
def test_a_server_error_in_an_update_leaves_the_schedule_working(server, code):
    connect().apply(plan())
    server.fault = failing("UpdateSchedule", Fault(code))
    with pytest.raises(ServiceError, match="that is there works as before or already as it is"):
        connect().apply(plan(LATER))
    assert server.named("nightly") == [(CRON, "ACTIVE")]
    server.fault = failing("UpdateSchedule", Fault(code, done=True), times=3)
    connect().apply(plan(LATER))
    assert server.named("nightly") == [(LATER, "ACTIVE")]


def test_a_refused_update_has_changed_nothing(server):
    connect().apply(plan())
    words = "Update mask create_pipeline_job_request is not supported"
    server.fault = failing("UpdateSchedule", Fault(CODES.INVALID_ARGUMENT, words))
    with pytest.raises(ServiceError, match=rf"\(400\): {words}. .* works as before\."):
        connect().apply(plan(LATER))
    assert server.calls().count("UpdateSchedule") == 1


@pytest.mark.parametrize("done", [True, False])
def test_a_first_schedule_that_fails_is_there_or_not_but_never_twice(server, done):
    server.fault = failing("CreateSchedule", Fault(done=done))
    if done:
        assert connect().apply(plan()).words == "created"
    else:
        with pytest.raises(ServiceError, match="There is no schedule yet"):
            connect().apply(plan())
    assert server.calls().count("CreateSchedule") == 1
    server.fault = lambda *_: None
    connect().apply(plan())
    assert server.named("nightly") == [(CRON, "ACTIVE")]


def test_a_schedule_that_is_refused_is_not_looked_for(server):
    with pytest.raises(ServiceError, match=r"\(400\): Invalid cron.*There is no schedule yet"):
        connect().apply(plan("* * *"))
    assert [name for name, _ in server.requests] == ["ListSchedules", "CreateSchedule"]


def test_it_is_said_when_nobody_knows_whether_the_schedule_was_made(server):
    def fault(method, _request):
        made = any(name == "CreateSchedule" for name, _ in server.requests)
        return Fault(done=method == "CreateSchedule") if made else None

    server.fault = fault
    with pytest.raises(ServiceError, match="Whether it was made all the same is not known"):
        connect().apply(plan())


def test_a_schedule_that_cannot_be_paused_is_taken_back(server):
    server.fault = failing("PauseSchedule", Fault())
    with pytest.raises(ServiceError, match="It was removed again"):
        connect().apply(plan(paused=True))
    assert server.named("nightly") == []
    server.fault = lambda method, _: (
        Fault() if method in {"PauseSchedule", "DeleteSchedule"} else None
    )
    with pytest.raises(ServiceError, match=r"It is at work and not paused: projects/.*/schedules/"):
        connect().apply(plan(paused=True))


def test_what_is_gone_already_is_deleted(server):
    backend = connect()
    backend.apply(plan())
    server.fault = failing("DeleteSchedule", Fault(done=True), times=1)
    assert backend.delete("nightly").words == "deleted"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (CODES.UNAUTHENTICATED, r"does not take the credentials \(401\).*gcloud auth application"),
        (CODES.PERMISSION_DENIED, r"forbids listing the schedules \(403\): no.*aiplatform.user"),
        (CODES.INVALID_ARGUMENT, r"refused listing the schedules \(400\): no"),
        (CODES.RESOURCE_EXHAUSTED, r"failed in listing the schedules \(429\): no"),
        (CODES.DEADLINE_EXCEEDED, "did not answer in time in listing the schedules"),
    ],
)
def test_an_answer_that_is_an_error_is_one_sentence_with_the_remedy(server, code, words):
    server.fault = failing("ListSchedules", Fault(code, "no"))
    with pytest.raises(ServiceError, match=words) as refused:
        connect().schedules()
    assert refused.value.exit_code == 1
    assert "\n" not in str(refused.value)


def test_an_api_that_is_not_there_is_said_with_its_address(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account(tmp_path)))
    insecure(monkeypatch, "127.0.0.1:9")
    address = "europe-west4-aiplatform.googleapis.com"
    with pytest.raises(ServiceError, match=f"Vertex AI at {address} cannot be reached .*location"):
        connect().apply(plan())


def test_a_machine_without_credentials_is_told_how_to_get_some(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(ServiceError, match="GOOGLE_APPLICATION_CREDENTIALS to the file of a serv"):
        connect()


def test_a_token_that_cannot_be_renewed_is_told_as_such(server):
    words = 'Getting metadata from plugin failed with error: ("invalid_grant: expired", {})'
    server.fault = failing("ListSchedules", Fault(CODES.UNAVAILABLE, words))
    with pytest.raises(ServiceError, match=r"does not take the credentials \(401\)"):
        connect().schedules()


def test_nothing_is_printed_or_logged(server, capfd, caplog):
    connect().apply(plan())
    connect().submit(JOB, "cards-1")
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []
