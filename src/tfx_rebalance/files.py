"""Files on this machine or, through TensorFlow's file layer, elsewhere (gs:// and its like)."""

import io
from pathlib import Path
from typing import IO, Any, cast


def open_binary(path: str) -> IO[bytes]:
    """Returns the file's bytes as a stream with `readinto`, `seek` and `closed`."""
    if "://" not in path:
        return Path(path).open("rb")
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    return cast(IO[bytes], io.BufferedReader(_Remote(tf.io.gfile.GFile(path, "rb"))))


class _Remote(io.RawIOBase):
    """What Python's and Arrow's readers ask of a file; GFile has no `closed` and no `readinto`."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data: bytes = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._file.seek(offset, whence)
        return int(self._file.tell())

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        super().close()
