"""From splits to a trained network, and the prior its logits are at."""

from dataclasses import dataclass

import keras
import numpy as np

from tfx_rebalance.components.trainer.devices import Devices, devices_of
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.components.trainer.losses.loss import initial_bias
from tfx_rebalance.components.trainer.losses.terms import LogitsLoss, Schedule
from tfx_rebalance.components.trainer.model import build_mlp
from tfx_rebalance.components.trainer.priors import Floats, class_weights, weights_for_mix
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.errors import ModelError

VAL_BATCH = 4096


@dataclass(frozen=True)
class Learned:
    """A trained network and how it came about."""

    model: keras.Model
    weights: Floats
    """Of the classes in the loss, (classes,)."""
    prior: Floats
    """Of the logits, (classes,); see `Loss.prior`."""
    devices: Devices
    batch_size: int
    """Over all replicas."""
    history: dict[str, list[float]]


def learn(
    train: Split, val: Split, settings: TrainerSettings, *, classes: tuple[str, ...]
) -> Learned:
    """Returns the network with the least loss on `val`, weighted to the mix that training sees.

    Raises:
        ModelError: If a GPU is asked for and there is none, or the loss is not finite.
    """
    weights = class_weights(train.mass, settings.class_weights, classes=classes)
    mass = train.mass * weights
    devices = devices_of(settings.accelerator, mixed_precision=settings.mixed_precision)
    prior = settings.chosen_loss.prior(mass)
    with devices.scope():
        loss = settings.chosen_loss.build(mass)
        model = build_mlp(train.columns, settings, classes=len(classes))
        model.get_layer("logits").bias.assign(initial_bias(prior))
        model.compile(keras.optimizers.Adam(settings.learning_rate), loss, jit_compile=settings.xla)
    batch_size = settings.batch_size * devices.replicas
    val_weights = weights_for_mix(val.mass, mass / mass.sum())
    history = model.fit(
        train.batches(weights, batch_size=batch_size, seed=settings.seed),
        validation_data=val.batches(val_weights, batch_size=VAL_BATCH, seed=None),
        epochs=settings.epochs,
        steps_per_epoch=settings.steps_per_epoch or max(1, train.rows // batch_size),
        callbacks=_callbacks(loss, settings),
        verbose=2,
    ).history
    _check_finite(history["loss"], settings)
    told = {name: [float(v) for v in values] for name, values in history.items()}
    return Learned(model, weights, prior, devices, batch_size, told)


def _callbacks(loss: LogitsLoss, settings: TrainerSettings) -> list[keras.callbacks.Callback]:
    return [
        Schedule(loss, epochs=settings.epochs),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.EarlyStopping(
            "val_loss",
            patience=settings.patience,
            restore_best_weights=True,
            start_from_epoch=settings.chosen_loss.settled_from(settings.epochs),
        ),
    ]


def _check_finite(losses: list[float], settings: TrainerSettings) -> None:
    if not np.isfinite(losses).all():
        raise ModelError(
            f"the loss became {losses[-1]} in epoch {len(losses)}. Lower trainer.learning_rate "
            f"(now {settings.learning_rate:g}) or the largest of trainer.class_weights."
        )
