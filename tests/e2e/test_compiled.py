"""The compiled pipelines, run here: each step by its container's own command and arguments.

`support.ir_runner` plays the backend. The specs are compiled for a bucket, and the bucket's name is
replaced by a folder's when they are loaded. What this does not prove: images, rights, buckets.
"""

from datetime import date
from pathlib import Path

import pytest
from support.emulated import (
    CARD_FRAUD,
    SMALL,
    compiled,
    content,
    final_of,
    gate_of,
    logs_of,
    pushed,
    report_of,
)
from support.ir_runner.backend import CREATED, Backend
from support.ir_runner.steps import Subprocess, Zygote
from support.pipeline_runs import EXAMPLES, run
from support.wheels import built_wheel, environment_with, said

from tfx_rebalance.components.example_gen.demo_data import write_demo_data
from tfx_rebalance.components.example_gen.settings import DemoSettings

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

SCHEMA = EXAMPLES.parent / "schemas" / "card_fraud" / "schema.pbtxt"
TOO_HIGH = "evaluate.min_recall={'1': 0.9, '0': 0.2}"
NODES = {
    "ImportSchemaGen", "ExampleGen", "StatisticsGen", "ExampleValidator", "ImbalanceValidator",
    "ValidationGate", "Transform", "Rebalance", "Trainer", "Champion", "Evaluator", "Pusher",
}  # fmt: skip
READING = {"ImportSchemaGen", "ExampleGen"}
DATED = (
    "data.source=gs://emulated/rows/{YYYY}-{MM}-{DD}.csv",
    "data.run_date='{{$.pipeline_job_schedule_time_utc}}'",
    "data.lag_days=1",
)
BEHIND_THE_GATE = {"Transform", "Rebalance", "Trainer", "Champion", "Evaluator", "Pusher"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def zygote(folder):
    started = Zygote(folder / "zygote.txt")
    yield started
    started.close()


@pytest.fixture(scope="module")
def backend(folder, zygote):
    """Vertex, which remembers: later runs take from the cache what the first one made."""
    return Backend("vertex", zygote, folder / "steps")


@pytest.fixture(scope="module")
def first(backend, folder):
    ended = backend.run(compiled("vertex", folder / "vertex"))
    assert ended.named("SUCCEEDED") == {*NODES, "tfx-dag", "ExitHandler"}, logs_of(ended)
    return ended


@pytest.fixture(scope="module")
def second(backend, folder, first):
    return backend.run(compiled("vertex", folder / "vertex"))


@pytest.fixture(scope="module")
def not_blessed(backend, folder, first):
    before = pushed(folder / "vertex")
    ended = backend.run(compiled("vertex", folder / "vertex", TOO_HIGH))
    return ended, before, pushed(folder / "vertex")


@pytest.fixture(scope="module")
def stopped(backend, folder, first):
    return backend.run(compiled("vertex", folder / "vertex", TOO_HIGH, "validate.support=stop"))


@pytest.fixture(scope="module")
def failed(backend, folder, first):
    gpu = "vertex.training.accelerator={type: NVIDIA_L4, count: 1}"
    return backend.run(compiled("vertex", folder / "vertex", gpu))


@pytest.fixture(scope="module")
def days(folder):
    """The rows of the day before the run is made, and others of another day."""
    rows = folder / "kubeflow" / "rows"
    rows.mkdir(parents=True)
    for day, seed in (("2026-01-29", 1), ("2026-01-30", 0)):
        write_demo_data(str(rows / f"{day}.csv"), DemoSettings(rows=3000, seed=seed))


@pytest.fixture(scope="module")
def kubeflow_backend(folder, zygote):
    return Backend("kubeflow", zygote, folder / "kubeflow-steps")


@pytest.fixture(scope="module")
def kubeflow(kubeflow_backend, folder, days):
    return kubeflow_backend.run(compiled("kubeflow", folder / "kubeflow", *DATED))


@pytest.fixture(scope="module")
def local(folder):
    """The same config, run on this machine by the command."""
    ended = run(CARD_FRAUD, folder / "local", *SMALL)
    assert ended.exit_code == 0, ended
    return ended.result, Path(ended.result["log"]).with_name("report.json")


def test_the_whole_of_it_runs_on_vertex_and_releases(first, folder):
    assert gate_of(first)["passed"]
    assert gate_of(first)["champion"] == "cold_start"
    [version] = pushed(folder / "vertex")
    model = folder / "vertex" / "serving" / "card-fraud" / version
    assert first.tasks["Pusher"].artifacts["pushed_model"][0].metadata["pushed_destination"] == str(
        model
    )
    assert {task.attempts for name, task in first.tasks.items() if name != "tfx-dag"} == {1}
    final = final_of(first, folder / "vertex")
    assert (final["state"], final["error"]) == ("SUCCEEDED", None)
    facts, page = report_of(first, folder / "vertex")
    assert (facts["verdict"], facts["place"]) == ("released", "vertex")
    assert facts["released_version"] == version
    assert facts["started"] == "2026-01-31T03:00:00Z"
    assert {node["name"] for node in facts["nodes"]} == NODES
    assert {node["state"] for node in facts["nodes"]} == {"done"}
    assert ">Released<" in page


def test_the_released_model_scores(first, folder):
    import tensorflow as tf

    [version] = pushed(folder / "vertex")
    model = tf.saved_model.load(str(folder / "vertex" / "serving" / "card-fraud" / version))
    shard = next((first.uri("ExampleGen", "examples") / "Split-eval").glob("*"))
    rows = list(tf.data.TFRecordDataset(str(shard), "GZIP").as_numpy_iterator())
    scored = model.signatures["serving_default"](tf.constant(rows))
    assert scored["probabilities"].shape == (len(rows), 2)
    assert set(scored["class_label"].numpy()) <= {b"0", b"1"}


def test_a_second_run_takes_what_it_may_from_the_cache(second):
    assert second.named("CACHED") == {
        "ImportSchemaGen", "ExampleGen", "StatisticsGen", "ExampleValidator", "Transform",
        "Rebalance", "Trainer",
    }  # fmt: skip
    assert not second.named("FAILED"), logs_of(second)


def test_a_second_run_is_held_against_what_the_first_released(first, second, folder):
    assert second.tasks["Champion"].artifacts["model"][0].metadata["cold_start"] == 0
    gate = gate_of(second)
    assert (gate["champion"], gate["excluded_rows"]) == ("compared", 0)
    assert all(cell["gained"] == cell["lost"] == 0 for cell in gate["champions"])
    assert len(pushed(folder / "vertex")) == 1  # The same model is not pushed twice.


def test_a_model_below_its_bar_is_not_pushed(not_blessed, folder):
    ended, before, after = not_blessed
    facts, page = report_of(ended, folder / "vertex")
    assert facts["verdict"] == "not_released"
    assert "Not released" in page
    assert not ended.named("FAILED"), logs_of(ended)
    assert not gate_of(ended)["passed"]
    assert ended.tasks["Evaluator"].artifacts["blessing"][0].metadata["blessed"] == 0
    assert ended.tasks["Pusher"].artifacts["pushed_model"][0].metadata["pushed"] == 0
    assert before == after


def test_data_that_stop_the_run_stop_it_and_the_exit_handler_is_told(stopped, folder):
    assert stopped.named("FAILED") == {"ValidationGate", "tfx-dag"}, logs_of(stopped)
    assert stopped.named("SKIPPED") == BEHIND_THE_GATE
    gate = stopped.tasks["ValidationGate"]
    assert gate.attempts == 1  # A verdict is not tried again.
    assert "StopRun" in gate.log.read_text()
    assert stopped.uri("ImbalanceValidator", "imbalance_report").is_dir()
    final = final_of(stopped, folder / "vertex")
    assert final["state"] == "FAILED"
    assert "ValidationGate" in final["error"]
    assert final["run_id"] == stopped.id
    facts, page = report_of(stopped, folder / "vertex")
    assert (facts["verdict"], facts["exit_code"]) == ("stopped", 3)
    assert facts["failed_node"] == "ValidationGate"
    assert "with 3 rows of '1' in eval no model can show a recall of 0.9" in facts["reason"]
    assert ">Stopped by the data<" in page
    assert facts["findings"]["verdict"] == "stop"


def test_a_trainer_without_its_gpu_fails_and_what_is_behind_it_is_skipped(failed, folder):
    assert failed.named("FAILED") == {"Trainer", "tfx-dag"}, logs_of(failed)
    assert failed.named("SKIPPED") == {"Champion", "Evaluator", "Pusher"}
    trainer = failed.tasks["Trainer"]
    assert trainer.attempts == 2  # vertex.retries is 1.
    assert "GPU" in trainer.log.read_text()
    final = final_of(failed, folder / "vertex")
    assert (final["state"], "Trainer" in final["error"]) == ("FAILED", True)
    facts, page = report_of(failed, folder / "vertex")
    assert (facts["verdict"], facts["failed_node"]) == ("stopped", "Trainer")
    assert facts["reason"].startswith("Trainer: trainer.accelerator is gpu, but TensorFlow sees")
    assert ">Failed in Trainer<" in page


def span_of(day):
    """Returns the days from 1970 to a day."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days


def test_the_whole_of_it_runs_on_kubeflow_for_the_day_that_the_backend_says(kubeflow, folder):
    assert kubeflow.named("SUCCEEDED") == {*NODES, "tfx-dag", "ExitHandler"}, logs_of(kubeflow)
    assert len(pushed(folder / "kubeflow")) == 1
    ingestion = content(kubeflow.uri("ExampleGen", "examples") / "ingestion.json")
    assert (ingestion["run_date"], ingestion["files"]) == (CREATED, 1)
    assert ingestion["span"] == span_of("2026-01-30")
    assert final_of(kubeflow, folder / "kubeflow")["state"] == "SUCCEEDED"
    facts, page = report_of(kubeflow, folder / "kubeflow")
    assert (facts["verdict"], facts["place"]) == ("released", "kubeflow")
    assert ">Released<" in page


def test_a_day_without_data_fails_and_is_named(kubeflow_backend, kubeflow, folder):
    spec = compiled("kubeflow", folder / "kubeflow", *DATED)
    before = pushed(folder / "kubeflow")
    ended = kubeflow_backend.run(spec, run_date="2026-02-05")
    assert ended.named("FAILED") == {"ExampleGen", "tfx-dag"}, logs_of(ended)
    assert "has no file for 2026-02-04; there is from 2026-01-29 to 2026-01-30" in logs_of(ended)
    assert final_of(ended, folder / "kubeflow")["state"] == "FAILED"
    facts, _ = report_of(ended, folder / "kubeflow")
    assert (facts["verdict"], facts["exit_code"]) == ("stopped", 3)
    assert facts["failed_node"] == "ExampleGen"
    assert "has no file for 2026-02-04" in facts["reason"]
    assert pushed(folder / "kubeflow") == before


@pytest.mark.parametrize(
    ("target", "backend"), [("vertex", "2.17"), ("kubeflow", "2.17"), ("kubeflow", "2.0")]
)
def test_every_backend_reads_the_day_that_was_asked_for(zygote, folder, days, target, backend):
    """Vertex puts 1970-01-01 in place of the time within settings too, where it stands there."""
    settings = [*DATED, "data.unscheduled=fail", f"{target}.retries=0"]
    settings += [f"kubeflow.minimum_backend='{backend}'"] if target == "kubeflow" else []
    spec = compiled(target, folder / "kubeflow", *settings)
    made = Backend(target, zygote, folder / f"{target}-{backend}")
    asked = made.run(spec, only=READING, run_date="2026-01-30")
    assert asked.named("SUCCEEDED") == READING, logs_of(asked)
    ingestion = content(asked.uri("ExampleGen", "examples") / "ingestion.json")
    assert (ingestion["span"], ingestion["files"]) == (span_of("2026-01-29"), 1)
    if target == "vertex":
        by_hand = made.run(spec, only=READING)
        assert by_hand.named("FAILED") == {"ExampleGen", "tfx-dag"}
        assert "nobody said which day the run is for. Give it: tfx-rebalance" in logs_of(by_hand)


@pytest.mark.parametrize("target", ["first", "kubeflow"])
def test_every_target_counts_and_judges_as_this_machine_does(request, local, target):
    ended = request.getfixturevalue(target)
    result, facts = local
    ingestion = content(ended.uri("ExampleGen", "examples") / "ingestion.json")
    counted = {split: found["classes"] for split, found in ingestion["splits"].items()}
    assert counted == content(facts)["splits"]
    report = content(ended.uri("Rebalance", "rebalance_report") / "report.json")
    rebalanced = report["splits"]["train"]["classes"]
    for label, found in result["classes"].items():
        assert (rebalanced[label]["before"], rebalanced[label]["after"]) == (
            found["before"], found["after"],
        )  # fmt: skip
    gate, here = gate_of(ended), content(facts)["gate"]
    assert gate["passed"] is here["passed"] is (result["verdict"] == "released")
    verdicts = [(s["label"], s["verdict"], s["rows"]) for s in gate["shares"]]
    assert verdicts == [(s["label"], s["verdict"], s["rows"]) for s in here["shares"]]


def test_steps_run_from_the_installed_wheel_as_their_containers_start_them(folder, tmp_path):
    python = environment_with(built_wheel(tmp_path), tmp_path / "environment")
    where = "import tfx_rebalance; print(tfx_rebalance.__file__)"
    place = said(["-c", where], cwd=tmp_path, python=python, PYTHONPATH="")
    assert Path(place.strip()).is_relative_to(tmp_path / "environment")

    spec = compiled("vertex", folder / "wheel")
    backend = Backend("vertex", Subprocess(python), tmp_path / "steps")
    ended = backend.run(spec, only=READING, run_date="2026-01-31")
    assert ended.named("SUCCEEDED") == READING, logs_of(ended)
    assert (
        ended.uri("ImportSchemaGen", "schema") / "schema.pbtxt"
    ).read_bytes() == SCHEMA.read_bytes()
    examples = ended.uri("ExampleGen", "examples")
    assert content(examples / "ingestion.json")["run_date"] == "2026-01-31"
    assert all(list((examples / f"Split-{split}").iterdir()) for split in ("train", "val", "eval"))
