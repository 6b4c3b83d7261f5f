"""CarriedSchema: what ImportSchemaGen is where steps do not see the file."""

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_rebalance.components.carried_schema.executor import Executor


class CarriedSchemaSpec(ComponentSpec):
    """A schema as text in, the same as an artifact out."""

    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {"schema": ChannelParameter(type=standard_artifacts.Schema)}
    PARAMETERS = {"text": ExecutionParameter(type=str)}


class CarriedSchema(BaseComponent):
    """Gives the schema that was reviewed when the pipeline was compiled, and no later one."""

    SPEC_CLASS = CarriedSchemaSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(self, *, text: str) -> None:
        """Wires the node.

        Args:
            text: A TensorFlow Metadata schema as pbtxt.
        """
        schema = types.Channel(type=standard_artifacts.Schema)
        super().__init__(spec=CarriedSchemaSpec(text=text, schema=schema))
