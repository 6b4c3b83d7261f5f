"""A folder of images per class: the bytes as they are, the class from the folder."""

import numpy as np
import pyarrow as pa
import pytest
from support.images import bmp, gif, jpeg, png
from support.sources import mnist, rows_of

from tfx_rebalance.components.example_gen.sources import image_folder
from tfx_rebalance.components.example_gen.sources.image_folder import ImageFolderReader
from tfx_rebalance.components.example_gen.sources.settings import ImageFolderSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted
from tfx_rebalance.errors import ConfigError, DataError

pytestmark = pytest.mark.tfx

READER = ImageFolderReader(ImageFolderSource(path="unused"))
WANTED = Wanted({"image": pa.binary(), "path": pa.string(), "y": pa.string()}, "y")
PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
PNG = png(PIXELS)
IMAGES = {
    "cat/1.png": PNG,
    "cat/2.jpg": jpeg(PIXELS),
    "dog/1.gif": gif(PIXELS[..., 0]),
    "dog/ž 2.bmp": bmp(PIXELS),
}


@pytest.fixture
def folder(tmp_path):
    """Returns a folder with two classes of two images."""
    for name, content in IMAGES.items():
        write(tmp_path / name, content)
    return tmp_path


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_row_is_the_images_bytes_its_path_and_its_folder(folder, scheme):
    rows, _ = rows_of(READER, [f"{scheme}{folder}"], wanted=WANTED)
    assert rows == [
        {"image": content, "path": name, "y": name.partition("/")[0]}
        for name, content in IMAGES.items()
    ]


def test_what_the_system_left_is_ignored(folder):
    write(folder / ".DS_Store", b"x")
    write(folder / "cat" / ".DS_Store", b"x")
    write(folder / "cat" / "Thumbs.db", b"x")
    write(folder / ".git" / "x", b"x")
    assert len(READER.pieces([str(folder)])) == 4


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"%PDF-1.4", "begins with b'%PDF-1.4'"), (b"\x89PN", "begins with")],
)
def test_what_is_no_image_is_a_bad_row(folder, content, says):
    write(folder / "cat" / "1.png", content)
    message = rf"cat/1.png' is no JPEG, PNG, GIF, BMP image: it {says}"
    with pytest.raises(DataError, match=message):
        rows_of(READER, [folder], wanted=WANTED)
    rows, bad = rows_of(READER, [folder], wanted=WANTED, allowed=1)
    assert [row["path"] for row in rows] == list(IMAGES)[1:]
    assert bad.count == 1


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_that_is_not_whole_is_a_bad_row(folder, name):
    write(folder / name, IMAGES[name][: len(IMAGES[name]) // 2])
    with pytest.raises(DataError, match=rf"{name}' is a \w+ image that cannot be decoded: \w+"):
        rows_of(READER, [folder], wanted=WANTED)
    rows, bad = rows_of(READER, [folder], wanted=WANTED, allowed=1)
    assert [row["path"] for row in rows] == [other for other in IMAGES if other != name]
    assert bad.count == 1


def test_a_file_that_is_gone_is_a_bad_row(folder):
    pieces = READER.pieces([str(folder)])
    (folder / "dog" / "1.gif").unlink()
    with pytest.raises(DataError, match=r"dog/1.gif' cannot be read: No such file"):
        list(READER.batches(pieces, WANTED, BadRows()))


def test_batches_are_bounded_in_bytes(folder, monkeypatch):
    sizes = [len(content) for content in IMAGES.values()]
    monkeypatch.setattr(image_folder, "BATCH_BYTES", sizes[0] + 1)
    batches = list(READER.batches(READER.pieces([str(folder)]), WANTED, BadRows()))
    assert [batch.num_rows for batch in batches] == [2, 1, 1]
    assert sizes[2] > sizes[0]


def test_a_folder_of_another_shape_is_refused(folder, tmp_path):
    write(folder / "loose.png", PNG)
    with pytest.raises(DataError, match=r"holds the files loose.png where a folder per class"):
        READER.pieces([str(folder)])
    (folder / "loose.png").unlink()
    (folder / "cat" / "deeper").mkdir()
    with pytest.raises(DataError, match=r"cat' holds the folder 'deeper'. Put all images"):
        READER.pieces([str(folder)])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds nothing where a folder per class is expected"):
        READER.pieces([str(tmp_path / "empty")])
    with pytest.raises(DataError, match="cannot be read: No such file or directory"):
        READER.pieces([str(tmp_path / "nowhere")])


@pytest.mark.parametrize("label", ["image", "path"])
def test_the_label_cannot_have_the_name_of_another_column(folder, label):
    with pytest.raises(ConfigError, match="is the name of another column of an image folder"):
        rows_of(READER, [folder], wanted=Wanted({}, label))


def test_mnist_as_png_comes_back(shared_data, tmp_path):
    images, labels = mnist(shared_data, rows=50)
    images = images[..., np.newaxis]
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        write(tmp_path / str(label) / f"{number:03}.png", png(image))
    rows, _ = rows_of(READER, [tmp_path], wanted=WANTED)
    found = {row["path"]: (row["y"], row["image"]) for row in rows}
    assert found == {
        f"{label}/{number:03}.png": (str(label), png(image))
        for number, (image, label) in enumerate(zip(images, labels, strict=True))
    }
