"""ImbalanceValidator: what is wrong with the classes and the features, before training."""

import json
from collections.abc import Mapping

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_rebalance.artifacts import ImbalanceReport
from tfx_rebalance.components.imbalance_validator.executor import Executor
from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features


class ImbalanceValidatorSpec(ComponentSpec):
    """Statistics in, anomalies and a report out; the parameters are JSON, but `released`."""

    INPUTS = {
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
        "examples": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "stock_anomalies": ChannelParameter(
            type=standard_artifacts.ExampleAnomalies, optional=True
        ),
        "previous_statistics": ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
        "serving_statistics": ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
    }
    OUTPUTS = {
        "anomalies": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "imbalance_report": ChannelParameter(type=ImbalanceReport),
    }
    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "bars": ExecutionParameter(type=str),
        "confidence": ExecutionParameter(type=str),
        "released": ExecutionParameter(type=str),
    }


class ImbalanceValidator(BaseComponent):
    """Looks at the data's classes and features and publishes what it finds; it never stops."""

    SPEC_CLASS = ImbalanceValidatorSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        statistics: types.BaseChannel,
        schema: types.BaseChannel,
        settings: ValidateSettings,
        features: Features,
        bars: Mapping[str, float | None],
        confidence: float,
        examples: types.BaseChannel | None = None,
        anomalies: types.BaseChannel | None = None,
        previous_statistics: types.BaseChannel | None = None,
        serving_statistics: types.BaseChannel | None = None,
        released: str = "",
    ) -> None:
        """Wires the node.

        Args:
            statistics: Of `train` and other splits; sliced by class if leaks are to be found
                (`stats_options.slicing_by`).
            schema: The reviewed one.
            settings: The bars of the checks.
            features: Names the label, its classes and the inputs.
            bars: Class -> the recall that the release gate wants to see proven in eval, or None.
            confidence: Of that proof, in (0, 1).
            examples: Of this project's ExampleGen: only the class counts beside them are read.
            anomalies: Of the stock ExampleValidator.
            previous_statistics: What train is compared with, instead of `settings.previous`.
            serving_statistics: Of one split of data as it is served; the label may be missing.
            released: The folder that models are released to, for `previous: champion`.

        Raises:
            ConfigError: If a bar or the confidence is outside its range.
        """
        _check(features, bars, confidence)
        super().__init__(
            spec=ImbalanceValidatorSpec(
                statistics=statistics,
                schema=schema,
                examples=examples,
                stock_anomalies=anomalies,
                previous_statistics=previous_statistics,
                serving_statistics=serving_statistics,
                settings=settings.model_dump_json(),
                features=features.model_dump_json(exclude_defaults=True),
                bars=json.dumps(dict(bars)),
                confidence=json.dumps(confidence),
                released=released,
                anomalies=types.Channel(type=standard_artifacts.ExampleAnomalies),
                imbalance_report=types.Channel(type=ImbalanceReport),
            )
        )


def _check(features: Features, bars: Mapping[str, float | None], confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence must be in (0, 1), got {confidence!r}.")
    for label, bar in bars.items():
        if label not in features.classes:
            raise ConfigError(
                f"bars names the class {label!r}; allowed are {', '.join(features.classes)}."
            )
        if bar is not None and not 0 < bar <= 1:
            raise ConfigError(f"the bar of {label!r} must be in (0, 1] or None, got {bar!r}.")
