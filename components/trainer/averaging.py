"""From networks to one probability per class; the same tensors in training and in serving."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf


def natural_probabilities(
    members: Sequence[keras.Model], corrections: tf.Tensor, inputs: Mapping[str, tf.Tensor]
) -> tf.Tensor:
    """Returns the mean over members of softmax times correction, renormalised, (n, C), float32.

    Args:
        members: From `Columns.pack` to logits, (n, C).
        corrections: Factors from each member's prior to the natural one, (members, C).
        inputs: As `Columns.pack` returns them.
    """
    each = []
    for number, member in enumerate(members):
        corrected = tf.nn.softmax(member(inputs, training=False)) * corrections[number]
        each.append(corrected / tf.reduce_sum(corrected, axis=1, keepdims=True))
    return each[0] if len(each) == 1 else tf.add_n(each) / len(each)
