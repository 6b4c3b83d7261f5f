"""Registrar: the node that tells Vertex AI Model Registry what was released."""

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_rebalance.components.registrar.executor import Executor
from tfx_rebalance.components.registrar.settings import RegistrarSettings


class RegistrarSpec(ComponentSpec):
    """A pushed model and its evaluation in; `settings` is a `RegistrarSettings` as JSON."""

    INPUTS = {
        "pushed_model": ChannelParameter(type=standard_artifacts.PushedModel),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
    }
    OUTPUTS: dict[str, ChannelParameter] = {}
    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "pipeline": ExecutionParameter(type=str),
        "run": ExecutionParameter(type=str),
    }


class Registrar(BaseComponent):
    """Registers a released version once; the runners never cache it, as the registry may forget."""

    SPEC_CLASS = RegistrarSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        pushed_model: types.BaseChannel,
        evaluation: types.BaseChannel,
        settings: RegistrarSettings,
        pipeline: str,
        run: str,
    ) -> None:
        """Wires the node.

        Args:
            pushed_model: Pusher's: which version, if any.
            evaluation: The Evaluator's, with the gate's verdict.
            settings: Where and as what it is registered.
            pipeline: The pipeline's name.
            run: What the backend puts the run's own name in place of.
        """
        super().__init__(
            spec=RegistrarSpec(
                pushed_model=pushed_model,
                evaluation=evaluation,
                settings=settings.model_dump_json(),
                pipeline=pipeline,
                run=run,
            )
        )
