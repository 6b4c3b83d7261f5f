"""Rows on their way to output shards: nothing lost, nothing twice, in order, dealt evenly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.records import spill as spill_module
from tfx_rebalance.components.rebalance.records.spill import Deal, SpillWriter

pytestmark = pytest.mark.tfx

SEEDS = st.integers(0, 2**40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("spills")


@st.composite
def batches(draw):
    """Returns (shards, batches of (record, output shard)); records may be empty, shards too."""
    shards = draw(st.integers(1, 5))
    row = st.tuples(st.binary(max_size=20), st.integers(0, shards - 1))
    return shards, draw(st.lists(st.lists(row, max_size=12), max_size=6))


def written(path, shards, given_batches):
    with SpillWriter(str(path), shards=shards) as writer:
        for batch in given_batches:
            places = np.array([place for _, place in batch], dtype=np.int64)
            writer.write([record for record, _ in batch], places)
    return writer.spill


def read(spill, shard):
    return [record for part in spill.records(shard) for record in part]


@given(given_batches=batches(), window=st.integers(1, 100))
def test_every_row_comes_out_once_in_its_shard_and_in_order(folder, given_batches, window):
    shards, rows = given_batches
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill_module, "WINDOW_BYTES", window)
        spill = written(folder / "any" / "rows", shards, rows)
    for shard in range(shards):
        expected = [record for batch in rows for record, place in batch if place == shard]
        assert read(spill, shard) == expected


def test_a_window_is_written_as_soon_as_it_is_full(folder, monkeypatch):
    monkeypatch.setattr(spill_module, "WINDOW_BYTES", 10)
    spill = written(folder / "rows", 2, [[(b"12345", 1)], [(b"67890", 0)], [(b"1", 1)]])
    assert [window.rows.tolist() for window in spill.windows] == [[1, 1], [0, 1]]


def test_no_rows_make_no_windows(folder):
    spill = written(folder / "none", 3, [[], []])
    assert spill.windows == ()
    assert read(spill, 2) == []


def test_a_second_attempt_replaces_what_a_first_one_left(folder):
    path = folder / "again"

    def broken_attempt():
        with SpillWriter(str(path), shards=1) as writer:
            writer.write([b"x" * 1000], np.zeros(1, dtype=np.int64))
            writer._flush()
            raise OSError("the worker is gone")

    with pytest.raises(OSError, match="gone"):
        broken_attempt()
    assert read(written(path, 1, [[(b"a", 0), (b"b", 0)]]), 0) == [b"a", b"b"]
    assert path.stat().st_size == 2 * (1 + 4)


@given(
    source=st.integers(0, 2**40),
    shards=st.integers(1, 9),
    parts=st.lists(st.integers(0, 40), max_size=5),
    seed=SEEDS,
)
def test_a_source_gives_every_shard_as_many_rows_to_within_one(source, shards, parts, seed):
    deal = Deal(source, shards, seed=seed)
    places = np.concatenate([np.empty(0, dtype=np.int64), *(deal.places(n) for n in parts)])
    counts = np.bincount(places, minlength=shards)
    assert len(counts) == shards
    assert counts.max() - counts.min() <= 1


@given(source=st.integers(0, 2**40), shards=st.integers(1, 9), seed=SEEDS)
def test_the_same_source_and_seed_deal_alike(source, shards, seed):
    one, other = (Deal(source, shards, seed=seed).places(50) for _ in range(2))
    assert one.tolist() == other.tolist()


@pytest.mark.parametrize("shards", [2, 3, 5])
def test_rows_in_turn_do_not_meet_in_one_shard(shards):
    """Every other row of one class, as data is written that was dealt from two queues."""
    rows = 4000
    places = Deal(7, shards, seed=0).places(rows)
    of_class = places[np.arange(rows) % shards == 0]
    share = np.bincount(of_class, minlength=shards) / np.bincount(places, minlength=shards)
    sigma = np.sqrt(1 / shards * (1 - 1 / shards) / (rows / shards))
    assert np.abs(share - 1 / shards).max() <= 4 * sigma


def test_sources_with_fewer_rows_than_shards_do_not_all_begin_with_the_first():
    first = [Deal(source, 8, seed=0).places(1)[0] for source in range(800)]
    counts = np.bincount(first, minlength=8)
    assert np.abs(counts - 100).max() <= 4 * np.sqrt(100 * 7 / 8)
