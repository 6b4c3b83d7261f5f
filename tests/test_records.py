"""Shards on disk: even, whole before they have their name, and an error when they are damaged."""

import math
import os
import tempfile
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.records import (
    ShardWriter,
    compression_of,
    read_records,
    shard_name,
    shard_paths,
    write_shard,
)

pytestmark = pytest.mark.tfx


def rows_in(path):
    return [bytes(record) for batch in read_records(str(path)) for record in batch]


def numbered(n):
    return [b"record %d" % i for i in range(n)]


@settings(max_examples=20)  # Each opens files.
@given(rows=st.integers(0, 20), per_shard=st.integers(1, 12), data=st.data())
def test_shards_are_even_in_order_and_at_most_so_large(rows, per_shard, data):
    cut = data.draw(st.integers(0, rows))
    with tempfile.TemporaryDirectory() as folder:
        writer = ShardWriter(folder, rows=rows, per_shard=per_shard)
        writer.write(numbered(rows)[:cut])
        writer.write(numbered(rows)[cut:])
        writer.close()
        shards = [rows_in(path) for path in shard_paths(folder)]
    sizes = [len(shard) for shard in shards]
    assert len(sizes) == max(1, math.ceil(rows / per_shard))
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= per_shard
    assert [record for shard in shards for record in shard] == numbered(rows)


def test_shards_have_the_names_tfx_gives_them(tmp_path):
    writer = ShardWriter(str(tmp_path), rows=5, per_shard=2)
    writer.write(numbered(5))
    writer.close()
    assert sorted(os.listdir(tmp_path)) == [f"data_tfrecord-0000{i}-of-00003.gz" for i in range(3)]


def test_a_shard_has_its_name_only_once_it_is_whole(tmp_path):
    writer = ShardWriter(str(tmp_path), rows=4, per_shard=2)
    writer.write(numbered(4)[:2])
    with pytest.raises(CorruptArtifactError, match="has no shard"):
        shard_paths(str(tmp_path))
    writer.write(numbered(4)[2:])
    assert shard_paths(str(tmp_path)) == [str(tmp_path / shard_name(0, 2))]
    writer.close()
    assert len(shard_paths(str(tmp_path))) == 2


@pytest.mark.parametrize("written", [3, 5])
def test_another_number_of_rows_than_announced_is_an_error(tmp_path, written):
    writer = ShardWriter(str(tmp_path), rows=4, per_shard=10)
    writer.write(numbered(written))
    with pytest.raises(RuntimeError, match=f"announced 4 rows, got {written}"):
        writer.close()


def test_write_shard_leaves_nothing_named_when_its_rows_fail(tmp_path):
    def failing():
        yield b"first"
        raise OSError("the source went away")

    with pytest.raises(OSError, match="went away"):
        write_shard(str(tmp_path / shard_name(0, 1)), failing())
    with pytest.raises(CorruptArtifactError, match="has no shard"):
        shard_paths(str(tmp_path))


def test_write_shard_makes_its_folder_and_replaces_what_was_there(tmp_path):
    path = tmp_path / "Split-train" / shard_name(0, 1)
    write_shard(str(path), numbered(3))
    write_shard(str(path), numbered(2))
    assert rows_in(path) == numbered(2)


def test_a_folder_without_shards_is_named(tmp_path):
    with pytest.raises(CorruptArtifactError, match=f"{str(tmp_path)!r} has no shard"):
        shard_paths(str(tmp_path))


@pytest.fixture
def shard(tmp_path) -> Path:
    path = tmp_path / shard_name(0, 1)
    write_shard(str(path), [b"%d" % i**5 for i in range(2000)])
    return path


@pytest.mark.parametrize("kept", [1000, -1000])
def test_a_truncated_shard_is_an_error_that_names_it(shard, kept):
    shard.write_bytes(shard.read_bytes()[:kept])
    with pytest.raises(CorruptArtifactError) as error:
        rows_in(shard)
    assert repr(str(shard)) in str(error.value)
    assert "--no-cache" in str(error.value)


@pytest.mark.parametrize("place", [2, 20, 1000, -1000])
def test_a_damaged_shard_is_an_error_that_names_it(shard, place):
    content = bytearray(shard.read_bytes())
    content[place] ^= 0x55
    shard.write_bytes(content)
    with pytest.raises(CorruptArtifactError, match="is damaged") as error:
        rows_in(shard)
    assert repr(str(shard)) in str(error.value)


def test_text_in_place_of_a_shard_is_an_error(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2\n" * 10)
    with pytest.raises(CorruptArtifactError, match="is damaged"):
        rows_in(path)


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB", ""])
def test_the_compression_is_told_from_the_content(tmp_path, compression):
    path = str(tmp_path / "shard")
    with tf.io.TFRecordWriter(path, options=tf.io.TFRecordOptions(compression)) as writer:
        writer.write(b"a record")
    assert compression_of(path) == compression
    assert rows_in(path) == [b"a record"]


def test_a_gzip_shard_cut_anywhere_is_refused_or_whole(tmp_path):
    """TensorFlow reads a file that ends between two records without a word."""
    path = tmp_path / "shard.gz"
    write_shard(str(path), [f"record {i:03d} {i * 7919 % 1000}".encode() for i in range(200)])
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(CorruptArtifactError, match=r"shard\.gz"):
            sum(len(batch) for batch in read_records(str(path)))


def test_a_gzip_shard_of_several_members_is_read_whole(tmp_path):
    path = tmp_path / "shard.gz"
    parts = []
    for part in range(3):
        write_shard(str(path), [f"{part} {i}".encode() for i in range(10)])
        parts.append(path.read_bytes())
    path.write_bytes(b"".join(parts))
    assert sum(len(batch) for batch in read_records(str(path))) == 30


def test_a_shard_without_rows_is_no_damage(tmp_path):
    path = tmp_path / "shard.gz"
    write_shard(str(path), [])
    assert list(read_records(str(path))) == []
