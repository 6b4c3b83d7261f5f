"""From the scores of all resplits to differences with intervals, metrics and tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from _quality_models import Scores
from _quality_plans import CHOSEN, NONE, TREES
from _strategies_results import LEVEL, Difference, Metric
from scipy import stats

LEVEL_WITH_TREES = ("pr_auc", "balanced_accuracy")
"""What must not be below the boosted trees' beyond the interval."""
LEAST_SHARE_LEVEL = 0.5
MOST_LOG_LOSS = 1.05
LEAST_KEPT = 0.8
HELD_TO_LOG_LOSS = ("adult", "covertype")
"""Of the others the table shows what a treatment costs."""
DIGITS = {"log_loss": 4, "ece": 4, "seconds": 1}
SHOWN = {
    "pr_auc": "PR-AUC, mean over classes",
    "rarest_pr_auc": "PR-AUC, rarest class",
    "balanced_accuracy": "balanced accuracy",
    "log_loss": "log loss",
    "ece": "ECE",
    "seconds": "seconds",
}

ByModel = Mapping[str, Sequence[Scores]]
"""The scores of each resplit, in order: the same number is the same resplit."""


@dataclass(frozen=True)
class Kept:
    """How often a promised recall was reached."""

    label: str
    promised: float
    recalls: Sequence[float]
    """On `eval`, one per resplit; NaN: no decision could keep the promise on `val`."""

    @property
    def share(self) -> float:
        """Of resplits, [0, 1]."""
        return float(np.mean([recall >= self.promised for recall in self.recalls]))


@dataclass
class Results:
    """Everything that was measured, by data set."""

    quality: dict[str, ByModel] = field(default_factory=dict)
    treatments: dict[str, ByModel] = field(default_factory=dict)
    promise: dict[str, Kept] = field(default_factory=dict)


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Difference:
    """Returns the mean of ours - theirs and half of its 95 % interval.

    Student's t over the resplits, as if they were independent. Their rows overlap, so it is rather
    too narrow: a stricter reading of "not below by more than the interval".
    """
    differences = np.subtract(ours, theirs)
    if len(differences) < 2:
        return Difference(float(differences.mean()), float("inf"))
    quantile = stats.t.ppf((1 + LEVEL) / 2, len(differences) - 1)
    half = quantile * differences.std(ddof=1) / np.sqrt(len(differences))
    return Difference(float(differences.mean()), float(half))


def against(models: ByModel, name: str, score: str) -> Difference:
    """Returns a model against the boosted trees on the resplits that both have."""
    ours = _of(models[name], score)
    return paired(ours, _of(models[TREES], score)[: len(ours)])


def is_level(models: ByModel, name: str) -> bool:
    """Returns whether a model is nowhere below the boosted trees beyond the interval."""
    found = [against(models, name, score) for score in LEVEL_WITH_TREES]
    return all(one.mean + one.half >= 0 for one in found)


def log_loss_ratio(treatments: ByModel, name: str) -> float:
    """Returns the mean log loss after a treatment / without any."""
    return _mean(treatments[name], "log_loss") / _mean(treatments[NONE], "log_loss")


def metrics_of(results: Results) -> dict[str, Metric]:
    """Returns those with a target and, with their data set's name, the others."""
    return {**_quality(results), **_treatments(results), **_promise(results)}


def tables_of(results: Results) -> str:
    """Returns all tables as Markdown."""
    parts = [quality_table(name, models) for name, models in results.quality.items()]
    if results.treatments:
        parts.append(treatments_table(results.treatments))
    if results.promise:
        parts.append(promise_table(results.promise))
    return "\n\n".join(parts)


def quality_table(name: str, models: ByModel) -> str:
    """Returns a row per model; behind its mean the difference to the boosted trees."""

    def cell(model: str, score: str) -> str:
        digits = DIGITS.get(score, 3)
        mean = f"{_mean(models[model], score):.{digits}f}"
        if model == TREES or score == "seconds":
            return mean
        found = against(models, model, score)
        single = len(models[model]) == 1
        return f"{mean} ({f'{found.mean:+.{digits}f}' if single else found.text(digits)})"

    rows = {f"{m} ({len(models[m])})": [cell(m, score) for score in SHOWN] for m in models}
    return _markdown(f"{name}: model (resplits)", list(SHOWN.values()), rows)


def treatments_table(treatments: Mapping[str, ByModel]) -> str:
    """Returns a row per treatment and a column per data set: log loss / that of `none`."""

    def cell(models: ByModel, treatment: str) -> str:
        if treatment == NONE:
            return f"{_mean(models[NONE], 'log_loss'):.4f}"
        return f"{log_loss_ratio(models, treatment):.3f}"

    names = list(next(iter(treatments.values())))
    rows = {one: [cell(models, one) for models in treatments.values()] for one in names}
    return _markdown("log loss / that of none", list(treatments), rows)


def promise_table(promise: Mapping[str, Kept]) -> str:
    """Returns a row per promise."""
    rows = {
        f"{name}, {kept.label}": [
            f"{kept.promised:g}",
            f"{np.nanmean(kept.recalls):.3f}",
            f"{100 * kept.share:.0f} % of {len(kept.recalls)}",
        ]
        for name, kept in promise.items()
    }
    return _markdown("class", ["promised recall", "mean recall on eval", "reached"], rows)


def _quality(results: Results) -> dict[str, Metric]:
    metrics, level = {}, {}
    for name, models in results.quality.items():
        for model in models:
            for score in SHOWN if model != TREES else ():
                theirs, ours = _mean(models[TREES], score), _mean(models[model], score)
                found = against(models, model, score).mean
                metrics[f"{name}/{model}/{score}"] = Metric(found, theirs, ours, unit="difference")
        level[name] = is_level(models, CHOSEN)
    if level:
        theirs, ours = (_over(results.quality.values(), of) for of in (TREES, CHOSEN))
        share = float(np.mean(list(level.values())))
        metrics["data_sets_level_with_boosted_trees"] = Metric(
            share, theirs, ours, unit="share", target=LEAST_SHARE_LEVEL
        )
    return metrics


def _over(data: Iterable[ByModel], model: str) -> float:
    return float(np.mean([_mean(models[model], "pr_auc") for models in data]))


def _treatments(results: Results) -> dict[str, Metric]:
    metrics = {}
    for name, models in results.treatments.items():
        target = MOST_LOG_LOSS if name in HELD_TO_LOG_LOSS else None
        for treatment in models:
            if treatment != NONE:
                none, ours = (_mean(models[one], "log_loss") for one in (NONE, treatment))
                metrics[f"{name}/{treatment}/log_loss_vs_none"] = Metric(
                    ours / none, none, ours, target=target, bound="at most"
                )
    return metrics


def _promise(results: Results) -> dict[str, Metric]:
    def metric(shares: Sequence[float], target: float | None) -> Metric:
        share = float(np.mean(shares))
        return Metric(share, LEAST_KEPT, share, unit="share", target=target)

    each = {name: kept.share for name, kept in results.promise.items()}
    metrics = {f"{name}/promise_kept": metric([share], None) for name, share in each.items()}
    return {**metrics, "promise_kept": metric(list(each.values()), LEAST_KEPT)} if each else {}


def _of(scores: Sequence[Scores], score: str) -> list[float]:
    return [one[score] for one in scores]


def _mean(scores: Sequence[Scores], score: str) -> float:
    return float(np.mean(_of(scores, score)))


def _markdown(corner: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    head = [_line([corner, *columns]), f"|---|{'---:|' * len(columns)}"]
    return "\n".join([*head, *(_line([name, *cells]) for name, cells in rows.items())])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
