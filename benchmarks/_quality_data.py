"""The real data of `quality.py`: read as an example config says, dealt, and made model inputs.

What Transform does is done here in memory; `tests/benchmarks/test_quality.py` holds it against
`preprocessing_fn` itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf
from _strategies_data import scaled_split
from _strategies_resampling import Training
from sklearn.model_selection import StratifiedShuffleSplit

from tfx_rebalance.components.rebalance import strategy as rebalance
from tfx_rebalance.components.rebalance.records.rows import Rows
from tfx_rebalance.components.trainer.columns import Columns
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.features import Features, features_of, missing_name
from tfx_rebalance.pipeline.checks import read_schema
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.config_file import load_config
from tfx_rebalance.scores import Floats, Ints

ROOT = Path(__file__).resolve().parents[1]
HELD_OUT = 0.2
"""Of all rows, in `val` and again in `eval`."""


@dataclass(frozen=True)
class Table:
    """A data set as it was read."""

    config: PipelineConfig
    features: Features
    raw: pd.DataFrame
    """The inputs: numbers as float64, names as text; NaN or None where a cell is missing."""
    labels: Ints
    """(n,), class indices."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names."""
        return self.features.classes

    def take(self, rows: Ints) -> "Table":
        """Returns some of the rows."""
        return Table(self.config, self.features, self.raw.iloc[rows], self.labels[rows])


@dataclass(frozen=True)
class Dealt:
    """Row numbers of each split, ascending."""

    train: Ints
    val: Ints
    eval: Ints


@dataclass(frozen=True)
class Inputs:
    """All rows of a table as the model takes them, scaled and indexed by some of them."""

    columns: Columns
    numeric: npt.NDArray[np.float32]
    """(n, numeric)"""
    categorical: Ints
    """(n, categorical): indices into one vocabulary."""
    labels: Ints

    def split(self, rows: Ints) -> Split:
        """Returns some rows as the Trainer holds them."""
        return self._split(self.numeric[rows], self.categorical[rows], self.labels[rows])

    def resampled(self, training: Training) -> Split:
        """Returns what Rebalance would hand to the Trainer."""
        rows = training.rows
        weights = training.weights
        return self._split(rows.numeric, rows.nominal, training.labels, weights=weights)

    def for_rebalance(self, rows: Ints) -> rebalance.Split:
        """Returns some rows as resampling takes them."""
        numeric = self.numeric[rows].astype(np.float64)
        return scaled_split(Rows(numeric, self.categorical[rows]), self.labels[rows])

    def _split(
        self,
        numeric: npt.NDArray[Any],
        categorical: Ints,
        labels: Ints,
        *,
        weights: Floats | None = None,
    ) -> Split:
        weights = np.ones(len(labels)) if weights is None else weights
        batch = {}
        if self.columns.numeric:
            batch["numeric"] = tf.constant(numeric, tf.float32)
        if self.columns.categorical:
            batch["categorical"] = tf.constant(categorical, tf.int64)
        mass = np.bincount(labels, weights, minlength=int(self.labels.max()) + 1)
        kept = (batch, tf.constant(labels, tf.int64), tf.constant(weights, tf.float32))
        return Split((), self.columns, len(labels), mass, kept)


def read(name: str) -> Table:
    """Returns the data set that the example config of that name reads."""
    config = load_config(ROOT / "examples" / f"{name}.yaml")
    data = config.data
    schema = read_schema(str(data.schema_file))
    features = features_of(schema, label=data.label, exclude=data.exclude)
    types: dict[str, Any] = {f.name: str if f.categorical else float for f in features.inputs}
    raw = pd.read_csv(
        data.source.path,
        dtype={**types, data.label: str},
        usecols=[*types, data.label],
        keep_default_na=False,
        na_values=[""],
    )
    groups = data.label_groups or {label: (label,) for label in features.classes}
    index = {one: features.classes.index(group) for group, all_ in groups.items() for one in all_}
    labels = raw.pop(data.label).map(index).to_numpy(np.int64)
    return Table(config, features, raw, labels)


def dealt(labels: Ints, *, seed: int) -> Dealt:
    """Returns three rows in five for `train`, one each for `val` and `eval`, stratified."""
    rest, tested = _halves(labels, HELD_OUT, seed=seed)
    train, val = _halves(labels[rest], HELD_OUT / (1 - HELD_OUT), seed=seed)
    return Dealt(np.sort(rest[train]), np.sort(rest[val]), np.sort(tested))


def inputs_of(table: Table, fitted_on: Ints) -> Inputs:
    """Returns all rows as Transform makes them, when it has analysed some of them."""
    numbers, names = _numbers(table, fitted_on), _indices(table, fitted_on)
    in_order = sorted(numbers)
    categorical = tuple(feature.name for feature in table.features.categorical)
    columns = Columns(tuple(in_order), categorical, names.size, table.features.label)
    empty = np.empty((len(table.labels), 0), np.float32)
    numeric = np.stack([numbers[name] for name in in_order], axis=1) if numbers else empty
    return Inputs(columns, numeric, names.indices, table.labels)


@dataclass(frozen=True)
class _Names:
    indices: Ints
    """(n, categorical)"""
    size: int
    """Of the vocabulary and the index of what is not in it; 0 without categorical columns."""


def _numbers(table: Table, fitted_on: Ints) -> dict[str, npt.NDArray[np.float32]]:
    columns = {}
    for feature in table.features.numeric:
        raw = table.raw[feature.name].to_numpy(np.float64)
        x = np.where(np.isfinite(raw), raw, np.nan)
        if feature.name in table.config.transform.log:
            x = np.sign(x) * np.log1p(np.abs(x))
        known = x[fitted_on][np.isfinite(x[fitted_on])]
        mean, spread = (known.mean(), known.std()) if len(known) else (np.nan, np.nan)
        scaled = (x - mean) / (spread if spread > 0 else 1.0)
        filled = np.where(np.isfinite(scaled), scaled, 0.0)
        columns[feature.name] = filled.astype(np.float32)
        if feature.optional:
            columns[missing_name(feature)] = np.isnan(x).astype(np.float32)
    return columns


def _indices(table: Table, fitted_on: Ints) -> _Names:
    categorical = table.features.categorical
    if not categorical:
        return _Names(np.empty((len(table.labels), 0), np.int64), 0)
    columns = [_tokens(f"{i}:{f.name}", table.raw[f.name]) for i, f in enumerate(categorical)]
    tokens = np.stack(columns, axis=1)
    found, counts = np.unique(tokens[fitted_on].ravel(), return_counts=True)
    # TFT takes the last in the alphabet first where two are equally frequent.
    order = np.lexsort((-np.arange(len(found)), -counts))
    vocabulary = found[order][: table.config.transform.vocabulary_size].tolist()
    place = {token: index for index, token in enumerate(vocabulary)}
    unseen = len(vocabulary)
    indices = [[place.get(token, unseen) for token in row] for row in tokens.tolist()]
    return _Names(np.array(indices, np.int64), unseen + 1)


def _tokens(name: str, column: Iterable[Any]) -> npt.NDArray[Any]:
    return np.array([name if pd.isna(cell) else f"{name}={cell}" for cell in column])


def _halves(labels: Ints, share: float, *, seed: int) -> tuple[Ints, Ints]:
    """Returns the rows that stay and the share that is taken away."""
    splitter = StratifiedShuffleSplit(1, test_size=share, random_state=seed)
    [(stay, away)] = splitter.split(labels, labels)
    return stay, away
