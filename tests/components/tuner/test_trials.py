"""Searches on simulated rows: what each trial learns, how it is scored, and how it may fail."""

import keras
import numpy as np
import pytest
from sklearn import metrics
from support.simulated import CLASSES, split

from tfx_rebalance.components.trainer.objectives import resolved
from tfx_rebalance.components.trainer.priors import class_weights
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.tuner import trials
from tfx_rebalance.components.tuner.oracles import oracle_of
from tfx_rebalance.components.tuner.settings import TunerSettings
from tfx_rebalance.components.tuner.space import planned_trials, space_of
from tfx_rebalance.components.tuner.trials import Scoring, Trials
from tfx_rebalance.errors import DataError, ModelError
from tfx_rebalance.progress import heard_by

pytestmark = [
    pytest.mark.tfx,
    pytest.mark.slow,
    # scikit-learn, of the few points that a Gaussian process begins with.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

TRAINER = TrainerSettings(
    model_parameters={"hidden_units": (4,), "dropout": 0.0},
    epochs=2,
    learning_rate=0.02,
    batch_size=256,
)
RATES = {"learning_rate": {"low": 1e-3, "high": 1e-1, "sampling": "log"}}
TRAIN, VAL = split(0, 2_000), split(1, 2_000)
FEW = {"hyperband": {"max_epochs": 2, "factor": 2}}
"""Five trials; the others make four."""
NATURAL = TRAIN.mass / TRAIN.mass.sum()


def trials_of(folder, score=None, trainer=TRAINER, **settings):
    """Returns a search that is ready; without a score it trains."""
    given = TunerSettings.model_validate({"search": RATES, **settings})
    objective = resolved(given.objective, natural=NATURAL, classes=CLASSES)
    scoring = Scoring(TRAIN, VAL, CLASSES, NATURAL, objective)
    return Trials(
        oracle_of(given, space_of(given, trainer), objective=objective),
        score or scoring.score,
        trainer=trainer,
        epochs=given.epochs,
        planned=planned_trials(given),
        directory=str(folder),
    )


def searched(folder, score=None, trainer=TRAINER, **settings):
    """Returns the finished search."""
    search = trials_of(folder, score, trainer, **settings)
    search.search()
    return search


def values_of(search):
    return [dict(trial.hyperparameters.values) for trial in search.oracle.trials.values()]


def nearness(settings):
    """A score that needs no training: best at a learning rate of 0.01."""
    return -abs(np.log10(settings.learning_rate) + 2)


def of_sklearn(objective, p, decisions):
    labels = VAL.labels()
    match objective.partition(":")[0]:
        case "log_loss":
            return metrics.log_loss(labels, p)
        case "macro_f1":
            return metrics.f1_score(labels, decisions, average="macro")
        case "balanced_accuracy":
            return metrics.balanced_accuracy_score(labels, decisions)
        case "min_class_recall":
            return metrics.recall_score(labels, decisions, average=None).min()
    return metrics.average_precision_score(labels, p[:, 1])


@pytest.mark.parametrize(
    "objective", ["pr_auc:rare", "macro_f1", "balanced_accuracy", "min_class_recall", "log_loss"]
)
def test_a_trials_score_is_scikit_learns_of_what_would_be_served(objective, tmp_path, monkeypatch):
    served, decide = [], trials.decide

    def spied(learned, val, *args, **kwargs):
        decided = decide(learned, val, *args, **kwargs)
        x = {"numeric": VAL.kept[0]["numeric"].numpy()}
        logits = learned.models[0].predict(x, verbose=0).astype(np.float64)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True)) * decided.corrections[0]
        p = decided.map.apply(odds / odds.sum(axis=1, keepdims=True))
        served.append((p, np.argmax(p @ np.array(decided.decision.gains), axis=1)))
        return decided

    monkeypatch.setattr(trials, "decide", spied)
    search = searched(tmp_path, algorithm="random", max_trials=2, objective=objective)

    scores = [trial.score for trial in search.oracle.trials.values()]
    assert scores == pytest.approx([of_sklearn(objective, *one) for one in served], abs=1e-5)
    pick = min if objective == "log_loss" else max
    best = values_of(search)[scores.index(pick(scores))]
    assert search.get_best_hyperparameters()[0].values == best


@pytest.mark.parametrize("algorithm", ["hyperband", "random", "bayesian"])
def test_every_algorithm_trains_and_its_best_trial_is_the_best_score(algorithm, tmp_path):
    search = searched(tmp_path, algorithm=algorithm, **FEW.get(algorithm, {"max_trials": 4}))
    done = list(search.oracle.trials.values())
    assert len(done) == search.oracle.max_trials == (5 if algorithm == "hyperband" else 4)
    best = max(done, key=lambda trial: trial.score)
    assert search.get_best_hyperparameters()[0].values == best.hyperparameters.values


def test_class_weights_reach_fit_and_change_what_is_learned(tmp_path, monkeypatch):
    """keras-tuner#297 and tensorflow#33550: a search that ignores them compares equals."""
    seen, learned_weights, fit = [], [], keras.Model.fit

    def spied(model, batches, **kwargs):
        _, labels, weights = next(iter(batches))
        seen.append({c: set(weights.numpy()[labels.numpy() == c].tolist()) for c in (0, 1)})
        found = fit(model, batches, **kwargs)
        learned_weights.append(model.get_weights())
        return found

    monkeypatch.setattr(keras.Model, "fit", spied)
    schemes = {"class_weights": {"choices": ["none", "balanced"]}}
    search = searched(
        tmp_path, algorithm="random", max_trials=2, search=schemes, objective="log_loss"
    )

    for values, weights in zip(values_of(search), seen, strict=True):
        wanted = class_weights(TRAIN.mass, values["class_weights"], classes=CLASSES)
        for c in (0, 1):
            assert list(weights[c]) == pytest.approx([wanted[c]], rel=1e-6)
    assert {values["class_weights"] for values in values_of(search)} == {"none", "balanced"}
    one, other = learned_weights
    assert not any(np.allclose(a, b) for a, b in zip(one, other, strict=True))
    first, second = (trial.score for trial in search.oracle.trials.values())
    assert first != second


