"""One network, from its first weights to its best epoch on `val`."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

from tfx_rebalance.components.trainer.averaging import Network, Posterior, natural_probabilities
from tfx_rebalance.components.trainer.callbacks import BestEpoch, Measured, Told
from tfx_rebalance.components.trainer.checkpoints import Checkpoints
from tfx_rebalance.components.trainer.columns import Batch
from tfx_rebalance.components.trainer.devices import Devices
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.components.trainer.losses.loss import initial_bias
from tfx_rebalance.components.trainer.losses.terms import LogitsLoss, Schedule
from tfx_rebalance.components.trainer.models.model import LOGITS
from tfx_rebalance.components.trainer.objectives import measured, resolved
from tfx_rebalance.components.trainer.priors import class_weights, prior_correction
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.errors import ModelError
from tfx_rebalance.scores import Floats, log_loss

VAL_BATCH = 4096
VAL_BYTES = 4 << 20
"""A batch of `val` is no larger: what a network of images computes from it is a hundredfold."""


@dataclass(frozen=True)
class Fit:
    """What all members of an ensemble are trained with."""

    val: Split
    settings: TrainerSettings
    classes: tuple[str, ...]
    natural: Floats
    """Natural priors, (classes,)."""
    devices: Devices
    checkpoints: Checkpoints | None = None
    logs: str | None = None
    """The folder for TensorBoard; None: no logs."""
    callbacks: tuple[keras.callbacks.Callback, ...] = ()
    """More of them, after ours."""

    @property
    def batch_size(self) -> int:
        """Rows per step over all replicas."""
        return self.settings.batch_size * self.devices.replicas


@dataclass(frozen=True)
class Member:
    """A trained network and how it came about."""

    model: Network
    """To logits whose softmax is the posterior at `prior`."""
    weights: Floats
    """Of the classes in the loss, (classes,)."""
    prior: Floats
    """Of the logits, (classes,); see `Loss.settled_prior`."""
    correction: Floats
    """Factors from that prior to the natural one, (classes,)."""
    rows: int
    """It learned from."""
    best_epoch: int
    """From 0."""
    resumed_at: int | None
    """The epoch with which this training went on after a kill, from 0."""
    history: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Begun:
    """A network with its first weights."""

    model: keras.Model
    posterior: Network
    """The same, as it is served."""
    loss: LogitsLoss
    weights: Floats
    prior: Floats
    correction: Floats


def fit_member(train: Split, fit: Fit, *, number: int = 0) -> Member:
    """Returns the network of the best epoch on `val`.

    Args:
        train: The rows of this member.
        fit: What all members are trained with.
        number: Of the member; its seed, its folders.

    Raises:
        ModelError: If the loss is not finite, a batch does not fit into memory, or a user's model
            is not what it must be.
    """
    settings, seed = fit.settings, fit.settings.seed + number
    begun = _begun(train, fit, seed=seed)
    best = _best_epoch(begun, fit, number=number)
    if not best.is_over:
        steps = settings.steps_per_epoch or max(1, train.rows // fit.batch_size)
        told = Told(epochs=settings.epochs, steps=steps, of=_of(number, settings))
        schedule = Schedule(begun.loss, epochs=settings.epochs)
        callbacks = [schedule, best, told, *_kept(fit, number=number), *fit.callbacks]
        batches = train.batches(begun.weights, batch_size=fit.batch_size, seed=seed)
        _run(begun.model, batches, steps, callbacks, fit)
        _check_finite(best.state.history["loss"], fit)
    best.set_model(begun.model)
    best.finish()
    return Member(
        model=begun.posterior,
        weights=begun.weights,
        prior=begun.prior,
        correction=begun.correction,
        rows=train.rows,
        best_epoch=best.state.best_epoch,
        resumed_at=best.resumed_at,
        history=best.state.history,
    )


def _begun(train: Split, fit: Fit, *, seed: int) -> Begun:
    settings = fit.settings
    weights = class_weights(train.mass, settings.class_weights, classes=fit.classes)
    mass = train.mass * weights
    prior = settings.chosen_loss.settled_prior(mass, epochs=settings.epochs)
    correction = prior_correction(fit.natural, prior)
    keras.utils.set_random_seed(seed)
    with fit.devices.scope():
        loss = settings.chosen_loss.build(mass)
        model = settings.chosen_model.build(train.columns, classes=len(fit.classes), seed=seed)
        _start_at(settings.chosen_loss.prior(mass), model)
        optimizer = keras.optimizers.get(settings.optimizer)
        optimizer.learning_rate = settings.learning_rate
        model.compile(optimizer, loss, jit_compile=settings.xla)
        posterior = model if loss.is_proper else Posterior(model, loss)
    return Begun(model, posterior, loss, weights, prior, correction)


def softmax_on(
    split: Split, members: list[Network], corrections: list[Floats]
) -> Callable[[], Floats]:
    """Returns what computes `averaging.natural_probabilities` of a split's rows, (n, classes)."""
    factors = tf.constant(np.stack(corrections), tf.float32)

    @tf.function(reduce_retracing=True)
    def computed(x: Batch) -> tf.Tensor:
        return natural_probabilities(members, factors, x)

    ones = np.ones(factors.shape[1])
    rows = max(1, min(VAL_BATCH, VAL_BYTES // split.columns.row_bytes))
    batches = split.batches(ones, batch_size=rows, seed=None)
    return lambda: np.concatenate([computed(x).numpy() for x, _, _ in batches]).astype(np.float64)


def _start_at(prior: Floats, model: keras.Model) -> None:
    """A user's model may have no last layer of that name."""
    last = next((layer for layer in model.layers if layer.name == LOGITS), None)
    if last is not None and getattr(last, "bias", None) is not None:
        last.bias.assign(initial_bias(prior))


def _best_epoch(begun: Begun, fit: Fit, *, number: int) -> BestEpoch:
    settings = fit.settings
    objective = resolved(settings.stop_on, natural=fit.natural, classes=fit.classes)
    probabilities = softmax_on(fit.val, [begun.posterior], [begun.correction])
    labels = fit.val.labels()

    def measure() -> Measured:
        p = probabilities()
        if not np.isfinite(p).all():
            return Measured(objective=np.nan, log_loss=np.nan)
        value = measured(objective, p, labels, natural=fit.natural, classes=fit.classes)
        return Measured(objective=value, log_loss=log_loss(p, labels))

    return BestEpoch(
        measure,
        objective=objective,
        patience=settings.patience,
        start_from=settings.chosen_loss.settled_from(settings.epochs),
        folder=fit.checkpoints.member(number) if fit.checkpoints else None,
    )


def _kept(fit: Fit, *, number: int) -> list[keras.callbacks.Callback]:
    """Returns what stops at NaN, writes TensorBoard's logs and survives a kill."""
    kept: list[keras.callbacks.Callback] = [keras.callbacks.TerminateOnNaN()]
    if fit.logs is not None:
        folder = fit.logs if fit.settings.ensemble is None else os.path.join(fit.logs, str(number))
        kept.append(keras.callbacks.TensorBoard(folder, write_graph=False))
    if fit.checkpoints is not None:
        kept.append(
            keras.callbacks.BackupAndRestore(
                os.path.join(fit.checkpoints.member(number), "latest"),
                double_checkpoint=True,
                delete_checkpoint=False,
            )
        )
    return kept


def _run(
    model: keras.Model,
    batches: tf.data.Dataset,
    steps: int,
    callbacks: list[keras.callbacks.Callback],
    fit: Fit,
) -> None:
    try:
        model.fit(
            batches,
            epochs=fit.settings.epochs,
            steps_per_epoch=steps,
            callbacks=callbacks,
            verbose=2,
        )
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise ModelError(
            f"a batch of {fit.batch_size} rows does not fit into the memory of "
            f"{', '.join(fit.devices.names)}: {str(error).splitlines()[0] if str(error) else ''} "
            f"Lower trainer.batch_size (now {fit.settings.batch_size}) or make the model smaller."
        ) from None


def _of(number: int, settings: TrainerSettings) -> str:
    return "" if settings.ensemble is None else f"member {number + 1}/{settings.ensemble.members}, "


def _check_finite(losses: list[float], fit: Fit) -> None:
    if not np.isfinite(losses).all():
        if fit.checkpoints is not None:
            fit.checkpoints.remove()  # Nothing to go on with.
        raise ModelError(
            f"the loss became {losses[-1]} in epoch {len(losses)}. Lower trainer.learning_rate "
            f"(now {fit.settings.learning_rate:g}) or the largest of trainer.class_weights."
        )
