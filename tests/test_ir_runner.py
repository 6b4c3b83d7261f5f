"""The emulated backend finds what a real one would: it is no use to the end-to-end tests else."""

import json
from pathlib import Path

import pytest
import yaml
from support.compiled import spec, with_dynamic_property, with_exit_handler
from support.ir_runner.backend import Backend
from support.ir_runner.loading import load

from tfx_rebalance.pipeline.targets.repairs import Repairs, repaired

BUCKET = "gs://bucket"


class Steps:
    """Stands for containers: a step that is to fail fails, any other says that it made nothing."""

    def __init__(self, *, failing=()):
        self.failing, self.told = failing, []

    def __call__(self, command, *, cwd, log):
        message = json.loads(command[command.index("--json_serialized_invocation_args") + 1])
        task = cwd.parent.name
        self.told.append((task, message["inputs"].get("parameterValues", {})))
        if task in self.failing:
            return 1
        Path(message["outputs"]["outputFile"]).write_text("{}")
        return 0

    @property
    def started(self):
        return [task for task, _ in self.told]


def mended(given, **wanted):
    wanted = {"defaults": {}, "uncached": (), "retries": {}, "containers": {}, **wanted}
    return repaired(given, Repairs(root=f"{BUCKET}/root", **wanted))


def loaded(given, folder):
    return load(yaml.safe_dump(given), bucket=BUCKET, folder=folder)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (with_dynamic_property(spec()), "wait for what is not there: {'Train': {'Read_task'}}"),
        (with_exit_handler(spec()), "the DAG has no input 'run_date'"),
    ],
)
def test_what_tfx_compiles_wrong_does_not_run_unmended(tmp_path, given, problem):
    unmended = {**given, "defaultPipelineRoot": f"{BUCKET}/root"}
    with pytest.raises(ValueError, match=problem):
        Backend("vertex", Steps(), tmp_path).run(loaded(unmended, tmp_path))
    if "DAG" in problem:
        Backend("vertex", Steps(), tmp_path).run(loaded(mended(given), tmp_path))


def test_a_parameter_needs_a_value_and_has_to_be_known(tmp_path):
    given = mended(spec())
    del given["root"]["inputDefinitions"]["parameters"]["run_date"]["defaultValue"]
    compiled, backend = loaded(given, tmp_path), Backend("vertex", Steps(), tmp_path)
    with pytest.raises(ValueError, match=r"\['run_date'\] have no value"):
        backend.run(compiled)
    with pytest.raises(ValueError, match=r"no parameters \['day'\]"):
        backend.run(compiled, run_date="", day="2026-01-31")
    with pytest.raises(ValueError, match="'run_date' type mismatch"):
        backend.run(compiled, run_date=5)


def test_a_failing_step_is_tried_again_and_what_waits_for_it_is_skipped(tmp_path):
    given = mended(with_exit_handler(spec()), retries={"Read": 2})
    steps = Steps(failing=("Read",))
    ended = Backend("vertex", steps, tmp_path).run(loaded(given, tmp_path), run_date="2026-01-31")
    assert steps.started == ["Read", "Read", "Read", "Exit"]
    assert ended.named("SKIPPED") == {"Train"}
    assert ended.named("FAILED") == {"Read", "tfx-dag"}
    status = json.loads(steps.told[-1][1]["final_status"])
    assert status["state"] == "FAILED"
    assert "[Read]" in status["error"]["message"]
    assert steps.told[0][1] == {"run_date": "2026-01-31"}


@pytest.mark.parametrize(("target", "word"), [("vertex", "SUCCEEDED"), ("kubeflow", "COMPLETE")])
def test_each_backend_has_its_word_for_a_run_that_ended_well(tmp_path, target, word):
    steps = Steps()
    Backend(target, steps, tmp_path).run(loaded(mended(with_exit_handler(spec())), tmp_path))
    assert json.loads(steps.told[-1][1]["final_status"])["state"] == word


@pytest.mark.parametrize(
    ("target", "constant", "told"),
    [
        ("vertex", "{{$.pipeline_job_name}}", "card-fraud-1"),
        ("kubeflow", "{{$.pipeline_job_name}}", "card-fraud-1"),
        ("vertex", '{"a": "{{$.pipeline_job_name}}"}', '{"a": "card-fraud-1"}'),
        ("kubeflow", '{"a": "{{$.pipeline_job_name}}"}', '{"a": "{{$.pipeline_job_name}}"}'),
    ],
)
def test_only_vertex_fills_in_a_placeholder_within_a_constant(tmp_path, target, constant, told):
    given, steps = mended(spec()), Steps()
    parameters = given["root"]["dag"]["tasks"]["Read"]["inputs"]["parameters"]
    parameters["run_date"] = {"runtimeValue": {"constant": constant}}
    Backend(target, steps, tmp_path).run(loaded(given, tmp_path))
    assert steps.told[0] == ("Read", {"run_date": told})


def test_only_what_may_be_cached_is_and_only_for_the_same_inputs(tmp_path):
    steps = Steps()
    backend = Backend("kubeflow", steps, tmp_path)
    compiled = loaded(mended(spec()), tmp_path)
    assert backend.run(compiled).named("SUCCEEDED") == {"Read", "Train"}
    again = backend.run(compiled)
    assert again.named("CACHED") == {"Read", "Train"}
    assert again.uri("Read", "examples").parts[-4:-2] == ("card-fraud-1", "Read")
    assert backend.run(compiled, run_date="2026-01-31").named("CACHED") == set()
    uncached = loaded(mended(spec(), uncached=("Read",)), tmp_path)
    assert backend.run(uncached).named("CACHED") == set()  # New artifacts, so Train runs as well.


def test_what_is_not_emulated_is_refused_when_it_is_loaded(tmp_path):
    given = mended(spec())
    with pytest.raises(ValueError, match="another bucket"):
        load(yaml.safe_dump(given), bucket="gs://other", folder=tmp_path)
    executors = given["deploymentSpec"]["executors"]
    executors["Read_executor"] = {"resolver": {"outputArtifactQueries": {}}}
    with pytest.raises(ValueError, match=r"not emulated: .*Read_executor"):
        loaded(given, tmp_path)
