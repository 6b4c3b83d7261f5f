"""Ensembles, the best epoch, and a training that is killed."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from support.simulated import CLASSES, FAST, RARE, posterior, rows, split

from tfx_rebalance.components.trainer.averaging import natural_probabilities
from tfx_rebalance.components.trainer.callbacks import BestEpoch, Measured
from tfx_rebalance.components.trainer.checkpoints import Checkpoints, differences
from tfx_rebalance.components.trainer.deciding import decide
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.trainer.training import learn
from tfx_rebalance.errors import ModelError
from tfx_rebalance.progress import heard_by
from tfx_rebalance.scores import average_precisions, log_loss

pytestmark = [pytest.mark.tfx, pytest.mark.slow]


@pytest.mark.parametrize("method", ["easy_ensemble", "self_paced", "bagging"])
def test_an_ensembles_probabilities_are_honest_and_rank_as_the_truth_does(method):
    settings = TrainerSettings(**FAST, ensemble={"method": method, "members": 3})
    train, val = split(0), split(1)
    natural = train.mass / train.mass.sum()
    learned = learn(train, val, settings, classes=CLASSES)
    decided = decide(learned, val, settings, natural=natural, classes=CLASSES)
    assert len(learned.models) == 3
    x, labels = rows(2)
    corrections = tf.constant(decided.corrections, tf.float32)
    raw = natural_probabilities(learned.models, corrections, {"numeric": tf.constant(x)}).numpy()
    p = decided.map.apply(raw)
    assert log_loss(p, labels) <= 1.05 * log_loss(posterior(x), labels)
    assert average_precisions(p, labels)[1] >= 0.95 * average_precisions(posterior(x), labels)[1]
    rare = int(train.mass[1])
    seen = [member.rows for member in learned.members]
    assert seen == ([len(rows(0)[1])] * 3 if method == "bagging" else [2 * rare] * 3)
    first, second = (model.get_weights()[0] for model in learned.models[:2])
    assert not np.allclose(first, second)


def test_two_trainings_agree():
    def weights():
        settings = TrainerSettings(**{**FAST, "epochs": 2})
        return learn(split(0), split(1), settings, classes=CLASSES).models[0].get_weights()

    for first, second in zip(weights(), weights(), strict=True):
        assert np.array_equal(first, second)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
def test_the_optimizer_is_the_one_that_is_named(optimizer):
    settings = TrainerSettings(**{**FAST, "epochs": 1, "optimizer": optimizer})
    model = learn(split(0), split(1), settings, classes=CLASSES).models[0]
    assert model.optimizer.name.lower() == optimizer
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)


def test_class_weights_reach_fit():
    """tensorflow#33550: weights that are ignored would leave the loss as it is."""
    losses = {}
    for weights in ("none", "balanced"):
        settings = TrainerSettings(
            **{**FAST, "learning_rate": 1e-9, "epochs": 1}, class_weights=weights
        )
        learned = learn(split(0), split(1), settings, classes=CLASSES)
        losses[weights] = learned.members[0].history["loss"][0]
    entropy = -(RARE * np.log(RARE) + (1 - RARE) * np.log(1 - RARE))
    assert losses["none"] < 2 * entropy
    assert losses["balanced"] > 2.5 * losses["none"]


def test_a_loss_that_is_not_finite_is_told_and_leaves_no_checkpoint(tmp_path):
    settings = TrainerSettings(**{**FAST, "learning_rate": 1e30})
    checkpoints = Checkpoints.of(str(tmp_path), {})
    with pytest.raises(ModelError, match=r"loss became nan.*Lower trainer.learning_rate"):
        learn(split(0), split(1), settings, classes=CLASSES, checkpoints=checkpoints)
    assert not list(tmp_path.iterdir())


