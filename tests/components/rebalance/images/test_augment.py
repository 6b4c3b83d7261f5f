"""A new row is the old one with another image: in the same form, whatever batch it is in."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

from tfx_rebalance.components.rebalance.images.augment import Augmenter
from tfx_rebalance.components.rebalance.images.settings import AugmentOperations, AugmentSettings
from tfx_rebalance.draws import shard_row_keys
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx

EVERYTHING = AugmentOperations(
    horizontal_flip=True,
    vertical_flip=True,
    rotation=180,
    translation=0.3,
    scaling=0.3,
    shear=20,
    brightness=0.3,
)
ONLY_BRIGHTER = AugmentOperations(brightness=0.3)
SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 7), st.sampled_from([1, 3, 4]))
KEYS = hnp.arrays(np.uint64, st.integers(1, 5), unique=True)
OTHERS = {
    "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[7])),
    "name": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"a", b"\0b"])),
    "size": tf.train.Feature(float_list=tf.train.FloatList(value=[0.1])),
    "nothing": tf.train.Feature(),
}


def record_of(image, **others):
    """Returns a serialized tf.Example; bytes, integers and floats each in their list."""
    feature = tf.train.Feature()
    if isinstance(image, bytes):
        feature.bytes_list.value.append(image)
    elif np.issubdtype(image.dtype, np.integer):
        feature.int64_list.value.extend(image.ravel().tolist())
    else:
        feature.float_list.value.extend(image.ravel().tolist())
    features = tf.train.Features(feature={"image": feature, **others})
    return tf.train.Example(features=features).SerializeToString()


def feature_of(record, name="image"):
    return tf.train.Example.FromString(record).features.feature[name]


def pixels_of(record, shape):
    """Returns the image of a record, (h, w, c), int64 or float32."""
    feature = feature_of(record)
    if feature.WhichOneof("kind") == "int64_list":
        return np.array(feature.int64_list.value, dtype=np.int64).reshape(shape)
    return np.array(feature.float_list.value, dtype=np.float32).reshape(shape)


def decoded(file, dtype=tf.uint8):
    return tf.io.decode_image(file, dtype=dtype, expand_animations=False).numpy()


def noise(shape, dtype=np.float32, *, high=256, seed=0):
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


def augmenter(shape=None, *, operations=EVERYTHING, seed=0, **settings):
    chosen = AugmentSettings(image="image", shape=shape, operations=operations, **settings)
    return Augmenter(chosen, seed=seed)


def new_rows(images, shape=None, **settings):
    keys = shard_row_keys(0, len(images))
    return augmenter(shape, **settings).augmented([record_of(i) for i in images], keys)


@given(shape=SHAPES, dtype=st.sampled_from([np.float32, np.int64]), keys=KEYS)
def test_a_decoded_image_keeps_its_list_its_length_and_its_range(shape, dtype, keys):
    records = [record_of(noise(shape, dtype, seed=i)) for i in range(len(keys))]
    for old, new in zip(records, augmenter(shape).augmented(records, keys), strict=True):
        assert feature_of(new).WhichOneof("kind") == feature_of(old).WhichOneof("kind")
        pixels = pixels_of(new, shape)
        assert pixels.min() >= 0
        assert pixels.max() <= 255


@given(keys=KEYS)
def test_integers_are_the_rounded_floats(keys):
    shape = (6, 5, 3)
    image = noise(shape)
    [floats, integers] = (
        augmenter(shape).augmented([record_of(image.astype(dtype))] * len(keys), keys)
        for dtype in (np.float32, np.int64)
    )
    for f, i in zip(floats, integers, strict=True):
        assert (np.rint(pixels_of(f, shape)) == pixels_of(i, shape)).all()


def test_a_range_between_integers_holds_integers_within_it():
    shape = (4, 4, 1)
    images = [noise(shape, np.int64, high=3) + 1 for _ in range(20)]
    rows = new_rows(images, shape, value_range=(0.4, 3.6), operations=ONLY_BRIGHTER)
    seen = {value for row in rows for value in pixels_of(row, shape).ravel().tolist()}
    assert seen == {1, 2, 3}


def test_every_other_feature_is_kept():
    for image, shape in ((noise((3, 3, 1)), (3, 3, 1)), (png(noise((3, 3, 1), np.uint8)), None)):
        [row] = augmenter(shape).augmented([record_of(image, **OTHERS)], shard_row_keys(0, 1))
        features = dict(tf.train.Example.FromString(row).features.feature)
        del features["image"]
        assert features == OTHERS


def test_of_merged_messages_the_last_image_counts():
    shape = (2, 2, 1)
    merged = record_of(np.zeros(shape), **OTHERS) + record_of(np.full(shape, 200.0))
    [row] = augmenter(shape, operations=AugmentOperations(horizontal_flip=True)).augmented(
        [merged], shard_row_keys(0, 1)
    )
    assert (pixels_of(row, shape) == 200).all()


def png(pixels):
    return tf.io.encode_png(pixels).numpy()


def jpeg(pixels):
    return tf.io.encode_jpeg(pixels, quality=100).numpy()


@given(shape=SHAPES, keys=KEYS)
def test_a_png_holds_what_the_decoded_image_would(shape, keys):
    image = noise(shape, np.uint8)
    operations = EVERYTHING if shape[2] != 4 else AugmentOperations(rotation=50, shear=10)
    files = augmenter(operations=operations).augmented([record_of(png(image))] * len(keys), keys)
    tensors = augmenter(shape, operations=operations).augmented(
        [record_of(image.astype(np.int64))] * len(keys), keys
    )
    for file, tensor in zip(files, tensors, strict=True):
        [held] = feature_of(file).bytes_list.value
        assert held.startswith(b"\x89PNG")
        assert (decoded(held) == pixels_of(tensor, shape)).all()


def test_a_png_of_16_bits_keeps_them():
    image = noise((5, 6, 3), np.uint16, high=2**16)
    [row] = new_rows([png(image)], operations=AugmentOperations(horizontal_flip=True))
    [held] = feature_of(row).bytes_list.value
    found = decoded(held, tf.uint16)
    assert (found == image).all() or (found == image[:, ::-1]).all()


@pytest.mark.parametrize("channels", [2, 4])
def test_opacity_is_not_brightened(channels):
    image = noise((5, 6, channels), np.uint8)
    [row] = new_rows([png(image)], operations=ONLY_BRIGHTER)
    [held] = feature_of(row).bytes_list.value
    assert (decoded(held)[..., -1] == image[..., -1]).all()
    assert (decoded(held)[..., 0] != image[..., 0]).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_stays_one_and_is_no_darker_than_the_png(channels):
    x, y = np.meshgrid(np.arange(48), np.arange(40))
    smooth = (127 + 60 * np.sin(x / 9) + 60 * np.cos(y / 7)).astype(np.uint8)
    image = np.repeat(smooth[..., np.newaxis], channels, axis=2)
    operations = AugmentOperations(horizontal_flip=True, brightness=0.01)
    [file], [lossless] = (
        feature_of(new_rows([encode(image)], operations=operations)[0]).bytes_list.value
        for encode in (jpeg, png)
    )
    assert file.startswith(b"\xff\xd8\xff")
    exact = tf.io.decode_jpeg(file, dct_method="INTEGER_ACCURATE").numpy().astype(int)
    assert exact.shape == image.shape
    difference = exact - decoded(lossless)
    assert abs(difference.mean()) < 0.1
    assert np.abs(difference).mean() < 0.5


def test_files_of_one_batch_may_differ_in_size_and_format():
    shapes = [(3, 4, 1), (8, 5, 3), (1, 1, 4), (6, 6, 3)]
    files = [png(noise(s, np.uint8)) for s in shapes[:3]] + [jpeg(noise(shapes[3], np.uint8))]
    rows = new_rows(files)
    held = [feature_of(row).bytes_list.value[0] for row in rows]
    assert [decoded(file).shape for file in held] == shapes
    assert [file[:3] for file in held] == [file[:3] for file in files]


@st.composite
def batches(draw):
    """Returns (records, shape): decoded images of one shape, or files of several."""
    shape = draw(SHAPES)
    n = draw(st.integers(2, 4))
    if draw(st.booleans()):
        dtypes = draw(st.lists(st.sampled_from([np.float32, np.int64]), min_size=n, max_size=n))
        return [record_of(noise(shape, t, seed=i)) for i, t in enumerate(dtypes)], shape
    shapes = [shape, *draw(st.lists(SHAPES, min_size=n - 1, max_size=n - 1))]
    return [record_of(png(noise(s, np.uint8))) for s in shapes], None


@given(batch=batches(), seed=st.integers(0, 2**40), data=st.data())
def test_the_bytes_of_a_row_do_not_depend_on_its_batch(batch, seed, data):
    records, shape = batch
    keys = shard_row_keys(3, len(records))
    makes = augmenter(shape, seed=seed)
    together = makes.augmented(records, keys)
    order = data.draw(st.permutations(range(len(records))))[: data.draw(st.integers(1, 4))]
    assert makes.augmented([records[i] for i in order], keys[order]) == [together[i] for i in order]
    again = augmenter(shape, seed=seed)
    assert [again.augmented([records[0]], keys[:1])[0]] == together[:1]


def test_a_large_batch_gives_the_bytes_of_single_rows():
    shape = (28, 28, 1)
    records = [record_of(noise(shape, seed=i)) for i in range(300)]
    keys = shard_row_keys(0, len(records))
    makes = augmenter(shape)
    together = makes.augmented(records, keys)
    for i in range(0, 300, 23):
        assert makes.augmented([records[i]], keys[[i]]) == [together[i]]


@pytest.mark.parametrize("form", ["decoded", "png"])
def test_other_keys_and_other_seeds_give_other_images(form):
    image = noise((9, 9, 1), np.uint8)
    shape, held = ((9, 9, 1), image.astype(np.float32)) if form == "decoded" else (None, png(image))
    rows = [r for seed in (0, 1) for r in new_rows([held] * 20, shape, seed=seed)]
    assert len(set(rows)) == 40


def test_no_records_give_none():
    assert augmenter().augmented([], np.empty(0, dtype=np.uint64)) == []
    assert augmenter((2, 2, 1)).augmented([], np.empty(0, dtype=np.uint64)) == []


def test_records_may_come_as_an_array():
    records = [record_of(noise((3, 3, 1), seed=i)) for i in range(3)]
    keys = shard_row_keys(0, 3)
    as_array = augmenter((3, 3, 1)).augmented(np.array(records, dtype=object), keys)
    assert as_array == augmenter((3, 3, 1)).augmented(records, keys)


def refusal(records, shape=None, **settings):
    """Returns the message with which a batch is refused."""
    with pytest.raises(DataError) as refused:
        augmenter(shape, **settings).augmented(records, shard_row_keys(0, len(records)))
    return str(refused.value)


def test_records_without_an_image_are_counted():
    empty = tf.train.Example(features=tf.train.Features(feature=OTHERS)).SerializeToString()
    good = record_of(noise((2, 2, 1)))
    assert "of 3 records 2 have no image in 'image'" in refusal([empty, good, empty], (2, 2, 1))
    assert "of 1 records 1 have no image in 'image'" in refusal([empty])


def test_an_image_in_the_wrong_list_is_told_what_to_set():
    message = refusal([record_of(noise((2, 2, 1)))])
    assert "1 hold the image 'image' as float_list. Allowed with shape None: bytes_list" in message
    message = refusal([record_of(b"\xff\xd8\xff")], (2, 2, 1))
    assert "as bytes_list. Allowed with shape (2, 2, 1): float_list, int64_list" in message


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_a_wrong_number_of_values_is_told_with_the_right_one(dtype):
    good, short = record_of(noise((2, 2, 3), dtype)), record_of(noise((2, 2, 1), dtype))
    message = refusal([good, short], (2, 2, 3))
    assert "of 2 records 1 have another number of values in 'image' than 12, one has 4" in message
    assert "height x width x channels = (2, 2, 3)" in message


def test_two_files_in_one_feature_are_refused():
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"a", b"b"]))
    features = tf.train.Features(feature={"image": feature})
    record = tf.train.Example(features=features).SerializeToString()
    assert "than 1, one has 2. Allowed: one PNG or JPEG" in refusal([record])


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"text",
        b"GIF89a" + bytes(30),
        tf.io.encode_png(np.zeros((40, 40, 3), np.uint8)).numpy()[:60],
        tf.io.encode_jpeg(np.zeros((40, 40, 3), np.uint8)).numpy()[:200],
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
    ],
    ids=["empty", "text", "gif", "cut png", "cut jpeg", "png head", "jpeg head"],
)
def test_bytes_that_are_no_png_or_jpeg_are_counted(file):
    message = refusal([record_of(file), record_of(png(noise((2, 2, 1), np.uint8)))])
    assert "of 2 images 1 in 'image' cannot be read as PNG or JPEG" in message


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.01, 255.5])
def test_values_outside_the_range_are_counted_and_the_range_there_is_told(value):
    bad = noise((2, 2, 1))
    bad[0, 0, 0] = value
    message = refusal([record_of(bad), record_of(noise((2, 2, 1)))], (2, 2, 1))
    assert "of 2 images 1 in 'image' have NaN, infinite or other values outside" in message
    assert "value_range (0.0, 255.0); the finite values are in [" in message
    assert "Set value_range" in message


def test_integers_outside_the_range_are_told_too():
    message = refusal([record_of(np.array([-1, 300]))], (1, 2, 1))
    assert "the finite values are in [-1, 300]" in message


def test_images_in_their_own_range_stay_in_it():
    shape = (5, 5, 1)
    images = [noise(shape, seed=i) / 127.5 - 1 for i in range(10)]
    rows = new_rows(images, shape, value_range=(-1, 1), fill="constant")
    values = np.array([pixels_of(row, shape) for row in rows])
    assert values.min() == -1  # What moves in from outside.
    assert values.max() <= 1


def test_keys_are_one_per_record():
    with pytest.raises(ValueError, match="keys must be one per record, got 2 for 1"):
        augmenter((1, 1, 1)).augmented([record_of(np.zeros(1))], shard_row_keys(0, 2))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"operations": {}}, "operations lists none. List at least one of: horizontal_flip"),
        ({"operations": {"vertical_flip": False}}, "operations lists none"),
        ({"operations": {"rotation": 0}}, "greater than 0"),
        ({"operations": {"rotation": 181}}, "less than or equal to 180"),
        ({"operations": {"translation": 1}}, "less than 1"),
        ({"operations": {"scaling": 1}}, "less than 1"),
        ({"operations": {"shear": 46}}, "less than or equal to 45"),
        ({"operations": {"brightness": 1.5}}, "less than or equal to 1"),
        ({"operations": {"solarize": True}}, "Extra inputs"),
        ({"image": ""}, "at least 1 character"),
        ({"shape": (0, 2, 1)}, "greater than 0"),
        ({"value_range": (1, 1), "shape": (2, 2, 1)}, "value_range must be"),
        ({"value_range": (0, 2**25), "shape": (2, 2, 1)}, "less than or equal to 16777216"),
        ({"value_range": (0, 1)}, "goes with shape"),
        ({"fill": "wrap"}, "'nearest' or 'constant'"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changed, message):
    with pytest.raises(ValidationError, match=message):
        AugmentSettings.model_validate(
            {"image": "image", "operations": {"rotation": 10}, **changed}
        )


def test_settings_travel_as_json():
    settings = AugmentSettings(
        image="image", shape=(2, 3, 1), operations=EVERYTHING, value_range=(0, 1)
    )
    text = settings.model_dump_json()
    assert AugmentSettings.model_validate_json(text) == settings
    assert json.loads(text)["operations"]["rotation"] == 180
