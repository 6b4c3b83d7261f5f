"""The files that a config's patterns stand for in this run."""

from collections.abc import Sequence
from typing import cast

import tensorflow as tf

from tfx_rebalance.components.example_gen.run_date import run_moment
from tfx_rebalance.components.example_gen.settings import SPLITS, DataSettings
from tfx_rebalance.components.example_gen.sources.registry import reader_of
from tfx_rebalance.components.example_gen.sources.settings import (
    DEMO,
    AnySource,
    BigQuerySource,
    DemoSource,
    TFDSSource,
)
from tfx_rebalance.components.example_gen.sources.source import PreparingReader
from tfx_rebalance.components.example_gen.spans import File, Window, is_dated, resolve, span_of
from tfx_rebalance.errors import DataError

SINGLE_SPLIT = "single_split"
"""What stock ExampleGen calls the input when it does the splitting."""
_NANOSECONDS = 1_000_000_000


def window_of(settings: DataSettings, *, folder: str) -> Window:
    """Returns the files of the configured spans.

    Args:
        settings: Source and dates.
        folder: Where a source that is not made of files may put its rows in files. BigQuery's are
            not here yet: its rows come through Beam.

    Raises:
        DataError: If the run date was not filled in, or data is missing.
    """
    patterns = settings.patterns
    newest, moment = settings.span, None
    if settings.run_date is not None:
        moment = run_moment(settings.run_date)
    if moment is not None and any(is_dated(pattern) for pattern in patterns.values()):
        newest = span_of(moment.date()) - settings.lag_days
    if not patterns:
        span = 0 if moment is None else span_of(moment.date())
        return Window(tuple(_prepared(settings, folder)), span, version=0)
    return resolve(patterns, glob=_glob, newest=newest, window=settings.window)


def _prepared(settings: DataSettings, folder: str) -> list[File]:
    source, files = settings.source, settings.splits.files
    if isinstance(source, BigQuerySource):
        return []
    if isinstance(source, DemoSource):
        return [File(DEMO, "", span=0)]
    sources: dict[str, AnySource] = {}
    if isinstance(source, TFDSSource) and files is not None:
        names = {name: getattr(files, name) for name in SPLITS}
        sources.update(
            {name: source.model_copy(update={"split": of}) for name, of in names.items() if of}
        )
    else:
        sources[""] = source
    return [
        File(path, split, span=0)
        for split, of_split in sources.items()
        for path in cast(PreparingReader, reader_of(of_split)).prepare(folder)
    ]


def _glob(pattern: str) -> list[str]:
    """Returns the files and folders a pattern matches; hidden ones only where it names them."""
    try:
        found = tf.io.gfile.glob(pattern)
    except tf.errors.OpError as error:
        raise DataError(
            f"{pattern!r} cannot be listed: {error.message}. Check the path and the right to read."
        ) from None
    return [path for path in found if not _is_hidden(path, pattern)]


def _is_hidden(path: str, pattern: str) -> bool:
    """Returns whether a wildcard stands for a name with a dot before it, which no shell allows."""
    names = zip(*(reversed(text.rstrip("/").split("/")) for text in (path, pattern)), strict=False)
    return any(name.startswith(".") and not of.startswith(".") for name, of in names)


def fingerprint(files: Sequence[File]) -> str:
    """Returns what stock ExampleGen says of its input: how many files, their sizes and times.

    The form of `tfx.utils.io_utils.generate_fingerprint`, a line per split.
    """
    lines = []
    for split in dict.fromkeys(file.split for file in files):
        size = mixed = total = 0
        paths = [file.path for file in files if file.split == split]
        for path in paths:
            stat = tf.io.gfile.stat(path)
            seconds = int(stat.mtime_nsec / _NANOSECONDS)
            size, mixed, total = size + stat.length, mixed ^ seconds, total + seconds
        lines.append(
            f"split:{split or SINGLE_SPLIT},num_files:{len(paths)},total_bytes:{size},"
            f"xor_checksum:{mixed},sum_checksum:{total}"
        )
    return "\n".join(lines)
