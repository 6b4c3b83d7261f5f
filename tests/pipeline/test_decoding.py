"""Every format of image to numbers, by TensorFlow's graph and by hand."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.images import PALETTE, bmp, gif, jpeg, png

from tfx_rebalance.pipeline.decoding import GREY, decoded_images

pytestmark = pytest.mark.tfx

GRAPHS = {}


@pytest.fixture(scope="module", autouse=True)
def _graphs():
    """Drops the graphs in the end: TensorFlow complains of those that outlive it."""
    yield
    GRAPHS.clear()


def decoded(*files, shape):
    """Returns what the graph makes of files, (n, height, width, channels)."""
    if shape not in GRAPHS:
        spec = [tf.TensorSpec([None], tf.string)]
        GRAPHS[shape] = tf.function(lambda x: decoded_images(x, shape=shape), input_signature=spec)
    return GRAPHS[shape](tf.constant(files)).numpy()


def noise(*shape, high=256, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, high, shape).astype(dtype)


def grey_of(colours):
    return (colours.astype(float) @ np.array(GREY))[..., np.newaxis]


@given(hnp.arrays(np.uint8, st.tuples(st.just(4), st.just(5), st.just(1))))
def test_a_grey_png_of_the_size_comes_back(image):
    found = decoded(png(image), shape=(4, 5, 1))
    assert found.dtype == np.float32
    assert found.shape == (1, 4, 5, 1)
    assert found[0] == pytest.approx(image / 255, abs=1e-7)


FORMATS = {
    "png": (noise(4, 5, 3), png),
    "png with opacity": (noise(4, 5, 4), png),
    "grey png": (noise(4, 5, 1), png),
    "grey png with opacity": (noise(4, 5, 2), png),
    "bmp": (noise(4, 5, 3), bmp),
}


@pytest.mark.parametrize("name", FORMATS)
def test_channels_are_converted_and_opacity_is_left_out(name):
    image, encode = FORMATS[name]
    is_grey = image.shape[2] < 3
    colours = np.repeat(image[..., :1], 3, axis=2) if is_grey else image[..., :3]
    grey = image[..., :1] if is_grey else grey_of(colours)
    file = encode(image)
    assert decoded(file, shape=(4, 5, 3))[0] == pytest.approx(colours / 255, abs=1e-6)
    assert decoded(file, shape=(4, 5, 1))[0] == pytest.approx(grey / 255, abs=1e-6)


def test_of_an_animation_the_first_frame_is_taken():
    first, second = noise(4, 5, high=128), noise(4, 5, high=127) + 1
    colours = np.array(PALETTE)[first]
    file = gif(first, second)
    assert decoded(file, shape=(4, 5, 3))[0] == pytest.approx(colours / 255, abs=1e-6)
    assert decoded(file, shape=(4, 5, 1))[0] == pytest.approx(grey_of(colours) / 255, abs=1e-6)


def test_of_16_bits_the_upper_8_are_taken():
    image = noise(4, 5, 1, high=2**16, dtype=np.uint16)
    found = decoded(png(image), shape=(4, 5, 1))[0]
    assert found == pytest.approx((image >> 8) / 255, abs=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_smooth_jpeg_is_off_by_two_of_255_at_most(channels):
    across, down = np.meshgrid(np.linspace(0, 120, 32), np.linspace(0, 120, 32))
    image = np.repeat((across + down).astype(np.uint8)[..., np.newaxis], channels, axis=2)
    found = decoded(jpeg(image), shape=(32, 32, channels))[0]
    assert found * 255 == pytest.approx(image.astype(float), abs=2)


def test_what_shrinks_is_averaged_not_sampled():
    stripes = np.tile(np.array([0, 255], np.uint8), (32, 16))[..., np.newaxis]
    found = decoded(png(stripes), shape=(4, 4, 1))[0]
    assert found == pytest.approx(0.5, abs=0.05)
    left = np.repeat(np.array([40, 200], np.uint8), 16)[np.newaxis, :, np.newaxis]
    halves = decoded(png(np.repeat(left, 32, axis=0)), shape=(4, 4, 1))[0, :, :, 0] * 255
    assert halves[:, [0, 3]] == pytest.approx(np.tile([40, 200], (4, 1)), abs=1e-3)


def test_one_colour_stays_that_colour_whatever_the_size():
    constant = np.full((50, 7, 1), 200, np.uint8)
    assert decoded(png(constant), shape=(3, 9, 1))[0] == pytest.approx(200 / 255, abs=1e-6)


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])))
)
def test_whatever_the_size_the_range_is_0_to_1(image):
    found = decoded(png(image), shape=(6, 4, 3))
    assert found.shape == (1, 6, 4, 3)
    assert found.min() >= 0
    assert found.max() <= 1


def test_what_becomes_of_an_image_does_not_hang_on_the_others():
    files = [
        png(noise(4, 5, 1)),
        jpeg(noise(9, 9, 3)),
        bmp(noise(2, 2, 3)),
        gif(noise(8, 3, high=9)),
    ]
    together = decoded(*files, shape=(4, 5, 3))
    alone = np.concatenate([decoded(file, shape=(4, 5, 3)) for file in files])
    assert np.array_equal(together, alone)


def test_no_image_at_all_is_no_error():
    found = decoded_images(tf.constant([], tf.string), shape=(4, 5, 1))
    assert found.shape == (0, 4, 5, 1)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"no image",
        png(noise(9, 9, 3))[:100],
        jpeg(noise(9, 9, 3))[:300],
        bmp(noise(9, 9, 3))[:99],
    ],
    ids=["empty", "other", "png", "jpeg", "bmp"],
)
def test_what_cannot_be_decoded_is_an_error_not_a_black_image(file):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decoded(png(noise(4, 5, 1)), file, shape=(4, 5, 1))
