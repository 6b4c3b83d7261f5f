"""Registrar is there on Vertex alone, where the config wants it, and runs as it is compiled."""

import json

import pytest
import yaml
from support.compiled import config_of
from support.fake_registry import fake_registry
from support.run_facts import gate

from tfx_rebalance.files import GATE_FILE, RELEASES
from tfx_rebalance.pipeline.checks import check_config

pytestmark = pytest.mark.tfx

IMAGE = "europe-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"
REGISTRY = f"vertex.registry={{serving_image: '{IMAGE}'}}"
NAMED = f"vertex.registry={{serving_image: '{IMAGE}', model: fraud}}"


def compiled(target, *overrides):
    """Returns the spec and the tasks beside the exit handler."""
    from tfx_rebalance.pipeline.targets.compiling import compiled_text
    from tfx_rebalance.pipeline.targets.contract import faults_of

    config = config_of(*overrides)
    text = compiled_text(config, check_config(config), target)
    assert list(faults_of(text, target, backend=(2, 16))) == []
    spec = next(iter(yaml.safe_load_all(text)))
    return spec, spec["components"]["tfx-dag"]["dag"]["tasks"]


def constants_of(task):
    given = task["inputs"]["parameters"].items()
    return {key: value["runtimeValue"]["constant"] for key, value in given}


@pytest.mark.parametrize(
    ("place", "overrides", "there"),
    [
        ("vertex", (NAMED,), True),
        ("vertex", (), False),
        ("kubeflow", (NAMED,), False),
        ("local", (NAMED,), False),
    ],
)
def test_only_vertex_with_the_section_has_the_node(place, overrides, there):
    from tfx_rebalance.pipeline.dag import create_pipeline

    config = config_of(*overrides)
    pipeline = create_pipeline(
        config, check_config(config), root="/root", destination="/serving", target=place
    )
    nodes = {node.id: node for node in pipeline.components}
    assert ("Registrar" in nodes) is there
    if there:
        upstream = {node.id for node in nodes["Registrar"].upstream_nodes}
        assert upstream == {"Pusher", "Evaluator"}
        assert not nodes["Registrar"].downstream_nodes


@pytest.fixture(scope="module")
def on_vertex():
    return compiled("vertex", NAMED, "vertex.labels={team: cards}", "vertex.retries=2")


def test_the_node_is_told_where_and_as_what(on_vertex):
    _, tasks = on_vertex
    told = constants_of(tasks["Registrar"])
    assert json.loads(told["settings"]) == {
        "project": "p",
        "location": "europe-west1",
        "model": "fraud",
        "serving_image": IMAGE,
        "labels": {"team": "cards"},
    }
    assert (told["pipeline"], told["run"]) == ("card-fraud", "{{$.pipeline_job_name}}")


def test_without_a_name_the_model_is_called_as_the_pipeline_is():
    _, tasks = compiled("vertex", REGISTRY)
    assert json.loads(constants_of(tasks["Registrar"])["settings"])["model"] == "card-fraud"


def test_it_is_never_cached_and_tried_again_as_it_registers_once(on_vertex):
    _, tasks = on_vertex
    assert tasks["Registrar"]["cachingOptions"] == {"enableCache": False}
    assert tasks["Registrar"]["retryPolicy"]["maxRetryCount"] == 2
    assert "Pusher" in tasks["Registrar"]["dependentTasks"]


def executor_input(spec, tasks, artifacts):
    """Returns what Vertex puts in place of {{$}}: the artifacts, the run's name filled in."""
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    types = spec["components"]["Registrar"]["inputDefinitions"]["artifacts"]
    values = {**constants_of(tasks["Registrar"]), "run": "card-fraud-20260301"}
    given = {
        key: {"artifacts": [{"name": key, "type": types[key]["artifactType"], **said}]}
        for key, said in artifacts.items()
    }
    message = {"inputs": {"artifacts": given, "parameterValues": values}}
    return json_format.ParseDict(message, pipeline_spec_pb2.ExecutorInput())


def test_the_compiled_step_registers_what_was_pushed(on_vertex, monkeypatch, tmp_path):
    from google.protobuf import json_format
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor as entrypoint

    spec, tasks = on_vertex
    released = tmp_path / "serving" / "17"
    (tmp_path / "serving" / RELEASES).mkdir(parents=True)
    manifest = {"version": "17", "model_sha256": "ab" * 32}
    (tmp_path / "serving" / RELEASES / "17.json").write_text(json.dumps(manifest))
    (tmp_path / GATE_FILE).write_text(gate().model_dump_json())
    pushed = {"pushed": 1, "pushed_destination": str(released), "pushed_version": "17"}
    artifacts = {
        "pushed_model": {"uri": str(tmp_path / "pushed"), "metadata": pushed},
        "evaluation": {"uri": str(tmp_path)},
    }
    message = executor_input(spec, tasks, artifacts)
    message.outputs.output_file = str(tmp_path / "executor_output.json")
    container = spec["deploymentSpec"]["executors"]["Registrar_executor"]["container"]
    text = json_format.MessageToJson(message)
    words = [text if word == "{{$}}" else word for word in container["args"]]
    with fake_registry(monkeypatch, tmp_path, bucket=str(tmp_path)) as server:
        for _ in range(2):
            entrypoint.main(entrypoint._parse_flags(["step", *words]))
    [version] = server.versions("fraud")
    assert version.artifact_uri == str(released)
    assert {key: version.labels[key] for key in ("pipeline", "run", "verdict", "team")} == {
        "pipeline": "card-fraud",
        "run": "card-fraud-20260301",
        "verdict": "passed",
        "team": "cards",
    }
