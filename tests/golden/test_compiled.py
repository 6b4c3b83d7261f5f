"""The compiled pipelines, whole, as they would be submitted; `make golden` writes them anew."""

import difflib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from support.pipeline_runs import EXAMPLES, REPOSITORY

pytestmark = pytest.mark.tfx

HERE = Path(__file__).parent
TARGETS = ("kubeflow", "vertex")
EVERY_TARGET = pytest.mark.parametrize("target", TARGETS)


def sections():
    found = yaml.safe_load((HERE / "card_fraud.sets.yaml").read_text())
    return [f"{name}={json.dumps(section)}" for name, section in found.items()]


def compile_for(target, output, *overrides):
    """Returns the text and what the command said."""
    from tfx_rebalance.pipeline.cli import main

    settings = [word for o in (*sections(), *overrides) for word in ("--set", o)]
    command = ["compile", str(EXAMPLES / "card_fraud.yaml"), "--target", target, *settings]
    ended = CliRunner().invoke(main, [*command, "--output", str(output)])
    assert ended.exit_code == 0, ended.output
    assert ended.stdout == f"{output}: compiled for {target}\n"
    return output.read_text()


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compiled")
    return {target: compile_for(target, folder / target) for target in TARGETS}


def tasks_of(text):
    spec = next(iter(yaml.safe_load_all(text)))
    within = spec["components"].get("tfx-dag", {"dag": {"tasks": {}}})["dag"]["tasks"]
    return {**spec["root"]["dag"]["tasks"], **within}


def inputs_of(text, task):
    """Returns a task's parameters: constants as they are, others as what they come from."""
    given = tasks_of(text)[task].get("inputs", {}).get("parameters", {})
    return {
        key: value["runtimeValue"]["constant"] if "runtimeValue" in value else value
        for key, value in given.items()
    }


@EVERY_TARGET
def test_the_spec_is_the_reviewed_one(texts, target):
    golden = HERE / f"card_fraud.{target}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(texts[target])
    lines = golden.read_text().splitlines(), texts[target].splitlines()
    diff = difflib.unified_diff(*lines, "golden", "compiled", lineterm="")
    changes = "\n".join(diff)
    assert not changes, f"{changes}\nIf this is what you want: make golden"


@EVERY_TARGET
def test_compiling_twice_gives_the_same_bytes(texts, target, tmp_path):
    assert compile_for(target, tmp_path / "again.yaml") == texts[target]


@EVERY_TARGET
def test_nothing_of_this_machine_is_in_the_spec(texts, target):
    assert str(REPOSITORY) not in texts[target]
    assert str(Path.home()) not in texts[target]


@EVERY_TARGET
def test_the_command_takes_what_it_has_written(texts, target, tmp_path):
    from tfx_rebalance.pipeline.cli import main

    path = tmp_path / "spec.yaml"
    path.write_text(texts[target])
    command = ["check-spec", str(path), "--target", target, "--minimum-backend", "2.17"]
    assert CliRunner().invoke(main, command).exit_code == 0
    other = next(t for t in TARGETS if t != target)
    refused = CliRunner().invoke(main, ["check-spec", str(path), "--target", other])
    assert refused.exit_code == 1


@EVERY_TARGET
def test_what_reads_the_outside_world_is_never_cached(texts, target):
    from tfx_rebalance.pipeline.dag import NEVER_CACHED

    cached = {
        name: task["cachingOptions"]["enableCache"]
        for name, task in tasks_of(texts[target]).items()
        if name != "tfx-dag"
    }
    # Registrar is not in this config: tests/pipeline/targets/test_registering.py.
    assert {name for name, is_cached in cached.items() if not is_cached} == {
        *NEVER_CACHED, "ExitHandler",
    } - {"Registrar"}  # fmt: skip
    assert {"ImportSchemaGen", "ExampleGen", "Trainer"} <= set(cached)  # Demo data are settings.


def test_files_and_served_rows_are_read_anew_each_time(tmp_path):
    files = ("data.source=gs://b/x.csv", "validate={serving: gs://b/served.csv}")
    schema = (REPOSITORY / "schemas" / "card_fraud" / "schema.pbtxt").as_posix()
    tasks = tasks_of(compile_for("vertex", tmp_path / "a", *files, f"data.schema={schema}"))
    for name in ("ExampleGen", "ServingExampleGen"):
        assert tasks[name]["cachingOptions"] == {"enableCache": False}
        assert tasks[name]["inputs"]["parameters"]["run_date"] == {
            "componentInputParameter": "run_date"
        }


@EVERY_TARGET
def test_a_verdict_and_a_push_are_not_tried_again(texts, target):
    tasks = tasks_of(texts[target])
    once = {name for name, task in tasks.items() if "retryPolicy" not in task}
    assert once == {"ValidationGate", "Pusher", "ExitHandler", "tfx-dag"}
    retries = {"kubeflow": 2, "vertex": 1}[target]
    assert tasks["Trainer"]["retryPolicy"]["maxRetryCount"] == retries


