"""Where a model is trained, and that several replicas learn what one does."""

import importlib
import json
import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

# A process of its own: TensorFlow splits a CPU only before it has used it.
TWO_REPLICAS = """
import json, sys
import numpy as np
import tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from tfx_rebalance.components.trainer.devices import devices_of
from tfx_rebalance.components.trainer.columns import Columns
from tfx_rebalance.components.trainer.models.mlp import MLP
from tfx_rebalance.components.trainer.settings import TrainerSettings

random = np.random.default_rng(0)
x = random.normal(size=(256, 3)).astype("float32")
y = (x[:, 0] + random.normal(size=256) > 1.2).astype("int64")
weights = np.where(y == 1, 4.0, 0.5).astype("float32")
columns = Columns(("a", "b", "c"), (), 0, "y")
told = {}
for names in (["CPU:0"], ["CPU:0", "CPU:1"]):
    devices = devices_of("cpu", names=names)
    keras.utils.set_random_seed(0)
    with devices.scope():
        model = MLP(dropout=0.0).build(columns, classes=2, seed=0)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(0.01), loss)
    batches = tf.data.Dataset.from_tensor_slices(({"numeric": x}, y, weights)).batch(64).repeat()
    history = model.fit(batches, epochs=3, steps_per_epoch=4, verbose=0).history
    told[devices.replicas] = {
        "loss": history["loss"],
        "weights": [w.numpy().ravel().tolist() for w in model.trainable_variables],
    }
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def learned():
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TWO_REPLICAS], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout.splitlines()[-1])


def test_two_replicas_learn_what_one_does_under_the_same_class_weights(learned):
    one, two = learned["1"], learned["2"]
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-5)
    for of_one, of_two in zip(one["weights"], two["weights"], strict=True):
        assert of_two == pytest.approx(of_one, abs=1e-4)


def test_a_gpu_that_is_not_there_is_an_error_not_a_cpu_run():
    from tfx_rebalance.components.trainer.devices import devices_of
    from tfx_rebalance.errors import ModelError

    with pytest.raises(ModelError, match=r"trainer.accelerator is gpu, but TensorFlow sees no GPU"):
        devices_of("gpu")
    with pytest.raises(ModelError, match=r"trainer.mixed_precision is for GPUs"):
        devices_of("auto", mixed_precision=True)


@pytest.mark.parametrize("accelerator", ["auto", "cpu"])
def test_without_a_gpu_the_cpu_is_taken(accelerator):
    from tfx_rebalance.components.trainer.devices import devices_of

    devices = devices_of(accelerator)
    assert (devices.names, devices.replicas, devices.precision) == (("CPU:0",), 1, "float32")


@pytest.mark.parametrize("entry", ["trainer.run_fn.run_fn", "tuner.tuner_fn.tuner_fn"])
def test_devices_are_logged_before_any_row_is_read(monkeypatch, caplog, entry):
    from tfx_rebalance.components.trainer.run_fn import Job
    from tfx_rebalance.components.trainer.settings import TrainerSettings

    module, name = f"tfx_rebalance.components.{entry}".rsplit(".", 1)
    job = SimpleNamespace(settings=TrainerSettings(), features=SimpleNamespace(classes=()))
    monkeypatch.setattr(Job, "of", lambda _: job)
    with (
        caplog.at_level(logging.INFO, "absl"),
        pytest.raises(AttributeError),
    ):  # Of what would be read.
        getattr(importlib.import_module(module), name)(None)
    [line] = [m for m in caplog.messages if m.startswith("Training on ")]
    assert line.startswith("Training on CPU:0 in float32; TensorFlow sees /physical_device:CPU:0")


def test_a_gpu_that_is_not_there_fails_before_any_row_is_read():
    from tfx_rebalance.components.trainer.devices import log_devices
    from tfx_rebalance.errors import ModelError

    with pytest.raises(ModelError, match="TensorFlow sees no GPU"):
        log_devices("gpu")


def test_the_precision_is_that_of_before_afterwards():
    import keras

    from tfx_rebalance.components.trainer.devices import Devices, devices_of

    before = keras.config.dtype_policy().name
    devices = devices_of("cpu")
    with Devices(devices.names, devices.strategy, "mixed_float16").scope():
        assert keras.layers.Dense(1).compute_dtype == "float16"
    assert keras.config.dtype_policy().name == before
