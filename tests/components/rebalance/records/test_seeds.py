"""The rows of a growing class, written shard by shard and read back."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from support.resampling import example, values_of

from tfx_rebalance.components.rebalance.records.encoding import joined
from tfx_rebalance.components.rebalance.records.layout import Column, Layout
from tfx_rebalance.components.rebalance.records.seeds import (
    SeedFile,
    SeedWriter,
    read_keys,
    seeds_in,
)
from tfx_rebalance.draws import shard_row_keys
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx

LAYOUT = Layout(
    (
        Column("x", "float", "numeric", optional=True),
        Column("word", "string", "nominal", optional=True),
        Column("rest", "int", "copied", size=None),
        Column("group", "string", "copied"),
    ),
    scaled=False,
)


def write(folder, shards, *, classes=(0, 1)):
    """Writes shards of (label, features) and returns each class's files, last shard first."""
    files = {index: [] for index in classes}
    for shard, rows in enumerate(shards):
        here = {i: SeedFile(shard, str(folder / f"class-{i}" / str(shard))) for i in classes}
        records = np.array([example(**cells) for _, cells in rows], dtype=object)
        labels = np.array([label for label, _ in rows], dtype=np.int16)
        with SeedWriter(here) as writer:
            writer.write_keys(shard_row_keys(shard, len(rows)), labels)
            for part in np.array_split(np.arange(len(rows)), 2):  # Two batches.
                writer.write(records[part], labels[part])
        for index, file in here.items():
            files[index].insert(0, file)
    return files


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    seeds_in.cache_clear()


def test_rows_are_read_back_by_class_in_the_order_of_shard_and_row(folder):
    shards = [
        [(0, {"x": 1.0}), (1, {"x": 2.0}), (-1, {"x": 3.0}), (1, {"x": 4.0})],
        [(1, {"x": 5.0}), (2, {"x": 6.0}), (0, {"x": 7.0})],
    ]
    files = write(folder, shards)
    one = seeds_in(tuple(sorted(files[1])), LAYOUT, None)
    assert one.rows.numeric[:, 0].tolist() == [2.0, 4.0, 5.0]
    assert one.keys.tolist() == [1, 3, 1 << 40]
    assert one.keys.dtype == np.uint64
    assert one.groups is None
    zero = seeds_in(tuple(sorted(files[0])), LAYOUT, None)
    assert zero.rows.numeric[:, 0].tolist() == [1.0, 7.0]
    assert zero.keys.tolist() == [0, (1 << 40) + 2]


def test_the_same_class_is_loaded_once(folder):
    files = tuple(write(folder, [[(0, {"x": 1.0})]])[0])
    assert seeds_in(files, LAYOUT, None) is seeds_in(files, LAYOUT, None)


def test_a_shard_may_have_no_row_of_a_class(folder):
    files = write(folder, [[(0, {"x": 1.0})], [(1, {"x": 2.0})]])
    found = seeds_in(tuple(sorted(files[0])), LAYOUT, "group")
    assert found.rows.numeric.tolist() == [[1.0]]
    assert len(found.groups) == len(found.keys) == 1


def test_a_class_without_files_has_no_rows(folder):
    found = seeds_in((), LAYOUT, "group")
    assert len(found.rows) == len(found.keys) == len(found.groups) == 0
    assert set(found.entries) == {"word", "rest", "group"}
    assert read_keys([]).dtype == np.uint64


CELLS = st.fixed_dictionaries(
    {},
    optional={
        "x": st.floats(width=32, allow_nan=False, allow_infinity=False),
        "word": st.binary(max_size=3),
        "rest": st.lists(st.integers(-3, 300), max_size=3),
        "group": st.sampled_from([b"", b"a", b"b"]),
    },
)


@settings(max_examples=5)  # A file each.
@given(rows=st.lists(CELLS, min_size=30, max_size=30))
def test_every_feature_that_is_not_a_number_is_kept_as_it_was(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("seeds")
    files = write(folder, [[(0, cells) for cells in rows]], classes=(0,))
    found = seeds_in(tuple(files[0]), LAYOUT, "group")
    assert set(found.entries) == {"word", "rest", "group"}
    for row, cells in enumerate(rows):
        [record] = joined([[entries[row]] for entries in found.entries.values()])
        original = tf.train.Example.FromString(example(**cells))
        original.features.feature.pop("x", None)
        for name in [n for n, f in original.features.feature.items() if not f.WhichOneof("kind")]:
            original.features.feature.pop(name)  # There without a value is as missing.
        assert tf.train.Example.FromString(record) == original
        expected = cells.get("x", np.nan)
        np.testing.assert_array_equal(found.rows.numeric[row], [expected])


def test_groups_are_equal_if_and_only_if_the_values_are(folder):
    values = [None, b"", b"a", b"b", b"", b"a", None, b"ab", b"b", b"a"]
    rows = [(0, {"x": 1.0} if v is None else {"x": 1.0, "group": v}) for v in values]
    files = write(folder, [rows[:4], rows[4:]], classes=(0,))
    groups = seeds_in(tuple(sorted(files[0])), LAYOUT, "group").groups.tolist()
    for one, a in zip(values, groups, strict=True):
        for other, b in zip(values, groups, strict=True):
            assert (a == b) == (one == other)


def test_a_group_of_several_values_is_one_group(folder):
    rows = [(0, {"rest": [1, 2]}), (0, {"rest": [1]}), (0, {"rest": [1, 2]}), (0, {})]
    groups = seeds_in(tuple(write(folder, [rows])[0]), LAYOUT, "rest").groups
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_a_copied_feature_keeps_its_nan(folder):
    layout = Layout((Column("x", "float", "copied", size=None),), scaled=False)
    found = seeds_in(tuple(write(folder, [[(0, {"x": [1.0, float("nan")]})]])[0]), layout, None)
    [record] = joined([found.entries["x"]])
    assert np.isnan(values_of(record, "x")[1])


def test_a_feature_that_is_not_as_the_layout_says_is_refused_with_its_file(folder):
    files = tuple(write(folder, [[(0, {"x": 1.0, "group": 3})]])[0])
    with pytest.raises(DataError, match=r"class-0/0': an example is not .*Key: group"):
        seeds_in(files, LAYOUT, "group")


def test_the_keys_of_all_batches_are_beside_the_rows(folder):
    files = write(folder, [[(label, {"x": 0.0}) for label in (0, 1, 1, 0, 1)]])
    assert read_keys(files[1]).tolist() == [1, 2, 4]
    assert files[1][0].keys_path == files[1][0].path + ".keys"
