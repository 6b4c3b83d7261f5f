"""Evaluator: the stock component with our executor."""

from tfx.components.evaluator.component import Evaluator as StockEvaluator
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec

from tfx_rebalance.components.evaluator.executor import Executor


class Evaluator(StockEvaluator):
    """Refuses a champion that the candidate cannot be compared with."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)
