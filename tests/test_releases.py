"""Keys of rows: of their content, whatever the order of features and the rows beside them."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfx_rebalance.content import row_keys, rows_digest
from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.files import RELEASES
from tfx_rebalance.records import write_shard
from tfx_rebalance.releases import (
    fitted_rows_of,
    read_row_keys,
    tree_digest,
    write_row_keys,
)

pytestmark = pytest.mark.tfx


def feature(name, **values):
    """Returns the wire form of a map's entry."""
    kinds = {"n": tf.train.Int64List, "x": tf.train.FloatList, "s": tf.train.BytesList}
    fields = {"n": "int64_list", "x": "float_list", "s": "bytes_list"}
    [(kind, given)] = values.items()
    value = tf.train.Feature(**{fields[kind]: kinds[kind](value=given)})
    return tf.train.Features(feature={name: value}).SerializeToString()


def example(*features):
    """Returns an Example with its features in this order: entries of a map are concatenated."""
    inner = b"".join(features)
    size, head = len(inner), b""
    while size >= 128:
        head, size = head + bytes([size % 128 | 128]), size // 128
    return b"\n" + head + bytes([size]) + inner


def keys(*records):
    return row_keys(np.array(records, dtype=object)).tolist()


A, B, C = feature("a", n=[1]), feature("b", x=[0.5]), feature("c", s=[b"x"])


def test_the_order_of_features_and_the_rows_beside_change_no_key():
    [alone] = keys(example(A, B, C))
    other = example(feature("d", n=[7]), feature("a", n=[2]))
    assert keys(other, example(C, B, A), example(B, A, C))[1:] == [alone, alone]


def test_a_feature_without_a_value_is_as_one_that_is_not_there():
    assert keys(example(A, B)) == keys(example(A, feature("c", s=[]), B))


def test_a_column_that_is_empty_in_every_row_changes_no_key():
    empty = tf.train.Features(feature={"e": tf.train.Feature()}).SerializeToString()
    assert keys(example(A, empty), example(empty, B)) == keys(example(A), example(B))


@pytest.mark.parametrize(
    "other",
    [
        example(feature("a", n=[2]), B),
        example(feature("z", n=[1]), B),
        example(feature("a", n=[1, 1]), B),
        example(A),
        example(A, B, C),
        example(feature("b", n=[1]), feature("a", x=[0.5])),
    ],
)
def test_other_names_or_values_are_another_key(other):
    assert keys(other) != keys(example(A, B))


def test_the_keys_of_splits_are_written_once_each_and_found_by_the_model(tmp_path):
    model = tmp_path / "7"
    model.mkdir()
    (model / "saved_model.pb").write_bytes(b"model")
    releases = tmp_path / RELEASES
    releases.mkdir()
    rows = [example(feature("a", n=[i % 40])) for i in range(60)]
    for split in ("train", "val"):
        write_shard(str(tmp_path / split / "shard.gz"), rows)
    folders = [str(tmp_path / split) for split in ("train", "val")]
    write_row_keys(str(releases / "7.rows"), folders)
    found = read_row_keys(str(releases / "7.rows"))
    assert found.tolist() == sorted(set(keys(*rows)))
    assert len(found) == 40
    turned = str(tmp_path / "turned")
    write_shard(f"{turned}/shard.gz", rows[::-1])
    assert rows_digest(turned) == rows_digest(folders[0])
    write_shard(f"{turned}/shard.gz", rows[1:])
    assert rows_digest(turned) != rows_digest(folders[0])

    digest = tree_digest(str(model))
    assert fitted_rows_of(str(tmp_path), digest=digest) is None
    for version, more in (("7", {"fitted_rows": "7.rows"}), ("8", {"model_sha256": "another"})):
        manifest = {"version": version, "model_sha256": digest, **more}
        (releases / f"{version}.json").write_text(json.dumps(manifest))
    assert fitted_rows_of(str(tmp_path), digest=digest) == str(releases / "7.rows")
    assert fitted_rows_of(str(tmp_path), digest="of nobody") is None
    (releases / "7.rows").unlink()
    with pytest.raises(CorruptArtifactError, match=r"7\.rows.* is gone"):
        fitted_rows_of(str(tmp_path), digest=digest)
