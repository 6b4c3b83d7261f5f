"""The commands `submit` and `schedule`, from the command line to what a server gets."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from support.compiled_specs import KUBEFLOW, PARAMETERS, VERTEX, spec_text
from support.fake_kubeflow import Fault, fake_kubeflow
from support.fake_vertex import fake_vertex
from support.pipeline_runs import EXAMPLES

from tfx_rebalance.pipeline.cli import main

CRON = {"kubeflow": "0 0 3 * * *", "vertex": "TZ=Europe/Berlin 0 3 * * *"}
CONFIG = {
    "name": "cards",
    "data": {"source": "gs://raw/*.csv", "schema": "gs://raw/schema.pbtxt", "label": "y"},
    "kubeflow": KUBEFLOW,
    "vertex": VERTEX,
}


@pytest.fixture(autouse=True)
def no_waits(monkeypatch):
    monkeypatch.setattr("tfx_rebalance.services.FIRST_WAIT", 0)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "cards.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


@pytest.fixture
def invoke(config, tmp_path):
    """Returns a function that calls a command on a target."""

    def called(words, target, *args, spec=True):
        options = ["--target", target]
        if spec:
            (tmp_path / f"{target}.yaml").write_text(spec_text(target))
            options += ["--spec", str(tmp_path / f"{target}.yaml"), "--param", "bucket=gs://raw"]
        return CliRunner().invoke(main, [*words.split(), str(config), *options, *args])

    return called


@pytest.fixture
def kubeflow(monkeypatch):
    with fake_kubeflow(token="very-secret") as state:
        monkeypatch.setenv("KFP_HOST", state.host)
        monkeypatch.setenv("KFP_TOKEN", "very-secret")
        yield state


@pytest.fixture
def vertex(monkeypatch, tmp_path):
    with fake_vertex(monkeypatch, tmp_path) as state:
        yield state


def good(ended):
    assert ended.exit_code == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


def with_ids(told, server):
    """Returns what a dry run has told, with the server's ids in place of words."""
    text = json.dumps(told)
    for table in ("experiments", "pipelines", "versions"):
        [key] = server.tables[table]
        text = re.sub(rf"<id of {table[:-1]} [^>]*>", key, text)
    return json.loads(text)


@pytest.mark.parametrize(
    ("words", "args"),
    [
        ("submit", ["--run-id", "cards-1", "--run-date", "2026-03-01"]),
        ("schedule create", ["--cron", CRON["kubeflow"], "--name", "nightly"]),
        ("schedule create", ["--cron", CRON["kubeflow"], "--paused", "--catch-up"]),
    ],
)
def test_a_dry_run_tells_what_kubeflow_then_gets(invoke, kubeflow, words, args):
    told = json.loads(good(invoke(words, "kubeflow", *args, "--dry-run")))
    assert kubeflow.requests == []
    good(invoke(words, "kubeflow", *args))
    upload, create = with_ids(told, kubeflow)
    got = {f"{r.method} {r.path}": r for r in kubeflow.requests}
    assert got[create["call"]].body == create["body"]
    assert got[upload["call"]].query == upload["query"]
    assert got[upload["call"]].body == upload["file"]


@pytest.mark.parametrize(
    ("words", "args"),
    [
        ("submit", ["--run-id", "cards-1", "--run-date", "2026-03-01"]),
        ("schedule create", ["--cron", CRON["vertex"], "--name", "nightly"]),
    ],
)
def test_a_dry_run_tells_what_vertex_then_gets(invoke, vertex, words, args):
    from google.protobuf import json_format

    [told] = json.loads(good(invoke(words, "vertex", *args, "--dry-run")))
    assert vertex.requests == []
    good(invoke(words, "vertex", *args))
    name, request = vertex.requests[-1]
    message = type(request)()
    json_format.ParseDict(told["request"], type(request).pb(message))
    assert told["call"].endswith(f".{name}")
    assert request == message


