"""Hyperparameters from a search to the Trainer, in one run and in a later one without a search."""

import json

import pytest
from support.pipeline_runs import EXAMPLES, run, tfx_rebalance

from tfx_rebalance.components.trainer.settings import TrainerSettings

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

CARD_FRAUD = EXAMPLES / "card_fraud.yaml"
SMALL = (
    "data.demo.rows=5000",
    "trainer.epochs=2",
    "evaluate.slices=[]",
    "evaluate.min_recall={default: 0.01}",
)
SEARCH = (
    "tuner={algorithm: random, max_trials: 2, epochs: 1, search: {"
    "learning_rate: {low: 1.0e-3, high: 1.0e-2}, "
    "model_parameters.hidden_units: {choices: [[8]]}, "
    "treatment: {choices: [{loss: focal, class_weights: sqrt}, "
    "{loss: logit_adjusted, class_weights: none}]}}}"
)
FINISHED = (0, 4)


def newest(root, pattern):
    paths = (root / "pipeline").glob(pattern)
    return json.loads(max(paths, key=lambda path: int(path.parent.name)).read_text())


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def searched(root):
    return run(CARD_FRAUD, root, *SMALL, SEARCH)


def test_the_trainer_uses_the_best_trials_values(searched, root):
    assert searched.exit_code in FINISHED, searched
    best = newest(root, "Tuner/best_hyperparameters/*/best_hyperparameters.txt")["values"]
    trials = newest(root, "Tuner/tuner_results/*/tuner_results.json")
    assert len(trials) == 2
    winner = max(trials, key=lambda trial: trial["score"])
    assert best == {k: v for k, v in winner.items() if k not in ("trial_id", "score")}

    used = newest(root, "Trainer/model_run/*/training.json")["settings"]

    assert used["learning_rate"] == best["learning_rate"]
    treatment = json.loads(best["treatment"])
    assert {key: used[key] for key in treatment} == treatment
    assert used["epochs"] == 2  # A search sets what it searched and no more.
    assert TrainerSettings.model_validate(used)


def test_the_search_is_taken_from_the_cache_when_nothing_has_changed(searched, root):
    again = run(CARD_FRAUD, root, *SMALL, SEARCH)
    assert {"Tuner", "Trainer"} <= set(again.result["cached"])


def test_a_later_run_takes_the_same_values_without_a_search(searched, root):
    before = newest(root, "Trainer/model_run/*/training.json")["settings"]

    later = run(CARD_FRAUD, root, *SMALL, "trainer.patience=9", "tuner={from: latest}")

    assert later.exit_code in FINISHED, later
    assert "Tuner" not in later.result["seconds"]
    assert "Trainer" not in later.result["cached"]
    used = newest(root, "Trainer/model_run/*/training.json")["settings"]
    assert used == {**before, "patience": 9}


def test_values_that_no_longer_fit_are_an_error_that_names_them(searched, root):
    other = "trainer.model=residual_mlp"
    refused = run(CARD_FRAUD, root, *SMALL, other, "tuner={from: latest}")
    assert (refused.exit_code, refused.result["verdict"]) == (2, "stopped")
    assert (
        "of an earlier search do not fit trainer: model_parameters.hidden_units of model: "
        in (refused.result["reason"])
    )


def test_without_any_search_the_message_says_what_to_do(tmp_path):
    stopped = run(CARD_FRAUD, tmp_path, *SMALL, "tuner={from: latest}")
    assert (stopped.exit_code, stopped.result["verdict"]) == (2, "stopped")
    assert "found no earlier search of this pipeline under this root" in stopped.result["reason"]
    assert "tuner: {algorithm: hyperband}" in stopped.result["reason"]
    assert "ExampleGen" not in stopped.result["seconds"]


def test_vertex_takes_a_search_but_none_from_this_machine(tmp_path):
    command = ("compile", CARD_FRAUD, "--target", "vertex", "--output", tmp_path / "spec.yaml")
    section = "{project: p, location: europe-west1, root: gs://bucket/fraud, image: 'rebalance:1'}"
    command += ("--set", f"vertex={section}")
    refused = tfx_rebalance(*command, "--set", "tuner={from: latest}")
    assert refused.exit_code == 2
    assert "works on this machine only" in refused.stderr
    assert tfx_rebalance(*command, "--set", "tuner={algorithm: random}").exit_code == 0
    assert "tfx_rebalance.components.tuner.executor.Executor" in (
        (tmp_path / "spec.yaml").read_text()
    )
