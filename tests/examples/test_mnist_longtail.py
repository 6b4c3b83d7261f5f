"""MNIST's idx files to a folder of images with a long tail."""

import gzip
import struct

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfx_rebalance.examples.mnist_longtail import IMAGES, LABELS, main, png, read_idx

pytestmark = pytest.mark.tfx

CHANCE = np.random.default_rng(0)
DIGITS = np.tile(np.arange(10, dtype=np.uint8), 30)
PIXELS = CHANCE.integers(0, 256, (300, 5, 4)).astype(np.uint8)


def idx(numbers):
    """Returns numbers as an idx file of unsigned bytes."""
    head = struct.pack(f">BBBB{numbers.ndim}I", 0, 0, 8, numbers.ndim, *numbers.shape)
    return head + numbers.astype(np.uint8).tobytes()


@pytest.fixture(params=["", ".gz"])
def source(request, tmp_path):
    folder = tmp_path / "idx"
    folder.mkdir()
    for name, numbers in ((IMAGES, PIXELS), (LABELS, DIGITS)):
        content = idx(numbers)
        (folder / f"{name}{request.param}").write_bytes(
            gzip.compress(content) if request.param else content
        )
    return folder


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_tensorflow_reads_what_it_writes(image):
    assert np.array_equal(tf.io.decode_png(png(image))[..., 0], image)


def test_of_each_digit_the_first_images_are_taken_fewer_from_one_to_the_next(
    source, tmp_path, capsys
):
    main([str(source), str(tmp_path / "out"), "--largest", "30", "--ratio", "0.1"])

    expected = [round(30 * 0.1 ** (digit / 9)) for digit in range(10)]
    assert expected[0] == 30
    assert expected[9] == 3
    for digit, wanted in enumerate(expected):
        files = sorted((tmp_path / "out" / str(digit)).iterdir())
        places = [int(file.stem) for file in files]
        assert places == list(range(digit, 300, 10))[:wanted]
        for file, place in zip(files, places, strict=True):
            image = tf.io.decode_png(file.read_bytes())[..., 0]
            assert np.array_equal(image, PIXELS[place])
    assert f"{sum(expected)} images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--largest", "31"], "31 of the digit 0 are wanted, 30 are there"),
        (["--largest", "0"], "got 0 and 0.01"),
        (["--ratio", "0"], "got 5421 and 0.0"),
        (["--ratio", "1.5"], "got 5421 and 1.5"),
    ],
)
def test_what_cannot_be_had_is_refused(source, tmp_path, options, says):
    with pytest.raises(SystemExit, match=says):
        main([str(source), str(tmp_path / "out"), *options])
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_left_alone(source, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(SystemExit, match="is not empty"):
        main([str(source), str(tmp_path / "out")])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SystemExit, match=IMAGES):
        main([str(tmp_path), str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no idx file"),
        (b"\x89PNG\r\n", "is no idx file"),
        (b"\0\0\x0d\1\0\0\0\0", "is no idx file of unsigned bytes"),
        (idx(PIXELS)[:-1], r"holds 5999 numbers, its head says \(300, 5, 4\)"),
    ],
)
def test_what_is_no_idx_file_is_refused(tmp_path, content, says):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        read_idx(tmp_path / "file")