@EVERY_TARGET
def test_training_alone_is_on_a_gpu_and_refuses_to_run_without(texts, target, tmp_path):
    text = compile_for(target, tmp_path / "a", "tuner={algorithm: random}")
    executors = next(iter(yaml.safe_load_all(text)))["deploymentSpec"]["executors"]
    accelerated = {name for name, e in executors.items() if "resources" in e["container"]}
    assert accelerated == {"Trainer_executor", "Tuner_executor"}
    images = {e["container"]["image"] for n, e in executors.items() if n in accelerated}
    assert images == {"tfx-rebalance:1-gpu"}
    for task in ("Trainer", "Tuner"):
        custom = json.loads(inputs_of(text, task)["custom_config"])
        assert json.loads(custom["settings"])["accelerator"] == "gpu"
        assert "checkpoints" not in custom


def test_the_address_of_kubeflow_is_in_no_spec(tmp_path):
    address = "https://pipelines.example.org"
    assert address not in compile_for("kubeflow", tmp_path / "a", f"kubeflow.host={address}")


@EVERY_TARGET
def test_each_run_can_be_told_its_day(texts, target):
    spec = next(iter(yaml.safe_load_all(texts[target])))
    assert spec["root"]["inputDefinitions"]["parameters"] == {
        "run_date": {"defaultValue": "", "parameterType": "STRING"}
    }
    given = inputs_of(texts[target], "ExampleGen")
    assert given["run_date"] == {"componentInputParameter": "run_date"}
    assert given["schedule_time"] == "{{$.pipeline_job_schedule_time_utc}}"


@EVERY_TARGET
def test_a_placeholder_is_the_whole_of_a_constant_and_never_within_the_settings(target, tmp_path):
    """Vertex fills it in wherever it stands: with 1970-01-01, which is no `run_date`."""
    dated = ("data.source=gs://b/{YYYY}-{MM}-{DD}.csv", "data.lag_days=1")
    scheduled = "data.run_date='{{$.pipeline_job_schedule_time_utc}}'"
    text = compile_for(target, tmp_path / "a", *dated, scheduled)
    for task in tasks_of(text):
        for key, value in inputs_of(text, task).items():
            assert not re.search(r"[^{]\{\{\$", str(value)), (task, key)
    assert json.loads(inputs_of(text, "ExampleGen")["settings"])["run_date"] == "<schedule>"


@pytest.mark.parametrize(
    ("backend", "handles_exits", "knows_times"),
    [("2.0", False, False), ("2.14", True, False), ("2.16", True, False), ("2.17", True, True)],
)
def test_an_older_kubeflow_is_told_only_what_it_knows(
    tmp_path, backend, handles_exits, knows_times
):
    older = (f"kubeflow.minimum_backend='{backend}'", "kubeflow.training={}")
    text = compile_for("kubeflow", tmp_path / "a", *older, "on_exit={webhook_variable: null}")
    assert ("ExitHandler" in tasks_of(text)) is handles_exits
    assert ("schedule_time" in inputs_of(text, "ExampleGen")) is knows_times


@EVERY_TARGET
def test_without_a_comparison_nobody_looks_for_a_champion(tmp_path, target):
    text = compile_for(target, tmp_path / "a", "evaluate.champion=null")
    assert "Champion" not in tasks_of(text)
    assert "baseline_model" not in text


@EVERY_TARGET
def test_released_models_and_records_go_under_the_root(texts, target):
    spec = next(iter(yaml.safe_load_all(texts[target])))
    assert spec["defaultPipelineRoot"] == "gs://bucket/fraud/pipeline"
    assert (
        inputs_of(texts[target], "Champion")["released"] == "gs://bucket/fraud/serving/card-fraud"
    )
    assert inputs_of(texts[target], "ExitHandler")["root"] == "gs://bucket/fraud"


@pytest.mark.slow
def test_every_executor_and_artifact_imports_by_its_name_outside_the_source_tree(texts, tmp_path):
    everything = "\n".join(texts.values())
    executors = set(
        re.findall(r"^ +- ((?:tfx|tfx_rebalance)(?:\.\w+)+\.Executor)$", everything, re.M)
    )
    titles = set(re.findall(r"title: (tfx_rebalance\.\w+)", everything))
    assert "tfx_rebalance.components.champion.executor.Executor" in executors
    assert "tfx.components.transform.executor.Executor" in executors
    assert titles == {"tfx_rebalance.ImbalanceReport", "tfx_rebalance.RebalanceReport"}
    program = (
        "import sys\n"
        "from tfx.utils.import_utils import import_class_by_path\n"
        "for path in sys.argv[1:]:\n"
        "    found = import_class_by_path(path)\n"
        "    assert hasattr(found, 'Do') or found.TYPE_NAME == path, path\n"
        "print(len(sys.argv) - 1)\n"
    )
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    ended = subprocess.run(
        [sys.executable, "-I", "-c", program, *sorted(executors), *sorted(titles)],
        cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == str(len(executors) + len(titles))
