"""Training and deciding on simulated rows whose posterior is known."""

import numpy as np
import pytest
import tensorflow as tf
from support.simulated import CLASSES, FAST, RARE, posterior, rows, split

from tfx_rebalance.components.trainer.averaging import natural_probabilities
from tfx_rebalance.components.trainer.deciding import decide
from tfx_rebalance.components.trainer.losses.registry import LOSSES
from tfx_rebalance.components.trainer.settings import GateToPass, TrainerSettings
from tfx_rebalance.components.trainer.training import learn
from tfx_rebalance.errors import ModelError
from tfx_rebalance.scores import log_loss

pytestmark = [pytest.mark.tfx, pytest.mark.slow]


def trained(gate=None, **settings):
    given = TrainerSettings(**FAST, **settings)
    tf.keras.utils.set_random_seed(0)
    train, val = split(0), split(1)
    learned = learn(train, val, given, classes=CLASSES)
    natural = train.mass / train.mass.sum()
    return learned, decide(learned, val, given, natural=natural, classes=CLASSES, gate=gate)


def probabilities_on(x, learned, decided):
    corrections = tf.constant(decided.corrections, tf.float32)
    inputs = {"numeric": tf.constant(x)}
    return decided.map.apply(natural_probabilities(learned.models, corrections, inputs).numpy())


@pytest.mark.parametrize("loss", LOSSES)
def test_probabilities_are_honest_under_every_loss(loss):
    learned, decided = trained(loss=loss, class_weights="none", decision="argmax")
    x, labels = rows(2)
    found = log_loss(probabilities_on(x, learned, decided), labels)
    assert found <= 1.05 * log_loss(posterior(x), labels)


@pytest.mark.parametrize("weights", ["balanced", "sqrt", {"scheme": "effective_number"}])
def test_probabilities_are_honest_under_class_weights(weights):
    settings = TrainerSettings.model_validate({"class_weights": weights}).class_weights
    learned, decided = trained(class_weights=settings, calibration="none")
    assert learned.members[0].weights[1] > learned.members[0].weights[0]
    x, labels = rows(2)
    found = log_loss(probabilities_on(x, learned, decided), labels)
    assert found <= 1.05 * log_loss(posterior(x), labels)


def test_a_promised_recall_is_kept_on_other_rows():
    wanted = {"min_recall": {"rare": 0.8}}
    learned, decided = trained(decision="min_recall", decision_parameters=wanted)
    x, labels = rows(2)
    scores = decided.decision.scores(probabilities_on(x, learned, decided))
    assert (np.argmax(scores, axis=1)[labels == 1] == 1).mean() >= 0.8


def test_a_gate_that_no_cut_passes_is_told_before_anybody_releases():
    gate = GateToPass(bars={"rare": 0.9}, confidence=0.95, eval_rows_per_val_row=0.02)
    with pytest.raises(ModelError, match=r"class 'rare': no cut passes the gate's bar of 0.9"):
        trained(gate, decision="min_recall", decision_parameters={"min_recall": "gate"})


def test_training_begins_at_the_prior():
    learned, _ = trained(class_weights="none")
    entropy = -(RARE * np.log(RARE) + (1 - RARE) * np.log(1 - RARE))
    assert learned.members[0].history["loss"][0] < 1.3 * entropy
