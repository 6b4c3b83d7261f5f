"""Batches for training: every row once per epoch, with the weight it is to have."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from tfx_rebalance.components.trainer import inputs
from tfx_rebalance.components.trainer.columns import Columns
from tfx_rebalance.components.trainer.inputs import read_split
from tfx_rebalance.errors import CorruptArtifactError, DataError, ModelError
from tfx_rebalance.records import shard_name, write_shard

pytestmark = pytest.mark.tfx

COLUMNS = Columns(numeric=("a", "b"), categorical=("k",), vocabulary_size=5, label="y")
CLASSES = ("no", "yes")
ROWS = 20  # 15 no, 5 yes; every other row weighs 3.


def example(number, **floats):
    values = {
        "a": number / 8,
        "b": -number,
        **({"example_weight": 3.0} if number % 2 else {}),
        **floats,
    }
    features = {
        n: tf.train.Feature(float_list=tf.train.FloatList(value=[v])) for n, v in values.items()
    }
    for name, value in (("k", number % 5), ("y", int(number % 4 == 0))):
        features[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


@pytest.fixture
def write(tmp_path):
    """Returns a function that writes two shards and gives the pattern that TFX would."""

    def shards(records):
        half = len(records) // 2
        write_shard(str(tmp_path / shard_name(0, 2)), records[:half])
        write_shard(str(tmp_path / shard_name(1, 2)), records[half:])
        return [str(tmp_path / "*")]

    return shards


@pytest.fixture
def split(write):
    return read_split(write([example(i) for i in range(ROWS)]), COLUMNS, classes=CLASSES)


@pytest.fixture(params=["in memory", "streamed"])
def way(request, monkeypatch):
    """Takes both ways to the rows, whatever their size."""
    if request.param == "streamed":
        monkeypatch.setattr(inputs, "IN_MEMORY_BYTES", 0)
    return request.param


def rows_of(batches):
    """Returns (a, b, k, y, weight) of each row in order."""
    return [
        row
        for x, y, w in batches.as_numpy_iterator()
        for row in zip(
            *x["numeric"].T.tolist(),
            *x["categorical"].T.tolist(),
            y.tolist(),
            w.tolist(),
            strict=True,
        )
    ]


EXPECTED = [
    (i / 8, -i, i % 5, int(i % 4 == 0), (3 if i % 2 else 1) * (10 if i % 4 == 0 else 0.5))
    for i in range(ROWS)
]
WEIGHTS = np.array([0.5, 10])


def test_rows_and_mass_are_counted(split):
    assert split.rows == ROWS
    assert split.mass.tolist() == [5 + 10 * 3, 5]


@pytest.mark.usefixtures("way")
def test_one_pass_gives_the_rows_in_order_weighted_by_example_and_class(split):
    assert rows_of(split.batches(WEIGHTS, batch_size=8, seed=None)) == EXPECTED


@pytest.mark.usefixtures("way")
def test_each_epoch_gives_every_row_once_in_a_new_order(split):
    batches = split.batches(WEIGHTS, batch_size=5, seed=1)
    rows = rows_of(batches.take(2 * ROWS // 5))
    first, second = rows[:ROWS], rows[ROWS:]
    assert Counter(first) == Counter(second) == Counter(EXPECTED)
    assert first != second != EXPECTED != first


@pytest.mark.usefixtures("way")
def test_the_seed_decides_the_order(split):
    one, again, other = (
        rows_of(split.batches(WEIGHTS, batch_size=5, seed=seed).take(4)) for seed in (1, 1, 2)
    )
    assert one == again != other


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kept", ["numeric", "categorical"])
def test_a_kind_of_column_that_is_not_there_is_left_out(write, kept):
    columns = Columns(
        **{**vars(COLUMNS), "numeric": (), "categorical": (), kept: getattr(COLUMNS, kept)}
    )
    split = read_split(write([example(i) for i in range(ROWS)]), columns, classes=CLASSES)
    for x, _, _ in split.batches(WEIGHTS, batch_size=8, seed=None):
        assert list(x) == [kept]


def test_a_class_without_a_row_is_refused_by_name(write):
    patterns = write([example(i) for i in (1, 2, 3)])
    with pytest.raises(DataError, match=r"class yes has no row in .*Bring rows of it"):
        read_split(patterns, COLUMNS, classes=CLASSES)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused_with_its_column(write, value):
    with pytest.raises(ModelError, match="features b are NaN or infinite after Transform"):
        read_split(write([example(0), example(1, b=value)]), COLUMNS, classes=CLASSES)


def test_records_without_a_column_are_refused_with_their_files(write):
    columns = Columns(**{**vars(COLUMNS), "numeric": ("a", "z")})
    with pytest.raises(ModelError, match=r"\* cannot be parsed: .*z"):
        read_split(write([example(0), example(1)]), columns, classes=CLASSES)


def test_a_damaged_shard_is_refused_with_its_name(write, tmp_path):
    patterns = write([example(i) for i in range(500)])
    path = tmp_path / shard_name(1, 2)
    path.write_bytes(path.read_bytes()[:-1000] + b"x" * 1000)
    with pytest.raises(CorruptArtifactError, match=f"{path}.* is damaged"):
        read_split(patterns, COLUMNS, classes=CLASSES)


@pytest.mark.parametrize("wrong", [-1, len(CLASSES)])
def test_an_index_that_is_no_class_is_refused(wrong, write):
    label = tf.train.Feature(int64_list=tf.train.Int64List(value=[wrong]))
    other = tf.train.Example(features=tf.train.Features(feature={"y": label}))
    merged = example(0) + other.SerializeToString()  # As protobuf merges messages.
    patterns = write([*map(example, range(20)), merged])
    with pytest.raises(DataError, match=f"allowed are 0 to {len(CLASSES) - 1}"):
        read_split(patterns, COLUMNS, classes=CLASSES)


def test_a_pattern_without_a_shard_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no file matches"):
        read_split([str(tmp_path / "*")], COLUMNS, classes=CLASSES)
