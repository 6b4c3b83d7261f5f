"""Formats other than CSV and Parquet, each through the whole executor."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from support.examples import example, png
from support.fake_bigquery import CALLS, STREAMS, put_fakes
from support.fake_openml import hold, openml_double
from support.ingestion import Ingest, records_of, report_of, splits_of
from support.real_examples import long_tailed_mnist

from tfx_rebalance.components.example_gen.transforms import bigquery

pytestmark = pytest.mark.tfx

SHARES = {"train": 0.6, "val": 0.2, "eval": 0.2}
DIGITS = f"""
feature {{ name: "image" type: BYTES image_domain {{}} presence {{ min_fraction: 1 }} }}
feature {{ name: "y" type: BYTES string_domain {{
  {" ".join(f'value: "{digit}"' for digit in range(10))}
}} }}
"""
ROWS = """
feature { name: "n" type: INT } feature { name: "s" type: BYTES }
feature { name: "y" type: BYTES string_domain { value: "0" value: "1" } }
"""


@pytest.fixture(scope="module")
def digits(shared_data):
    """Returns the long tail of MNIST's recipe, scaled down: 198 images of 0, 4 of 9; as PNG."""
    images, labels = long_tailed_mnist(shared_data / "mnist", largest=198, ratio=0.02)
    return [(png(image), str(label)) for image, label in zip(images, labels, strict=True)]


def rows_in(examples, *names):
    """Returns the multiset of rows of each split, a row as the values of these features."""
    found = {}
    for split, records in records_of(examples).items():
        parsed = [tf.train.Example.FromString(r).features.feature for r in records.elements()]
        found[split] = Counter(tuple(f[name].bytes_list.value[0] for name in names) for f in parsed)
    return found


def check_shares(report, counts):
    """Each split has its share of every class, to within a row."""
    for name, rows in counts.items():
        found = {split: content["classes"][name] for split, content in report["splits"].items()}
        assert sum(found.values()) == rows
        assert all(abs(found[split] - share * rows) < 1 for split, share in SHARES.items()), found


def test_a_long_tail_of_images_is_the_same_in_records_and_in_folders(digits, tmp_path):
    for number, (image, label) in enumerate(digits):
        path = tmp_path / "folder" / label / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image)
    for shard in range(3):
        with tf.io.TFRecordWriter(str(tmp_path / f"{shard}.tfrecord")) as writer:
            for image, label in digits[shard::3]:
                writer.write(example(image=image, y=int(label)))
    ingest = Ingest(tmp_path, DIGITS, label="y")
    records = ingest(str(tmp_path / "*.tfrecord"))
    folder = ingest({"format": "image_folder", "path": str(tmp_path / "folder")})
    assert rows_in(records, "image", "y") == rows_in(folder, "image", "y")
    every = sum(rows_in(folder, "image", "y").values(), Counter())
    assert every == Counter((image, label.encode()) for image, label in digits)
    paths = [path for found in splits_of(folder, "path").values() for path in found]
    assert len(paths) == len(set(paths)) == len(digits)
    counts = Counter(label for _, label in digits)
    assert max(counts.values()) / min(counts.values()) > 45
    for examples in (records, folder):
        check_shares(report_of(examples), counts)


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    """Returns a folder where a small TFDS builder has been prepared: 45 cats and 5 dogs."""
    tfds = pytest.importorskip("tensorflow_datasets")
    folder = tmp_path_factory.mktemp("tfds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tensorflow_datasets.core.utils.gcs_utils._is_gcs_disabled", True)

        class FewAnimals(tfds.core.GeneratorBasedBuilder):
            """Images of two classes in two splits."""

            VERSION = tfds.core.Version("1.0.0")

            def _info(self):
                features = {
                    "image": tfds.features.Image(shape=(2, 2, 1)),
                    "n": tfds.features.Scalar(np.int64),
                    "y": tfds.features.ClassLabel(names=["cat", "dog"]),
                }
                return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

            def _split_generators(self, dl_manager):
                return {"train": self._generate_examples(0), "test": self._generate_examples(50)}

            def _generate_examples(self, first):
                for i in range(first, first + 50):
                    image = np.full((2, 2, 1), i, np.uint8)
                    yield i, {"image": image, "n": i, "y": int(i % 10 == 0)}

        FewAnimals(data_dir=folder, file_format="tfrecord").download_and_prepare()
    return folder


@pytest.mark.filterwarnings("ignore")  # TFDS and what it imports, about calls among themselves.
def test_a_prepared_tfds_builder_comes_with_the_names_of_its_classes(builder, tmp_path):
    schema = f'feature {{ name: "n" type: INT }} {DIGITS}'
    for digit, name in ((0, "cat"), (1, "dog")):
        schema = schema.replace(f'value: "{digit}"', f'value: "{name}"')
    ingest = Ingest(tmp_path, schema, label="y")
    source = {"format": "tfds", "name": "few_animals", "data_dir": str(builder)}
    report = report_of(ingest(source, splits={"min_rows": 0}))
    check_shares(report, {"cat": 45, "dog": 5})
    files = {"train": "train", "eval": "test"}
    dealt = splits_of(ingest(source, splits={"files": files, "min_rows": 0}), "n")
    assert sorted(dealt["eval"]) == list(range(50, 100))
    assert sorted(dealt["train"] + dealt["val"]) == list(range(50))


def test_bigquerys_rows_are_dealt_like_any_others(tmp_path, monkeypatch):
    """Against the fake of its clients: no test reaches Google."""
    put_fakes(monkeypatch)
    monkeypatch.setattr(bigquery, "ROWS_PER_FILE", 10)
    ingest = Ingest(tmp_path, ROWS, label="y")
    source = {"format": "bigquery", "table": "my-project.d.t"}
    first, again = ingest(source), ingest(source)
    assert CALLS["tables"] == ["projects/my-project/datasets/d/tables/t"] * 2
    assert records_of(first) == records_of(again)
    rows = [row for stream in STREAMS.values() for row in stream]
    found = [n for values in splits_of(first, "n").values() for n in values]
    assert Counter(found) == Counter(row["n"] for row in rows)
    check_shares(report_of(first), Counter(row["y"] for row in rows))
    assert [path.name for path in tmp_path.glob("ingest-0/examples/writing-*")] == []


def test_an_openml_data_set_is_fetched_typed_and_dealt(tmp_path, monkeypatch):
    """Against a double of openml.org on this machine."""
    rows = [
        f"{i},{i / 2},{('red', 'green')[i % 2]},{('neg', 'pos')[i % 5 == 0]}" for i in range(50)
    ]
    header = ["@RELATION tiny", "@ATTRIBUTE n INTEGER", "@ATTRIBUTE x REAL"]
    header += ["@ATTRIBUTE s {red,green}", "@ATTRIBUTE y {neg,pos}", "@DATA"]
    hold(monkeypatch, "\n".join([*header, *rows, ""]).encode())
    schema = ROWS.replace('"0"', '"neg"').replace('"1"', '"pos"')
    ingest = Ingest(tmp_path, f'feature {{ name: "x" type: FLOAT }} {schema}', label="y")
    source = {"format": "openml", "name": "tiny", "cache": str(tmp_path / "cache")}
    with openml_double(monkeypatch):
        examples = ingest(source)
    numbers = [n for values in splits_of(examples, "n").values() for n in values]
    assert sorted(numbers) == list(range(50))
    check_shares(report_of(examples), {"neg": 40, "pos": 10})
    assert records_of(ingest(source)) == records_of(examples)  # From the cache.
