"""Steps of the golden files, started as their containers start them, with what a backend says."""

import json
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.tfx

HERE = Path(__file__).parent


def start(task, folder, *, said=None, inputs=None, target="vertex"):
    """Runs a task's own arguments in this process; returns the folder of its first output.

    Args:
        task: Its name.
        folder: Where its outputs go.
        said: Parameter -> what the backend puts in place of its value.
        inputs: Input -> the folder of its artifact.
        target: Whose golden file.
    """
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor as entrypoint

    spec = next(iter(yaml.safe_load_all((HERE / f"card_fraud.{target}.yaml").read_text())))
    component = spec["components"][task]
    tasks = {**spec["root"]["dag"]["tasks"], **spec["components"]["tfx-dag"]["dag"]["tasks"]}
    parameters = tasks[task]["inputs"]["parameters"].items()
    values = {k: v["runtimeValue"]["constant"] for k, v in parameters if "runtimeValue" in v}
    outputs = component.get("outputDefinitions", {}).get("artifacts", {})
    artifacts = {
        "inputs": {key: str(path) for key, path in (inputs or {}).items()},
        "outputs": {key: str(folder / key) for key in outputs},
    }
    types = {"inputs": component.get("inputDefinitions", {}).get("artifacts", {})}
    types["outputs"] = outputs
    given = {
        side: {
            "artifacts": {
                key: {"artifacts": [{"uri": uri, "type": types[side][key]["artifactType"]}]}
                for key, uri in of_side.items()
            }
        }
        for side, of_side in artifacts.items()
    }
    given["inputs"]["parameterValues"] = {**values, **(said or {})}
    given["outputs"]["outputFile"] = str(folder / "executor_output.json")
    message = json_format.ParseDict(given, pipeline_spec_pb2.ExecutorInput())
    arguments = spec["deploymentSpec"]["executors"][f"{task}_executor"]["container"]["args"]
    text = json_format.MessageToJson(message)
    filled = [text if argument == "{{$}}" else argument for argument in arguments]
    entrypoint.main(entrypoint._parse_flags(["step", *filled]))
    assert (folder / "executor_output.json").exists()
    return folder / next(iter(outputs)) if outputs else folder


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    return start("ImportSchemaGen", tmp_path_factory.mktemp("schema"))


def test_the_schema_that_travelled_is_the_one_in_the_repository(schema):
    reviewed = HERE.parents[1] / "schemas" / "card_fraud" / "schema.pbtxt"
    assert (schema / "schema.pbtxt").read_bytes() == reviewed.read_bytes()


def ingest(schema, folder, **said):
    """Returns the day that ExampleGen says it has read."""
    spec = yaml.safe_load((HERE / "card_fraud.vertex.yaml").read_text())
    tasks = spec["components"]["tfx-dag"]["dag"]["tasks"]
    text = tasks["ExampleGen"]["inputs"]["parameters"]["settings"]["runtimeValue"]["constant"]
    settings = {**json.loads(text), **said.pop("settings", {})}
    settings["demo"] = {**settings["demo"], "rows": 1000}
    said = {"run_date": "", "settings": json.dumps(settings), **said}
    examples = start("ExampleGen", folder, said=said, inputs={"schema": schema})
    return json.loads((examples / "ingestion.json").read_text())["run_date"]


def test_the_day_that_was_asked_for_wins_and_the_splits_are_there(schema, tmp_path):
    day = ingest(schema, tmp_path, run_date="2026-01-31", schedule_time="2026-02-01T03:00:00Z")
    assert day == "2026-01-31"
    output = json.loads((tmp_path / "executor_output.json").read_text())
    [artifact] = output["artifacts"]["examples"]["artifacts"]
    assert json.loads(artifact["metadata"]["split_names"]) == ["train", "val", "eval"]
    assert artifact["metadata"]["custom:span"] == 20484  # Days since 1970: 2026-01-31.
    assert list((tmp_path / "examples").glob("Split-train/*"))


def test_else_the_time_of_the_schedule(schema, tmp_path):
    assert ingest(schema, tmp_path, schedule_time="2026-02-01T03:00:00Z") == "2026-02-01T03:00:00Z"


def test_a_backend_that_fills_nothing_in_is_a_clear_error_and_nothing_is_written(schema, tmp_path):
    from tfx_rebalance.errors import DataError

    with pytest.raises(DataError, match=r"older than kubeflow\.minimum_backend says"):
        ingest(schema, tmp_path)  # The placeholder as it stands in the spec.
    assert not (tmp_path / "executor_output.json").exists()


def test_a_run_that_nobody_scheduled_fails_where_the_config_says_so(schema, tmp_path):
    from tfx_rebalance.errors import DataError

    never = {"schedule_time": "1970-01-01T00:00:00Z", "settings": {"unscheduled": "fail"}}
    with pytest.raises(DataError, match="no schedule started this run"):
        ingest(schema, tmp_path, **never)


@pytest.mark.parametrize("target", ["kubeflow", "vertex"])
def test_the_exit_handler_records_how_a_run_ended(tmp_path, monkeypatch, target):
    monkeypatch.delenv("RUN_WEBHOOK", raising=False)
    status = json.dumps({"state": "FAILED", "error": {"message": "Trainer"}})
    said = {"final_status": status, "run_id": "run-7", "root": str(tmp_path)}
    start("ExitHandler", tmp_path, said=said, target=target)
    record = json.loads((tmp_path / "runs" / "run-7" / "final.json").read_text())
    assert (record["pipeline"], record["state"]) == ("card-fraud", "FAILED")
    assert record["error"] == "Trainer"
    facts = json.loads((tmp_path / "runs" / "run-7" / "report.json").read_text())
    assert (facts["place"], facts["failed_node"]) == (target, "Trainer")
    assert "Failed in Trainer" in (tmp_path / "runs" / "run-7" / "report.html").read_text()


def test_champion_finds_nothing_and_says_so(tmp_path):
    said = {"released": str(tmp_path / "serving")}
    start("Champion", tmp_path, said=said, target="kubeflow")
    output = json.loads((tmp_path / "executor_output.json").read_text())
    [model] = output["artifacts"]["model"]["artifacts"]
    assert model["metadata"]["cold_start"] == 1
