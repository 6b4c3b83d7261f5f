"""One YAML describes a run: its sections, typed; how it is read is in `config_file.py`."""

import re
from typing import Literal

from pydantic import Field, field_validator

from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.components.example_gen.sources.settings import SourceSettings
from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.tuner.settings import TunerSettings
from tfx_rebalance.pipeline.beam_settings import BeamSettings
from tfx_rebalance.pipeline.targets.settings import (
    ExitSettings,
    KubeflowSettings,
    VertexSettings,
)
from tfx_rebalance.settings import Settings


class ValidationSettings(ValidateSettings):
    """The checks, and the rows that were sent to the model, to be held against them."""

    serving: SourceSettings | None = None
    """A source such as `data.source`; its rows may come without a label."""
    slice_by_class: bool = True
    """Whether statistics are also made of each class, so that leaking features are found; it adds
    about a third to StatisticsGen."""

    @property
    def checks(self) -> ValidateSettings:
        """The checks alone."""
        return ValidateSettings.model_validate(
            self.model_dump(exclude={"serving", "slice_by_class"})
        )


class ImageSettings(Settings):
    """The size that every image is brought to."""

    height: int = Field(ge=1, le=4096)
    width: int = Field(ge=1, le=4096)
    channels: Literal[1, 3] = 3
    """1: grey, 3: red, green and blue; an image that has others is converted."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.height, self.width, self.channels


class TransformSettings(Settings):
    """How raw columns become model inputs."""

    log: tuple[str, ...] = ()
    """Numeric columns taken as sign(x) * log(1 + |x|) before scaling: for long tails."""
    vocabulary_size: int = Field(default=10_000, ge=1)
    """How many values of all categorical columns together get an index of their own: the most
    frequent ones in `train`."""
    image: ImageSettings | None = None
    """For data with an image, and only for them."""


class PushSettings(Settings):
    """Where a released model goes."""

    destination: str | None = None
    """A directory; null: `serving/<name>` under the root."""


class PipelineConfig(Settings):
    """A run, whole."""

    name: str
    data: DataSettings
    validation: ValidationSettings = Field(default=ValidationSettings(), alias="validate")
    rebalance: RebalanceSettings = RebalanceSettings()
    transform: TransformSettings = TransformSettings()
    trainer: TrainerSettings = TrainerSettings()
    tuner: TunerSettings | None = None
    """None: the Trainer's settings are taken as they are."""
    evaluate: GateSettings = GateSettings()
    push: PushSettings = PushSettings()
    beam: BeamSettings = BeamSettings()
    kubeflow: KubeflowSettings | None = None
    vertex: VertexSettings | None = None
    on_exit: ExitSettings = ExitSettings()

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not re.fullmatch("[a-z][a-z0-9-]{0,63}", name):
            raise ValueError(
                "must be up to 64 of small letters, digits and -, the first a letter, got "
                f"{name!r}. Rename the pipeline, such as 'card-fraud'"
            )
        return name

    @property
    def serving_data(self) -> DataSettings | None:
        """How the rows that were sent to the model are read; None where there are none."""
        source = self.validation.serving
        return None if source is None else self.data.model_copy(update={"source": source})
