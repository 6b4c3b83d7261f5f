"""What is gathered at the end of a run, from artifacts that are there, gone or damaged."""

import json
from datetime import datetime, timezone

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from support.examples import example
from support.pipeline_runs import EXAMPLES
from support.run_facts import gate

from tfx_rebalance.content import rows_digest
from tfx_rebalance.pipeline.checks import check_config
from tfx_rebalance.pipeline.config_file import load_config
from tfx_rebalance.pipeline.facts import Asked, facts_of
from tfx_rebalance.pipeline.outcome import Place, Progress
from tfx_rebalance.pipeline.pages import write_report
from tfx_rebalance.pipeline.results import RunResult
from tfx_rebalance.pipeline.run import _reported
from tfx_rebalance.pipeline.runners.local import NodeRun
from tfx_rebalance.records import write_shard
from tfx_rebalance.releases import tree_digest

pytestmark = pytest.mark.tfx

PLANNED = ("ExampleGen", "Trainer", "Evaluator", "Pusher")
TRAINING = {
    "calibration": {"chosen": "none", "log_loss": {"none": 0.1}, "refused": {}},
    "quality": {"trained": {"log_loss": 0.1, "brier": 0.2, "ece": {"0": 0.1, "1": 0.3}}},
    "decision": {"rule": "balanced"},
    "thresholds": {"0": 1.0, "1": 0.1},
    "natural_priors": {"0": 0.9, "1": 0.1},
    "notes": [],
}
INGESTION = {
    "source": "demo", "format": "demo", "files": 1, "span": 0, "version": 0, "window": 1,
    "run_date": None, "rows": 4, "bad_rows": 0, "bad_row_examples": [], "missing_labels": 0,
    "duplicates": 0, "immature": 0, "stratify": True, "group_by": None, "time": None,
    "deviation": None, "moved": None, "moved_note": "", "seed": 0, "cut_points": {},
    "splits": {"train": {"rows": 3, "classes": {"0": 3}},
               "eval": {"rows": 1, "classes": {"0": 1}}},
}  # fmt: skip


