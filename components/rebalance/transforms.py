"""The Beam side: an element is a shard, never a row."""

from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import tensorflow as tf
from apache_beam.metrics import Metrics

from tfx_rebalance.components.rebalance.labels import LabelFeature, labels_in, read_labels
from tfx_rebalance.components.rebalance.plan import (
    ClassPlan,
    Labels,
    copies_per_row,
    emission_order,
    plan_class,
    row_draws,
)
from tfx_rebalance.components.rebalance.registry import strategy_named
from tfx_rebalance.components.rebalance.report import report_of
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.draws import shard_row_keys
from tfx_rebalance.features import EXAMPLE_WEIGHT
from tfx_rebalance.records import read_records, write_shard


@dataclass(frozen=True)
class Shard:
    """A shard of the split: its number (which keys its rows), where it is and where it goes."""

    number: int
    source: str
    target: str


@beam.typehints.with_input_types(Shard)
@beam.typehints.with_output_types(tuple[str, tuple[ClassPlan, ...]])
class Resample(beam.PTransform):
    """Writes each shard resampled and gives (split, plan), one `ClassPlan` per class.

    Two passes: the labels of all shards make the plan; with the plan each shard is copied.
    """

    def __init__(self, settings: RebalanceSettings, *, label: LabelFeature, split: str) -> None:
        super().__init__()
        self._settings, self._label, self._split = settings, label, split

    def expand(self, shards: beam.PCollection) -> beam.PCollection:
        plan = (
            shards
            | "ReadLabels" >> beam.Map(self._numbered_labels)
            | "AllShards" >> beam.combiners.ToList()
            | "Plan" >> beam.Map(self._plan)
        )
        _ = (
            shards
            | "Spread" >> beam.Reshuffle()
            | "Emit" >> beam.Map(self._emit, beam.pvalue.AsSingleton(plan))
        )
        return plan | "Name" >> beam.Map(lambda plans, split=self._split: (split, plans))

    def _numbered_labels(self, shard: Shard) -> tuple[int, Labels]:
        return shard.number, read_labels(shard.source, self._label)

    def _plan(self, shards: Sequence[tuple[int, Labels]]) -> tuple[ClassPlan, ...]:
        classes, seed = self._label.classes, self._settings.seed
        labels = np.concatenate([labels for _, labels in shards])
        draws = np.concatenate(
            [row_draws(shard_row_keys(n, len(of_shard)), seed=seed) for n, of_shard in shards]
        )
        rows = np.bincount(labels, minlength=len(classes)).tolist()
        targets = strategy_named(self._settings.strategy).targets(
            dict(zip(classes, rows, strict=True)), self._settings.sampling_strategy
        )
        plans = tuple(
            plan_class(draws[labels == i], target=targets[name], upweight=self._settings.upweight)
            for i, name in enumerate(classes)
        )
        for name, plan in zip(classes, plans, strict=True):
            Metrics.counter("Rebalance", f"{self._split}/{name}/before").inc(plan.before)
            Metrics.counter("Rebalance", f"{self._split}/{name}/after").inc(plan.after)
        return plans

    def _emit(self, shard: Shard, plans: tuple[ClassPlan, ...]) -> None:
        batches = list(read_records(shard.source))
        labels = labels_in(batches, self._label, path=shard.source)
        keys = shard_row_keys(shard.number, len(labels))
        copies = copies_per_row(labels, row_draws(keys, seed=self._settings.seed), plans)
        rows = emission_order(copies, keys, seed=self._settings.seed)
        records = np.concatenate([np.empty(0, dtype=object), *batches])
        weights = [
            _weight_suffix(plan.weight) if self._settings.upweight else b"" for plan in plans
        ]
        write_shard(shard.target, (records[row] + weights[labels[row]] for row in rows))


@beam.typehints.with_input_types(tuple[str, tuple[ClassPlan, ...]])
class WriteReport(beam.PTransform):
    """Writes what was done to all splits as one JSON file."""

    def __init__(self, path: str, *, settings: RebalanceSettings, classes: Sequence[str]) -> None:
        super().__init__()
        self._path, self._settings, self._classes = path, settings, tuple(classes)

    def expand(self, plans: beam.PCollection) -> beam.PCollection:
        return plans | "AllSplits" >> beam.combiners.ToList() | "Write" >> beam.Map(self._write)

    def _write(self, plans: Sequence[tuple[str, tuple[ClassPlan, ...]]]) -> None:
        report = report_of(dict(plans), settings=self._settings, classes=self._classes)
        with tf.io.gfile.GFile(self._path, "w") as file:
            file.write(report.model_dump_json(indent=2))


def _weight_suffix(weight: float) -> bytes:
    """Returns what adds `example_weight` to a serialized tf.Example that it is appended to.

    Protobuf merges concatenated messages, so no record has to be parsed.
    """
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=[weight]))
    features = tf.train.Features(feature={EXAMPLE_WEIGHT: feature})
    return bytes(tf.train.Example(features=features).SerializeToString())