def test_a_batch_that_does_not_fit_is_told(monkeypatch):
    import keras

    def fit(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(keras.Model, "fit", fit)
    with pytest.raises(ModelError, match=r"a batch of 512 rows.*CPU:0: OOM.*trainer.batch_size"):
        learn(split(0), split(1), TrainerSettings(**FAST), classes=CLASSES)


def test_progress_is_told():
    heard = []
    with heard_by(heard.append):
        learn(split(0), split(1), TrainerSettings(**FAST), classes=CLASSES)
    assert heard[-1].startswith("epoch 6/6, done, val_log_loss 0.")
    assert "val_pr_auc:rare" in heard[-1]


def test_tensorboard_gets_the_curves(tmp_path):
    settings = TrainerSettings(**{**FAST, "epochs": 2})
    learn(split(0), split(1), settings, classes=CLASSES, logs=str(tmp_path))
    tags = {}
    for path in tmp_path.glob("*/events.*"):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                tags.setdefault(f"{path.parent.name}/{value.tag}", []).append(event.step)
    assert tags["train/epoch_loss"] == [0, 1]
    assert tags["validation/epoch_pr_auc:rare"] == [0, 1]


class Network:
    """A keras model as far as the callback knows it."""

    def __init__(self):
        self.stop_training, self.epoch = False, -1

    def get_weights(self):
        return [np.array(self.epoch)]

    def set_weights(self, weights):
        self.epoch = int(weights[0])

    def save_weights(self, path, overwrite):
        assert overwrite
        with open(path, "w") as file:
            file.write(str(self.epoch))

    def load_weights(self, path, skip_mismatch):
        assert not skip_mismatch
        with open(path) as file:
            self.epoch = int(file.read())


def watched(measured, *, objective="macro_f1", patience=2, folder=None, until=None, **options):
    """Runs a callback over what it would measure; returns it and the network."""
    network = Network()

    def measure():
        value, loss = measured[network.epoch]
        return Measured(objective=value, log_loss=loss)

    best = BestEpoch(measure, objective=objective, patience=patience, folder=folder, **options)
    best.set_model(network)
    epochs = range(best.state.epoch + 1, len(measured))
    for epoch in () if best.is_over else epochs:
        network.epoch = epoch
        best.on_epoch_end(epoch, {"loss": 1.0})
        if network.stop_training or epoch == until:
            break
    return best, network


def test_the_best_epoch_is_kept_and_patience_ends_training():
    best, network = watched([(0.1, 1), (0.5, 1), (0.4, 1), (0.4, 1), (0.9, 1)])
    assert network.stop_training
    best.finish()
    assert (network.epoch, best.state.epoch, best.state.finished) == (1, 3, True)
    assert best.state.history["val_macro_f1"] == [0.1, 0.5, 0.4, 0.4]


def test_of_equal_epochs_the_one_with_less_log_loss_is_kept():
    best, network = watched([(1.0, 0.5), (1.0, 0.3), (1.0, 0.4)])
    best.finish()
    assert network.epoch == 1


def test_epochs_before_the_loss_is_settled_cannot_be_the_best():
    best, network = watched([(0.9, 1), (0.8, 1), (0.3, 1), (0.2, 1), (0.1, 1)], start_from=2)
    best.finish()
    assert (network.epoch, best.state.epoch) == (2, 4)


def test_epochs_that_measure_nothing_are_never_the_best():
    best, network = watched([(float("nan"), 1), (0.1, float("nan")), (0.05, 1)], patience=5)
    best.finish()
    assert network.epoch == 2


def test_less_log_loss_is_the_best():
    best, network = watched([(0.5, 0.5), (0.2, 0.2), (0.3, 0.3)], objective="log_loss")
    best.finish()
    assert network.epoch == 1


@pytest.mark.parametrize("until", range(5))
def test_what_was_best_survives_a_kill(tmp_path, until):
    measured = [(0.1, 1), (0.5, 1), (0.4, 1), (0.45, 1), (0.9, 1)]
    watched(measured, folder=str(tmp_path), patience=2, until=until)
    best, network = watched(measured, folder=str(tmp_path), patience=2)
    best.finish()
    assert best.resumed_at == min(until, 3) + 1
    assert (network.epoch, best.state.epoch) == (1, 3)
    assert len(best.state.history["loss"]) == 4


def test_a_checkpoint_belongs_to_one_job(tmp_path):
    job = {"trainer": {"learning_rate": 0.1, "epochs": 3}, "data": ["a"]}
    first = Checkpoints.of(str(tmp_path), job)
    assert Checkpoints.of(str(tmp_path), json.loads(json.dumps(job))) == first
    other = Checkpoints.of(str(tmp_path), {**job, "data": ["b"]})
    assert other != first
    assert other.others() == [first.folder]
    other.remove()
    assert [path.name for path in tmp_path.iterdir()] == [os.path.basename(first.folder)]


def test_a_checkpoint_of_another_config_is_named(tmp_path):
    job = {"trainer": {"learning_rate": 0.1, "epochs": 3}, "data": ["a"]}
    folder = Checkpoints.of(str(tmp_path), job).folder
    found = {"trainer": {"learning_rate": 0.2, "epochs": 3}, "data": ["a"], "seed": 1}
    (tmp_path / os.path.basename(folder) / "job.json").write_text(json.dumps(found))
    with pytest.raises(ModelError) as raised:
        Checkpoints.of(str(tmp_path), job)
    message = str(raised.value)
    assert "trainer.learning_rate was 0.2, is 0.1" in message
    assert "seed was 1, is None" in message
    assert "Remove that folder" in message


def test_differences_are_none_between_equal_jobs():
    assert differences({"a": {"b": [1]}}, {"a": {"b": [1]}}) == []


# A process of its own, to be killed.
TRAIN = """
import json, sys, time
sys.path[:0] = sys.argv[2:]
from support.simulated import CLASSES, FAST, split
from tfx_rebalance.components.trainer.checkpoints import Checkpoints
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.trainer.training import learn
import keras

class Slow(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("epoch", epoch, flush=True)
        time.sleep(1)

settings = TrainerSettings(**{**FAST, "epochs": 8, "patience": 8, "stop_on": "log_loss"},
                           ensemble={"method": "bagging", "members": 2})
checkpoints = Checkpoints.of(sys.argv[1], {"trainer": "same"})
learned = learn(
    split(0), split(1), settings, classes=CLASSES, checkpoints=checkpoints, callbacks=(Slow(),)
)
for member in learned.members:
    print(json.dumps([member.resumed_at, member.history, member.best_epoch]))
"""


def started(folder):
    command = [sys.executable, "-W", "ignore", "-c", TRAIN, str(folder), *sys.path]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ended(process):
    lines = process.communicate(timeout=300)[0].splitlines()
    assert process.returncode == 0
    epochs = sum(line.startswith("epoch") for line in lines)
    return epochs, [json.loads(line) for line in lines[-2:]]


def test_a_killed_training_goes_on_and_ends_with_the_same_quality(tmp_path):
    """It is killed in the second member: the first is not trained again."""
    process = started(tmp_path / "killed")
    seen = 0
    while seen < 12:
        line = process.stdout.readline()
        assert line, "it ended before it was to be killed"
        seen += line.startswith("epoch")
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()

    epochs, resumed = ended(started(tmp_path / "killed"))
    whole_epochs, whole = ended(started(tmp_path / "whole"))
    assert (epochs, whole_epochs) == (4, 16)
    assert [member[0] for member in resumed] == [8, 4]
    assert [member[0] for member in whole] == [None, None]
    for (_, history, _), (_, expected, _) in zip(resumed, whole, strict=True):
        assert len(history["val_log_loss"]) == 8
        assert history["val_log_loss"][:4] == pytest.approx(expected["val_log_loss"][:4])
        assert min(history["val_log_loss"]) == pytest.approx(
            min(expected["val_log_loss"]), rel=0.02
        )
