"""A folder with a folder of images per class to rows with the encoded images."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from tfx_rebalance.components.example_gen.images import fault_of
from tfx_rebalance.components.example_gen.sources.settings import ImageFolderSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Piece, Wanted
from tfx_rebalance.errors import ConfigError, DataError

IMAGE, PATH = "image", "path"
BATCH_BYTES = 8 << 20
SHOWN = 5

_NO_DATA = {"thumbs.db", "desktop.ini"}
"""What Windows leaves behind; what other systems do begins with a dot."""


class _Entry(NamedTuple):
    """A file or folder in a folder."""

    name: str
    is_folder: bool


class ImageFolderReader:
    """Reads `<folder>/<class>/<image>`; the rows have `image`, `path` and the label."""

    def __init__(self, settings: ImageFolderSource) -> None:
        self._settings = settings

    def pieces(self, paths: Sequence[str]) -> list[Piece]:
        """Returns the images in the folders, by class and name.

        Raises:
            DataError: If a path is no folder of class folders of files.
        """
        return [Piece(path) for folder in paths for path in _images(folder)]

    def batches(
        self, pieces: Sequence[Piece], wanted: Wanted, bad: BadRows
    ) -> Iterator[pa.RecordBatch]:
        """Yields the images as they are, in batches of about `BATCH_BYTES`.

        Raises:
            ConfigError: If the label has the name of another column.
            DataError: If more files than allowed are no images.
        """
        if wanted.label in (IMAGE, PATH):
            raise ConfigError(
                f"data.label {wanted.label!r} is the name of another column of an image folder; "
                "the label is the class folder's name. Choose another name."
            )
        rows: list[tuple[bytes, str, str]] = []
        size = 0
        for piece in pieces:
            image = _read(piece.path, bad)
            if image is None:
                continue
            folder, file = os.path.split(piece.path)
            label = os.path.basename(folder)
            rows.append((image, f"{label}/{file}", label))
            size += len(image)
            if size >= BATCH_BYTES:
                yield _batch(rows, wanted.label)
                rows, size = [], 0
        if rows:
            yield _batch(rows, wanted.label)


def _batch(rows: Sequence[tuple[bytes, str, str]], label: str) -> pa.RecordBatch:
    kinds = (pa.binary(), pa.string(), pa.string())
    columns = zip(*rows, strict=True)
    arrays = [pa.array(cells, kind) for cells, kind in zip(columns, kinds, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=[IMAGE, PATH, label])


def _images(folder: str) -> list[str]:
    entries = _entries(folder)
    files = [entry.name for entry in entries if not entry.is_folder]
    if files or not entries:
        found = f"the files {', '.join(files[:SHOWN])}" if files else "nothing"
        raise DataError(
            f"{folder!r} holds {found} where a folder per class is expected. Put the images into "
            "folders that are named for their classes."
        )
    images = []
    for name in sorted(entry.name for entry in entries):
        inside = _entries(os.path.join(folder, name))
        deeper = [entry.name for entry in inside if entry.is_folder]
        if deeper:
            raise DataError(
                f"{os.path.join(folder, name)!r} holds the folder {deeper[0]!r}. Put all images "
                "of a class right into its folder."
            )
        images += [os.path.join(folder, name, file) for file in sorted(e.name for e in inside)]
    return images


def _entries(folder: str) -> list[_Entry]:
    """Returns what is in a folder, without what the system left there."""
    try:
        found = _remote_entries(folder) if "://" in folder else _local_entries(folder)
    except OSError as error:
        raise DataError(
            f"{folder!r} cannot be read: {error.strerror or error}. Give a folder with a folder "
            "of images per class as data.source.path."
        ) from None
    return [e for e in found if not e.name.startswith(".") and e.name.lower() not in _NO_DATA]


def _local_entries(folder: str) -> list[_Entry]:
    with os.scandir(folder) as entries:
        return [_Entry(entry.name, entry.is_dir()) for entry in entries]


def _remote_entries(folder: str) -> list[_Entry]:
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    try:
        names = [name.rstrip("/") for name in tf.io.gfile.listdir(folder)]
        return [_Entry(n, tf.io.gfile.isdir(os.path.join(folder, n))) for n in names]
    except tf.errors.OpError as error:
        raise OSError(error.message) from None


def _read(path: str, bad: BadRows) -> bytes | None:
    """Returns a file's bytes, or None if it is bad."""
    try:
        image = _bytes_of(path)
    except OSError as error:
        bad.add(f"{path!r} cannot be read: {error.strerror or error}")
        return None
    fault = fault_of(image)
    if fault:
        bad.add(f"{path!r} {fault}")
        return None
    return image


def _bytes_of(path: str) -> bytes:
    if "://" not in path:
        with open(path, "rb") as file:
            return file.read()
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    try:
        with tf.io.gfile.GFile(path, "rb") as remote:
            content: bytes = remote.read()
            return content
    except tf.errors.OpError as error:
        raise OSError(error.message) from None
