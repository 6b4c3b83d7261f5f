"""Kubeflow Pipelines: the real `kfp.Client` against a double of its API on loopback."""

import contextlib
import itertools
import traceback
import warnings

import pytest
from support.compiled_specs import PARAMETERS, PLATFORM, kubeflow_settings, small_spec, spec_text
from support.fake_kubeflow import LOGIN, Fault, fake_kubeflow

from tfx_rebalance.errors import ConfigError, ServiceError
from tfx_rebalance.pipeline.schedules import kubeflow_connection, requests
from tfx_rebalance.pipeline.schedules.kubeflow import Kubeflow
from tfx_rebalance.pipeline.schedules.requests import Job, KubeflowIds, Plan

CRON, LATER = "0 0 3 * * *", "0 0 4 * * *"
CREATE, ENABLE, DELETE = "POST /recurringruns", "POST /recurringruns/ID:enable", "DELETE"
JOB = Job(small_spec("kubeflow"), PARAMETERS)


@pytest.fixture
def server():
    with fake_kubeflow() as state:
        yield state


def connect(server, token="fresh", **settings):
    environment = {"KFP_HOST": server.host, **({"KFP_TOKEN": token} if token else {})}
    waits = []
    backend = Kubeflow(kubeflow_settings(**settings), environment=environment, wait=waits.append)
    backend.waits = waits
    return backend


def plan(cron=CRON, **changes):
    return Plan(**{"name": "nightly", "cron": cron, "job": JOB, **changes})


def failing(call, fault, times=10**9):
    """Returns what lets the first `times` requests of a call go wrong."""
    left = itertools.count(times, -1)
    return lambda request: fault if request.call.startswith(call) and next(left) > 0 else None


def ids(server):
    table = server.tables
    [experiment], [pipeline], [version] = (
        table[name] for name in ("experiments", "pipelines", "versions")
    )
    return KubeflowIds(experiment=experiment, pipeline=pipeline, version=version)


def test_a_run_is_started_from_an_uploaded_pipeline_with_exactly_the_body_that_was_told(server):
    outcome = connect(server).submit(JOB, "cards-1")
    assert outcome.words == "started"
    assert server.calls() == [
        "POST /experiments",
        "POST /pipelines",
        "POST /pipelines/upload_version",
        "POST /runs",
    ]
    sent = [r.body for r in server.requests if r.call == "POST /runs"]
    assert sent == [requests.kubeflow_run(JOB, "cards-1", kubeflow_settings(), ids(server))]
    assert list(server.texts.values()) == [spec_text("kubeflow")]
    assert "nodeSelector" in spec_text("kubeflow")  # The platform's document is uploaded too.
    assert PLATFORM


def test_the_same_run_twice_is_one_run_and_one_upload(server):
    first = connect(server).submit(JOB, "cards-1")
    again = connect(server).submit(JOB, "cards-1")
    assert (again.id, again.words) == (first.id, "there already (running), so none was started")
    assert [len(server.tables[name]) for name in ("runs", "versions", "pipelines")] == [1, 1, 1]


def test_the_same_run_id_for_another_day_is_refused(server):
    connect(server).submit(JOB, "cards-1")
    other = Job(JOB.spec, {**PARAMETERS, "run_date": "2026-03-01"})
    with pytest.raises(ConfigError, match=r"'cards-1' is there already with other .*: run_date"):
        connect(server).submit(other, "cards-1")


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "PAUSED", "SUCCEEDED"])
def test_a_run_at_work_or_done_well_is_not_started_again(server, state):
    connect(server).submit(JOB, "cards-1")
    [run] = server.tables["runs"].values()
    run["state"] = state
    assert f"there already ({state.lower()})" in connect(server).submit(JOB, "cards-1").words


