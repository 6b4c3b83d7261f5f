"""From the scores of all runs to differences with intervals, and metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from _strategies_data import SKEWED, SOURCES, TEST_SHARE
from _strategies_models import FIT, STRONG, Scores
from _strategies_resampling import NONE
from scipy import stats

LEVEL = 0.95
RESAMPLE = "resample_seconds"


@dataclass(frozen=True)
class Run:
    """What a model was fitted on."""

    data: str
    model: str
    variant: str


Results = Mapping[Run, Sequence[Scores]]
"""The scores of each repeat, in order: the same number is the same split."""


@dataclass(frozen=True)
class Difference:
    """A mean difference and half of its interval."""

    mean: float
    half: float

    @property
    def is_noise(self) -> bool:
        """Whether the interval has 0 in it."""
        return not abs(self.mean) > self.half

    def text(self, digits: int) -> str:
        """Returns a cell of a table."""
        text = f"{self.mean:+.{digits}f} ± {self.half:.{digits}f}"
        return text if self.is_noise else f"**{text}**"


@dataclass(frozen=True)
class Metric:
    """What `--json` prints of one number."""

    value: float
    baseline: float
    ours: float
    unit: str = "ratio"
    target: float | None = None
    bound: Literal["at least", "at most"] = "at least"

    @property
    def met(self) -> bool:
        """Whether the target is, if there is one."""
        if self.target is None:
            return True
        return self.value >= self.target if self.bound == "at least" else self.value <= self.target

    @property
    def told(self) -> dict[str, float | str | None]:
        """What `--json` prints."""
        names = ("value", "target", "unit", "baseline", "ours")
        return {name: getattr(self, name) for name in names}


SCORES = {
    "average_precision": "average_precision",
    "log_loss": "log_loss",
    "corrected_log_loss": "corrected_log_loss",
    "balanced_accuracy": "decided_balanced_accuracy",
    "decided_balanced_accuracy": "decided_balanced_accuracy",
    FIT: FIT,
    RESAMPLE: RESAMPLE,
}
"""Score -> the score of `none` that it is compared with."""


def difference(ours: Sequence[float], theirs: Sequence[float]) -> Difference:
    """Returns the mean of ours - theirs over repeats and half of its 95 % interval.

    The training parts of the repeats overlap, so their variance alone is too small: it is taken
    (1 / repeats + test / train) times instead of 1 / repeats times (Nadeau and Bengio 2003,
    "Inference for the Generalization Error", section 4).
    """
    differences = np.subtract(ours, theirs)
    repeats = len(differences)
    if repeats < 2:
        return Difference(float(differences.mean()), float("inf"))
    spread = differences.var(ddof=1) * (1 / repeats + TEST_SHARE / (1 - TEST_SHARE))
    quantile = stats.t.ppf((1 + LEVEL) / 2, repeats - 1)
    return Difference(float(differences.mean()), float(quantile * np.sqrt(spread)))


def of_repeats(results: Results, run: Run, score: str) -> list[float]:
    """Returns a score of each repeat."""
    return [scores[score] for scores in results[run]]


def metrics_of(results: Results) -> dict[str, Metric]:
    """Returns those with a target and, for each run and score, one without."""
    metrics = targeted(results)
    for run in results:
        for score, reference in SCORES.items():
            none = mean_of(results, Run(run.data, run.model, NONE), reference)
            ours = mean_of(results, run, score)
            name = f"{run.data}/{run.model}/{run.variant}/{score}"
            metrics[name] = Metric(ours - none, none, ours, unit="difference")
    return metrics


def targeted(results: Results) -> dict[str, Metric]:
    """Returns the metrics with a target, of those data sets that were measured."""
    metrics = {}
    if data := _measured(results, SOURCES, "smote"):
        smote = _over_data(results, data, "smote", "balanced_accuracy")
        decided = _over_data(results, data, NONE, "decided_balanced_accuracy")
        metrics["balanced_decision_vs_smote"] = Metric(decided / smote, smote, decided, target=0.98)
    if data := _measured(results, SKEWED, "undersample"):
        wrong = _over_data(results, data, "undersample", "log_loss")
        right = _over_data(results, data, "undersample", "corrected_log_loss")
        metrics["corrected_log_loss_vs_uncorrected"] = Metric(
            right / wrong, wrong, right, target=0.5, bound="at most"
        )
    return metrics


def mean_of(results: Results, run: Run, score: str) -> float:
    """Returns the mean of a score over repeats."""
    return float(np.mean(of_repeats(results, run, score)))


def _measured(results: Results, names: Iterable[str], variant: str) -> list[str]:
    """Returns those of the data sets on which the strong model was measured after a variant."""
    return [name for name in names if Run(name, STRONG, variant) in results]


def _over_data(results: Results, data: Sequence[str], variant: str, score: str) -> float:
    return float(np.mean([mean_of(results, Run(name, STRONG, variant), score) for name in data]))
