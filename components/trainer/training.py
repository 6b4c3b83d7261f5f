"""From splits to trained networks: one, or the members of an ensemble."""

from dataclasses import dataclass

import keras
import numpy as np

from tfx_rebalance.components.trainer.averaging import Network
from tfx_rebalance.components.trainer.checkpoints import Checkpoints
from tfx_rebalance.components.trainer.devices import Devices, devices_of
from tfx_rebalance.components.trainer.ensembles import member_rows
from tfx_rebalance.components.trainer.fitting import Fit, Member, fit_member, softmax_on
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.scores import Floats


@dataclass(frozen=True)
class Learned:
    """Trained networks, at least one."""

    members: tuple[Member, ...]
    devices: Devices
    batch_size: int
    """Over all replicas."""

    @property
    def models(self) -> list[Network]:
        """The networks."""
        return [member.model for member in self.members]

    @property
    def corrections(self) -> Floats:
        """(members, classes); see `Member.correction`."""
        return np.stack([member.correction for member in self.members])


def learn(
    train: Split,
    val: Split,
    settings: TrainerSettings,
    *,
    classes: tuple[str, ...],
    natural: Floats | None = None,
    checkpoints: Checkpoints | None = None,
    logs: str | None = None,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
) -> Learned:
    """Returns networks, each of its best epoch on `val`.

    Args:
        train: As rebalanced.
        val: In the natural mix.
        settings: The model, its loss, weights and ensemble.
        classes: The classes' names.
        natural: Natural priors, (classes,); None: those of `train`.
        checkpoints: Where an unfinished training is kept, and taken up again.
        logs: The folder for TensorBoard.
        callbacks: More of them, such as a tuner's.

    Raises:
        ModelError: If a GPU is asked for and there is none, the loss is not finite, or a batch
            does not fit into memory.
    """
    devices = devices_of(settings.accelerator, mixed_precision=settings.mixed_precision)
    natural = train.mass / train.mass.sum() if natural is None else natural
    fit = Fit(val, settings, classes, natural, devices, checkpoints, logs, callbacks)
    if settings.ensemble is None:
        return Learned((fit_member(train, fit),), devices, fit.batch_size)
    members: list[Member] = []
    labels = train.labels()
    for number in range(settings.ensemble.members):
        hardness = None
        if members and not settings.ensemble.samples_at_random:
            hardness = _hardness(train, members)
        rows = member_rows(settings.ensemble, number, labels, seed=settings.seed, hardness=hardness)
        members.append(fit_member(train.chosen(rows), fit, number=number))
    return Learned(tuple(members), devices, fit.batch_size)


def _hardness(train: Split, members: list[Member]) -> Floats:
    """Returns 1 - probability of the label, (n,), by the members so far, each at its own prior."""
    models = [member.model for member in members]
    ones = [np.ones_like(member.prior) for member in members]
    p = softmax_on(train, models, ones)()
    hard: Floats = 1 - np.take_along_axis(p, train.labels()[:, None], axis=1)[:, 0]
    return hard
