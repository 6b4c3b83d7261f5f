"""ExampleGen's executor: a CSV file to three splits of GZIP TFRecords."""

import gzip
import math
import random
from collections import Counter
from itertools import count

import pytest
import tensorflow as tf
from support.ingestion import Ingest, records_of
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from tfx_rebalance.components.example_gen import executor
from tfx_rebalance.errors import ConfigError, DataError
from tfx_rebalance.records import shard_paths

pytestmark = pytest.mark.tfx

COLUMNS = """
feature { name: "x" type: FLOAT } feature { name: "n" type: INT } feature { name: "s" type: BYTES }
"""
STRING = 'feature { name: "y" type: BYTES string_domain { value: "neg" value: "pos" } }'
INT = 'feature { name: "y" type: INT int_domain { min: 0 max: 1 } }'
ROWS = [
    f"{i / 4},{i},{'' if i % 3 else 'text'},{'pos' if i % 10 == 0 else 'neg'}" for i in range(50)
]


@pytest.fixture
def generate(tmp_path):
    """Returns a function that runs the executor on CSV rows and gives the artifact it filled."""
    files = count()

    def run(rows=ROWS, *, label=STRING, header="x,n,s,y", suffix=".gz", **settings):
        source = tmp_path / f"data-{next(files)}.csv{suffix}"
        content = "\n".join([header, *rows, ""]).encode()
        source.write_bytes(gzip.compress(content) if suffix else content)
        folder = tmp_path / source.stem
        return Ingest(folder, COLUMNS + label, label="y")(str(source), **settings)

    return run


def values_of(examples, name="y"):
    """Returns the values of a feature in each split, as lists."""
    found = {}
    for split, records in records_of(examples).items():
        parsed = [tf.train.Example.FromString(r).features.feature[name] for r in records.elements()]
        found[split] = [
            list(getattr(f, f.WhichOneof("kind") or "int64_list").value) for f in parsed
        ]
    return found


def test_each_split_holds_its_share_of_each_class(generate):
    labels = values_of(generate())
    counts = {split: Counter(v for [v] in values) for split, values in labels.items()}
    assert counts == {
        "train": {b"neg": 27, b"pos": 3},
        "val": {b"neg": 9, b"pos": 1},
        "eval": {b"neg": 9, b"pos": 1},
    }


def test_stock_components_can_read_the_artifact(generate):
    examples = generate()
    assert artifact_utils.decode_split_names(examples.split_names) == ["train", "val", "eval"]
    assert examples_utils.get_payload_format(examples) == example_gen_pb2.FORMAT_TF_EXAMPLE
    assert examples_utils.get_file_format(examples) == "tfrecords_gzip"


def test_no_row_is_lost_changed_or_in_two_splits(generate):
    numbers = values_of(generate(), "n")
    assert sorted(n for values in numbers.values() for [n] in values) == list(range(50))


def test_a_missing_cell_is_a_feature_without_values(generate):
    found = [v for values in values_of(generate(), "s").values() for v in values]
    assert Counter(map(tuple, found)) == {(b"text",): 17, (): 33}


@pytest.mark.parametrize("order", [1, 2])
def test_the_order_of_the_file_changes_no_split(generate, order):
    shuffled = ROWS * 2  # Each row twice: duplicates are told apart.
    random.Random(order).shuffle(shuffled)
    assert records_of(generate(shuffled)) == records_of(generate(ROWS * 2))


def test_another_seed_gives_another_split(generate):
    assert records_of(generate(seed=1)) != records_of(generate())


def test_the_size_of_shards_changes_no_split(generate, monkeypatch):
    before = records_of(generate())
    monkeypatch.setattr(executor, "ROWS_PER_SHARD", 7)
    examples = generate()
    assert len(shard_paths(artifact_utils.get_split_uri([examples], "train"))) == 5
    assert records_of(examples) == before


def test_an_integer_label_stays_an_integer(generate):
    labels = values_of(
        generate([r.replace("neg", "0").replace("pos", "1") for r in ROWS], label=INT)
    )
    assert Counter(v for [v] in labels["train"]) == {0: 27, 1: 3}


def test_label_groups_turn_raw_values_into_classes(generate):
    rows = [r.replace("neg", ("low", "mid")[i % 2]) for i, r in enumerate(ROWS)]
    examples = generate(rows, label_groups={"neg": ("low", "mid"), "pos": ("pos",)})
    labels = {split: Counter(v for [v] in vs) for split, vs in values_of(examples).items()}
    assert labels == {
        "train": {b"neg": 27, b"pos": 3},
        "val": {b"neg": 9, b"pos": 1},
        "eval": {b"neg": 9, b"pos": 1},
    }


def test_grouping_labels_moves_rows_only_near_the_cuts(generate):
    """The raw row is the key, whatever becomes of its label."""
    rows = [f"{i},{i},s,{'pos' if i % 10 == 0 else ('low', 'mid')[i % 2]}" for i in range(1000)]
    three = STRING.replace('"neg"', '"low" value: "mid"')
    apart = values_of(generate(rows, label=three), "n")
    together = values_of(generate(rows, label_groups={"neg": ("low", "mid"), "pos": ("pos",)}), "n")
    same = {s: {n for [n] in apart[s]} & {n for [n] in together[s]} for s in apart}
    assert sum(map(len, same.values())) >= 1000 - 4 * 4 * math.sqrt(1000 * 0.6 * 0.4) / 2


def test_rows_without_a_label_fail_the_run_with_their_number(generate):
    with pytest.raises(DataError, match="2 of 52 rows have no label 'y'") as error:
        generate([*ROWS, "1,2,,", "3,4,,"])
    assert "data.missing_label: drop" in str(error.value)


def test_rows_without_a_label_can_be_dropped(generate):
    examples = generate([ROWS[0], "1,2,,", *ROWS[1:], "3,4,,"], missing_label="drop")
    assert records_of(examples) == records_of(generate())


def test_unknown_labels_are_refused_with_their_counts(generate):
    with pytest.raises(DataError) as error:
        generate([*ROWS, "1,2,,Pos", "3,4,,Pos", "3,4,,?"])
    assert "the schema does not know: 'Pos' (2 rows), '?' (1 rows). Known: neg, pos" in str(
        error.value
    )


def test_values_outside_the_groups_are_refused(generate):
    with pytest.raises(
        DataError, match=r"label_groups do not know: 'neg' \(45 rows\). Known: low, pos"
    ):
        generate(label_groups={"neg": ("low",), "pos": ("pos",)})


def test_a_class_too_small_to_split_is_refused_before_anything_is_written(generate, tmp_path):
    with pytest.raises(DataError, match="class 'pos' has 2 rows"):
        generate([r for i, r in enumerate(ROWS) if i % 10 or i < 20])
    assert not list(tmp_path.rglob("Split-*"))


def test_a_column_the_schema_does_not_have_reaches_the_examples_as_text(generate):
    examples = generate([f"{row},{i}" for i, row in enumerate(ROWS)], header="x,n,s,y,new")
    assert [b"0"] in [v for values in values_of(examples, "new").values() for v in values]


def test_a_label_the_schema_does_not_have_is_refused(generate):
    with pytest.raises(ConfigError, match="column 'z' is not in the schema"):
        generate(label_groups=None, exclude=("z",))


def test_a_plain_file_gives_what_a_packed_one_gives(generate):
    plain, packed = generate(suffix=""), generate(suffix=".gz")
    assert records_of(plain) == records_of(packed)
