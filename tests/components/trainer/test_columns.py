"""What a network is given of the transformed features, an image among them."""

import numpy as np
import pytest
import tensorflow as tf
from support.examples import example

from tfx_rebalance.components.trainer import inputs, streams
from tfx_rebalance.components.trainer.columns import Columns, ImageColumn
from tfx_rebalance.components.trainer.inputs import read_split
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.records import shard_name, write_shard

pytestmark = pytest.mark.tfx

SHAPE = (3, 2, 1)
COLUMNS = Columns(
    numeric=("a",),
    categorical=("k",),
    vocabulary_size=5,
    label="y",
    images=(ImageColumn("photo", SHAPE),),
)
PIXELS = np.random.default_rng(0).random((12, *SHAPE), np.float32)
RECORDS = [
    example(a=float(i), k=i % 5, y=i % 2, photo=[float(v) for v in pixels.ravel()])
    for i, pixels in enumerate(PIXELS)
]


@pytest.fixture
def split(tmp_path):
    write_shard(str(tmp_path / shard_name(0, 1)), RECORDS)
    return lambda columns=COLUMNS: read_split(
        [str(tmp_path / "*")], columns, classes=("even", "odd")
    )


def test_an_image_is_packed_in_its_shape_beside_numbers_and_categories():
    packed = COLUMNS.pack(tf.io.parse_example(RECORDS, COLUMNS.spec))
    assert set(packed) == {"numeric", "categorical", "image"}
    assert packed["image"].dtype == tf.float32
    assert np.array_equal(packed["image"], PIXELS)


def test_an_image_may_be_the_only_input():
    alone = Columns((), (), 0, "y", images=COLUMNS.images)
    assert set(alone.pack(tf.io.parse_example(RECORDS, alone.spec))) == {"image"}


def test_the_size_of_a_row_counts_every_pixel():
    assert COLUMNS.row_bytes == 4 * (1 + 3 * 2 * 1) + 8 * 1 + 12


def test_a_second_image_is_refused():
    with pytest.raises(ConfigError, match="the images photo, scan are model inputs; a model takes"):
        Columns((), (), 0, "y", images=(*COLUMNS.images, ImageColumn("scan", SHAPE)))


@pytest.mark.parametrize("window", [1 << 29, COLUMNS.row_bytes * 5, 1])
def test_images_that_are_streamed_come_once_in_each_epoch_whatever_fits(split, window, monkeypatch):
    monkeypatch.setattr(inputs, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(streams, "SHUFFLE_BYTES", window)
    batches = split().batches(np.ones(2), batch_size=4, seed=1).take(3).as_numpy_iterator()
    found = np.concatenate([x["image"] for x, _, _ in batches])
    assert found.shape == PIXELS.shape
    assert sorted(map(tuple, found.reshape(12, -1))) == sorted(map(tuple, PIXELS.reshape(12, -1)))


def test_rows_with_large_images_are_not_kept_in_memory(split, monkeypatch):
    monkeypatch.setattr(inputs, "IN_MEMORY_BYTES", 12 * COLUMNS.row_bytes - 1)
    assert split().kept is None
    monkeypatch.setattr(inputs, "IN_MEMORY_BYTES", 12 * COLUMNS.row_bytes)
    assert split().kept is not None
