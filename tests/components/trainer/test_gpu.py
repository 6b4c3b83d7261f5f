"""Training on a real GPU: `make test-gpu`. Where there is none these tests fail, and say so."""

import numpy as np
import pytest
import tensorflow as tf
from support.simulated import CLASSES, FAST, split

from tfx_rebalance.components.trainer.deciding import decide
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.trainer.training import learn

pytestmark = [pytest.mark.tfx, pytest.mark.slow, pytest.mark.gpu]


def losses(**settings):
    """Returns what was learned, and the log loss on `val` of its last epoch."""
    given = TrainerSettings(**{**FAST, "patience": 6, **settings})
    train, val = split(0), split(1)
    learned = learn(train, val, given, classes=CLASSES)
    natural = train.mass / train.mass.sum()
    decided = decide(learned, val, given, natural=natural, classes=CLASSES)
    return learned, decided.quality["calibrated"].log_loss


def test_a_gpu_learns_what_a_cpu_does():
    on_gpu, found = losses(accelerator="gpu")
    on_cpu, expected = losses(accelerator="cpu")
    assert all(name.startswith("GPU:") for name in on_gpu.devices.names)
    assert on_cpu.devices.names == ("CPU:0",)
    assert found == pytest.approx(expected, rel=0.02)
    weights = [np.array(m.weights) for m in (on_gpu.members[0], on_cpu.members[0])]
    assert weights[0] == pytest.approx(weights[1])


def test_auto_takes_every_gpu_there_is():
    learned, _ = losses(accelerator="auto", epochs=1)
    assert len(learned.devices.names) == len(tf.config.list_physical_devices("GPU")) > 0
    assert learned.batch_size == 512 * learned.devices.replicas


@pytest.mark.parametrize("options", [{"mixed_precision": True}, {"xla": True}])
def test_half_precision_and_xla_learn_as_well(options):
    learned, found = losses(accelerator="gpu", **options)
    _, expected = losses(accelerator="cpu")
    assert learned.devices.precision == (
        "mixed_float16" if options.get("mixed_precision") else "float32"
    )
    assert found == pytest.approx(expected, rel=0.05)
