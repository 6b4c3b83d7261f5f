"""The release gate: what the model must be shown to reach on the untouched eval split."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tfx_rebalance.settings import Settings

Bar = Annotated[float, Field(gt=0, le=1)]
Confidence = Annotated[float, Field(gt=0.5, lt=1)]
Edges = Annotated[tuple[float, ...], Field(min_length=1)]
Policy = Literal["pass", "fail"]
IntervalName = Literal["clopper_pearson", "wilson"]
Correction = Literal["none", "holm"]

DEFAULT = "default"


def _by_class(policies: Any) -> Any:
    """Returns one word for all classes as the mapping it stands for."""
    return {DEFAULT: policies} if isinstance(policies, str) else policies


Policies = Annotated[dict[str, Policy], BeforeValidator(_by_class)]


class SliceSettings(Settings):
    """Slices by the values of one feature or of several crossed, and the bars in each of them."""

    features: tuple[str, ...] = Field(min_length=1)
    buckets: dict[str, Edges] = {}
    """Numeric feature -> where its buckets meet, ascending: [18, 65] makes three."""
    min_recall: dict[str, Bar] = Field(min_length=1)
    """Class (or `default`) -> the recall each slice must reach."""
    min_positives: int = Field(default=20, ge=1)
    """With fewer rows of the class a slice is insufficient without a test."""
    insufficient: Policies = {DEFAULT: "pass"}
    """What a slice that is neither shown good nor bad does; one word, or one by class."""

    def policy(self, label: str) -> Policy:
        """Returns what an insufficient slice does for a class; `pass` for one not named."""
        return policy_of(self.insufficient, label, otherwise="pass")

    @field_validator("features")
    @classmethod
    def _once(cls, features: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in features if features.count(name) > 1})
        if twice:
            raise ValueError(f"lists {', '.join(twice)} more than once. Keep one of each")
        return features

    @field_validator("buckets")
    @classmethod
    def _ascending(cls, buckets: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        for name, edges in buckets.items():
            if not all(map(math.isfinite, edges)) or list(edges) != sorted(set(edges)):
                raise ValueError(
                    f"of {name!r} must meet at finite, ascending numbers, got {[*edges]}. Sort them"
                )
        return buckets

    @model_validator(mode="after")
    def _buckets_of_features(self) -> "SliceSettings":
        for name in self.buckets:
            if name not in self.features:
                raise ValueError(
                    f"buckets names {name!r}, which is not among the features "
                    f"{', '.join(self.features)}. Add it there, or take it out here"
                )
        return self


class ChampionSettings(Settings):
    """How far each class's recall may be below the last released model's, on the same rows."""

    margin: float = Field(default=0.1, gt=0, lt=1)
    """The model passes once a loss of so much recall is ruled out."""
    confidence: Confidence = 0.95
    """Of the one-sided bound of the difference."""
    insufficient: Policy = "fail"
    """What a class does whose rows neither rule such a loss out nor show it."""


class GateSettings(Settings):
    """Bars that are judged on confidence bounds, overall and per slice."""

    min_recall: dict[str, Bar] = Field(default={DEFAULT: 0.5}, min_length=1)
    """Class (or `default`) -> the recall it must be shown to reach."""
    confidence: Confidence = 0.95
    """Of the one-sided bounds; whether `eval` has the rows to prove a bar at all is checked before
    training."""
    interval: IntervalName = "clopper_pearson"
    """`wilson` needs fewer rows; with few of them it errs more often than `confidence` says."""
    insufficient: Policies = {DEFAULT: "fail"}
    """What a class that is neither shown good nor bad on all of `eval` does; one word, or one by
    class."""
    min_precision: dict[str, Bar] = {}
    """Class (or `default`) -> the precision it must be shown to reach."""
    max_calibration_error: dict[str, Bar] = {}
    """Class (or `default`) -> the highest expected calibration error, a point estimate."""
    slices: tuple[SliceSettings, ...] = ()
    correction: Correction = "holm"
    """Over the tests of all slices by which a slice can fail."""
    champion: ChampionSettings | None = ChampionSettings()
    """None: no comparison with the last released model."""

    def bar(self, label: str) -> float | None:
        """Returns the overall recall bar of a class, or None if it has none."""
        return bar_of(self.min_recall, label)

    def policy(self, label: str) -> Policy:
        """Returns what a class does that is insufficient overall; `fail` for one not named."""
        return policy_of(self.insufficient, label, otherwise="fail")

    @field_validator("slices")
    @classmethod
    def _distinct(cls, slices: tuple[SliceSettings, ...]) -> tuple[SliceSettings, ...]:
        keys = [tuple(sorted(s.features)) for s in slices]
        twice = sorted({" x ".join(k) for k in keys if keys.count(k) > 1})
        if twice:
            raise ValueError(f"slices lists {', '.join(twice)} more than once")
        return slices


def bar_of(bars: Mapping[str, float], label: str) -> float | None:
    """Returns the bar that `bars` holds for a class: its own, else the default one, else None."""
    return bars.get(label, bars.get(DEFAULT))


def policy_of(policies: Mapping[str, Policy], label: str, *, otherwise: Policy) -> Policy:
    """Returns the policy of a class: its own, else the default one, else `otherwise`."""
    return policies.get(label, policies.get(DEFAULT, otherwise))
