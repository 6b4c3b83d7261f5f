"""The pieces of a source, put together to what a worker reads at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tensorflow as tf

from tfx_rebalance.components.example_gen.sources.source import Piece, Reader
from tfx_rebalance.components.example_gen.spans import File, Window

PART_BYTES = 16 << 20
"""Small files are read together up to so many bytes."""


@dataclass(frozen=True)
class Part:
    """What a worker reads at once: a row group, a large file, or some small ones."""

    number: int
    pieces: tuple[Piece, ...]
    split: str = ""
    """What the input says; "" where rows are dealt."""
    span: int = 0
    is_before: bool = False
    """Whether its span has left the window: it is only read to see what moved."""


def parts_of(window: Window, reader: Reader) -> list[Part]:
    """Returns the parts of a window's files, and of the span that has left it."""
    parts: list[Part] = []
    for files, is_before in ((window.files, False), (window.before, True)):
        for together in _runs(files):
            pieces = reader.pieces([file.path for file in together])
            for some in _bundles(pieces):
                split, span = together[0].split, together[0].span
                parts.append(Part(len(parts), tuple(some), split, span, is_before))
    return parts


def _runs(files: Sequence[File]) -> Iterator[list[File]]:
    """Yields files of the same split and span together."""
    for key in dict.fromkeys((file.split, file.span) for file in files):
        yield [file for file in files if (file.split, file.span) == key]


def _bundles(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yields row groups one by one and files together up to `PART_BYTES`."""
    if len(pieces) == 1:
        yield [*pieces]
        return
    bundle: list[Piece] = []
    size = 0
    for piece in pieces:
        if piece.row_group is not None:
            yield [piece]
            continue
        length = tf.io.gfile.stat(piece.path).length
        if bundle and size + length > PART_BYTES:
            yield bundle
            bundle, size = [], 0
        bundle.append(piece)
        size += length
    if bundle:
        yield bundle
