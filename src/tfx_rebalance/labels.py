"""From a label as it is written to the index of its class, the same in Transform and in serving."""

from collections.abc import Sequence

import tensorflow as tf

UNKNOWN = -1


def class_index(labels: tf.Tensor, classes: Sequence[str]) -> tf.Tensor:
    """Returns the place of each label in `classes`, or `UNKNOWN`, (n,), int64.

    Args:
        labels: (n,), string or integer.
        classes: The label's values as text, in the order of the schema's domain.
    """
    text = labels if labels.dtype == tf.string else tf.strings.as_string(labels)
    matches = tf.equal(text[:, tf.newaxis], tf.constant(list(classes))[tf.newaxis, :])
    place = tf.argmax(matches, axis=1, output_type=tf.int64)
    return tf.where(tf.reduce_any(matches, axis=1), place, UNKNOWN * tf.ones_like(place))
