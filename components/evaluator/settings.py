"""The release gate: what the model must reach on the untouched eval split."""

from typing import Annotated

from pydantic import Field, field_validator

from tfx_rebalance.settings import Settings

Bar = Annotated[float, Field(gt=0, le=1)]

DEFAULT = "default"


class SliceSettings(Settings):
    """Slices by the values of one feature or of several crossed, and the bars in each of them."""

    features: tuple[str, ...] = Field(min_length=1)
    min_recall: dict[str, Bar] = Field(min_length=1)
    """Class (or `default`) -> the recall each slice must reach."""
    min_positives: int = Field(default=20, ge=1)
    """A slice with fewer rows of the class is reported but does not block the release."""


class GateSettings(Settings):
    """Bars on the point estimate of each class's recall, overall and per slice."""

    min_recall: dict[str, Bar] = Field(default={DEFAULT: 0.5}, min_length=1)
    """Class (or `default`) -> the recall it must reach."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Of the one-sided bound that shows a recall: how many rows of a class `eval` must have for
    its bar to be provable at all is checked before training."""
    slices: tuple[SliceSettings, ...] = ()
    max_recall_drop: Annotated[float, Field(ge=0, le=1)] | None = 0.1
    """How far below the last blessed model a class's recall may fall; null: no comparison."""

    def bar(self, label: str) -> float | None:
        """Returns the overall bar of a class, or None if it has none."""
        return bar_of(self.min_recall, label)

    @field_validator("slices")
    @classmethod
    def _distinct(cls, slices: tuple[SliceSettings, ...]) -> tuple[SliceSettings, ...]:
        keys = [tuple(sorted(s.features)) for s in slices]
        twice = sorted({" x ".join(k) for k in keys if keys.count(k) > 1})
        if twice:
            raise ValueError(f"slices lists {', '.join(twice)} more than once")
        return slices


def bar_of(bars: dict[str, float], label: str) -> float | None:
    """Returns the bar that `bars` holds for a class: its own, else the default one, else None."""
    return bars.get(label, bars.get(DEFAULT))
