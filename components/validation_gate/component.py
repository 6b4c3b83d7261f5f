"""ValidationGate: the node that stops a run."""

from typing import Literal

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_rebalance.components.validation_gate.executor import Executor
from tfx_rebalance.errors import ConfigError

ON_ANOMALY = ("stop", "warn")


class ValidationGateSpec(ComponentSpec):
    """Anomalies in, nothing out."""

    INPUTS = {"anomalies": ChannelParameter(type=standard_artifacts.ExampleAnomalies)}
    OUTPUTS: dict[str, ChannelParameter] = {}
    PARAMETERS = {"on_anomaly": ExecutionParameter(type=str)}


class ValidationGate(BaseComponent):
    """Raises `StopRun` when the anomalies say so; the runners never cache it.

    Stock ExampleValidator only records what it finds and the pipeline goes on (tfx-addons#153).
    """

    SPEC_CLASS = ValidationGateSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self, *, anomalies: types.BaseChannel, on_anomaly: Literal["stop", "warn"] = "stop"
    ) -> None:
        if on_anomaly not in ON_ANOMALY:
            raise ConfigError(
                f"on_anomaly must be one of {', '.join(ON_ANOMALY)}, got {on_anomaly!r}."
            )
        super().__init__(spec=ValidationGateSpec(anomalies=anomalies, on_anomaly=on_anomaly))