class Run:
    """A run of the built-in example, as far as its nodes are said to have come."""

    def __init__(self, root, run_id="run-1"):
        self.root, self.place = root, Place(root=root, run_id=run_id)
        self.place.folder.mkdir(parents=True)
        self.place.log.write_text("one\ntwo\n")
        self.progress = Progress(display=None, planned=PLANNED, fingerprint="f00d")
        config = load_config(EXAMPLES / "card_fraud.yaml")
        self.asked = Asked(config, check_config(config), "tfx-rebalance run x.yaml",
                           datetime.now(timezone.utc))  # fmt: skip

    def folder(self, node, key):
        made = self.root / "pipeline" / node / key
        made.mkdir(parents=True, exist_ok=True)
        return made

    def end(self, node, *keys):
        outputs = {key: mlmd.Artifact(uri=str(self.folder(node, key))) for key in keys}
        self.progress.nodes[node] = NodeRun(node, seconds=1.5, cached=False, outputs=outputs)
        self.progress.running = node

    def read_data(self):
        examples = self.folder("ExampleGen", "examples")
        (examples / "ingestion.json").write_text(json.dumps(INGESTION))
        for split in ("train", "eval"):
            write_shard(str(examples / f"Split-{split}" / "rows.gz"), [example(split=split)])
        self.end("ExampleGen", "examples")

    def train(self):
        (self.folder("Trainer", "model_run") / "training.json").write_text(json.dumps(TRAINING))
        served = self.folder("Trainer", "model") / "Format-Serving"
        served.mkdir(exist_ok=True)
        (served / "saved_model.pb").write_text("model")
        self.end("Trainer", "model", "model_run")

    def evaluate(self, *, judged=True):
        if judged:
            evaluation = self.folder("Evaluator", "evaluation")
            (evaluation / "gate.json").write_text(gate(classes=("0", "1")).model_dump_json())
        self.end("Evaluator", "evaluation")

    def facts(self, verdict="not_released", code=4):
        result = RunResult(
            confidence=0.95,
            run_id=self.place.run_id,
            verdict=verdict,
            reason="why",
            classes={},
            warnings=[],
            seconds={},
            cached=[],
            log="log",
            exit_code=code,
        )
        return facts_of(self.asked, self.place, self.progress, result)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_a_report_that_cannot_be_written_is_a_warning_and_the_result_stays(run, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("tfx_rebalance.pipeline.run.write_report", full)
    result = RunResult(
        confidence=0.95,
        run_id="run-1",
        verdict="released",
        reason="why",
        classes={},
        warnings=["first"],
        seconds={},
        cached=[],
        log="log",
        exit_code=0,
    )

    told = _reported(run.asked, run.place, run.progress, result)

    assert (told.verdict, told.exit_code, told.report) == ("released", 0, None)
    assert told.warnings[0] == "first"
    assert "the report could not be written: no space left" in told.warnings[1]
    assert "no space left" in run.place.log.read_text()


def test_a_whole_run_is_told_whole(run):
    run.read_data()
    run.train()
    run.evaluate()
    run.end("Pusher")

    facts = run.facts()

    assert facts.unread == ()
    assert facts.splits == {"train": {"0": 3, "1": 0}, "eval": {"0": 1, "1": 0}}
    assert facts.training.quality["trained"]["largest_ece"] == 0.3
    assert facts.gate == gate(classes=("0", "1"))
    assert [node.state for node in facts.nodes] == ["done"] * 4
    assert (facts.evaluated, facts.attempt, facts.failed_node) == (True, 1, "")
    served = run.root / "pipeline/Trainer/model/Format-Serving"
    assert facts.fingerprints.model == tree_digest(str(served))
    examples = run.root / "pipeline/ExampleGen/examples"
    assert facts.eval_sha256 == rows_digest(str(examples / "Split-eval"))
    assert facts.fingerprints.source == "f00d"
    assert facts.log_tail == ()
    assert facts.next_command == "tfx-rebalance run x.yaml"


def test_a_run_that_stopped_names_the_node_and_what_was_not_reached(run):
    run.read_data()
    run.progress.running = "Trainer"

    facts = run.facts("stopped", 1)

    assert facts.failed_node == "Trainer"
    assert {node.name: node.state for node in facts.nodes} == {
        "ExampleGen": "done", "Trainer": "failed", "Evaluator": "not_reached",
        "Pusher": "not_reached",
    }  # fmt: skip
    assert facts.log_tail == ("one", "two")
    assert (facts.gate, facts.training, facts.model_uri, facts.attempt) == (None,) * 4


def test_a_run_that_never_began_has_facts_too(run):
    run.progress.planned = ()
    facts = run.facts("stopped", 2)
    assert (facts.nodes, facts.failed_node, facts.splits) == ((), "", None)


def test_an_evaluation_without_a_gate_was_evaluated_but_has_no_gate(run):
    run.read_data()
    run.evaluate(judged=False)
    facts = run.facts()
    assert (facts.gate, facts.evaluated, facts.attempt, facts.unread) == (None, True, 1, ())


def test_a_second_try_on_the_same_eval_rows_is_counted(run):
    run.read_data()
    run.evaluate()
    write_report(run.root, run.facts())
    again = Run(run.root, "run-2")
    again.read_data()
    again.evaluate()

    facts = again.facts()

    assert (facts.attempt, facts.earlier) == (2, ("run-1",))
    rows = run.root / "pipeline/ExampleGen/examples/Split-eval/rows.gz"
    write_shard(str(rows), [example(split="other")])
    assert again.facts().attempt == 1


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_what_is_gone_or_damaged_is_told_and_the_rest_is_there(run, content):
    run.read_data()
    run.train()
    training = run.root / "pipeline/Trainer/model_run/training.json"
    training.unlink() if content is None else training.write_text(content)

    facts = run.facts()

    assert facts.training is None
    assert [text.startswith("model_run of Trainer: ") for text in facts.unread] == [True]
    assert facts.splits is not None
    assert facts.model_uri is not None
