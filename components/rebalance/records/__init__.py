"""From serialized tf.Examples to arrays and back."""
