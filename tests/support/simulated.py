"""Rows of two normal classes whose posterior is known."""

import numpy as np
import tensorflow as tf

from tfx_rebalance.components.trainer.columns import Columns
from tfx_rebalance.components.trainer.inputs import Split

CLASSES = ("common", "rare")
RARE, SHIFT = 0.05, 1.5
FAST = {
    "model_parameters": {"hidden_units": (8,), "dropout": 0.0},
    "epochs": 6,
    "learning_rate": 0.02,
}
"""Settings that learn these rows in seconds."""


def rows(seed, n=12_000):
    """Returns x, (n, 2), and labels; the classes are normal, `SHIFT` apart in the first column."""
    random = np.random.default_rng(seed)
    labels = (random.random(n) < RARE).astype(np.int64)
    x = random.normal(size=(n, 2)) + SHIFT * np.stack([labels, np.zeros(n)], axis=1)
    return x.astype(np.float32), labels


def split(seed, n=12_000):
    """Returns the same as a split in memory."""
    x, labels = rows(seed, n)
    kept = ({"numeric": tf.constant(x)}, tf.constant(labels), tf.ones(len(labels)))
    mass = np.bincount(labels, minlength=2).astype(float)
    return Split((), Columns(("a", "b"), (), 0, "y"), len(labels), mass, kept)


def posterior(x):
    """Returns the probability of each class, (n, 2)."""
    odds = RARE / (1 - RARE) * np.exp(SHIFT * x[:, 0] - SHIFT**2 / 2)
    return np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1)
