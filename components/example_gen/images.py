"""Whether a file is an image that Transform, training and serving will be able to decode."""

from collections.abc import Mapping

import pyarrow as pa

FORMATS: Mapping[bytes, str] = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
}
"""How a file begins, and what it then is."""


def fault_of(file: bytes) -> str:
    """Returns what is wrong with an image, in words that follow its name; "" if it is whole."""
    kind = next((kind for magic, kind in FORMATS.items() if file.startswith(magic)), None)
    if kind is None:
        start = f"begins with {file[:8]!r}" if file else "is empty"
        return f"is no {', '.join(dict.fromkeys(FORMATS.values()))} image: it {start}"
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    try:
        with tf.device("CPU"):
            if kind == "JPEG":
                tf.io.decode_jpeg(file, ratio=8)  # All of it is read, an eighth is computed.
            else:
                tf.io.decode_image(file, expand_animations=False)
    except tf.errors.OpError as error:
        from tfx_rebalance.records import reason

        return f"is a {kind} image that cannot be decoded: {reason(error).rstrip('.')}"
    return ""


def faults_in(column: pa.Array) -> dict[int, str]:
    """Returns the places of the cells that are no whole image, and what is wrong with each."""
    faults = {place: fault_of(cell.as_py()) for place, cell in enumerate(column) if cell.is_valid}
    return {place: fault for place, fault in faults.items() if fault}
