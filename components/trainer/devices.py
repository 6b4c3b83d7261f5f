"""What the model is trained on: all GPUs, or the CPU; never another than was asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import keras
import tensorflow as tf
from absl import logging

from tfx_rebalance.errors import ModelError

Accelerator = Literal["auto", "gpu", "cpu"]

MIXED = "mixed_float16"


@dataclass(frozen=True)
class Devices:
    """One replica of the model per device."""

    names: tuple[str, ...]
    strategy: tf.distribute.Strategy
    precision: str

    @property
    def replicas(self) -> int:
        """How many devices share a batch."""
        return int(self.strategy.num_replicas_in_sync)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Builds models for these devices, at their precision."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.precision)
        try:
            with self.strategy.scope():
                yield
        finally:
            keras.config.set_dtype_policy(before)


def devices_of(
    accelerator: Accelerator,
    *,
    mixed_precision: bool = False,
    names: Sequence[str] | None = None,
) -> Devices:
    """Returns what to train on.

    Args:
        accelerator: `auto` takes all GPUs, or the CPU where there are none; `gpu` wants one.
        mixed_precision: Compute in float16 with weights in float32: for GPUs.
        names: Devices to take whatever there is, for tests: `CPU:0`, ....

    Raises:
        ModelError: If a GPU is wanted and TensorFlow sees none, or half precision on a CPU.
    """
    gpus = _gpus() if names is None and accelerator != "cpu" else []
    if accelerator == "gpu" and not gpus and names is None:
        raise ModelError(
            "trainer.accelerator is gpu, but TensorFlow sees no GPU. Run on a machine with one and "
            "its libraries (requirements/gpu.txt), or set trainer.accelerator: auto or cpu."
        )
    chosen = tuple(names) if names is not None else tuple(gpus) or ("CPU:0",)
    if mixed_precision and not gpus:
        raise ModelError(
            "trainer.mixed_precision is for GPUs, and there is none to train on: on a CPU float16 "
            "is slower. Set it to false, or trainer.accelerator: gpu."
        )
    strategy = (
        tf.distribute.MirroredStrategy(list(chosen))
        if len(chosen) > 1
        else tf.distribute.OneDeviceStrategy(chosen[0])
    )
    return Devices(chosen, strategy, MIXED if mixed_precision else "float32")


def log_devices(accelerator: Accelerator, *, mixed_precision: bool = False) -> None:
    """Logs what will be trained on, before any row is read.

    Raises:
        ModelError: As `devices_of` does.
    """
    devices = devices_of(accelerator, mixed_precision=mixed_precision)
    seen = [device.name for device in tf.config.list_physical_devices()]
    logging.info(
        "Training on %s in %s; TensorFlow sees %s.",
        ", ".join(devices.names),
        devices.precision,
        ", ".join(seen),
    )


def _gpus() -> list[str]:
    """Returns the GPUs, told to take memory as they need it."""
    found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        if not tf.config.experimental.get_memory_growth(gpu):
            tf.config.experimental.set_memory_growth(gpu, True)
    return [f"GPU:{number}" for number in range(len(found))]
