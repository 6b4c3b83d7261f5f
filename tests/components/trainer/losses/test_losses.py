"""Each loss against its formula in numpy, and what its logits are worth as probabilities."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError
from scipy.special import log_softmax, softmax

from tfx_rebalance.components.trainer.losses.loss import Loss, initial_bias
from tfx_rebalance.components.trainer.losses.registry import LOSSES, loss_named
from tfx_rebalance.components.trainer.losses.terms import Schedule
from tfx_rebalance.components.trainer.priors import prior_correction

pytestmark = pytest.mark.tfx

MASS = np.array([900.0, 90, 10])
NEUTRAL = {
    "cross_entropy": {},
    "focal": {"gamma": 0},
    "class_balanced": {"beta": 0},
    "logit_adjusted": {"tau": 0},
    "ldam": {"max_margin": 0, "scale": 1, "start": 1},
}
LOGITS = arrays(np.float32, (7, 3), elements=st.floats(-12, 12, width=32))
LABELS = arrays(np.int64, 7, elements=st.integers(0, 2))
ROWS = np.arange(7)
EVERY_LOSS = pytest.mark.parametrize("name", LOSSES)


def per_row(loss, labels, logits):
    return loss.call(labels, logits).numpy()


def entropy(labels, logits):
    return -log_softmax(logits.astype(float), axis=1)[np.arange(len(labels)), labels]


def effective(beta):
    number = (1 - beta**MASS) / (1 - beta)
    weights = 1 / number
    return weights * MASS.sum() / (weights * MASS).sum()


def test_reading_a_config_does_not_load_tensorflow():
    code = (
        "import sys; from tfx_rebalance.components.trainer.losses import registry as r; "
        "[r.loss_named(n) for n in r.LOSSES]; sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@EVERY_LOSS
@given(logits=LOGITS, labels=LABELS)
def test_at_its_neutral_parameters_a_loss_is_keras_cross_entropy(name, logits, labels):
    loss = loss_named(name, NEUTRAL[name]).build(MASS)
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(per_row(loss, labels, logits), entropy(labels, logits), atol=1e-5)
    np.testing.assert_allclose(loss(labels, logits), theirs(labels, logits), rtol=1e-5, atol=1e-6)


@EVERY_LOSS
@given(
    logits=LOGITS, labels=LABELS, weights=arrays(np.float32, 7, elements=st.floats(0, 9, width=32))
)
def test_weights_of_rows_multiply_their_loss_before_the_mean(name, logits, labels, weights):
    loss = loss_named(name).build(MASS)
    rows = per_row(loss, labels, logits)
    together = loss(labels[:, None], logits, sample_weight=weights).numpy()
    np.testing.assert_allclose(together, (rows * weights).mean(), rtol=1e-4, atol=1e-6)


@EVERY_LOSS
@pytest.mark.parametrize("size", [0.0, 30.0, 1e4])
def test_gradients_are_finite_for_extreme_logits(name, size):
    logits = tf.constant(size * np.array([[1, 0, -1], [-1, 1, 0], [0, -1, 1]]), tf.float32)
    for parameters in ({}, {"gamma": 0.5} if name == "focal" else {}):
        loss = loss_named(name, parameters).build(MASS)
        for label in range(3):
            with tf.GradientTape() as tape:
                tape.watch(logits)
                value = loss(np.full(3, label), logits)
            assert np.isfinite(value.numpy())
            assert np.isfinite(tape.gradient(value, logits).numpy()).all()


@given(logits=LOGITS, labels=LABELS, gamma=st.floats(0, 5))
def test_focal_is_lins_formula(logits, labels, gamma):
    ours = per_row(loss_named("focal", {"gamma": gamma}).build(MASS), labels, logits)
    log_p = -entropy(labels, logits)
    np.testing.assert_allclose(ours, -((1 - np.exp(log_p)) ** gamma) * log_p, rtol=1e-3, atol=1e-5)


@given(logits=LOGITS, labels=LABELS, beta=st.floats(0, 0.9999))
def test_class_balanced_is_cuis_formula(logits, labels, beta):
    ours = per_row(loss_named("class_balanced", {"beta": beta}).build(MASS), labels, logits)
    theirs = effective(beta)[labels] * entropy(labels, logits)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@given(logits=LOGITS, labels=LABELS, tau=st.floats(0, 3))
def test_logit_adjusted_is_menons_formula(logits, labels, tau):
    ours = per_row(loss_named("logit_adjusted", {"tau": tau}).build(MASS), labels, logits)
    theirs = entropy(labels, logits + tau * np.log(MASS / MASS.sum()))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@given(logits=LOGITS, labels=LABELS, margin=st.floats(0, 2), scale=st.floats(0.5, 30))
def test_ldam_is_caos_formula_and_is_weighted_from_its_share_of_the_epochs_on(
    logits, labels, margin, scale
):
    parameters = {"max_margin": margin, "scale": scale, "start": 0.5, "beta": 0.99}
    loss = loss_named("ldam", parameters).build(MASS)
    moved = logits.astype(float)
    moved[ROWS, labels] -= margin * (MASS / MASS.min())[labels] ** -0.25
    theirs = entropy(labels, scale * moved)
    for epoch, weights in ((0, np.ones(3)), (4, np.ones(3)), (5, effective(0.99)), (3, np.ones(3))):
        loss.at_epoch(epoch, epochs=10)
        ours = per_row(loss, labels, logits)
        np.testing.assert_allclose(ours, weights[labels] * theirs, rtol=1e-3, atol=1e-4)


def test_the_schedule_reaches_a_compiled_training():
    """With start 0.5 the first of two epochs is unweighted, the second weighted."""
    x, y = np.zeros((90, 1)), np.repeat([0, 1, 2], 30)
    loss = loss_named("ldam", {"max_margin": 0, "start": 0.5, "beta": 0.99}).build(MASS)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3)])
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss=loss)
    history = model.fit(x, y, epochs=2, verbose=0, callbacks=[Schedule(loss, epochs=2)]).history
    expected = np.log(3) * np.array([1, effective(0.99).mean()])
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-5)


@given(mass=arrays(float, 4, elements=st.floats(1, 1e5)))
def test_the_initial_bias_gives_the_entropy_of_the_priors_as_first_loss(mass):
    priors = mass / mass.sum()
    losses = entropy(np.arange(4), np.tile(initial_bias(mass), (4, 1)))
    assert (priors * losses).sum() == pytest.approx(-(priors * np.log(priors)).sum())


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0, 2.0])
def test_the_bias_at_a_losss_own_prior_gives_that_entropy_under_the_adjusted_loss_too(tau):
    loss = loss_named("logit_adjusted", {"tau": tau})
    bias = np.tile(initial_bias(loss.prior(MASS)), (3, 1))
    priors = MASS / MASS.sum()
    first = (priors * per_row(loss.build(MASS), np.arange(3), bias)).sum()
    assert first == pytest.approx(-(priors * np.log(priors)).sum(), rel=1e-4)


def test_the_initial_bias_of_a_class_without_mass_is_finite():
    assert np.isfinite(initial_bias(np.array([5.0, 0]))).all()
    with pytest.raises(ValueError, match="not all 0"):
        initial_bias(np.zeros(2))


def fitted_logits(loss, joint):
    """Returns the logits per value of x that minimise the loss over P(x, class), by Adam."""
    values, classes = joint.shape
    logits = tf.Variable(np.zeros((values, classes), np.float32))
    labels = np.tile(np.arange(classes), values)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.3, 400))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            rows = tf.repeat(logits, classes, axis=0)
            value = tf.reduce_sum(loss.call(labels, rows) * tf.constant(joint.ravel(), tf.float32))
        optimizer.apply_gradients([(tape.gradient(value, logits), logits)])

    for _ in range(400):
        step()
    return logits.numpy().astype(float)


JOINT = np.array([[60.0, 2, 1], [20, 8, 1], [5, 3, 4], [2, 4, 1]]) / 111
NATURAL = JOINT.sum(axis=0)
CORRECTED = [
    ("cross_entropy", {}),
    ("class_balanced", {"beta": 0.97}),
    ("logit_adjusted", {"tau": 1.0}),
    ("logit_adjusted", {"tau": 0.5}),
    ("logit_adjusted", {"tau": 1.5}),
    ("focal", {"gamma": 2.0}),
    ("focal", {"gamma": 0.5}),
    ("ldam", {"beta": 0.97}),
    ("ldam", {"beta": 0.97, "max_margin": 2.0, "scale": 3.0}),
    ("ldam", {"start": 1.0}),
]
EPOCHS = 5


@pytest.mark.parametrize(("name", "parameters"), CORRECTED)
@pytest.mark.parametrize(
    "weights", [np.ones(3), np.array([0.5, 2.0, 4.0])], ids=["plain", "weighted"]
)
def test_corrected_probabilities_of_what_has_the_least_loss_are_the_posterior(
    name, parameters, weights
):
    loss = loss_named(name, parameters)
    seen = JOINT * weights
    mass = 111 * seen.sum(axis=0)
    built = loss.build(mass)
    built.at_epoch(EPOCHS - 1, epochs=EPOCHS)
    logits = np.asarray(built.posterior_logits(fitted_logits(built, seen / seen.sum())))
    prior = loss.settled_prior(mass, epochs=EPOCHS)
    corrected = softmax(logits, axis=1) * prior_correction(NATURAL, prior)
    corrected /= corrected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(corrected, JOINT / JOINT.sum(axis=1, keepdims=True), atol=2e-3)


@pytest.mark.parametrize("name", ["focal", "ldam"])
def test_of_a_loss_that_is_not_proper_plain_softmax_is_not_the_posterior(name):
    loss = loss_named(name)
    mass = 111 * NATURAL
    built = loss.build(mass)
    assert not built.is_proper
    plain = softmax(fitted_logits(built, JOINT), axis=1)
    assert np.abs(plain - JOINT / JOINT.sum(axis=1, keepdims=True)).max() > 0.03


@EVERY_LOSS
@given(logits=LOGITS)
def test_posterior_logits_are_the_logits_unless_the_loss_is_not_proper(name, logits):
    neutral = loss_named(name, NEUTRAL[name]).build(MASS)
    found = neutral.posterior_logits(logits)
    np.testing.assert_allclose(softmax(found, axis=1), softmax(logits, axis=1), atol=1e-5)
    built = loss_named(name).build(MASS)
    assert built.is_proper == (built.posterior_logits(logits) is logits)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("focal", {}), ("focal", {"gamma": 10}), ("ldam", {"max_margin": 10, "scale": 100})],
)
@pytest.mark.parametrize("size", [0.0, 30.0, 1e4])
def test_posterior_logits_are_finite_and_rank_as_the_logits_do(name, parameters, size):
    built = loss_named(name, parameters).build(MASS)
    logits = np.float32(size) * np.array([[2, 0, -1], [-1, 2, 0], [0, -1, 2]], np.float32)
    found = built.posterior_logits(logits).numpy()
    assert np.isfinite(found).all()
    assert size == 0 or (np.argsort(found, axis=1) == np.argsort(logits, axis=1)).all()


def test_the_prior_of_ldam_is_that_of_its_weights_once_they_begin():
    ldam = loss_named("ldam", {"start": 0.8, "beta": 0.99})
    plain, weighted = MASS / MASS.sum(), MASS * effective(0.99) / MASS.sum()
    np.testing.assert_allclose(ldam.prior(MASS), plain)
    np.testing.assert_allclose(ldam.settled_prior(MASS, epochs=5), weighted)
    np.testing.assert_allclose(ldam.settled_prior(MASS, epochs=4), plain)  # Never: 3 < 3.2.
    assert ldam.settled_from(4) == 0


@given(tau=st.floats(0, 2), mass=arrays(float, 3, elements=st.floats(1, 1e4)))
def test_logit_adjustment_leaves_the_power_of_the_prior_it_did_not_take(tau, mass):
    prior = loss_named("logit_adjusted", {"tau": tau}).prior(mass)
    expected = mass ** (1 - tau)
    assert prior == pytest.approx(expected / expected.sum())


@EVERY_LOSS
def test_a_loss_takes_its_own_parameters_alone(name):
    assert isinstance(loss_named(name, NEUTRAL[name]), Loss)
    with pytest.raises(ValidationError):
        loss_named(name, {"alpha": 1})
    with pytest.raises(ValidationError):
        loss_named("focal", {"gamma": -1})
