"""Champion: the model that is served now, for targets whose runs share no ML Metadata too."""

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_rebalance.components.champion.executor import Executor


class ChampionSpec(ComponentSpec):
    """A place in, a model out."""

    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}
    PARAMETERS = {"released": ExecutionParameter(type=str)}


class Champion(BaseComponent):
    """Finds the newest version with a manifest; the runners never cache it."""

    SPEC_CLASS = ChampionSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(self, *, released: str) -> None:
        """Wires the node.

        Args:
            released: The folder that versions are released to, in any file system of TFX's.
        """
        super().__init__(
            spec=ChampionSpec(released=released, model=types.Channel(type=standard_artifacts.Model))
        )
