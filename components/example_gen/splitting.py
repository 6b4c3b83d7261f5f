"""Which row goes to which split: exact shares of every class, decided by the rows alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfx_rebalance.draws import Keys, keyed_draws, mix
from tfx_rebalance.errors import DataError


@dataclass(frozen=True)
class Shares:
    """The split names and their shares, which sum to 1."""

    names: tuple[str, ...]
    values: tuple[float, ...]


def row_keys(content: Keys) -> Keys:
    """Returns a key per row from (content hash, occurrence number), (n,), uint64.

    Exact duplicates get different keys, and the set of keys depends on the rows only, not on
    their order.

    Args:
        content: A hash of each row's cells, (n,), uint64.
    """
    order = np.argsort(content, kind="stable")
    ranked = content[order]
    starts = (
        np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(ranked) else np.empty(0, int)
    )
    runs = np.diff(np.r_[starts, len(ranked)])
    occurrence = np.empty(len(content), dtype=np.uint64)
    occurrence[order] = np.arange(len(ranked)) - np.repeat(starts, runs)
    return mix(mix(content) + occurrence)


def stratified_splits(
    classes: npt.NDArray[np.int64], keys: Keys, *, shares: Shares, names: Sequence[str], seed: int
) -> npt.NDArray[np.int8]:
    """Returns the split of each row, as an index into `shares.names`, (n,).

    Within a class the rows with the smallest draws go to the first split and so on, so each
    split holds its share of each class to within one row.

    Args:
        classes: Class index of each row, (n,).
        keys: See `row_keys`, (n,).
        shares: The splits.
        names: The classes' names, for messages.
        seed: Another seed gives another split.

    Raises:
        DataError: If a class has no row, or too few to be in every split.
    """
    draws = keyed_draws(keys, seed=seed, purpose="split")
    splits = np.empty(len(classes), dtype=np.int8)
    for index, name in enumerate(names):
        rows = np.flatnonzero(classes == index)
        sizes = split_sizes(len(rows), shares)
        empty = [split for split, size in sizes.items() if size == 0]
        if empty:
            raise DataError(
                f"class {name!r} has {len(rows)} rows, too few for a row in each of the splits "
                f"{', '.join(shares.names)}: {', '.join(empty)} would have none. Bring at least "
                f"{len(shares.names)} rows of it, or take it out of the label's domain and the "
                "data."
            )
        ranked = rows[np.argsort(draws[rows], kind="stable")]
        splits[ranked] = np.repeat(np.arange(len(sizes), dtype=np.int8), list(sizes.values()))
    return splits


def split_sizes(rows: int, shares: Shares) -> Mapping[str, int]:
    """Returns how many of a class's rows each split gets, each within one of its exact share.

    Largest remainders. The exception: a split whose share rounds to nothing takes a row from the
    largest while there are enough rows for each split to have one.
    """
    exact = [rows * share for share in shares.values]
    sizes = [int(x + 1e-9) for x in exact]
    by_remainder = sorted(range(len(sizes)), key=lambda i: (sizes[i] - exact[i], i))
    for i in by_remainder[: rows - sum(sizes)]:
        sizes[i] += 1
    while rows >= len(sizes) and 0 in sizes:
        sizes[sizes.index(max(sizes))] -= 1
        sizes[sizes.index(0)] += 1
    return dict(zip(shares.names, sizes, strict=True))
