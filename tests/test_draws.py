"""Keyed draws: no ties, uniform, and unrelated for another seed or purpose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.draws import keyed_draws, mix, shard_row_keys

N = 1 << 16
UINT64 = st.integers(0, 2**64 - 1)


def keys_of(*values):
    return np.array(values, dtype=np.uint64)


def unmixed(value):
    """Returns the key that `mix` turns into `value`, in Python's exact integers."""
    for shift, factor in ((31, 0x94D049BB133111EB), (27, 0xBF58476D1CE4E5B9)):
        value = _unshifted(value, shift) * pow(factor, -1, 2**64) % 2**64
    return (_unshifted(value, 30) - 0x9E3779B97F4A7C15) % 2**64


def _unshifted(value, shift):
    return value ^ (value >> shift) ^ (value >> 2 * shift)


def test_mix_is_splitmix64():
    golden = 0x9E3779B97F4A7C15
    states = keys_of(*((1234567 + i * golden) % 2**64 for i in range(3)))
    # The first outputs of the reference implementation for the seed 1234567.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert mix(states).tolist() == expected


@given(key=UINT64)
def test_mix_can_be_undone_so_it_never_ties(key):
    assert unmixed(int(mix(keys_of(key))[0])) == key


@given(keys=st.lists(UINT64, unique=True), seed=st.integers())
def test_different_keys_never_tie(keys, seed):
    draws = keyed_draws(keys_of(*keys), seed=seed, purpose="split")
    assert len(set(draws.tolist())) == len(keys)


@given(keys=st.lists(UINT64, min_size=1), seed=st.integers(), data=st.data())
def test_a_draw_depends_on_its_own_key_only(keys, seed, data):
    place = data.draw(st.integers(0, len(keys) - 1))
    together = keyed_draws(keys_of(*keys), seed=seed, purpose="p")
    assert together[place] == keyed_draws(keys_of(keys[place]), seed=seed, purpose="p")[0]


@pytest.mark.parametrize("first", [0, 5 << 40, 2**64 - N])
@pytest.mark.parametrize("seed", [0, 1, -1])
def test_draws_of_neighbouring_keys_are_uniform(first, seed):
    keys = np.arange(N, dtype=np.uint64) + np.uint64(first)
    draws = keyed_draws(keys, seed=seed, purpose="rebalance")
    for shift in (0, 30, 60):  # The lowest, some middle and the highest four bits.
        bits = ((draws >> np.uint64(shift)) & np.uint64(15)).astype(int)
        counts = np.bincount(bits, minlength=16)
        assert np.abs(counts - N / 16).max() <= 4 * np.sqrt(N / 16 * 15 / 16)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"seed": 0, "purpose": "split"}, {"seed": 1, "purpose": "split"}),
        ({"seed": 0, "purpose": "split"}, {"seed": 0, "purpose": "rebalance"}),
        ({"seed": 1, "purpose": "1"}, {"seed": 11, "purpose": ""}),
    ],
)
def test_another_seed_or_purpose_gives_unrelated_draws(one, other):
    keys = shard_row_keys(3, N)
    first, second = (keyed_draws(keys, **how) / 2.0**64 for how in (one, other))
    assert abs(np.corrcoef(first, second)[0, 1]) <= 4 / np.sqrt(N)
    both = np.count_nonzero((first < 0.1) & (second < 0.1))
    assert abs(both - N * 0.01) <= 4 * np.sqrt(N * 0.01 * 0.99)


def test_the_same_seed_and_purpose_give_the_same_draws():
    keys = shard_row_keys(0, 100)
    again = keyed_draws(keys.copy(), seed=7, purpose="order")
    assert np.array_equal(keyed_draws(keys, seed=7, purpose="order"), again)


@given(
    shards=st.lists(
        st.tuples(st.integers(0, 2**24 - 1), st.integers(0, 50)),
        unique_by=lambda shard: shard[0],
        max_size=8,
    )
)
def test_no_two_rows_of_any_shards_share_a_key(shards):
    keys = [key for shard, rows in shards for key in shard_row_keys(shard, rows).tolist()]
    assert len(set(keys)) == len(keys) == sum(rows for _, rows in shards)


@pytest.mark.parametrize(("shard", "rows"), [(-1, 1), (2**24, 1), (0, -1), (0, 2**40 + 1)])
def test_a_shard_or_row_count_that_does_not_fit_is_refused(shard, rows):
    with pytest.raises(ValueError, match=r"shard must be < 2\*\*24 and rows <= 2\*\*40, got"):
        shard_row_keys(shard, rows)
