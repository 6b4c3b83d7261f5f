"""A run whose Trainer is killed, and the next run of the same config."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from support.pipeline_runs import EXAMPLES, run

pytestmark = [pytest.mark.tfx, pytest.mark.e2e]

SETTINGS = (
    "data.demo.rows=5000",
    "evaluate.slices=[]",
    "evaluate.min_recall={default: 0.01}",
    "trainer.epochs=40",
    "trainer.patience=40",
    "trainer.steps_per_epoch=200",
    "trainer.stop_on=log_loss",
)
COMMAND = "import sys; from tfx_rebalance.pipeline.cli import main; main(sys.argv[1:])"
STATES = "pipeline/checkpoints/card-fraud/*/member-0/state.json"


def killed_in_the_trainer(root):
    """Starts a run and kills it as soon as five epochs have ended; returns how many had."""
    overrides = [word for setting in SETTINGS for word in ("--set", setting)]
    config = str(EXAMPLES / "card_fraud.yaml")
    words = [sys.executable, "-W", "ignore", "-c", COMMAND, "run", config, "--root", str(root)]
    process = subprocess.Popen([*words, *overrides], stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 300
        epoch = -1
        while epoch < 5 and time.monotonic() < until:
            assert process.poll() is None, "it ended before it was to be killed"
            time.sleep(0.05)
            for path in root.glob(STATES):
                epoch = json.loads(path.read_text())["epoch"]
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert epoch >= 5
    return epoch


def training_of(root):
    [path] = (root / "pipeline/Trainer/model_run").glob("*/training.json")
    return json.loads(path.read_text())


def test_the_next_run_goes_on_where_it_was_killed(tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    epochs = killed_in_the_trainer(killed)

    outcome = run(EXAMPLES / "card_fraud.yaml", killed, *SETTINGS)
    expected = run(EXAMPLES / "card_fraud.yaml", whole, *SETTINGS)

    assert outcome.exit_code == expected.exit_code == 0, outcome
    [note] = [note for note in outcome.result["notes"] if "was killed" in note]
    assert note.startswith("an earlier training that was killed went on after epoch")
    resumed, straight = training_of(killed), training_of(whole)
    assert epochs <= resumed["members"][0]["resumed_after"] < 40
    assert straight["members"][0]["resumed_after"] is None
    assert resumed["members"][0]["epochs"] == straight["members"][0]["epochs"] == 40
    found, wanted = (t["quality"]["calibrated"]["log_loss"] for t in (resumed, straight))
    assert found == pytest.approx(wanted, rel=0.1)
    assert "Trainer" not in outcome.result["cached"]
    assert "Transform" in outcome.result["cached"]
    assert not list(killed.glob("pipeline/checkpoints/card-fraud/*"))