@pytest.mark.parametrize("state", ["FAILED", "CANCELED", "CANCELING"])
def test_a_run_that_ended_badly_is_no_success_of_the_next_command(server, state):
    outcome = connect(server).submit(JOB, "cards-1")
    [run] = server.tables["runs"].values()
    run["state"] = state
    words = rf"'cards-1' is there already and {state.lower()}: {outcome.id}. Take another --run-id"
    with pytest.raises(ConfigError, match=words):
        connect(server).submit(JOB, "cards-1")
    assert len(server.tables["runs"]) == 1


def test_the_same_run_id_for_a_mended_pipeline_is_refused(server):
    connect(server).submit(JOB, "cards-1")
    mended = Job(small_spec("kubeflow", sdkVersion="x"), PARAMETERS)
    with pytest.raises(ConfigError, match=r"'cards-1' .* \(running\), of another version of the p"):
        connect(server).submit(mended, "cards-1")
    assert len(server.tables["runs"]) == 1


def test_another_pipeline_is_another_version_of_the_same_pipeline(server):
    connect(server).submit(JOB, "cards-1")
    connect(server).submit(Job(small_spec("kubeflow", sdkVersion="x"), PARAMETERS), "cards-2")
    assert [len(server.tables[name]) for name in ("runs", "versions", "pipelines")] == [2, 2, 1]


@pytest.mark.parametrize("kind", ["error", "cut"])
def test_a_run_whose_start_failed_only_in_the_answer_is_not_started_again(server, kind):
    server.fault = failing("POST /runs", Fault(done=True, kind=kind), times=1)
    connect(server).submit(JOB, "cards-1")
    assert len(server.tables["runs"]) == 1


def test_a_run_that_failed_to_start_is_not_tried_twice_on_its_own(server):
    server.fault = failing("POST /runs", Fault(503, "no healthy upstream"))
    with pytest.raises(ServiceError, match=r"failed in starting the run 'cards-1' \(503\): no he"):
        connect(server).submit(JOB, "cards-1")
    assert server.calls().count("POST /runs") == 1
    server.fault = lambda _: None
    assert connect(server).submit(JOB, "cards-1").words == "started"


def test_a_schedule_is_made_with_exactly_the_body_that_was_told(server):
    outcome = connect(server, service_account="runner").apply(plan())
    assert (outcome.words, outcome.state) == ("created", "active")
    sent = [r.body for r in server.requests if r.call == CREATE]
    settings = kubeflow_settings(service_account="runner")
    assert sent == [requests.kubeflow_schedule(plan(), settings, ids(server), enabled=True)]


def test_the_client_of_kfp_would_send_the_same(server):
    backend = connect(server)
    backend.apply(plan())
    known = ids(server)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kfp

        client = kfp.Client(host=server.host, namespace="one")
    client.create_recurring_run(
        known.experiment,
        "nightly",
        description=requests.kubeflow_schedule(plan(), kubeflow_settings(), known, enabled=True)[
            "description"
        ],
        cron_expression=CRON,
        max_concurrency=1,
        no_catchup=True,
        params=dict(PARAMETERS),
        pipeline_id=known.pipeline,
        version_id=known.version,
        pipeline_root="gs://models/pipelines/pipeline",
    )
    ours, theirs = (r.body for r in server.requests if r.call == CREATE)
    assert ours == theirs


def test_a_schedule_may_begin_paused_and_be_resumed_and_paused(server):
    backend = connect(server)
    assert backend.apply(plan(paused=True)).state == "paused"
    assert server.schedules("nightly") == [(CRON, "DISABLED")]
    backend.resume("nightly", catch_up=False)
    assert server.schedules("nightly") == [(CRON, "ENABLED")]
    backend.pause("nightly")
    assert server.schedules("nightly") == [(CRON, "DISABLED")]


def test_the_same_schedule_twice_changes_nothing(server):
    first = connect(server).apply(plan())
    before = len(server.calls())
    again = connect(server).apply(plan())
    assert (again.id, again.words) == (first.id, "there already, as it is wanted")
    assert server.calls()[before:] == []


