"""What watches a training: the best epoch on `val`, through a kill too, and how far it has got."""

import os
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from pydantic import BaseModel

from tfx_rebalance.components.trainer.objectives import is_better, worst
from tfx_rebalance.progress import tell

STATE, BEST = "state.json", "best.weights.h5"


class Measured(BaseModel):
    """The network on `val`."""

    objective: float
    log_loss: float

    @property
    def is_finite(self) -> bool:
        """Whether both are numbers."""
        return bool(np.isfinite([self.objective, self.log_loss]).all())


class State(BaseModel):
    """How far a training has got."""

    epoch: int = -1
    """The last one that ended."""
    best_epoch: int = -1
    best: Measured | None = None
    history: dict[str, list[float]] = {}
    finished: bool = False


class BestEpoch(keras.callbacks.Callback):
    """Measures each epoch on `val`, stops after some without a better one and keeps the best.

    Of two epochs with the same objective the one with the less log loss is better: where a rare
    class is ranked perfectly, an objective alone would keep the first such epoch.
    """

    def __init__(
        self,
        measure: Callable[[], Measured],
        *,
        objective: str,
        patience: int,
        start_from: int = 0,
        folder: str | None = None,
    ) -> None:
        """Takes what measures.

        Args:
            measure: Measures `self.model`.
            objective: Which way is better, and what it is called in the logs.
            patience: Epochs without a better one before training stops.
            start_from: The first epoch that can be the best.
            folder: Where the state and the best weights are kept; None: nowhere.
        """
        super().__init__()
        self._measure, self._objective, self._patience = measure, objective, patience
        self._start_from, self._folder = start_from, folder
        self._weights: list[Any] | None = None
        self.state = State()
        self.resumed_at: int | None = None
        """The epoch with which this training went on, from 0; None: it began anew."""
        if folder is not None and tf.io.gfile.exists(os.path.join(folder, STATE)):
            with tf.io.gfile.GFile(os.path.join(folder, STATE)) as file:
                self.state = State.model_validate_json(file.read())
            self.resumed_at = self.state.epoch + 1

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keras calls it after each epoch; what is measured joins the logs."""
        measured = self._measure()
        told = {} if logs is None else logs
        told["val_log_loss"] = measured.log_loss
        told[f"val_{self._objective}"] = measured.objective
        for name, value in told.items():
            kept = self.state.history.setdefault(name, [])
            kept[epoch:] = [float(value)]
        self.state.epoch = epoch
        if measured.is_finite and epoch >= self._start_from and self._is_best(measured):
            self.state.best, self.state.best_epoch = measured, epoch
            self._keep()
        if self.is_over:
            self.model.stop_training = True
        self._save()

    @property
    def is_over(self) -> bool:
        """Whether no further epoch is to be trained."""
        waited = self.state.epoch - max(self.state.best_epoch, self._start_from)
        return self.state.finished or waited >= self._patience

    def finish(self) -> None:
        """Gives the model its best weights."""
        if self.state.best is not None:
            if self._weights is None and self._folder is not None:
                self.model.load_weights(os.path.join(self._folder, BEST), skip_mismatch=False)
            elif self._weights is not None:
                self.model.set_weights(self._weights)
        self.state.finished = True
        self._save()

    def _is_best(self, measured: Measured) -> bool:
        best = self.state.best
        if best is None:
            return is_better(self._objective, measured.objective, worst(self._objective))
        if measured.objective == best.objective:
            return measured.log_loss < best.log_loss
        return is_better(self._objective, measured.objective, best.objective)

    def _keep(self) -> None:
        self._weights = self.model.get_weights()
        if self._folder is not None:
            tf.io.gfile.makedirs(self._folder)
            self.model.save_weights(os.path.join(self._folder, BEST), overwrite=True)

    def _save(self) -> None:
        if self._folder is None:
            return
        tf.io.gfile.makedirs(self._folder)
        path = os.path.join(self._folder, STATE)
        with tf.io.gfile.GFile(f"{path}.new", "w") as file:
            file.write(self.state.model_dump_json())
        tf.io.gfile.rename(f"{path}.new", path, overwrite=True)


class Told(keras.callbacks.Callback):
    """Tells the epoch, the loss and what was measured (see `tfx_rebalance.progress`)."""

    EVERY_SECONDS = 1.0

    def __init__(self, *, epochs: int, steps: int, of: str = "") -> None:
        super().__init__()
        self._epochs, self._steps, self._of = epochs, steps, of
        self._epoch, self._last, self._measured = 0, 0.0, ""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keras calls it before each epoch."""
        del logs
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keras calls it after each batch."""
        del logs
        if time.monotonic() - self._last >= self.EVERY_SECONDS:
            self._last = time.monotonic()
            self._tell(f"step {batch + 1}/{self._steps}{self._measured}")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keras calls it after each epoch."""
        shown = {name: value for name, value in (logs or {}).items() if name.startswith("val_")}
        self._measured = "".join(f", {name} {value:.4f}" for name, value in shown.items())
        self._tell(f"done{self._measured}")

    def _tell(self, text: str) -> None:
        tell(f"{self._of}epoch {self._epoch + 1}/{self._epochs}, {text}")
