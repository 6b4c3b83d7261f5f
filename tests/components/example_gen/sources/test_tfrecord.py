"""TFRecord files of tf.Examples: whatever they are packed with and whatever is in them."""

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from support.examples import example, png
from support.sources import WANTED, mnist, rows_of

from tfx_rebalance.components.example_gen.columns import as_lists
from tfx_rebalance.components.example_gen.sources.settings import TFRecordSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted
from tfx_rebalance.components.example_gen.sources.tfrecord import TFRecordReader
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx
READER = TFRecordReader(TFRecordSource(path="unused"))
GOOD = [example(n=1, x=0.5, s="a", y=0), example(n=2, x=1.5, s="é", y=1)]
ROWS = [{"n": 1, "x": 0.5, "s": "a", "y": "0"}, {"n": 2, "x": 1.5, "s": "é", "y": "1"}]


@pytest.fixture
def write(tmp_path):
    """Returns a function that writes records to a file and gives its path."""

    def run(records, *, packed="", name="data.tfrecord"):
        path = tmp_path / name
        with tf.io.TFRecordWriter(str(path), packed) as writer:
            for record in records:
                writer.write(record)
        return path

    return run


def unordered(rows):
    return [dict(sorted(row.items())) for row in rows]


@pytest.mark.parametrize("packed", ["", "GZIP", "ZLIB"])
def test_rows_come_back_whatever_they_are_packed_with(write, packed):
    rows, bad = rows_of(READER, [write(GOOD, packed=packed)])
    assert unordered(rows) == unordered(ROWS)
    assert bad.count == 0


def test_a_missing_feature_is_null_and_an_unknown_one_is_kept(write):
    rows, _ = rows_of(READER, [write([example(y="a", new=[1, 2]), example(n=3, y="b")])])
    assert unordered(rows) == unordered(
        [
            {"n": None, "x": None, "s": None, "y": "a", "new": [1, 2]},
            {"n": 3, "x": None, "s": None, "y": "b", "new": None},
        ]
    )


def test_features_may_be_lists_where_the_schema_says_so(write):
    wanted = Wanted({"n": pa.list_(pa.float64())}, "y")
    rows, _ = rows_of(READER, [write([example(n=[1, 2], y=0), example(y=0)])], wanted=wanted)
    assert unordered(rows) == [{"n": [1.0, 2.0], "y": "0"}, {"n": None, "y": "0"}]


def test_several_values_of_a_scalar_are_a_bad_row(write):
    path = write([GOOD[0], example(n=[1, 2], y=0), GOOD[1]])
    with pytest.raises(DataError, match=r"row 2, column 'n': \[1, 2\] has 2 values where the"):
        rows_of(READER, [path])
    rows, bad = rows_of(READER, [path], allowed=1)
    assert unordered(rows) == unordered(ROWS)
    assert bad.count == 1


def test_a_record_that_is_no_example_is_a_bad_row(write):
    path = write([GOOD[0], b"\xffno example", GOOD[1]])
    with pytest.raises(DataError, match=r"data.tfrecord', record 2 is no tf.Example"):
        rows_of(READER, [path])
    rows, bad = rows_of(READER, [path], allowed=1)
    assert unordered(rows) == unordered(ROWS)
    assert bad.count == 1


def test_a_feature_may_be_of_integers_here_and_of_floats_there(write):
    records = [example(x=1, y=0), example(x=2.5, y=1), example(x=3, y=0), example(x="4", y=0)]
    rows, _ = rows_of(READER, [write(records)])
    assert [(row["x"], row["y"]) for row in rows] == [(1, "0"), (2.5, "1"), (3, "0"), (4, "0")]


def test_a_file_without_the_label_is_refused(write):
    path = write([example(n=1)])
    with pytest.raises(DataError, match=r"no record has the feature 'y' \(data.label\)"):
        rows_of(READER, [path])
    serving = Wanted(WANTED.types, "y", label_required=False)
    assert rows_of(READER, [path], wanted=serving)[0][0]["n"] == 1


@pytest.mark.parametrize("packed", ["", "GZIP"])
def test_a_cut_off_file_is_refused_with_a_remedy_of_its_own(write, packed):
    path = write(GOOD * 50, packed=packed)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"data.tfrecord' is damaged: .*Write it anew") as error:
        rows_of(READER, [path])
    assert "--no-cache" not in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (b"no image", "is no JPEG, PNG, GIF, BMP image: it begins with b'no image'"),
        (png(np.zeros((9, 9), np.uint8))[:-20], "is a PNG image that cannot be decoded: Inv"),
    ],
)
def test_an_image_that_cannot_be_decoded_is_a_bad_row_of_a_column_of_images(write, wrong, says):
    good = png(np.zeros((9, 9), np.uint8))
    path = write([example(image=image, y=0) for image in (good, wrong, good)])
    plain = Wanted({"image": pa.binary(), "y": pa.string()}, "y")
    images = Wanted(plain.types, "y", images=frozenset({"image"}))
    with pytest.raises(DataError, match=rf"row 2, column 'image': the value {says}"):
        rows_of(READER, [path], wanted=images)
    rows, bad = rows_of(READER, [path], wanted=images, allowed=1)
    assert ([row["image"] for row in rows], bad.count) == ([good, good], 1)
    assert len(rows_of(READER, [path], wanted=plain)[0]) == 3


def test_mnist_images_stay_as_they_are(write, shared_data):
    images, labels = mnist(shared_data, rows=20)
    pngs = [png(image) for image in images]
    path = write([example(image=i, y=int(n)) for i, n in zip(pngs, labels, strict=True)])
    wanted = Wanted({"image": pa.binary(), "y": pa.string()}, "y")
    rows, _ = rows_of(READER, [path], wanted=wanted)
    assert [row["image"] for row in rows] == pngs
    assert [row["y"] for row in rows] == [str(label) for label in labels]
    [batch] = READER.batches(READER.pieces([str(path)]), wanted, BadRows())
    assert as_lists(batch).num_rows == 20
