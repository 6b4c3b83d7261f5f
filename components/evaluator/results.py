"""What the Evaluator wrote, read back: recall per class, and what failed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import validation_result_pb2

from tfx_rebalance.components.evaluator.eval_config import metric_name
from tfx_rebalance.components.evaluator.metrics import RECALL, SHORTFALL, SUPPORT
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.intervals import Interval, clopper_pearson


@dataclass(frozen=True)
class ClassRecall:
    """A class on the whole eval split."""

    recall: float
    interval: Interval
    """95 %, exact (Clopper-Pearson)."""
    support: int
    bar: float | None


@dataclass(frozen=True)
class GateResult:
    """The gate's verdict and what it rests on."""

    passed: bool
    classes: Mapping[str, ClassRecall]
    failures: Sequence[str]
    """A sentence per threshold that was missed."""


def read_gate(uri: str, *, settings: GateSettings, classes: Sequence[str]) -> GateResult:
    """Returns the verdict that lies in an evaluation artifact.

    Args:
        uri: The artifact's.
        settings: The bars that were set.
        classes: The classes' names.
    """
    values = _overall_metrics(uri)
    recalls = {}
    for name in classes:
        support = round(values[metric_name(SUPPORT, name)])
        recall = values[metric_name(RECALL, name)]
        hits = 0 if math.isnan(recall) else round(recall * support)
        recalls[name] = ClassRecall(
            recall=recall,
            interval=clopper_pearson(hits, support),
            support=support,
            bar=settings.bar(name),
        )
    validation = tfma.load_validation_result(uri)
    return GateResult(
        passed=validation.validation_ok,
        classes=recalls,
        failures=_failures(validation, recalls, settings),
    )


def _overall_metrics(uri: str) -> dict[str, float]:
    """Returns the candidate's metrics on the overall slice by name."""
    result = tfma.load_eval_result(uri, model_name=_candidate(uri))
    [metrics] = [metrics for key, metrics in result.slicing_metrics if key == ()]
    by_name = metrics[""][""]
    return {name: _number(value) for name, value in by_name.items()}


def _candidate(uri: str) -> str | None:
    specs = tfma.load_eval_results([uri]).get_results()[0].config.model_specs
    return next((spec.name for spec in specs if not spec.is_baseline), None)


def _number(value: Mapping[str, Any]) -> float:
    return float(value["doubleValue"]) if "doubleValue" in value else math.nan


def _failures(
    validation: validation_result_pb2.ValidationResult,
    classes: Mapping[str, ClassRecall],
    settings: GateSettings,
) -> list[str]:
    found = []
    for of_slice in validation.metric_validations_per_slice:
        where = " and ".join(_key_text(key) for key in of_slice.slice_key.single_slice_keys)
        for failure in of_slice.failures:
            metric, _, name = failure.metric_key.name.partition("/")
            value = failure.metric_value.double_value.value
            if metric == RECALL and failure.metric_key.is_diff:
                found.append(
                    f"recall of {name!r} fell by {-value:.3f} against the last blessed model, "
                    f"more than {settings.champion.margin if settings.champion else 0:g}"
                )
            elif metric == RECALL:
                found.append(
                    f"recall of {name!r} is {value:.3f}, below its bar {classes[name].bar:g}"
                )
            elif metric == SHORTFALL:
                name = name.partition("/")[2]  # It begins with the slice's number.
                found.append(f"where {where}, recall of {name!r} is {value:.3f} below its bar")
            else:
                found.append(f"{failure.metric_key.name}: {failure.message}")
    for missing in validation.missing_slices:
        found.append(f"the eval split has no row in the slice {str(missing).strip()}")
    return found


def _key_text(key: Any) -> str:
    kind = key.WhichOneof("kind")
    value = getattr(key, kind) if kind else ""
    return f"{key.column} is {value.decode() if isinstance(value, bytes) else value}"