def test_a_loss_and_its_weights_are_chosen_together(tmp_path):
    seen = []

    def score(settings):
        seen.append((settings.loss, settings.class_weights, settings.loss_parameters))
        return 1.0

    group = [
        {"loss": "logit_adjusted", "loss_parameters": {"tau": 0.5}, "class_weights": "none"},
        {"loss": "cross_entropy", "class_weights": "sqrt"},
    ]
    searched(
        tmp_path, score, algorithm="random", max_trials=9, search={"treatment": {"choices": group}}
    )
    assert sorted(seen, key=str) == [
        ("cross_entropy", "sqrt", {}),
        ("logit_adjusted", "none", {"tau": 0.5}),
    ]  # Each once: what is random does not repeat itself.


@pytest.mark.parametrize("algorithm", ["hyperband", "random", "bayesian"])
def test_the_same_seed_searches_the_same_and_another_one_does_not(algorithm, tmp_path):
    size = FEW.get(algorithm, {"max_trials": 4})

    def values(seed, folder):
        given = {"algorithm": algorithm, "seed": seed, **size}
        return values_of(searched(tmp_path / folder, nearness, **given))

    first = values(0, "a")
    assert values(0, "b") == first
    rates = {one["learning_rate"] for one in first}
    assert rates.isdisjoint({one["learning_rate"] for one in values(1, "c")})


@pytest.mark.parametrize("algorithm", ["hyperband", "bayesian"])
def test_what_is_learned_from_scores_steers_the_search(algorithm, tmp_path):
    search = searched(tmp_path, nearness, algorithm=algorithm)
    scores = [trial.score for trial in search.oracle.trials.values()]
    if algorithm == "bayesian":
        assert np.median(scores[-10:]) > np.median(scores[:3])
        return
    for values in values_of(search):
        if values["tuner/round"]:
            past = search.oracle.trials[values["tuner/trial_id"]]
            assert past.hyperparameters.values["learning_rate"] == values["learning_rate"]
    longest = [v for v in values_of(search) if v["tuner/epochs"] == 20 and v["tuner/round"] == 2]
    [best, _] = sorted(longest, key=lambda v: abs(np.log10(v["learning_rate"]) + 2))
    of_bracket = [v for v in values_of(search) if v["tuner/bracket"] == best["tuner/bracket"]]
    assert best["learning_rate"] == min(
        (v["learning_rate"] for v in of_bracket), key=lambda rate: abs(np.log10(rate) + 2)
    )


def test_hyperband_trains_for_the_epochs_of_the_round(tmp_path):
    epochs = []

    def score(settings):
        epochs.append(settings.epochs)
        return nearness(settings)

    search = searched(tmp_path, score, algorithm="hyperband", max_epochs=9)
    assert epochs == [values["tuner/epochs"] for values in values_of(search)]
    assert sorted(epochs) == [1] * 9 + [3] * 3 + [3] * 5 + [9] * 6
    assert len(epochs) == planned_trials(TunerSettings(max_epochs=9))


@pytest.mark.parametrize("algorithm", ["hyperband", "random", "bayesian"])
def test_a_failed_trial_is_told_by_name_and_is_not_the_end(algorithm, tmp_path):
    def score(settings):
        if settings.learning_rate > 0.01:
            raise ModelError("the loss became nan in epoch 1.")
        return nearness(settings)

    heard = []
    with heard_by(heard.append):
        search = searched(tmp_path, score, algorithm=algorithm)
    failed = [line for line in heard if "failed" in line]
    assert failed
    assert failed[0].endswith("failed: the loss became nan in epoch 1.")
    assert search.get_best_hyperparameters()[0].values["learning_rate"] <= 0.01
    statuses = [trial.status for trial in search.oracle.trials.values()]
    assert statuses.count("FAILED") == len(failed)


def test_a_score_that_is_no_number_is_a_failed_trial(tmp_path):
    with pytest.raises(ModelError, match=r"all 4 trials .* pr_auc:rare became nan\. Narrow"):
        searched(tmp_path, lambda _: np.nan, algorithm="random", max_trials=4)


def test_a_loss_that_is_not_finite_is_a_failed_trial(tmp_path):
    trainer = TRAINER.model_copy(update={"optimizer": "sgd"})
    wild = {"learning_rate": {"choices": [1e-2, 1e30]}}
    search = searched(tmp_path, trainer=trainer, algorithm="random", max_trials=2, search=wild)
    by_rate = {
        trial.hyperparameters.values["learning_rate"]: trial.status
        for trial in search.oracle.trials.values()
    }
    assert by_rate == {1e-2: "COMPLETED", 1e30: "FAILED"}


def test_what_is_not_the_trials_fault_ends_the_search(tmp_path):
    def score(_):
        raise DataError("class rare has no row.")

    with pytest.raises(DataError, match="class rare has no row"):
        searched(tmp_path, score, algorithm="random")


def test_progress_names_the_trial(tmp_path):
    heard = []
    with heard_by(heard.append):
        searched(tmp_path, algorithm="random", max_trials=1)
    assert heard[0].startswith("trial 1/1: learning_rate ")
    assert any(line.startswith("trial 1/1, epoch 2/2, done") for line in heard)
    assert heard[-1].startswith("trial 1/1: pr_auc:rare 0.")