def test_a_dry_run_needs_neither_credentials_nor_an_address(invoke, monkeypatch):
    for variable in ("KFP_HOST", "KFP_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(variable, raising=False)
    for target in CRON:
        good(invoke("submit", target, "--dry-run"))
        good(invoke("schedule create", target, "--cron", CRON[target], "--dry-run"))
        good(invoke("schedule delete", target, "--dry-run", spec=False))


SECRETS = ["--set", "on_exit.webhook_variable=RUN_WEBHOOK", "--set"]
SECRETS += ["kubeflow.secrets=[{secret: hook, key: address, variable: RUN_WEBHOOK}]", "--set"]
SECRETS += ["kubeflow.minimum_backend='2.17'"]


@pytest.mark.parametrize("target", list(CRON))
def test_no_request_holds_anything_of_the_environment(
    invoke, kubeflow, vertex, monkeypatch, target
):
    """The fixture has put the token there, which is as secret as what the config names."""
    monkeypatch.setenv("RUN_WEBHOOK", "https://very-secret")
    cron = ["--cron", CRON[target]]
    for words, args in (
        ("submit", ["--run-id", "cards-1"]),
        ("schedule create", cron),
        ("schedule update", [*cron, "--paused"]),
        ("schedule resume", []),
        ("schedule pause", []),
        ("schedule delete", []),
    ):
        spec = bool({"--cron", "--run-id"} & {*args})
        told = good(invoke(words, target, *args, *SECRETS, "--dry-run", spec=spec))
        assert "very-secret" not in told
        good(invoke(words, target, *args, *SECRETS, spec=spec))
    sent = [str((r.path, r.query, r.body)) for r in kubeflow.requests]
    sent += [f"{name} {request}" for name, request in vertex.requests]
    assert len(sent) >= 6
    assert [request for request in sent if "very-secret" in request] == []


def test_a_day_is_made_up_for_once_on_either_backend(invoke, kubeflow, vertex):
    for target in CRON:
        args = ["--run-date", "2026-03-01", "--run-id", "cards-2026-03-01"]
        assert "started" in good(invoke("submit", target, *args))
        assert "already (running), so none was started" in good(invoke("submit", target, *args))
    [run] = kubeflow.tables["runs"].values()
    assert run["runtime_config"]["parameters"] == {
        **PARAMETERS,
        "bucket": "gs://raw",
        "run_date": "2026-03-01",
    }
    [job] = vertex.jobs.values()
    assert dict(job.runtime_config.parameter_values)["run_date"] == "2026-03-01"


def test_two_runs_without_an_id_have_names_of_their_own(invoke, kubeflow, monkeypatch):
    good(invoke("submit", "kubeflow"))
    [run] = kubeflow.tables["runs"].values()
    assert re.fullmatch(r"cards-\d{8}-\d{6}", run["display_name"])


@pytest.mark.parametrize("target", list(CRON))
def test_a_schedule_lives_by_its_name(invoke, kubeflow, vertex, target):
    cron = ["--cron", CRON[target]]
    assert re.match(
        r"schedule 'cards': created, active \(", good(invoke("schedule create", target, *cron))
    )
    good(invoke("schedule create", target, *cron))
    good(invoke("schedule update", target, *cron, "--param", "epochs=9"))
    assert "'cards': paused (" in good(invoke("schedule pause", target, spec=False))
    [found] = json.loads(good(invoke("schedule list", target, "--json", spec=False)))
    assert (found["name"], found["state"], found["cron"]) == ("cards", "paused", CRON[target])
    assert "resumed, active" in good(invoke("schedule resume", target, spec=False))
    listed = good(invoke("schedule list", target, spec=False))
    assert listed.startswith(f"cards: active, {CRON[target]!r}")
    assert "'cards': deleted (" in good(invoke("schedule delete", target, spec=False))
    assert good(invoke("schedule list", target, spec=False)) == "no schedules\n"


def test_a_schedule_whose_runs_are_for_another_day_is_made_with_a_warning(invoke, vertex):
    cron = ["--cron", "TZ=Europe/Berlin 30 0 * * *"]
    for words in ("schedule create", "schedule update"):
        for args in (["--dry-run"], []):
            ended = invoke(words, "vertex", *cron, *args)
            assert ended.exit_code == 0
            assert ended.stderr.startswith("warning: --cron 'TZ=Europe/Berlin 30 0 * * *': a run")
            assert ended.stderr.count("\n") == 1
            assert ended.stdout.startswith("[" if args else "schedule 'cards': ")


@pytest.mark.parametrize("target", list(CRON))
def test_an_update_of_what_is_not_there_makes_nothing(invoke, kubeflow, vertex, target):
    ended = invoke("schedule update", target, "--cron", CRON[target])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "there is no schedule 'cards'. There is none at all." in ended.stderr
    assert not kubeflow.tables["recurringruns"]
    assert not vertex.schedules


@pytest.mark.parametrize(
    ("words", "target", "args", "message"),
    [
        ("schedule create", "kubeflow", ["--cron", CRON["vertex"]], "That is Vertex's form"),
        ("schedule create", "vertex", ["--cron", CRON["kubeflow"]], "That is Kubeflow's form"),
        ("schedule create", "vertex", ["--cron", CRON["vertex"], "--catch-up"], "when it is resum"),
        ("schedule create", "vertex", ["--cron", CRON["vertex"], "--name", "a b"], "--name must"),
        ("schedule create", "vertex", [], "Missing option '--cron'"),
        (
            "schedule update",
            "vertex",
            ["--cron", CRON["vertex"], "--param", "run_date=2026-03-01"],
            "--param run_date: every run of the schedule would be for that one day",
        ),
        ("submit", "vertex", ["--param", "run_date=garbage"], "--param run_date must be a day"),
        ("submit", "vertex", ["--param", "epohcs=1"], "did you mean 'epochs'"),
        ("submit", "vertex", ["--run-date", "tomorrow"], "--run-date must be a day"),
        ("submit", "vertex", ["--run-id", "Cards 1"], "--run-id must be"),
        ("submit", "vertex", ["--set", "vertex=null"], "target vertex needs the section `vertex`"),
        (
            "submit",
            "kubeflow",
            ["--set", "kubeflow=null"],
            "target kubeflow needs the section `kubeflow`",
        ),
        ("submit", "kubeflow", ["--set", "kubeflow.root=/data"], "kubeflow.root must be a place"),
        ("submit", "kubeflow", ["--set", "kubeflow.root=gs://"], "kubeflow.root must be a place"),
        ("submit", "vertex", ["--set", "vertex.root=s3://b"], "vertex.root must be a place"),
        ("submit", "vertex", ["--set", "vertex.image=''"], "vertex.image"),
        ("submit", "vertex", ["--set", "name=Cards"], "name"),
        ("submit", "nowhere", [], "'nowhere' is not one of 'kubeflow', 'vertex'"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(
    invoke, kubeflow, vertex, words, target, args, message
):
    ended = invoke(words, target, *args)
    assert ended.exit_code == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (kubeflow.requests, vertex.requests) == ([], [])


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    ("words", "args", "message"),
    [
        ("schedule resume", ["--catch-up"], "--catch-up: on Kubeflow a schedule makes up for"),
        *((f"schedule {verb}", ["--name", "a b"], "--name must be a letter or digit")
          for verb in ("pause", "resume", "delete")),
    ],
)  # fmt: skip
def test_a_dry_run_refuses_what_the_command_refuses(
    invoke, kubeflow, words, args, message, dry_run
):
    ended = invoke(words, "kubeflow", *args, *dry_run, spec=False)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert kubeflow.requests == []


def test_a_section_without_its_root_or_image_names_the_key(invoke, config):
    for key in ("root", "image"):
        section = {k: v for k, v in KUBEFLOW.items() if k != key}
        config.write_text(yaml.safe_dump({**CONFIG, "kubeflow": section}))
        ended = invoke("submit", "kubeflow")
        assert ended.exit_code == 2
        assert f"kubeflow.{key} is required" in ended.stderr


def test_an_error_of_the_server_is_one_line_without_secrets(invoke, kubeflow):
    kubeflow.token = "renewed"
    ended = invoke("schedule create", "kubeflow", "--cron", CRON["kubeflow"])
    assert ended.exit_code == 1
    assert ended.stderr.count("\n") == 1
    assert "does not take the credentials (401)" in ended.stderr
    assert "very-secret" not in ended.stderr


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_not_even_debugging_shows_the_token(invoke, kubeflow, debug):
    kubeflow.fault = lambda _: Fault(400, "no, very-secret")
    ended = invoke("schedule list", "kubeflow", *debug, spec=False)
    assert ended.exit_code == 1
    assert "very-secret" not in ended.stderr
    assert ("Traceback" in ended.stderr) == bool(debug)


@pytest.mark.parametrize("token", ["very-secret\n", "very\nsecret", "very-secret\u201d"])
def test_a_token_with_more_than_a_token_in_it_is_not_shown(invoke, kubeflow, monkeypatch, token):
    monkeypatch.setenv("KFP_TOKEN", token)
    ended = invoke("schedule list", "kubeflow", "--debug", spec=False)
    assert ended.exit_code == (0 if token.strip() == "very-secret" else 2)
    assert "secret" not in ended.output


def test_an_expired_session_is_no_empty_list(invoke, kubeflow):
    kubeflow.fault = lambda _: Fault(kind="login")
    for args in ([], ["--json"]):
        ended = invoke("schedule list", "kubeflow", *args, spec=False)
        assert (ended.exit_code, ended.stdout) == (1, "")
        assert "does not take the credentials (401)" in ended.stderr


@pytest.mark.parametrize(("backend", "taken"), [("2.16", False), ("2.17", True)])
def test_a_day_that_the_backend_does_not_fill_in_has_to_be_given(invoke, config, backend, taken):
    """Else every run of the schedule would fail."""
    data = {**CONFIG["data"], "run_date": "{{$.pipeline_job_schedule_time_utc}}"}
    config.write_text(yaml.safe_dump({**CONFIG, "data": data}))
    options = ["--set", f"kubeflow.minimum_backend='{backend}'", "--dry-run"]
    cron = ["--cron", CRON["kubeflow"]]
    ended = invoke("schedule create", "kubeflow", *cron, *options)
    assert (ended.exit_code == 0) == taken
    assert ("fills in from 2.17 on" in ended.stderr) != taken
    good(invoke("submit", "kubeflow", *options, "--run-date", "2026-03-01"))
    good(invoke("schedule create", "vertex", "--cron", CRON["vertex"], "--dry-run"))


def test_places_of_this_machine_are_refused_before_compiling(tmp_path):
    (tmp_path / "data.csv").write_text("a,y\n1,0\n2,1\n")
    (tmp_path / "schema.pbtxt").write_text(
        'feature { name: "a" type: FLOAT }\n'
        'feature { name: "y" type: BYTES string_domain { value: "0" value: "1" } }\n'
    )
    data = {"source": "data.csv", "schema": "schema.pbtxt", "label": "y"}
    path = tmp_path / "cards.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, "data": data}))
    ended = CliRunner().invoke(main, ["submit", str(path), "--target", "vertex", "--dry-run"])
    assert ended.exit_code == 2
    assert "data.source" in ended.stderr
    assert "on this machine, which vertex cannot see" in ended.stderr


@pytest.mark.tfx
@pytest.mark.slow
def test_the_built_in_pipeline_is_compiled_and_taken_by_both(kubeflow, vertex, monkeypatch):
    kubeflow.backend = (2, 17)
    monkeypatch.setenv("RUN_WEBHOOK", "https://very-secret")
    sections = {"kubeflow": KUBEFLOW, "vertex": {**VERTEX, "labels": None}}
    settings = [
        word
        for target, section in sections.items()
        for key, value in section.items()
        if value
        for word in ("--set", f"{target}.{key}={value}")
    ] + SECRETS
    for target in CRON:
        options = ["--target", target, *settings]
        config = str(EXAMPLES / "card_fraud.yaml")
        good(CliRunner().invoke(main, ["submit", config, *options]))
        cron = ["--cron", CRON[target]]
        good(CliRunner().invoke(main, ["schedule", "create", config, *cron, *options]))
    [run] = kubeflow.tables["runs"].values()
    assert run["runtime_config"]["parameters"] == {"run_date": ""}
    [text] = kubeflow.texts.values()
    [job] = vertex.jobs.values()
    assert "RUN_WEBHOOK" in text
    assert "RUN_WEBHOOK" in str(job)
    assert "very-secret" not in text
    assert "very-secret" not in str([request for _, request in vertex.requests])
    assert "Trainer" in dict(job.pipeline_spec)["components"]


@pytest.mark.slow
def test_the_command_itself_says_one_line_where_no_server_is(config):
    """In a process of its own, where gRPC and kfp may say what they like."""
    for target, place in (("kubeflow", "127.0.0.1:9"), ("vertex", "vertex")):
        ended = subprocess.run(
            [
                Path(sys.executable).parent / "tfx-rebalance",
                *("schedule", "list", str(config), "--target", target),
            ],
            env={"KFP_HOST": f"http://{place}", "HOME": "/nonexistent", "NO_GCE_CHECK": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert re.fullmatch("error: [^\n]+\n", ended.stderr), ended.stderr
