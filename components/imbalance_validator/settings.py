"""What is looked at in the data, and from which number on it warns or stops."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tfx_rebalance.findings import Verdict
from tfx_rebalance.settings import Settings

Bar = Annotated[float, Field(ge=0)]
Chance = Annotated[float, Field(gt=0, lt=1)]

LOW_IS_BAD = ("smallest_share", "min_class_rows", "entropy", "effective_classes")
"""Bars that a number must not fall below; the others it must not exceed."""


class Bars(Settings):
    """From which number on a check warns, and from which it stops the run; null: never."""

    warn: Bar | None = None
    stop: Bar | None = None

    def verdict(self, value: float, *, bad: Literal["high", "low"] = "high") -> Verdict:
        """Returns what follows from a number; one that is just the bar passes."""
        for verdict, bar in (("stop", self.stop), ("warn", self.warn)):
            if bar is not None and (value > bar if bad == "high" else value < bar):
                return "stop" if verdict == "stop" else "warn"
        return "ok"

    def shown(self, verdict: Verdict) -> float | None:
        """Returns the bar that a verdict is about: the one passed, or the next one."""
        if verdict == "stop" or self.warn is None:
            return self.stop
        return self.warn


class ValidateSettings(Settings):
    """The checks of ImbalanceValidator; a bar left out keeps its default."""

    anomalies: Literal["stop", "warn"] = "stop"
    """What follows when the data does not fit the schema."""
    imbalance_ratio: Bars = Bars(warn=200)
    """Rows of the largest class over rows of the smallest, in train."""
    smallest_share: Bars = Bars()
    """The smallest class's share of train."""
    min_class_rows: Bars = Bars(warn=20)
    """Rows of each class in train."""
    entropy: Bars = Bars()
    """Normalized entropy of the classes in train, in [0, 1]."""
    effective_classes: Bars = Bars()
    """Effective number of classes in train."""
    support: Literal["warn", "stop", "off"] = "warn"
    """When eval has too few rows of a class to prove its bar."""
    split_skew: Chance | None = 0.01
    """The chance, over all classes and splits, of a warning about splits that differ by chance;
    null: not looked at. It stops where the shares also differ by more than `label_shift.stop`."""
    feature_skew: Bars = Bars(warn=0.1)
    """Distance of a feature between train and another split."""
    drift: Bars = Bars(warn=0.1)
    """Distance of a feature between train and the previous statistics."""
    skew: Bars = Bars(warn=0.1)
    """Distance of a feature between train and serving."""
    label_shift: Bars = Bars(warn=1.5, stop=3)
    """The least factor by which a class's share has changed, against previous and serving."""
    unknown_labels: Literal["warn", "stop"] = "warn"
    """When there are labels that training has never seen."""
    near_constant: Bars = Bars(warn=0.999)
    """The share of a feature's most frequent value in train."""
    leakage: Bars = Bars(warn=0.9)
    """Normalized mutual information between a feature and the label, in [0, 1]."""
    false_alarm: Chance = 0.01
    """The chance that a difference by chance alone counts as one, over all features (or
    classes) of a comparison: what is within it is subtracted first."""
    previous: str = Field(default="champion", min_length=1)
    """`champion`: the statistics of the newest release; `none`; or the uri of statistics."""

    @model_validator(mode="before")
    @classmethod
    def _keep_defaults(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        defaults = {name: field.default for name, field in cls.model_fields.items()}
        return {
            name: defaults[name].model_dump() | value
            if isinstance(defaults.get(name), Bars) and isinstance(value, dict)
            else value
            for name, value in values.items()
        }

    @model_validator(mode="after")
    def _warn_comes_before_stop(self) -> "ValidateSettings":
        for name in type(self).model_fields:
            bars = getattr(self, name)
            if not isinstance(bars, Bars) or bars.warn is None or bars.stop is None:
                continue
            low = name in LOW_IS_BAD
            if (bars.warn < bars.stop) if low else (bars.warn > bars.stop):
                raise ValueError(
                    f"{name}.warn must be at {'least' if low else 'most'} {name}.stop, got warn: "
                    f"{bars.warn:g} and stop: {bars.stop:g}. Set both, or warn: null"
                )
        return self
