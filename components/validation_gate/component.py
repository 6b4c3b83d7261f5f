"""ValidationGate: the node that stops a run."""

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types.component_spec import ChannelParameter, ComponentSpec

from tfx_rebalance.artifacts import ImbalanceReport
from tfx_rebalance.components.validation_gate.executor import Executor


class ValidationGateSpec(ComponentSpec):
    """A report in, nothing out."""

    INPUTS = {"imbalance_report": ChannelParameter(type=ImbalanceReport)}
    OUTPUTS: dict[str, ChannelParameter] = {}
    PARAMETERS: dict[str, str] = {}


class ValidationGate(BaseComponent):
    """Raises `StopRun` when the report's verdict is `stop`; the runners never cache it."""

    SPEC_CLASS = ValidationGateSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(self, *, imbalance_report: types.BaseChannel) -> None:
        super().__init__(spec=ValidationGateSpec(imbalance_report=imbalance_report))