def test_an_update_leaves_one_schedule_that_works(server):
    connect(server).apply(plan())
    before = len(server.calls())
    outcome = connect(server).apply(plan(LATER))
    assert (outcome.words, outcome.state) == ("updated", "active")
    assert server.schedules("nightly") == [(LATER, "ENABLED")]
    assert server.calls()[before:] == [CREATE, ENABLE, "DELETE /recurringruns/ID"]
    assert [r.body["mode"] for r in server.requests if r.call == CREATE] == ["ENABLE", "DISABLE"]


def test_an_update_of_a_paused_schedule_leaves_it_paused(server):
    connect(server).apply(plan(paused=True))
    assert connect(server).apply(plan(LATER)).state == "paused"
    assert server.schedules("nightly") == [(LATER, "DISABLED")]


def test_an_update_may_pause(server):
    connect(server).apply(plan())
    assert connect(server).apply(plan(paused=True)).state == "paused"
    assert server.schedules("nightly") == [(CRON, "DISABLED")]


def test_schedules_are_listed_over_pages_and_those_of_other_names_left_alone(server):
    server.page_size = 2
    backend = connect(server)
    for number in range(5):
        backend.apply(plan(name=f"s{number}"))
    backend.apply(plan(LATER, name="s3"))
    assert sorted(s.name for s in backend.schedules()) == ["s0", "s1", "s2", "s3", "s4"]
    assert {s.name: s.cron for s in backend.schedules()}["s3"] == LATER
    backend.delete("s1")
    assert sorted(s.name for s in backend.schedules()) == ["s0", "s2", "s3", "s4"]


def test_nothing_is_made_by_looking(server):
    assert connect(server).schedules() == []
    assert server.calls() == []


@pytest.mark.parametrize("verb", ["pause", "delete", "resume"])
def test_a_schedule_that_is_not_there_is_named_with_the_nearest(server, verb):
    backend = connect(server)
    backend.apply(plan())
    options = {"catch_up": False} if verb == "resume" else {}
    with pytest.raises(ConfigError, match=r"no schedule 'nihgtly' \(did you mean 'nightly'\?\)"):
        getattr(backend, verb)("nihgtly", **options)


def test_catching_up_is_said_when_a_schedule_is_made(server):
    backend = connect(server)
    backend.apply(plan(catch_up=True))
    assert [r.body["no_catchup"] for r in server.requests if r.call == CREATE] == [False]


