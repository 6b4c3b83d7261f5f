"""The data of `rebalance.py`: 30 numbers and a rare class, made fast."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from _rebalance_jobs import LABEL, MINORITY_SHARE, NAMES, Job, shard_name

SEED = 3
BLOCK = 20_000
"""Rows made at a time."""
CLUSTERS = (8, 4)
"""Of the majority and of the minority."""
SKEWED = 5
"""The first columns are amounts: few large values, many small ones."""

GZIP = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=1)

Rows = npt.NDArray[np.float32]


def write_data(job: Job) -> Callable[[], None]:
    """Returns what writes `job.rows` rows as an artifact of `job.files` shards."""
    folder = Path(job.target, "Split-train")

    def work() -> None:
        folder.mkdir(parents=True)
        for shard in range(job.files):
            path = folder / shard_name(shard, job.files)
            _write_shard(path, shard, rows=job.rows // job.files)

    return work


def draw_rows(labels: npt.NDArray[np.int64], *, seed: list[int]) -> Rows:
    """Returns features for the labels, (n, 30), float32.

    Each class is a mixture of normal distributions with correlated columns; the clusters of the
    minority lie beside some of the majority's, so that the classes overlap.
    """
    of_all = np.random.default_rng(SEED)
    width = len(NAMES)
    common = of_all.normal(size=(CLUSTERS[0], width)) * 2
    shift = of_all.normal(size=(CLUSTERS[1], width)) * (of_all.random(width) < 0.4)
    means = np.concatenate([common, common[: CLUSTERS[1]] + 0.8 * shift]).astype(np.float32)
    mixing = np.eye(width) + of_all.normal(size=(width, width)) * 0.15
    of_rows = np.random.default_rng(seed)
    clusters = of_rows.integers(np.array(CLUSTERS)[labels]) + labels * CLUSTERS[0]
    noise = of_rows.standard_normal((len(labels), width), dtype=np.float32)
    rows: Rows = means[clusters] + noise @ mixing.astype(np.float32)
    rows[:, :SKEWED] = np.exp(rows[:, :SKEWED] / 2)
    return rows


def minority_rows(count: int) -> Rows:
    """Returns rows of the rare class, (count, 30), float32."""
    return draw_rows(np.ones(count, dtype=np.int64), seed=[SEED, 0])


def _write_shard(path: Path, shard: int, *, rows: int) -> None:
    """Writes a shard with exactly its share of the rare class."""
    labels = np.zeros(rows, dtype=np.int64)
    labels[: round(rows * MINORITY_SHARE)] = 1
    labels = np.random.default_rng([SEED, 1, shard]).permutation(labels)
    with tf.io.TFRecordWriter(str(path), options=GZIP) as writer:
        for start in range(0, rows, BLOCK):
            part = labels[start : start + BLOCK]
            block = _serialize(part, draw_rows(part, seed=[SEED, 2, shard, start]))
            for row in block:
                writer.write(row.tobytes())


def _serialize(labels: npt.NDArray[np.int64], rows: Rows) -> npt.NDArray[np.uint8]:
    """Returns rows as serialized tf.Examples, (n, bytes), uint8.

    All rows have the same length and differ in the bytes of the values alone, which are the last
    ones of each feature: so one row is serialized and copied.
    """
    pieces = [_piece(name, float_list=tf.train.FloatList(value=[0])) for name in NAMES]
    pieces.append(_piece(LABEL, int64_list=tf.train.Int64List(value=[0])))
    body = b"".join(pieces)  # Messages put one behind the other are one message.
    features = tf.train.Features.FromString(body)
    size = tf.train.Example(features=features).ByteSize()
    head = tf.train.Example(features=features).SerializeToString()[: size - len(body)]
    block = np.tile(np.frombuffer(head + body, dtype=np.uint8), (len(rows), 1))
    ends = len(head) + np.cumsum([len(piece) for piece in pieces])
    places = (ends[:-1, np.newaxis] + np.arange(-4, 0)).ravel()
    block[:, places] = np.ascontiguousarray(rows, dtype="<f4").view(np.uint8)
    block[:, ends[-1] - 1] = labels
    return block


def _piece(name: str, **value: object) -> bytes:
    feature = tf.train.Features(feature={name: tf.train.Feature(**value)})
    return bytes(feature.SerializeToString())
