"""A class as plain points, for what needs means of rows; and which of its rows are equal."""

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.records.rows import Floats
from tfx_rebalance.draws import keyed_draws, mix

Points = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

WIDTH = 64
"""Columns that stand for all categories: more are projected on so many."""
COMPONENTS = 8
"""Dimensions for a nominal column whose values lie at unequal distances."""
WIDEST = 1 << 16
"""Values of a column that are told apart; each of this many more shares the place of another."""


def points_of(space: Space) -> Points:
    """Returns points whose distances are about those of the space, but for a common factor.

    Exact without categories, or with up to WIDTH of them at one distance of each other. More are
    projected (Johnson and Lindenstrauss 1984), within some 20 %; unequal `differences` are scaled
    to COMPONENTS dimensions (Torgerson 1952).

    Args:
        space: (n,), n >= 1.

    Returns:
        (n, w), w >= 1, in [-1, 1]: float32 has 7 digits, so the numbers' medians are at 0.
    """
    numeric = space.numeric - np.median(space.numeric[:: max(1, len(space) // 10_000)], axis=0)
    categories = _categories(space)
    largest = max(np.abs(part).max(initial=0.0) for part in (numeric, categories)) or 1.0
    width = numeric.shape[1]
    points = np.zeros((len(space), max(1, width + categories.shape[1])), dtype=np.float32)
    points[:, :width] = numeric / largest
    points[:, width : width + categories.shape[1]] = categories / largest
    return points


def copies_before(space: Space) -> Indices:
    """Returns for each row how many rows before it equal it, (n,)."""
    keys = np.zeros(len(space), dtype=np.uint64)
    for column in [*(space.numeric.T + 0.0), *space.nominal.T]:  # + 0.0: -0.0 equals 0.0.
        keys = mix(keys ^ np.ascontiguousarray(column).view(np.uint64))
    order = np.argsort(keys, kind="stable")
    places = np.arange(len(keys))
    is_first = np.append(True, keys[order][1:] != keys[order][:-1])[: len(keys)]
    copies = np.empty_like(places)
    copies[order] = places - np.maximum.accumulate(np.where(is_first, places, 0))
    return copies


def _categories(space: Space) -> Points:
    """Returns points for the nominal columns, (n, up to WIDTH)."""
    columns = np.flatnonzero((space.nominal != space.nominal[:1]).any(axis=0))
    found = [np.unique(space.nominal[:, column], return_inverse=True) for column in columns]
    widths = [min(len(values), COMPONENTS if space.differences else WIDEST) for values, _ in found]
    basis = _basis(sum(widths))
    points = np.zeros((len(space), basis.shape[1]), dtype=np.float32)
    for place, (values, codes) in enumerate(found):
        axes = basis[sum(widths[:place]) :][: widths[place]]
        points += _coordinates(space, int(columns[place]), values, axes)[codes]
    return points


def _coordinates(space: Space, column: int, values: Indices, axes: Floats) -> Points:
    """Returns where a column's values lie, (values, width of `axes`)."""
    if not space.differences:
        places: Indices = np.arange(len(values)) % len(axes)
        return np.asarray(axes[places] * (space.mismatch / 2) ** 0.5, dtype=np.float32)
    squares = space.differences[column][np.ix_(values, values)] ** 2
    means = squares.mean(axis=0)
    products = (means + means[:, np.newaxis] - squares - means.mean()) / 2
    sizes, directions = np.linalg.eigh(products)  # The largest are the last.
    table = (directions * np.sqrt(np.maximum(sizes, 0)))[:, -len(axes) :]
    return np.asarray(table @ axes, dtype=np.float32)


def _basis(axes: int) -> Floats:
    """Returns where each axis points, (axes, up to WIDTH), each of length 1."""
    if axes <= WIDTH:
        return np.eye(axes)
    drawn = keyed_draws(np.arange(axes * WIDTH, dtype=np.uint64), seed=0, purpose="projection")
    signs = np.where(drawn >> np.uint64(63), 1.0, -1.0)
    basis: Floats = signs.reshape(axes, WIDTH) / WIDTH**0.5
    return basis