STEPS = [CREATE, ENABLE, DELETE]
FAULTS = [
    Fault(),
    Fault(done=True),
    Fault(503, "no healthy upstream"),
    Fault(kind="cut"),
    Fault(done=True, kind="cut"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("times", [1, 4, 5])
def test_an_update_that_breaks_off_at_any_step_leaves_one_working_schedule(
    server, step, fault, times
):
    connect(server).apply(plan())
    server.fault = failing(step, fault, times)
    backend = connect(server)
    wanted, said = LATER, "The schedule 'nightly' that is there works as before."
    try:
        backend.apply(plan(LATER))
    except ServiceError as error:
        wanted, said = CRON, str(error)
    assert "The schedule 'nightly' that is there works as before." in said
    assert server.schedules("nightly") == [(wanted, "ENABLED")]
    server.fault = lambda _: None
    backend.apply(plan(LATER))
    assert server.schedules("nightly") == [(LATER, "ENABLED")]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("first", range(12))
def test_a_server_that_dies_in_an_update_leaves_a_working_schedule_and_one_after_a_retry(
    server, first, fault
):
    backend = connect(server)
    backend.apply(plan())
    numbers = itertools.count()
    server.fault = lambda _: fault if next(numbers) >= first else None
    with contextlib.suppress(ServiceError):
        backend.apply(plan(LATER))
    assert "ENABLED" in [status for _, status in server.schedules("nightly")]
    server.fault = lambda _: None
    connect(server).apply(plan(LATER))
    assert server.schedules("nightly") == [(LATER, "ENABLED")]


@pytest.mark.parametrize("paused", [False, True])
def test_what_a_broken_update_has_left_is_said_and_the_next_one_clears_it(server, paused):
    connect(server).apply(plan(paused=paused))
    server.fault = failing(DELETE, Fault())
    with pytest.raises(ServiceError, match=r"The new one may be at work beside it: .*leaves one"):
        connect(server).apply(plan(LATER))
    assert len(server.schedules("nightly")) == 2
    server.fault = lambda _: None
    with pytest.raises(ConfigError, match="there are 2 schedules 'nightly', left by an update"):
        connect(server).resume("nightly", catch_up=False)
    connect(server).apply(plan(LATER))
    assert server.schedules("nightly") == [(LATER, "DISABLED" if paused else "ENABLED")]


@pytest.mark.parametrize("done", [True, False])
def test_a_first_schedule_that_fails_is_there_or_not_but_never_half(server, done):
    server.fault = failing(CREATE, Fault(done=done))
    if done:
        assert connect(server).apply(plan()).words == "created"
    else:
        with pytest.raises(ServiceError, match="There is no schedule yet"):
            connect(server).apply(plan())
    assert len(server.schedules("nightly")) == done


def test_it_is_said_when_nobody_knows_whether_the_schedule_was_made(server):
    def fault(request):
        made = any(r.call == CREATE for r in server.requests)
        return Fault(done=request.call == CREATE) if made else None

    server.fault = fault
    with pytest.raises(ServiceError, match="Whether it was made all the same is not known"):
        connect(server).apply(plan())


def test_what_may_be_asked_again_is_asked_again_and_what_may_not_is_not(server):
    backend = connect(server)
    backend.apply(plan())
    server.fault = failing("POST /recurringruns/ID:disable", Fault(503), times=3)
    backend.pause("nightly")
    assert backend.waits == [0.5, 1.0, 2.0]
    server.fault = failing(DELETE, Fault(done=True), times=1)
    backend.delete("nightly")  # The second time it is gone, which is what was wanted.
    assert server.schedules("nightly") == []


def test_a_connection_that_breaks_off_is_tried_four_times_in_all(server):
    server.fault = failing("GET /experiments", Fault(kind="cut"))
    with pytest.raises(
        ServiceError, match=r"failed in looking up .* \(502\): the connection broke"
    ):
        connect(server).schedules()
    assert [r.call for r in server.requests].count("GET /experiments") == 4


def test_a_refusal_is_passed_on_in_the_servers_words(server):
    with pytest.raises(ServiceError) as refused:
        connect(server).submit(Job(JOB.spec, {"nobody": 1}), "cards-1")
    assert "refused starting the run 'cards-1' (400): parameter nobody is not" in str(refused.value)
    assert (refused.value.exit_code, refused.value.passing) == (1, False)


def test_a_pipeline_that_is_uploaded_but_cannot_run_is_refused_in_the_servers_words(server):
    resolver = {"executors": {"Ingest_executor": {"resolver": {}}}}
    job = Job(small_spec("kubeflow", deploymentSpec=resolver), PARAMETERS)
    with pytest.raises(
        ServiceError, match=r"refused creating the schedule .*\(400\): .*[Rr]esolver"
    ):
        connect(server).apply(plan(job=job))
    assert server.schedules("nightly") == []
    assert len(server.texts) == 1


def test_a_token_that_has_expired_is_said_but_not_shown(server):
    server.token = "another"
    with pytest.raises(ServiceError) as refused:
        connect(server, token="very-old-token")
    assert "does not take the credentials (401)" in str(refused.value)
    assert "Set KFP_TOKEN to a fresh token" in str(refused.value)
    assert "very-old-token" not in str(refused.value)
    assert len(server.requests) == 1


def test_a_line_break_around_a_token_is_no_part_of_it(server):
    server.token = "fresh"
    assert connect(server, token=" fresh\r\n").schedules() == []


@pytest.mark.parametrize("token", ["very\nsecret", "\u201cvery-secret\u201d", "Bearer very-secret"])
def test_a_token_that_no_header_can_hold_is_refused_unseen(server, tmp_path, token):
    with pytest.raises(ConfigError, match="KFP_TOKEN has something in it that no token") as refused:
        connect(server, token=token)
    assert "secret" not in str(refused.value)
    (tmp_path / "token").write_text(token)
    environment = {"KFP_HOST": server.host, "KF_PIPELINES_SA_TOKEN_PATH": str(tmp_path / "token")}
    with pytest.raises(ConfigError, match="the file that KF_PIPELINES_SA_TOKEN_PATH names has") as (
        refused
    ):
        Kubeflow(kubeflow_settings(), environment=environment)
    assert "secret" not in str(refused.value)
    assert server.requests == []


def test_a_token_from_a_file_is_covered_in_the_servers_words(server, tmp_path):
    (tmp_path / "token").write_text("mounted")
    environment = {"KFP_HOST": server.host, "KF_PIPELINES_SA_TOKEN_PATH": str(tmp_path / "token")}
    backend = Kubeflow(kubeflow_settings(), environment=environment)
    server.fault = failing("GET /exp", Fault(400, "bad header Bearer mounted"))
    with pytest.raises(ServiceError, match=r"bad header Bearer \*\*\*\."):
        backend.schedules()


def test_an_error_inside_the_client_is_named_without_its_words(server, monkeypatch):
    token = "very-secret"
    backend = connect(server, token=token)

    def broken(*_, **__):
        raise ValueError(f"Invalid header value {token!r}")

    monkeypatch.setattr(backend._calls._client.experiments, "list_experiments", broken)
    with pytest.raises(ServiceError, match=r"kfp failed in .* with ValueError") as failed:
        backend.schedules()
    shown = "".join(traceback.format_exception(failed.value))
    assert "in broken" in shown
    assert "very-secret" not in shown


def test_a_token_in_the_servers_words_is_covered(server):
    server.fault = failing("GET /exp", Fault(400, "bad header Bearer fresh"))
    with pytest.raises(ServiceError, match=r"bad header Bearer \*\*\*\."):
        connect(server).schedules()


def test_a_right_that_is_missing_is_said_with_the_namespace(server):
    server.fault = failing(CREATE, Fault(403, "User cannot create jobs"))
    with pytest.raises(
        ServiceError, match=r"forbids creating the schedule 'nightly' \(403\): User"
    ):
        connect(server, namespace="fraud").apply(plan())


def test_headers_with_cookies_are_never_shown(server):
    server.fault = failing("GET /exp", Fault(400, ""))
    with pytest.raises(ServiceError) as refused:
        connect(server).schedules()
    assert "very-secret" not in str(refused.value)


ASKED = {
    "submit": lambda backend: backend.submit(JOB, "cards-2"),
    "apply": lambda backend: backend.apply(plan(LATER)),
    "schedules": lambda backend: backend.schedules(),
    "pause": lambda backend: backend.pause("nightly"),
    "resume": lambda backend: backend.resume("nightly", catch_up=False),
    "delete": lambda backend: backend.delete("nightly"),
}


@pytest.mark.parametrize("kind", ["page", "login"])
@pytest.mark.parametrize(
    ("asked", "call"),
    [
        *((asked, call) for asked in ASKED for call in ("GET /healthz", "GET /exp")),
        *((asked, "POST") for asked in ("submit", "apply", "pause", "resume")),
        ("delete", "DELETE"),
    ],
)
def test_a_page_of_a_login_and_the_way_to_one_are_no_answer(server, asked, call, kind):
    connect(server).apply(plan(paused=asked == "resume"))
    server.fault = failing(call, Fault(kind=kind))
    with pytest.raises(ServiceError) as refused:
        ASKED[asked](connect(server))
    assert "does not take the credentials (401)" in str(refused.value)
    assert "Set KFP_TOKEN to a fresh token, or kubeflow.host or KFP_HOST" in str(refused.value)
    assert LOGIN not in {request.path for request in server.requests}
    assert server.schedules("nightly") == [(CRON, "DISABLED" if asked == "resume" else "ENABLED")]


def test_where_a_redirect_leads_is_said_without_what_is_in_its_query(server):
    server.fault = failing("GET /healthz", Fault(kind="login"))
    with pytest.raises(ServiceError) as refused:
        connect(server)
    assert f"sends whoever asks on to {server.host}, as where" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_server_that_does_not_answer_in_time_is_said(server, monkeypatch):
    for module in ("kubeflow_connection", "kubeflow_client", "kubeflow_calls"):
        monkeypatch.setattr(f"tfx_rebalance.pipeline.schedules.{module}.TIMEOUT", (0.2, 0.2))
    server.fault = failing("GET /exp", Fault(kind="hang"))
    with pytest.raises(ServiceError, match="did not answer in time in looking up the experiment"):
        connect(server).schedules()


def test_a_server_that_is_not_there_is_said_with_its_address():
    environment = {"KFP_HOST": "http://127.0.0.1:9"}
    with pytest.raises(ServiceError, match=r"at http://127.0.0.1:9 cannot be reached .*KFP_HOST"):
        Kubeflow(kubeflow_settings(), environment=environment, wait=lambda _: None)


def test_the_namespace_is_told_to_a_server_for_many_and_to_no_other():
    for multi_user in (True, False):
        with fake_kubeflow(multi_user=multi_user) as server:
            connect(server, namespace="fraud").apply(plan())
            [experiment] = server.tables["experiments"].values()
            assert experiment.get("namespace") == ("fraud" if multi_user else None)


def test_the_token_is_sent_and_kept_out_of_everything_else(server, capfd):
    server.token = "fresh"
    connect(server).apply(plan())
    assert {r.headers["authorization"] for r in server.requests} == {"Bearer fresh"}
    assert all("fresh" not in str((r.path, r.query, r.body)) for r in server.requests)
    assert capfd.readouterr() == ("", "")


def test_in_the_cluster_the_token_comes_from_its_file(server, tmp_path):
    server.token = "mounted"
    path = tmp_path / "token"
    environment = {"KFP_HOST": server.host, "KF_PIPELINES_SA_TOKEN_PATH": str(path)}
    with pytest.raises(ConfigError, match=r"_SA_TOKEN_PATH names .*/token', which cannot be read"):
        Kubeflow(kubeflow_settings(), environment=environment)
    path.write_text("mounted")
    assert Kubeflow(kubeflow_settings(), environment=environment).schedules() == []


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("", "neither kubeflow.host nor the environment variable KFP_HOST says"),
        ("ftp://kubeflow", "must be an http\\(s\\) address, got 'ftp://kubeflow'"),
        ("https://", "must be an http"),
        ("https://[kubeflow", "must be an http"),
        ("https://me:very-secret@kubeflow", "has an @ in it, and before that a name or a passw"),
        ("ftp://me:very-secret@kubeflow", "has an @ in it"),
        ("me:very-secret@kubeflow", "has an @ in it"),
        ("https:/me:very-secret@kubeflow", "has an @ in it"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_without_showing_its_password(host, words):
    with pytest.raises(ConfigError, match=words) as refused:
        Kubeflow(kubeflow_settings(), environment={"KFP_HOST": host})
    assert "very-secret" not in str(refused.value)


def test_the_config_wins_over_the_environment_and_https_is_meant(server):
    settings = kubeflow_settings(host=server.host)
    Kubeflow(settings, environment={"KFP_HOST": "http://127.0.0.1:9"})
    address = kubeflow_connection._address(kubeflow_settings(host="kubeflow.shop/"), {})
    assert address == "https://kubeflow.shop"
