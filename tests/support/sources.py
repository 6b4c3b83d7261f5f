"""Small inputs for the readers of ExampleGen's sources."""

import gzip

import numpy as np
import pyarrow as pa

from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted

WANTED = Wanted({"n": pa.int64(), "x": pa.float64(), "s": pa.string(), "y": pa.string()}, label="y")


def rows_of(reader, paths, *, wanted=WANTED, allowed=0):
    """Returns the rows that a reader gives as dicts, and what was bad."""
    bad = BadRows(allowed)
    pieces = reader.pieces([str(path) for path in paths])
    batches = list(reader.batches(pieces, wanted, bad))
    return [row for batch in batches for row in batch.to_pylist()], bad


def mnist(folder, *, rows):
    """Returns the first test images (rows, 28, 28), uint8, and their labels (rows,)."""
    with gzip.open(folder / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(16 + rows * 784), np.uint8, offset=16)
    with gzip.open(folder / "mnist" / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(8 + rows), np.uint8, offset=8)
    return images.reshape(rows, 28, 28), labels.astype(int)


def touch(folder, *names):
    """Writes small files, each with its own name in it."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
