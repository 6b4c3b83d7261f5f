"""What was pushed is registered, and only that; a failure leaves the release alone."""

import logging

import pytest
from support.fake_registry import fake_registry
from support.fake_vertex import Fault
from support.released import release
from support.run_facts import gate

from tfx_rebalance.components.registrar import registry
from tfx_rebalance.components.registrar.settings import RegistrarSettings
from tfx_rebalance.errors import CorruptArtifactError, RebalanceError, ServiceError
from tfx_rebalance.files import GATE_FILE

pytestmark = pytest.mark.tfx

SETTINGS = RegistrarSettings(
    project="shop",
    location="europe-west4",
    model="fraud",
    serving_image="europe-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest",
)


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "PAUSES", ())
    monkeypatch.setattr("tfx_rebalance.services.FIRST_WAIT", 0)
    with fake_registry(monkeypatch, tmp_path, bucket=str(tmp_path)) as state:
        yield state


@pytest.fixture
def released(tmp_path):
    """Returns the folder of a released version."""
    return release(tmp_path / "serving", "17")


def as_a_local_run_gives_it(properties):
    from tfx.types import standard_artifacts

    model = standard_artifacts.PushedModel()
    model.set_int_custom_property("pushed", properties["pushed"])
    if "pushed_destination" in properties:
        model.set_string_custom_property("pushed_destination", properties["pushed_destination"])
    return model


def as_kubeflow_gives_it(properties):
    """Returns it as TFX's entry point reads it: JSON values, whose numbers are all floats."""
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils

    schema = {"instanceSchema": "title: tfx.PushedModel\ntype: object\n"}
    given = {"artifacts": [{"name": "1", "type": schema, "metadata": properties}]}
    listed = json_format.ParseDict(given, pipeline_spec_pb2.ArtifactList())
    read = kubeflow_v2_entrypoint_utils.parse_raw_artifact_dict({"model": listed}, {})
    return read["model"][0]


@pytest.fixture
def register(tmp_path, released):
    """Returns a function that runs the executor as Vertex does after a push or none."""
    from tfx.types import standard_artifacts

    from tfx_rebalance.components.registrar.executor import Executor

    def run(*, pushed=1, as_json=False, run="cards-1", judged=True):
        evaluation = standard_artifacts.ModelEvaluation()
        evaluation.uri = str(tmp_path)
        if judged:
            (tmp_path / GATE_FILE).write_text(gate().model_dump_json())
        said = {"pushed": 1, "pushed_destination": str(released)} if pushed else {"pushed": 0}
        model = as_kubeflow_gives_it(said) if as_json else as_a_local_run_gives_it(said)
        asked = {"settings": SETTINGS.model_dump_json(), "pipeline": "cards", "run": run}
        inputs = {"pushed_model": [model], "evaluation": [evaluation]}
        Executor().Do(inputs, {}, asked)

    return run


@pytest.fixture
def log(monkeypatch, caplog):
    monkeypatch.setattr(logging.getLogger("absl"), "propagate", True)
    caplog.set_level(logging.INFO)
    return caplog


@pytest.mark.parametrize("as_json", [False, True])
def test_what_was_pushed_is_registered_with_its_folder_run_and_verdict(
    server, register, released, log, as_json
):
    from tfx_rebalance.releases import tree_digest

    register(as_json=as_json)
    [version] = server.versions("fraud")
    assert version.artifact_uri == str(released)
    labels = dict(version.labels)
    assert labels["model_sha256"] == tree_digest(str(released))[:16]
    assert {key: labels[key] for key in ("pipeline", "run", "verdict", "version")} == {
        "pipeline": "cards",
        "run": "cards-1",
        "verdict": "passed",
        "version": "17",
    }
    assert f"{released} is projects/shop/locations/europe-west4/models/fraud@1" in log.text


@pytest.mark.parametrize("as_json", [False, True])
def test_what_was_not_pushed_is_not_registered_and_that_is_said(server, register, log, as_json):
    register(pushed=0, as_json=as_json, run="{{$.pipeline_job_name}}")
    assert server.requests == []
    assert "Nothing was pushed, so nothing is registered." in log.text


def test_a_later_run_that_finds_it_pushed_registers_it_once(server, register):
    register()
    register(run="cards-2")
    [version] = server.versions("fraud")
    assert version.labels["run"] == "cards-1"


def test_a_failure_leaves_the_release_and_a_second_attempt_registers_it(server, register, released):
    before = {path: path.read_bytes() for path in released.parent.rglob("*") if path.is_file()}
    server.fault = lambda *_: Fault()
    with pytest.raises(ServiceError, match=rf"503.*The release stays as it is, in {released}\."):
        register()
    assert before == {
        path: path.read_bytes() for path in released.parent.rglob("*") if path.is_file()
    }
    server.fault = lambda *_: None
    register()
    assert len(server.versions("fraud")) == 1


def test_nothing_is_sent_of_a_release_that_cannot_be_told(server, register, released):
    with pytest.raises(RebalanceError, match="did not fill it in"):
        register(run="{{$.pipeline_job_name}}")
    (released.parent.parent / GATE_FILE).unlink()
    with pytest.raises(CorruptArtifactError, match=GATE_FILE):
        register(judged=False)
    (released.parent / "releases" / "17.json").unlink()
    with pytest.raises(CorruptArtifactError, match=r"17\.json"):
        register()
    assert server.requests == []
