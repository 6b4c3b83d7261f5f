"""Evaluator: the stock component, and the gate that alone blesses."""

from collections.abc import Sequence

from tfx import types
from tfx.components.evaluator.component import Evaluator as StockEvaluator
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ExecutionParameter
from tfx.types.standard_component_specs import EvaluatorSpec as StockEvaluatorSpec
from tfx.utils import json_utils

from tfx_rebalance.components.evaluator.eval_config import eval_config
from tfx_rebalance.components.evaluator.executor import Executor, Judged
from tfx_rebalance.components.evaluator.settings import GateSettings

EXTRACTORS = "tfx_rebalance.components.evaluator.extractors"


class EvaluatorSpec(StockEvaluatorSpec):
    """The stock spec and the gate."""

    PARAMETERS = {**StockEvaluatorSpec.PARAMETERS, "gate": ExecutionParameter(type=str)}


class Evaluator(StockEvaluator):
    """Measures the served decision on `eval` and judges it; writes `gate.json`, then blesses."""

    SPEC_CLASS = EvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        schema: types.BaseChannel,
        settings: GateSettings,
        classes: Sequence[str],
        baseline_model: types.BaseChannel | None = None,
        released: str = "",
    ) -> None:
        """Wires the node.

        Args:
            examples: Raw examples with the split `eval`.
            model: With the signatures of `components/trainer`.
            schema: Of the examples.
            settings: The gate.
            classes: The classes' names in the order of their indices.
            baseline_model: The champion; None, or no artifact in it: a cold start.
            released: Where released models are: their manifests say which rows the champion was
                fitted on.

        Raises:
            ConfigError: If a bar is set for a class that there is not.
        """
        judged = Judged(settings=settings, classes=tuple(classes), released=released)
        BaseComponent.__init__(
            self,
            spec=EvaluatorSpec(
                examples=examples,
                model=model,
                baseline_model=baseline_model,
                schema=schema,
                eval_config=eval_config(settings, classes),
                example_splits=json_utils.dumps(["eval"]),
                fairness_indicator_thresholds=json_utils.dumps(None),
                module_path=EXTRACTORS,
                gate=judged.model_dump_json(),
                evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
            ),
        )
