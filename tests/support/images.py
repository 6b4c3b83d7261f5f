"""Small images in every format, written without TensorFlow where it cannot write them."""

import struct

import numpy as np
import tensorflow as tf

PALETTE = [(2 * i, 255 - i, i) for i in range(128)]
"""Red, green and blue of the 128 values of a GIF here."""


def bmp(image):
    """Returns an image (height, width, 3), uint8, as BMP: 24 bits, rows from the lowest up."""
    height, width, _ = image.shape
    rows = image[::-1, :, ::-1].reshape(height, 3 * width)
    padded = np.pad(rows, ((0, 0), (0, -3 * width % 4))).tobytes()
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(padded), 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(padded), 0, 0, 54) + info + padded


def gif(*frames):
    """Returns frames, each (height, width) of values in [0, 128), as GIF: see `PALETTE`.

    The codes are a byte each: the table is cleared before they grow.
    """
    height, width = frames[0].shape
    head = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0xF6, 0, 0)
    colours = bytes(number for colour in PALETTE for number in colour)
    return head + colours + b"".join(map(_frame, frames)) + b";"


def _frame(frame):
    height, width = frame.shape
    values = frame.astype(np.uint8).tobytes()
    codes = b"".join(b"\x80" + values[i : i + 100] for i in range(0, len(values), 100)) + b"\x81"
    blocks = [codes[i : i + 255] for i in range(0, len(codes), 255)]
    data = b"".join(bytes([len(block)]) + block for block in blocks)
    return struct.pack("<BHHHHBB", 0x2C, 0, 0, width, height, 0, 7) + data + b"\0"


def png(image):
    """Returns an image (height, width, 1 to 4), uint8 or uint16, as PNG."""
    return tf.io.encode_png(image).numpy()


def jpeg(image, **options):
    """Returns an image (height, width, 1 or 3), uint8, as JPEG."""
    return tf.io.encode_jpeg(image, quality=95, **options).numpy()
