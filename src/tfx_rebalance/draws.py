"""Counter-based random draws: a number for each key, the same for any worker, order or retry.

A draw is a hash of (seed, purpose, key), never a position in a stream, so 1 or 8 workers, a
retried bundle and a rerun agree (ARCHITECTURE.md, "Seeds, not streams").
"""

import hashlib

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def keyed_draws(keys: Keys, *, seed: int, purpose: str) -> Keys:
    """Returns one 64-bit draw per key, uniform over [0, 2**64).

    The SplitMix64 finaliser (Steele, Lea and Flood 2014) over the key, started from a BLAKE2b
    hash of (seed, purpose). It is a bijection of the keys: different keys never tie.

    Args:
        keys: Row keys, (n,), uint64.
        seed: Any int; another seed gives unrelated draws.
        purpose: What the draw decides ("split", "undersample", ...), so that two decisions
            about one row are independent.
    """
    digest = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=8).digest()
    with np.errstate(over="ignore"):
        return mix(mix(keys) + np.uint64(int.from_bytes(digest, "big")))


def mix(keys: Keys) -> Keys:
    """Returns the SplitMix64 output for each key, (n,), uint64: a bijection of 64-bit numbers."""
    with np.errstate(over="ignore"):
        z = keys + _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
        return z ^ (z >> np.uint64(31))


def shard_row_keys(shard: int, rows: int) -> Keys:
    """Returns the keys of a shard's rows, (rows,), uint64: (shard, row) packed as 24 + 40 bits.

    Raises:
        ValueError: If the shard or the rows do not fit.
    """
    if not (0 <= shard < 2**24 and 0 <= rows <= 2**40):
        raise ValueError(f"shard must be < 2**24 and rows <= 2**40, got {shard!r} and {rows!r}.")
    return np.arange(rows, dtype=np.uint64) + np.uint64(shard << 40)
