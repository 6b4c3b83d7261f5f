"""How many rows are enough."""

from collections.abc import Callable

MOST_ROWS = 10**9
"""Beyond it the share is the bar for all that can be told."""


def first_above(rows: int, enough: Callable[[int], bool]) -> int | None:
    """Returns the least number above `rows` that is enough, or None up to `MOST_ROWS` more.

    Args:
        rows: What is not enough.
        enough: Tells of a number whether it is; once it is, more are too.
    """
    step = 1
    while not enough(rows + step):
        step *= 2
        if step > MOST_ROWS:
            return None
    low, high = rows + step // 2, rows + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
