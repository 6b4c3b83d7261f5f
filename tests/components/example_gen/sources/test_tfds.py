"""A builder that was prepared on this machine, read from its files."""

import sys

import numpy as np
import pyarrow as pa
import pytest
from support.sources import rows_of

from tfx_rebalance.components.example_gen.sources.settings import TFDSSource
from tfx_rebalance.components.example_gen.sources.source import Wanted
from tfx_rebalance.components.example_gen.sources.tfds import TFDSReader
from tfx_rebalance.errors import ConfigError, DataError

pytestmark = [
    pytest.mark.tfx,
    # TFDS and what it imports, about calls among themselves.
    pytest.mark.filterwarnings("ignore"),
]
PNG = b"\x89PNG\r\n\x1a\n"
WANTED = Wanted(
    {"image": pa.binary(), "n": pa.int64(), "kind": pa.string(), "code": pa.int64()}, "label"
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Returns a folder where a small builder has been prepared, as TFRecord and as ArrayRecord."""
    tfds = pytest.importorskip("tensorflow_datasets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tensorflow_datasets.core.utils.gcs_utils._is_gcs_disabled", True)

        class TinyAnimals(tfds.core.GeneratorBasedBuilder):
            """Two images per split."""

            VERSION = tfds.core.Version("1.0.0")

            def _info(self):
                names = tfds.features.ClassLabel(names=["cat", "dog"])
                features = {
                    "image": tfds.features.Image(shape=(1, 1, 1)),
                    "n": tfds.features.Scalar(np.int64),
                    "label": names,
                    "kind": tfds.features.ClassLabel(num_classes=3),
                    "code": tfds.features.ClassLabel(names=["a", "b"]),
                }
                return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

            def _split_generators(self, dl_manager):
                return {"train": self._generate_examples(0), "test": self._generate_examples(10)}

            def _generate_examples(self, first):
                for i in range(3):
                    image = np.full((1, 1, 1), first + i, np.uint8)
                    label = [0, 1, -1][i]
                    row = {"image": image, "n": first + i, "label": label, "kind": i, "code": 1}
                    yield i, row

        folder = tmp_path_factory.mktemp("tfds")
        for place, file_format in (("tfrecord", "tfrecord"), ("other", "array_record")):
            builder = TinyAnimals(data_dir=folder / place, file_format=file_format)
            builder.download_and_prepare()
    return folder


def reader(folder, **settings):
    given = {"name": "tiny_animals", "data_dir": str(folder / "tfrecord"), **settings}
    return TFDSReader(TFDSSource(**given))


@pytest.mark.parametrize(
    ("split", "numbers"), [("train", [0, 1, 2]), ("train+test", [0, 1, 2, 10, 11, 12])]
)
def test_rows_come_with_encoded_images_and_named_classes(data_dir, split, numbers):
    tiny = reader(data_dir, split=split, name="tiny_animals:1.0.0")
    rows, bad = rows_of(tiny, tiny.prepare("unused"), wanted=WANTED)
    rows.sort(key=lambda row: row["n"])
    assert [row["n"] for row in rows] == numbers
    assert [row["label"] for row in rows[:3]] == ["cat", "dog", None]
    assert [row["kind"] for row in rows[:3]] == ["0", "1", "2"]
    assert {row["code"] for row in rows} == {1}
    assert all(row["image"].startswith(PNG) for row in rows)
    assert bad.count == 0


def test_an_unknown_split_is_refused(data_dir):
    with pytest.raises(ConfigError, match="has no split 'val'; it has train, test"):
        reader(data_dir, split="train+val").prepare("unused")


@pytest.mark.parametrize("name", ["tiny_plants", "tiny_animals:9.9.9", "mnist"])
def test_a_builder_that_is_not_prepared_is_refused_with_the_command(data_dir, name):
    with pytest.raises(DataError, match=rf"is not prepared in .*`tfds build {name}`"):
        reader(data_dir, name=name).prepare("unused")


def test_another_file_format_is_refused_with_the_command(data_dir):
    other = reader(data_dir, data_dir=str(data_dir / "other"))
    with pytest.raises(DataError, match=r"prepared as array_record; .*--file_format=tfrecord"):
        other.prepare("unused")


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ConfigError, match=r"pip install tfx-rebalance\[tfds\]"):
        TFDSReader(TFDSSource(name="mnist")).prepare("unused")
