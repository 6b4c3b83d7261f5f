"""The images of a folder as rows to be scored."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from tfx_rebalance.components.example_gen.images import fault_of
from tfx_rebalance.errors import ConfigError, DataError
from tfx_rebalance.features import Features

PATH = "path"
BATCH_BYTES = 8 << 20


def image_rows(folder: Path, features: Features) -> Iterator[pa.RecordBatch]:
    """Yields the images in a folder and in those within it, by name: `path` and the image.

    What begins with a dot is left out.

    Args:
        folder: Images in whatever folders; what these are called says nothing.
        features: Of the model; the image is its only input.

    Raises:
        ConfigError: If this is no folder, or the model has other inputs.
        DataError: If there is no file, or one is no image that can be decoded.
    """
    image = features.images[0].name
    others = [feature.name for feature in features.inputs if not feature.image]
    if others:
        raise ConfigError(
            f"the model takes {', '.join(others)} beside the image {image!r}, which a folder of "
            "images does not have. Send tf.Examples to its signature serving_default."
        )
    if not folder.is_dir():
        raise ConfigError(
            f"{str(folder)!r} is not a folder, but the model takes the image {image!r}. Give a "
            "folder of images."
        )
    return _batches(folder, image)


def _batches(folder: Path, image: str) -> Iterator[pa.RecordBatch]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder) for path in files]
    names = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    if not names:
        raise DataError(f"{str(folder)!r} holds no file. Give a folder of images.")
    contents: list[bytes] = []
    first = size = 0
    for number, name in enumerate(names, start=1):
        contents.append(_whole(folder / name))
        size += len(contents[-1])
        if size >= BATCH_BYTES or number == len(names):
            paths = pa.array([name.as_posix() for name in names[first:number]])
            yield pa.RecordBatch.from_arrays([paths, pa.array(contents)], names=[PATH, image])
            contents, first, size = [], number, 0


def _whole(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from None
    fault = fault_of(content)
    if fault:
        raise DataError(f"{str(path)!r} {fault}. Correct it or take it out of the folder.")
    return content
