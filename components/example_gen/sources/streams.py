"""Files as streams of bytes that Arrow reads by itself, unpacked, in UTF-8."""

import codecs
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa

from tfx_rebalance.errors import DataError

BLOCK_BYTES = 1 << 20

_PACKED: Mapping[bytes, str] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_UTF8 = {"utf-8", "utf-8-sig", "ascii"}


def unpacked(path: str) -> pa.NativeFile:
    """Returns the content of a file on this machine: plain, gzip or zstd, as its start says.

    Raises:
        OSError: If it cannot be opened, as Python says it.
    """
    with open(path, "rb") as file:
        start = file.read(4)
    stream = pa.OSFile(path)
    for magic, codec in _PACKED.items():
        if start.startswith(magic):
            return pa.CompressedInputStream(stream, codec)
    return stream


def is_utf8(encoding: str) -> bool:
    """Returns whether text of that encoding is UTF-8 as it is.

    Raises:
        LookupError: If Python does not know it.
    """
    return codecs.lookup(encoding).name in _UTF8


@contextmanager
def in_utf8(path: str, encoding: str, *, name: str) -> Iterator[str]:
    """Yields the path itself if the file is UTF-8, else that of a copy for the while that is.

    Arrow's own conversion calls Python from its threads and may hang when a row is wrong. Bytes
    that the encoding does not have stay as they are, which is no UTF-8: they are found when the
    cell is read.

    Raises:
        DataError: If the encoding cannot go on after wrong bytes, as UTF-16 cannot.
    """
    if is_utf8(encoding):
        yield path
        return
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "utf8.csv")
        with unpacked(path) as source, open(copy, "wb") as target:
            try:
                while block := source.read(BLOCK_BYTES):
                    target.write(decoder.decode(block).encode("utf-8", "surrogateescape"))
                target.write(decoder.decode(b"", True).encode("utf-8", "surrogateescape"))
            except (UnicodeError, OSError) as error:
                raise DataError(
                    f"{name!r} is not {encoding} text, plain, gzip or zstd: {error}. Correct "
                    "data.source.encoding or the file."
                ) from None
        yield copy
