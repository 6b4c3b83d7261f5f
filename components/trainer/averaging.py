"""From networks to one probability per class; the same tensors in training and in serving."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import keras
import tensorflow as tf

from tfx_rebalance.components.trainer.losses.terms import LogitsLoss


class Posterior(tf.Module):
    """A network with logits whose softmax is the posterior where the loss is least."""

    def __init__(self, network: keras.Model, loss: LogitsLoss) -> None:
        super().__init__(name="posterior")
        self.network, self._logits = network, loss.posterior_logits

    def __call__(self, inputs: Mapping[str, tf.Tensor], *, training: bool) -> tf.Tensor:
        """Returns logits, (n, C)."""
        return self._logits(self.network(inputs, training=training))


Network: TypeAlias = keras.Model | Posterior


def natural_probabilities(
    members: Sequence[Network], corrections: tf.Tensor, inputs: Mapping[str, tf.Tensor]
) -> tf.Tensor:
    """Returns the mean over members of softmax times correction, renormalised, (n, C), float32.

    Args:
        members: From `Columns.pack` to logits, (n, C), whose softmax is a posterior.
        corrections: Factors from each member's prior to the natural one, (members, C).
        inputs: As `Columns.pack` returns them.
    """
    each = []
    for number, member in enumerate(members):
        corrected = tf.nn.softmax(member(inputs, training=False)) * corrections[number]
        each.append(corrected / tf.reduce_sum(corrected, axis=1, keepdims=True))
    return each[0] if len(each) == 1 else tf.add_n(each) / len(each)
