"""How TFMA comes from rows to metrics: one tally per slice, model and output, shared by all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2

from tfx_rebalance.components.evaluator.tallies import Paired, Tally
from tfx_rebalance.components.evaluator.values import confusion_matrix
from tfx_rebalance.content import row_keys
from tfx_rebalance.releases import read_row_keys

Computations = list[Any]
"""TFMA's `MetricComputation` and `DerivedMetricComputation`."""


class Combiner(beam.CombineFn):
    """Counts the rows of a slice in a tally."""

    def __init__(
        self,
        tally: Callable[[], Tally],
        key: metric_types.MetricKey,
        reads: Sequence[tuple[str, str]],
        *,
        with_input: bool = False,
    ) -> None:
        """Takes what makes a tally, the key of its result, and what it is given.

        That is the prediction of each (model, output) and, if asked for, the serialized row.
        """
        super().__init__()
        self._tally, self._key, self._reads = tally, key, tuple(reads)
        self._with_input = with_input

    def create_accumulator(self) -> Tally:
        """Returns a tally of no rows."""
        return self._tally()

    def add_input(self, mutable_accumulator: Tally, element: Any) -> Tally:
        """Adds a row."""
        label = _of(element[constants.LABELS_KEY], self._reads[0])
        predictions = element[constants.PREDICTIONS_KEY]
        said = [_of(predictions, read) for read in self._reads]
        if self._with_input:
            said.append(_bytes(element[constants.INPUT_KEY]))
        mutable_accumulator.add(label, *said)
        return mutable_accumulator

    def merge_accumulators(self, accumulators: Iterable[Tally]) -> Tally:
        """Adds tallies up."""
        first, *others = accumulators
        for other in others:
            first.merge(other)
        return first

    def compact(self, accumulator: Tally) -> Tally:
        """Counts the rows that wait, before it travels."""
        return accumulator.settle()

    def extract_output(self, accumulator: Tally) -> dict[metric_types.MetricKey, Tally]:
        """Returns the tally under its key."""
        return {self._key: accumulator.settle()}


@dataclass(frozen=True)
class FittedOn:
    """Says of serialized tf.Examples, (n,), which ones a model was fitted on, (n,), bool."""

    path: str | None
    """Of their keys; None: of no row is that known."""

    def __call__(self, records: Any) -> Any:
        """See the class."""
        if self.path is None:
            return np.zeros(len(records), bool)
        return np.isin(row_keys(records), read_row_keys(self.path))


def computations(tally: type[Tally], value: Callable[..., Any]) -> Callable[..., Computations]:
    """Returns what TFMA asks a metric for: the tally that all share, and the value made of it.

    Args:
        tally: What rows are counted in.
        value: Makes the metric's value of it.
    """

    # TFMA hands over what the positional parameters name.
    def create(
        name: str,
        eval_config: config_pb2.EvalConfig | None = None,
        model_names: list[str] | None = None,
        output_names: list[str] | None = None,
        example_weighted: bool = False,
        **given: Any,
    ) -> Computations:
        del eval_config, example_weighted  # The gate counts rows, not weights.
        computations: Computations = []
        for model in model_names or [""]:
            for output in output_names or [""]:
                shared = _key(f"_{tally.__name__.lower()}", model, output)
                key = _key(name, model, output)
                counted = Combiner(tally, shared, [(model, output)])
                computations += [
                    metric_types.MetricComputation([shared], None, counted),
                    _derived(key, shared, partial(value, **given)),
                ]
        return computations

    return create


def paired_computations(
    name: str,
    eval_config: config_pb2.EvalConfig | None = None,
    model_names: list[str] | None = None,
    output_names: list[str] | None = None,
    example_weighted: bool = False,
    fitted_rows: str | None = None,
) -> Computations:
    """Returns the same for `PairedDecisions`, for both models at once; none without a baseline."""
    del example_weighted
    specs = eval_config.model_specs if eval_config else []
    baseline = next((spec.name for spec in specs if spec.is_baseline), None)
    candidates = [model for model in model_names or [""] if model != baseline]
    if baseline is None or not candidates:
        return []
    computations: Computations = []
    for output in output_names or [""]:
        # With its file in the name: TFMA takes computations with the same keys for one.
        shared = _key(f"_paired {fitted_rows}", candidates[0], output)
        key = _key(name, candidates[0], output)
        reads = [(candidates[0], output), (baseline, output)]
        tally = partial(Paired, FittedOn(fitted_rows))
        combiner = Combiner(tally, shared, reads, with_input=True)
        rows = metric_types.InputPreprocessor(include_default_inputs=True)
        computations += [
            metric_types.MetricComputation([shared], [rows], combiner),
            _derived(key, shared, confusion_matrix),
        ]
    return computations


def _of(values: Any, read: tuple[str, str]) -> Any:
    """Returns the values of a (model, output); TFMA leaves a level out that has but one name.

    TFMA's own search for them took most of the time of a row.
    """
    for name in read:
        if name and isinstance(values, Mapping) and name in values:
            values = values[name]
    return values


def _bytes(row: Any) -> bytes:
    """Returns the one serialized row, however TFMA wraps it."""
    return bytes(np.asarray(row, dtype=object).reshape(-1)[0])


def _key(name: str, model: str, output: str) -> metric_types.MetricKey:
    return metric_types.MetricKey(name=name, model_name=model, output_name=output)


def _derived(
    key: metric_types.MetricKey, tally: metric_types.MetricKey, value: Callable[[Any], Any]
) -> metric_types.DerivedMetricComputation:
    def result(metrics: dict[metric_types.MetricKey, Any]) -> dict[metric_types.MetricKey, Any]:
        return {key: value(metrics[tally])}

    return metric_types.DerivedMetricComputation(keys=[key], result=result)
