"""Images and tf.Examples made by TensorFlow."""

import numpy as np
import tensorflow as tf


def png(image):
    """Returns an image (height, width), uint8, as PNG."""
    return tf.io.encode_png(image[..., np.newaxis]).numpy()


def example(**features):
    """Returns a serialized tf.Example; a feature is a value or a list of values of one kind."""
    made = tf.train.Example()
    for name, values in features.items():
        values = values if isinstance(values, list) else [values]
        feature = made.features.feature[name]
        for value in values:
            if isinstance(value, int):
                feature.int64_list.value.append(value)
            elif isinstance(value, float):
                feature.float_list.value.append(value)
            else:
                feature.bytes_list.value.append(
                    value if isinstance(value, bytes) else value.encode()
                )
    return made.SerializeToString()
