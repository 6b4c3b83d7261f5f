"""A folder of images as rows to be scored."""

import numpy as np
import pytest
from support.images import jpeg, png

from tfx_rebalance.errors import ConfigError, DataError
from tfx_rebalance.features import Feature, Features
from tfx_rebalance.pipeline import image_files
from tfx_rebalance.pipeline.image_files import image_rows

pytestmark = pytest.mark.tfx

PHOTO = Feature(name="photo", dtype="string", categorical=False, optional=False, image=True)
PRICE = Feature(name="price", dtype="float", categorical=False, optional=True)
PIXELS = np.zeros((2, 3, 3), np.uint8)
FILES = {"a/1.png": png(PIXELS), "b/c/2.jpg": jpeg(PIXELS), "z.png": png(PIXELS + 9)}


def features_of(*inputs):
    return Features(inputs=inputs, label="y", label_dtype="string", classes=("no", "yes"))


@pytest.fixture
def folder(tmp_path):
    for name, content in {**FILES, ".hidden/1.png": b"x", "a/.DS_Store": b"x"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(("most", "batches"), [(1, 3), (1 << 20, 1)])
def test_images_come_by_name_from_all_folders_in_bounded_batches(
    folder, most, batches, monkeypatch
):
    monkeypatch.setattr(image_files, "BATCH_BYTES", most)
    found = list(image_rows(folder, features_of(PHOTO)))
    assert len(found) == batches
    rows = [row for batch in found for row in batch.to_pylist()]
    assert rows == [{"path": name, "photo": content} for name, content in FILES.items()]


def test_a_model_with_other_inputs_is_refused(folder):
    with pytest.raises(ConfigError, match=r"takes price beside the image 'photo'.* tf.Examples"):
        image_rows(folder, features_of(PHOTO, PRICE))


def test_a_file_is_no_folder(folder):
    with pytest.raises(ConfigError, match=r"z.png' is not a folder, but .* Give a folder of imag"):
        image_rows(folder / "z.png", features_of(PHOTO))


def test_what_is_no_image_is_named(folder):
    (folder / "a" / "2.txt").write_text("x")
    with pytest.raises(DataError, match=r"a/2.txt' is no JPEG, .* take it out of the folder"):
        list(image_rows(folder, features_of(PHOTO)))
