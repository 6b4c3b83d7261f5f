"""A folder of images per class: the bytes as they are, the class from the folder."""

import pyarrow as pa
import pytest
from support.sources import mnist, rows_of

from tfx_rebalance.components.example_gen.sources import image_folder
from tfx_rebalance.components.example_gen.sources.image_folder import ImageFolderReader
from tfx_rebalance.components.example_gen.sources.settings import ImageFolderSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted
from tfx_rebalance.errors import ConfigError, DataError

READER = ImageFolderReader(ImageFolderSource(path="unused"))
WANTED = Wanted({"image": pa.binary(), "path": pa.string(), "y": pa.string()}, "y")
PNG = b"\x89PNG\r\n\x1a\nrest"
IMAGES = {
    "cat/1.png": PNG,
    "cat/2.jpg": b"\xff\xd8\xff\xe0rest",
    "dog/1.gif": b"GIF89arest",
    "dog/ž 2.bmp": b"BMrest",
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


@pytest.mark.parametrize("scheme", ["", pytest.param("file://", marks=pytest.mark.tfx)])
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


def test_a_file_that_is_gone_is_a_bad_row(folder):
    pieces = READER.pieces([str(folder)])
    (folder / "dog" / "1.gif").unlink()
    with pytest.raises(DataError, match=r"dog/1.gif' cannot be read: No such file"):
        list(READER.batches(pieces, WANTED, BadRows()))


def test_batches_are_bounded_in_bytes(folder, monkeypatch):
    monkeypatch.setattr(image_folder, "BATCH_BYTES", 20)
    batches = list(READER.batches(READER.pieces([str(folder)]), WANTED, BadRows()))
    assert [batch.num_rows for batch in batches] == [2, 2]


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


@pytest.mark.tfx
def test_mnist_as_png_comes_back(shared_data, tmp_path):
    from support.examples import png  # It imports TensorFlow.

    images, labels = mnist(shared_data, rows=50)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        write(tmp_path / str(label) / f"{number:03}.png", png(image))
    rows, _ = rows_of(READER, [tmp_path], wanted=WANTED)
    found = {row["path"]: (row["y"], row["image"]) for row in rows}
    assert found == {
        f"{label}/{number:03}.png": (str(label), png(image))
        for number, (image, label) in enumerate(zip(images, labels, strict=True))
    }
