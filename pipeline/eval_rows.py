"""How many rows of each class `eval` will have, overall and by slice, told before any run."""

import glob
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.evaluator.gating.buckets import buckets_of
from tfx_rebalance.components.evaluator.gating.power import SliceRows
from tfx_rebalance.components.evaluator.settings import SliceSettings
from tfx_rebalance.components.example_gen.labels import Labels
from tfx_rebalance.components.example_gen.settings import SPLITS, DataSettings
from tfx_rebalance.components.example_gen.sources.demo import DemoReader
from tfx_rebalance.components.example_gen.sources.registry import reader_of
from tfx_rebalance.components.example_gen.sources.source import BadRows, Reader
from tfx_rebalance.components.example_gen.splitting.shares import Shares, split_sizes
from tfx_rebalance.components.example_gen.wanted import wanted_of
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features
from tfx_rebalance.pipeline.checks import read_schema
from tfx_rebalance.pipeline.config import PipelineConfig

COUNTED = ("csv", "parquet")
"""Formats whose rows are counted without TensorFlow."""

Values = tuple[str, ...]
Key = tuple[int, Values, str]
"""Entry of `slices`, values of its features, class."""


@dataclass(frozen=True)
class EvalRows:
    """What is expected of the eval split."""

    classes: Mapping[str, int]
    slices: tuple[SliceRows, ...]
    """Empty where nobody counted them."""


def expected_rows(config: PipelineConfig, features: Features) -> EvalRows:
    """Returns the eval split's share of the rows in the source.

    Raises:
        ConfigError: If they cannot be counted here.
        DataError: If a row cannot be read.
    """
    _check_countable(config.data)
    classes, slices = _counted(config, features)
    share = _share_of(config.data)
    found: dict[tuple[int, Values], dict[str, int]] = {}
    for (index, values, label), n in sorted(slices.items()):
        found.setdefault((index, values), dict.fromkeys(features.classes, 0))[label] = share(n)
    return EvalRows(
        classes={label: share(classes[label]) for label in features.classes},
        slices=tuple(
            SliceRows(i, dict(zip(config.evaluate.slices[i].features, values, strict=True)), rows)
            for (i, values), rows in found.items()
        ),
    )


def _check_countable(data: DataSettings) -> None:
    why = ""
    paths = [*data.patterns.values()]
    if data.splits.time is not None or data.label_maturity_days:
        why = "rows are dealt by time"
    elif not data.is_demo and data.source.format not in COUNTED:
        why = f"the source is {data.source.format}"
    elif any("://" in path or "{" in path for path in paths):
        why = "the files are remote or in spans"
    if why:
        raise ConfigError(
            f"the rows of eval are not counted before a run where {why}. Give the number for each "
            "class that you ask about: --positives CLASS=N."
        )


def _share_of(data: DataSettings) -> Callable[[int], int]:
    if data.splits.files is not None:
        return lambda rows: rows  # Its own files say what eval is.
    shares = Shares(SPLITS, data.splits.shares)
    return lambda rows: split_sizes(rows, shares, minimum=0)["eval"]


def _counted(config: PipelineConfig, features: Features) -> tuple[Counter[str], Counter[Key]]:
    data, parts = config.data, config.evaluate.slices
    labels = Labels(features, data.label_groups)
    classes: Counter[str] = Counter()
    slices: Counter[Key] = Counter()
    names = np.array(features.classes, dtype=object)
    for batch in _batches(data, read_schema(data.schema_file)):
        indices = labels.indices(batch)
        known = indices >= 0
        told = names[indices[known]]
        classes.update(told.tolist())
        for index, part in enumerate(parts):
            columns = [pa.array(_texts(batch, name, part)[known]) for name in part.features]
            for values, label, n in _crossed(columns, pa.array(told)):
                slices[index, values, label] += n
    return classes, slices


def _crossed(columns: Sequence[pa.Array], told: pa.Array) -> Iterator[tuple[Values, str, int]]:
    """Yields values, class and rows of what occurs together and lacks no value."""
    keys = [str(place) for place in range(len(columns))]
    table = pa.table([*columns, told, told], names=[*keys, "class", "rows"])
    for found in table.group_by([*keys, "class"]).aggregate([("rows", "count")]).to_pylist():
        values = tuple(found[key] for key in keys)
        if None not in values:
            yield values, found["class"], found["rows_count"]


def _texts(batch: pa.RecordBatch, name: str, part: SliceSettings) -> npt.NDArray[Any]:
    """Returns the values that TFMA would slice by, (rows,), None where there is none.

    A missing number is in a bucket of its own.
    """
    column = batch.column(batch.schema.get_field_index(name))
    if name not in part.buckets:
        texts = column.cast(pa.string()).to_numpy(zero_copy_only=False)
        return np.asarray(texts, dtype=object)
    numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return buckets_of(numbers, part.buckets[name]).astype(object)


def _batches(data: DataSettings, schema: schema_pb2.Schema) -> Iterator[pa.RecordBatch]:
    reader: Reader = DemoReader(data.demo) if data.is_demo else reader_of(data.source)
    paths = ["demo"] if data.is_demo else _files(data)
    wanted = wanted_of(schema, label=data.label)
    return reader.batches(reader.pieces(paths), wanted, BadRows(data.max_bad_rows))


def _files(data: DataSettings) -> Sequence[str]:
    pattern = data.patterns.get("eval", data.patterns.get("", ""))
    found = sorted(glob.glob(pattern))
    if not found:
        raise ConfigError(
            f"no file is called {pattern!r}. Correct data.source or data.splits.files."
        )
    return found
