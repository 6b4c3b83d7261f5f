"""Pusher: the stock one with our executor, the statistics and the rows of the training data."""

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter
from tfx.types.standard_component_specs import PusherSpec as StockPusherSpec

from tfx_rebalance.components.pusher.executor import Executor


class PusherSpec(StockPusherSpec):
    """The stock spec and what the model was trained on."""

    INPUTS = {
        **StockPusherSpec.INPUTS,
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics, optional=True),
        "examples": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }


class Pusher(BaseComponent):
    """Pushes what was blessed; the runners never cache it, so it answers for what is there now."""

    SPEC_CLASS = PusherSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        model: types.BaseChannel,
        model_blessing: types.BaseChannel,
        push_destination: pusher_pb2.PushDestination,
        statistics: types.BaseChannel | None = None,
        examples: types.BaseChannel | None = None,
    ) -> None:
        """Wires the node.

        Args:
            model: What may be pushed.
            model_blessing: Whether it is.
            push_destination: The folder that versions go to.
            statistics: Of the data the model was trained on; its uri goes into the manifest, for
                later runs to see a drift.
            examples: Raw, with the splits `train` and `val`; keys of their rows go beside the
                manifest, so that a later Evaluator does not hold them against this model.
        """
        super().__init__(
            spec=PusherSpec(
                model=model,
                model_blessing=model_blessing,
                statistics=statistics,
                examples=examples,
                push_destination=push_destination,
                custom_config="null",
                pushed_model=types.Channel(type=standard_artifacts.PushedModel),
            )
        )
