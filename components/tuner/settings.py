"""How hyperparameters are searched, and which."""

from itertools import pairwise
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from tfx_rebalance.components.trainer import objectives
from tfx_rebalance.components.trainer.hyperparameters import Plain, encoded
from tfx_rebalance.settings import Settings

ONLY_FOR = {
    "max_trials": ("random", "bayesian"),
    "epochs": ("random", "bayesian"),
    "max_epochs": ("hyperband",),
    "factor": ("hyperband",),
}
"""Keys that not every algorithm takes notice of."""


class Option(Settings):
    """What is tried of a key: a range of numbers, or choices."""

    low: int | float | None = None
    high: int | float | None = None
    """The range's ends, both tried. Two whole numbers: whole numbers between them."""
    step: int | float | None = Field(default=None, gt=0)
    """The distance of neighbours; none: any number between the ends."""
    sampling: Literal["linear", "log"] = "linear"
    choices: tuple[Any, ...] | None = Field(default=None, min_length=1)
    """Numbers, texts, flags, null, lists or sections."""

    @property
    def is_whole(self) -> bool:
        """Whether it is a range of whole numbers."""
        return all(isinstance(n, int) for n in (self.low, self.high, self.step) if n is not None)

    @property
    def plain(self) -> list[Plain]:
        """The choices, or the range's ends, as a tuner hands them on."""
        if self.choices is not None:
            return encoded(self.choices)
        return encoded([self.low, self.high])

    @property
    def values(self) -> int | None:
        """How many different ones there are; None: as many as you like."""
        if self.choices is not None:
            return len(self.choices)
        if self.low is None or self.high is None or (self.step is None and not self.is_whole):
            return None
        return int((self.high - self.low) / (self.step or 1) + 1e-9) + 1

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Option":
        ends = (self.low, self.high)
        if (self.choices is None) == (ends == (None, None)):
            raise ValueError("needs either choices: [...] or low and high")
        if self.choices is not None:
            repeated = sorted(a for a, b in pairwise(sorted(map(repr, self.choices))) if a == b)
            if repeated:
                raise ValueError(f"has {repeated[0]} twice among its choices. Keep one")
            if self.step is not None or self.sampling != "linear":
                raise ValueError("has choices, so step and sampling mean nothing. Take them out")
            return self
        if self.low is None or self.high is None or not self.low < self.high:
            raise ValueError(f"needs low < high, got {self.low} and {self.high}")
        if self.sampling == "log" and (self.low <= 0 or self.step is not None):
            raise ValueError("with sampling: log needs low > 0 and no step")
        return self


class TunerSettings(Settings):
    """The search: its algorithm, objective and space; or where its result is taken from."""

    model_config = ConfigDict(populate_by_name=True)

    origin: Literal["latest"] | None = Field(default=None, alias="from")
    """latest: no search, but the best hyperparameters of this pipeline's last one."""
    algorithm: Literal["hyperband", "random", "bayesian"] = "hyperband"
    objective: str = Field(default="pr_auc", pattern=objectives.PATTERN)
    """What is measured of a trial on `val`, at the natural prior and with the decision that would
    be served. `pr_auc` without a class: of the rarest."""
    max_trials: int = Field(default=20, ge=1)
    """Of random and bayesian."""
    max_epochs: int = Field(default=20, ge=2)
    """Of hyperband: the longest trials' epochs; the others' are this divided by powers of
    `factor`."""
    factor: int = Field(default=3, ge=2)
    """Of hyperband: one trial of so many goes into the next round, with as many times the
    epochs."""
    epochs: int | None = Field(default=None, ge=1)
    """Of each trial of random and bayesian; none: `trainer.epochs`."""
    seed: int = Field(default=0, ge=0)
    search: dict[str, Option] | None = Field(default=None, min_length=1)
    """Dotted key of `trainer` -> what is tried, or the name of a group -> sections of such keys
    that are chosen together; none: a space that fits the model (`space.default_search`)."""

    @model_validator(mode="after")
    def _keys_go_together(self) -> "TunerSettings":
        changed = [key for key in type(self).model_fields if self._is_changed(key)]
        if self.origin is not None and changed != ["origin"]:
            others = ", ".join(key for key in changed if key != "origin")
            raise ValueError(f"from: latest searches nothing, got {others} too. Take them out")
        for key, algorithms in ONLY_FOR.items():
            if key in changed and self.algorithm not in algorithms:
                raise ValueError(
                    f"{key} means nothing with algorithm: {self.algorithm}, only with "
                    f"{' and '.join(algorithms)}. Take it out"
                )
        return self

    def _is_changed(self, key: str) -> bool:
        return bool(getattr(self, key) != type(self).model_fields[key].default)
