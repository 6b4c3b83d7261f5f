"""The built-in, simulated data as a source."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from tfx_rebalance.components.example_gen.columns import conform
from tfx_rebalance.components.example_gen.demo_data import card_transactions
from tfx_rebalance.components.example_gen.settings import DemoSettings
from tfx_rebalance.components.example_gen.sources.source import BadRows, Piece, Wanted

ROWS = 100_000
"""Rows of a batch."""


class DemoReader:
    """Makes the rows each time they are read: the same settings, the same rows."""

    def __init__(self, settings: DemoSettings) -> None:
        self._settings = settings

    def pieces(self, paths: Sequence[str]) -> list[Piece]:
        """Returns the one piece there is."""
        return [Piece(path) for path in paths]

    def batches(
        self, pieces: Sequence[Piece], wanted: Wanted, bad: BadRows
    ) -> Iterator[pa.RecordBatch]:
        """Yields the rows, typed."""
        for piece in pieces:
            first = 0
            table = card_transactions(self._settings).combine_chunks()
            for batch in table.to_batches(max_chunksize=ROWS):
                yield conform(batch, wanted, name=piece.path, bad=bad, first_row=first)
                first += batch.num_rows
