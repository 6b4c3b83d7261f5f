"""The shared data sets as tf.Examples on disk with a schema, as ExampleGen would write them."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from tfx_rebalance.components.example_gen.columns import as_lists
from tfx_rebalance.records import shard_name, write_shard

TYPES = {"i": schema_pb2.INT, "f": schema_pb2.FLOAT, "O": schema_pb2.BYTES}


def read_frame(path: Path, *, rows_per_class: int, label: str) -> pd.DataFrame:
    """Returns the first rows of each class of a CSV file."""
    return pd.read_csv(path).groupby(label, sort=False).head(rows_per_class).reset_index(drop=True)


def schema_of(frame: pd.DataFrame, *, label: str) -> schema_pb2.Schema:
    """Returns a schema with a domain of the label; columns with empty cells are optional."""
    schema = schema_pb2.Schema()
    for name in frame:
        feature = schema.feature.add(name=name, type=TYPES[frame[name].dtype.kind])
        feature.value_count.min = feature.value_count.max = 1
        feature.presence.min_fraction = 0.0 if frame[name].isna().any() else 1.0
        if name == label and feature.type == schema_pb2.BYTES:
            feature.string_domain.value.extend(sorted(frame[name].unique()))
        elif name == label:
            feature.int_domain.min, feature.int_domain.max = frame[name].min(), frame[name].max()
    return schema


def write_frame(folder: Path, frame: pd.DataFrame, *, shards: int) -> None:
    """Writes the rows, dealt out to shards."""
    table = pa.Table.from_pandas(frame, preserve_index=False).combine_chunks()
    [batch] = table.to_batches()
    records = RecordBatchToExamplesEncoder().encode(as_lists(batch))
    for shard in range(shards):
        write_shard(str(folder / shard_name(shard, shards)), records[shard::shards])


def long_tailed_mnist(folder: Path, *, largest: int, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns images (n, 28, 28), uint8, and labels (n,): largest * ratio**(c / 9) of class c."""
    with gzip.open(folder / "train-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(folder / "train-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    chosen = [np.flatnonzero(labels == c)[: round(largest * ratio ** (c / 9))] for c in range(10)]
    rows = np.concatenate(chosen)
    return images[rows], labels[rows]
