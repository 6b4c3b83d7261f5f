"""The n smallest of many draws, found in two looks at shards, against all draws in one array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.targets.quota import (
    BINS,
    bin_of,
    cut_of,
    draws_in,
    histogram,
)
from tfx_rebalance.draws import keyed_draws, shard_row_keys

EXTREMES = [0, 1, 2**52 - 1, 2**52, 2**63, 2**64 - 2**52, 2**64 - 1]


@st.composite
def sharded(draw):
    """Returns shards of draws, all different: spread out, in few bins, or at the ends of the range.

    There are more of them than places in some bins, and empty shards.
    """
    rows = draw(st.integers(1, 300))
    kind = draw(st.sampled_from(["spread", "few bins", "extremes"]))
    if kind == "spread":
        draws = keyed_draws(shard_row_keys(0, rows), seed=draw(st.integers(0, 99)), purpose="x")
    elif kind == "few bins":
        draws = np.arange(rows, dtype=np.uint64) << np.uint64(draw(st.integers(0, 54)))
    else:
        draws = np.array(EXTREMES, dtype=np.uint64)
    order = draw(st.permutations(range(len(draws)))) if len(draws) < 50 else np.arange(len(draws))
    cuts = sorted(draw(st.lists(st.integers(0, len(draws)), max_size=5)))
    return np.split(draws[np.array(order)], cuts)


def cut_by_shards(shards, n):
    place = bin_of(np.sum([histogram(shard) for shard in shards], axis=0), n)
    gathered = np.concatenate([draws_in(shard, place.place) for shard in shards])
    return cut_of(gathered, place.left)


@given(shards=sharded(), data=st.data())
def test_the_cut_is_the_nth_smallest_draw_however_they_are_spread_over_shards(shards, data):
    together = np.concatenate(shards)
    n = data.draw(st.integers(1, len(together)))
    cut = cut_by_shards(shards, n)
    assert cut == np.partition(together, n - 1)[n - 1]
    assert (together <= cut).sum() == n


@given(shards=sharded())
def test_a_histogram_counts_every_draw_once_and_its_bins_are_in_order(shards):
    for shard in shards:
        counts = histogram(shard)
        assert counts.shape == (BINS,)
        assert counts.sum() == len(shard)
        inside = [draws_in(shard, place) for place in np.flatnonzero(counts)]
        assert [len(part) for part in inside] == counts[counts > 0].tolist()
        assert np.concatenate([np.sort(part) for part in inside] or [shard]).tolist() == (
            np.sort(shard).tolist()
        )


@pytest.mark.parametrize("n", [0, 6, -1])
def test_more_draws_than_there_are_or_none_are_refused(n):
    with pytest.raises(ValueError, match=rf"n must be in \[1, 5\], got {n}"):
        bin_of(histogram(shard_row_keys(0, 5)), n)


def test_only_one_bin_in_4096_is_gathered():
    draws = keyed_draws(shard_row_keys(0, 200_000), seed=0, purpose="x")
    place = bin_of(histogram(draws), 70_000)
    expected = len(draws) / BINS
    assert abs(len(draws_in(draws, place.place)) - expected) <= 4 * np.sqrt(expected)
