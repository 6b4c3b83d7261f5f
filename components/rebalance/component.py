"""Rebalance: the training split resampled, the others untouched."""

from tfx import types
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_rebalance.artifacts import RebalanceReport
from tfx_rebalance.components.rebalance.executor import Executor
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.features import Features


class RebalanceSpec(ComponentSpec):
    """`Examples` in, `Examples` and a report out; the parameters are JSON of pydantic models."""

    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": ChannelParameter(type=standard_artifacts.TransformGraph, optional=True),
    }
    OUTPUTS = {
        "rebalanced_examples": ChannelParameter(type=standard_artifacts.Examples),
        "rebalance_report": ChannelParameter(type=RebalanceReport),
    }
    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
    }


class Rebalance(BaseBeamComponent):
    """Resamples the training split to exact class counts, the same for any number of workers."""

    SPEC_CLASS = RebalanceSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        features: Features,
        settings: RebalanceSettings,
        transform_graph: types.BaseChannel | None = None,
    ) -> None:
        """Wires the node.

        Args:
            examples: tf.Examples, raw or transformed.
            features: Names the label and its classes.
            settings: What to resample and how far.
            transform_graph: What `examples` were transformed by, if they were: their label is
                then a class index, else the label as it is written.
        """
        super().__init__(
            spec=RebalanceSpec(
                examples=examples,
                transform_graph=transform_graph,
                settings=settings.model_dump_json(),
                features=features.model_dump_json(),
                rebalanced_examples=types.Channel(type=standard_artifacts.Examples),
                rebalance_report=types.Channel(type=RebalanceReport),
            )
        )
