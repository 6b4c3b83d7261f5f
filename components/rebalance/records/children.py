"""New rows as serialized tf.Examples."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.records.encoding import float_entries, int_entries, joined
from tfx_rebalance.components.rebalance.records.layout import Column, Layout
from tfx_rebalance.components.rebalance.records.rows import Floats
from tfx_rebalance.components.rebalance.records.seeds import Seeds
from tfx_rebalance.components.rebalance.synthesis.interpolation import Born
from tfx_rebalance.components.rebalance.synthesis.pairs import Indices, Pairs

SYNTHETIC, PARENTS = "synthetic", "parents"

Entries = Sequence[bytes]


def whole_numbers(layout: Layout) -> npt.NDArray[np.bool_]:
    """Returns which of the layout's numeric columns are integers, (width,)."""
    return np.array(
        [c.dtype == "int" for c in layout.of("numeric") for _ in range(c.size or 0)], dtype=bool
    )


def synthetic(pairs: Pairs) -> npt.NDArray[np.bool_]:
    """Returns which new rows lie between two parents, (m,); the others are copies of one."""
    between = pairs.partner != NOBODY
    if pairs.toward is not None:
        between |= ~np.isnan(pairs.toward).all(axis=1)
    return np.asarray(between, dtype=np.bool_)


def children(
    seeds: Seeds, new: Born, pairs: Pairs, *, layout: Layout, provenance: bool
) -> list[bytes]:
    """Returns the new rows, m of them.

    Args:
        seeds: The class.
        new: Its new rows.
        pairs: Their parents.
        layout: What the features are.
        provenance: Whether rows between two parents carry `synthetic` = 1 and `parents`, their
            row keys (int64: shard * 2**40 + row of the input artifact); a parent that is no row,
            such as a mean, is -1.
    """
    parts: list[Entries] = list(_numeric(new.rows.numeric, layout))
    for place, column in enumerate(layout.of("nominal")):
        parts.append(_taken(seeds.entries[column.name], new.donors[:, place]))
    for column in layout.of("copied"):
        parts.append(_taken(seeds.entries[column.name], new.seed))
    if provenance:
        parts += _provenance(seeds, pairs)
    return joined(parts)


def _numeric(values: Floats, layout: Layout) -> Iterator[Entries]:
    """Floats in one block, integers column by column."""
    start, floats, blocks = 0, [], []
    for column in layout.of("numeric"):
        size = column.size or 0
        block, start = values[:, start : start + size], start + size
        if column.dtype == "float":
            floats.append((column.name, size))
            # Transform writes a missing number as 0, its mean, and says so in the flag.
            blocks.append(np.nan_to_num(block) if column.flag else block)
        else:
            yield _integers(column, block)
    if floats:
        yield float_entries(floats, np.concatenate(blocks, axis=1).astype(np.float32))


def _integers(column: Column, block: Floats) -> Entries:
    missing = np.isnan(block).any(axis=1)
    entries = int_entries(column.name, np.rint(np.nan_to_num(block)).astype(np.int64))
    return [b"" if lost else entry for entry, lost in zip(entries, missing, strict=True)]


def _taken(entries: Entries, rows: Indices) -> Entries:
    return [entries[row] for row in rows.tolist()]


def _provenance(seeds: Seeds, pairs: Pairs) -> list[Entries]:
    between = synthetic(pairs)
    keys = seeds.keys.astype(np.int64)
    partner = np.where(pairs.partner == NOBODY, NOBODY, keys[pairs.partner])
    if pairs.foreign is not None:
        partner = np.where(pairs.partner == NOBODY, pairs.foreign.astype(np.int64), partner)
    parents = np.stack([keys[pairs.seed], partner], axis=1)
    marks = int_entries(SYNTHETIC, np.ones(len(pairs), dtype=np.int64))
    names = int_entries(PARENTS, parents)
    return [
        [entry if is_new else b"" for entry, is_new in zip(part, between.tolist(), strict=True)]
        for part in (marks, names)
    ]
