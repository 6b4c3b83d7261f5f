"""Rebalance: the training split resampled, the others untouched."""

import json
from collections.abc import Sequence

from tfx import types
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_rebalance.artifacts import RebalanceReport
from tfx_rebalance.components.rebalance.executor import Executor
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features


class RebalanceSpec(ComponentSpec):
    """`Examples` in, `Examples` and a report out; the parameters are JSON of pydantic models."""

    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "schema": ChannelParameter(type=standard_artifacts.Schema, optional=True),
        "transform_graph": ChannelParameter(type=standard_artifacts.TransformGraph, optional=True),
    }
    OUTPUTS = {
        "rebalanced_examples": ChannelParameter(type=standard_artifacts.Examples),
        "rebalance_report": ChannelParameter(type=RebalanceReport),
    }
    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "label": ExecutionParameter(type=str),
        "classes": ExecutionParameter(type=str),
    }


class Rebalance(BaseBeamComponent):
    """Resamples the training split to exact class counts, the same for any number of workers."""

    SPEC_CLASS = RebalanceSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        settings: RebalanceSettings,
        features: Features | None = None,
        label: str | None = None,
        classes: Sequence[str] = (),
        schema: types.BaseChannel | None = None,
        transform_graph: types.BaseChannel | None = None,
    ) -> None:
        """Wires the node.

        Args:
            examples: tf.Examples, raw or transformed.
            settings: What to resample and how far.
            features: Names the label, its classes and which inputs are categorical; with a
                `transform_graph` the label is taken for a class index.
            label: The label's feature, when there are no `features`: a schema then says the rest.
            classes: With `label`: the label's values, if the schema has no domain of it; after
                Transform the names of the class indices 0, 1, ….
            schema: Describes raw `examples`.
            transform_graph: What `examples` were transformed by, if they were.

        Raises:
            ConfigError: If not exactly one of `features` and `label` is given.
        """
        if (features is None) == (label is None):
            raise ConfigError(
                f"Rebalance takes either features or label, got features={features!r} and "
                f"label={label!r}. Give the label's name, or what `features_of` made of a schema."
            )
        super().__init__(
            spec=RebalanceSpec(
                examples=examples,
                schema=schema,
                transform_graph=transform_graph,
                settings=settings.model_dump_json(),
                features=features.model_dump_json(exclude_defaults=True) if features else "",
                label=label or "",
                classes=json.dumps(list(classes)) if classes else "",
                rebalanced_examples=types.Channel(type=standard_artifacts.Examples),
                rebalance_report=types.Channel(type=RebalanceReport),
            )
        )
