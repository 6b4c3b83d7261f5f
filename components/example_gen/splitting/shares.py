"""How many rows of a class each split gets."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Shares:
    """The split names and their shares, which sum to 1."""

    names: tuple[str, ...]
    values: tuple[float, ...]


def split_sizes(rows: int, shares: Shares, *, minimum: int = 1) -> Mapping[str, int]:
    """Returns how many of a class's rows each split gets, each within one of its exact share.

    Largest remainders. The exception: a split whose share comes to less than `minimum` takes rows
    from the largest, while there are enough rows for each split to have so many. A split whose
    share is 0 gets none.
    """
    exact = [rows * share for share in shares.values]
    sizes = [int(x + 1e-9) for x in exact]
    by_remainder = sorted(range(len(sizes)), key=lambda i: (sizes[i] - exact[i], i))
    for i in by_remainder[: rows - sum(sizes)]:
        sizes[i] += 1
    wanted = [i for i, share in enumerate(shares.values) if share > 0]
    while rows >= len(wanted) * minimum and min(sizes[i] for i in wanted) < minimum:
        sizes[max(wanted, key=lambda i: sizes[i])] -= 1
        sizes[min(wanted, key=lambda i: sizes[i])] += 1
    return dict(zip(shares.names, sizes, strict=True))
