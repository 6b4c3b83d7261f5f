"""Encoded images to numbers, as a graph: the same in Transform, in training and in serving."""

import tensorflow as tf

JPEG = b"\xff\xd8\xff"
"""How a JPEG file begins."""
GREY = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the brightness of a pixel (ITU-R BT.601-7, section 2.5.1)."""
HIGHEST = 255.0


def decoded_images(files: tf.Tensor, *, shape: tuple[int, int, int]) -> tf.Tensor:
    """Returns images of one size, (n, height, width, channels), float32, in [0, 1].

    Of several frames the first is taken, of 16 bits the upper 8; opacity is left out. An image of
    another size is resized bilinearly, with antialiasing where it shrinks; its proportions are not
    kept.

    Args:
        files: JPEG, PNG, GIF or BMP, (n,), string.
        shape: Height, width and channels; 1 channel is grey, 3 are red, green and blue.

    Raises:
        tf.errors.InvalidArgumentError: If a file cannot be decoded, when the graph is run.
    """

    def image(file: tf.Tensor) -> tf.Tensor:
        return _resized(_coloured(_pixels(file), channels=shape[2]), shape=shape)

    spec = tf.TensorSpec(shape, tf.float32)
    images: tf.Tensor = tf.map_fn(image, files, fn_output_signature=spec)
    return tf.ensure_shape(images, (None, *shape)) / HIGHEST


def _pixels(file: tf.Tensor) -> tf.Tensor:
    """Returns what a file holds, (height, width, 1 to 4), float32, in [0, 255]."""
    pixels = tf.cond(
        tf.strings.substr(file, 0, len(JPEG)) == JPEG,
        # The default, also of decode_image, is a fast DCT: it is off by up to 8 of 255.
        lambda: tf.io.decode_jpeg(file, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(file, expand_animations=False),
    )
    return tf.cast(tf.ensure_shape(pixels, (None, None, None)), tf.float32)


def _coloured(pixels: tf.Tensor, *, channels: int) -> tf.Tensor:
    """Returns an image grey or in colours, (height, width, channels), without its opacity."""
    is_grey = tf.shape(pixels)[2] < 3
    if channels == 1:
        return tf.cond(
            is_grey,
            lambda: pixels[:, :, :1],
            lambda: tf.reduce_sum(pixels[:, :, :3] * tf.constant(GREY), axis=2, keepdims=True),
        )
    return tf.cond(
        is_grey, lambda: tf.repeat(pixels[:, :, :1], 3, axis=2), lambda: pixels[:, :, :3]
    )


def _resized(image: tf.Tensor, *, shape: tuple[int, int, int]) -> tf.Tensor:
    size = shape[:2]
    fits = tf.reduce_all(tf.shape(image)[:2] == tf.constant(size))
    same = tf.cond(
        fits, lambda: image, lambda: tf.image.resize(image, size, method="bilinear", antialias=True)
    )
    # Resizing may leave the range by a rounding error.
    return tf.clip_by_value(tf.ensure_shape(same, shape), 0.0, HIGHEST)
