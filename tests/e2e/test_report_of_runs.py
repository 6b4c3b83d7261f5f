"""Reports of whole runs through the command: blessed or not, stopped, failed, overridden."""

import json
from pathlib import Path

import pytest
from support.pipeline_runs import EXAMPLES, run, tfx_rebalance

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

CARD_FRAUD = EXAMPLES / "card_fraud.yaml"
SMALL = ("data.demo.rows=5000", "trainer.epochs=1", "evaluate.slices=[]")
NEVER = "evaluate.min_recall={default: 1.0}"


def facts_of(outcome):
    return json.loads(Path(outcome.result["report"]).with_name("report.json").read_text())


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def refused(root):
    return run(CARD_FRAUD, root, *SMALL, NEVER)


def test_a_run_that_was_not_blessed_has_page_json_and_entry(refused, root):
    assert refused.result["verdict"] == "not_released", refused
    page = Path(refused.result["report"]).read_text()
    facts = facts_of(refused)

    assert "Not released" in page
    assert (facts["unread"], facts["attempt"], facts["failed_node"]) == ([], 1, "")
    assert {node["state"] for node in facts["nodes"]} == {"done"}
    assert facts["fingerprints"]["model"] in page
    assert refused.result["run_id"] in (root / "index.html").read_text()


def test_a_second_try_on_the_same_eval_rows_is_visible(refused, root):
    again = run(CARD_FRAUD, root, *SMALL, NEVER, "trainer.seed=1")

    facts = facts_of(again)
    assert (facts["attempt"], facts["earlier"]) == (2, [refused.result["run_id"]])
    assert "attempt 2 on the same eval rows" in Path(again.result["report"]).read_text()


def test_what_was_not_blessed_is_served_only_by_an_override_that_is_told(refused, root):
    said = ("--by", "Ada", "--reason", "the old one is down", "--root", str(root))
    assert not (root / "serving").exists()

    pushed = tfx_rebalance("release", refused.result["run_id"], "--override", *said)

    assert pushed.exit_code == 0, pushed.stderr
    [manifest] = (root / "serving/card-fraud/releases").glob("*.json")
    written = json.loads(manifest.read_text())
    assert written["override"]["run"] == refused.result["run_id"]
    assert written["model_sha256"] == facts_of(refused)["fingerprints"]["model"]
    assert "Not blessed, released by Ada" in Path(refused.result["report"]).read_text()


def test_a_run_that_its_data_stopped_tells_what_was_not_reached(root):
    stopped = run(CARD_FRAUD, root, *SMALL, "validate.min_class_rows={warn: 2000, stop: 1000}")

    assert (stopped.exit_code, stopped.result["verdict"]) == (3, "stopped"), stopped
    facts, page = facts_of(stopped), Path(stopped.result["report"]).read_text()
    assert facts["failed_node"] == "ValidationGate"
    assert facts["findings"]["verdict"] == "stop"
    assert "Stopped by the data" in page
    assert "Not reached: the run ended in ValidationGate." in page
    said = ("--by", "Ada", "--reason", "x", "--root", str(root))
    refused = tfx_rebalance("release", stopped.result["run_id"], "--override", *said)
    assert (refused.exit_code, "before it had trained a model" in refused.stderr) == (2, True)


def test_a_run_that_failed_names_the_node_and_shows_the_log(root, tmp_path):
    failed = run(CARD_FRAUD, root, *SMALL, "trainer.accelerator=gpu")

    assert failed.result["verdict"] == "stopped", failed
    facts = facts_of(failed)
    assert facts["failed_node"] == "Trainer"
    assert facts["log_tail"]
    assert facts["next_command"].startswith("tfx-rebalance run ")
    assert failed.result["run_id"] in (root / "index.html").read_text()
