"""What a decision rule is, and what fitting it gives."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.components.trainer.thresholds.validation import Ints, Validation, confusion
from tfx_rebalance.intervals import clopper_pearson_lower
from tfx_rebalance.settings import Settings


@dataclass(frozen=True)
class ReleaseGate:
    """What the model has to pass on `eval`: the lower bound of recall reaches the bar."""

    bars: Mapping[str, float]
    """Class -> bar, in (0, 1)."""
    positives: Mapping[str, float]
    """Class -> rows expected in eval."""
    confidence: float = 0.95
    """Of the one-sided Clopper-Pearson bound."""


@dataclass(frozen=True)
class Given:
    """What a rule may use besides the rows."""

    natural: Floats
    """Natural priors, (C,)."""
    gate: ReleaseGate | None = None


class Promise(Settings):
    """What is promised of a class's recall."""

    recall: float
    """The recall, or the gate's bar."""
    chance: float
    """Of the recall being kept, or of the gate being passed."""
    of: str
    """`recall` or `gate`."""


class ClassOutcome(Settings):
    """What a decision does to a class on the rows it was fitted on."""

    label: str
    rows: int
    recall: float | None
    """None: no row of the class."""
    recall_low: float
    """One-sided 95 % Clopper-Pearson bound; optimistic where the rule chose by these rows."""
    precision: float | None
    """None: never decided."""
    argmax_recall: float | None
    """Recall if the most probable class were decided: what the rule gains..."""
    argmax_precision: float | None
    """...and what it pays."""
    promise: Promise | None = None


class FittedDecision(Settings):
    """A decision as plain numbers: argmax over d of (p @ gains)_d.

    Where there are thresholds, `gains` is the diagonal matrix of 1 / t, so the scores are p / t.
    """

    rule: str
    classes: tuple[str, ...]
    thresholds: tuple[float, ...] | None
    """(C,), > 0, largest 1; None: the rule is no p_c / t_c."""
    gains: tuple[tuple[float, ...], ...]
    """(C, C), >= 0: row c, column d is what deciding d is worth where c is true."""
    outcomes: tuple[ClassOutcome, ...]

    def scores(self, probabilities: Floats) -> Floats:
        """Returns the decision scores, (n, C), >= 0, whose argmax is the decision."""
        product: Floats = probabilities @ np.array(self.gains)
        return product

    @property
    def told(self) -> str:
        """A line per class, for a person."""
        return "\n".join(_told(outcome) for outcome in self.outcomes)


class Rule(Settings):
    """A decision rule; its fields are its parameters."""

    def fit(self, validation: Validation, given: Given) -> FittedDecision:
        """Returns the decision for rows like those of `validation`.

        Raises:
            ConfigError: If the rule needs what is not given, or names an unknown class.
            ModelError: If no decision keeps what the rule promises.
        """
        raise NotImplementedError


def by_thresholds(
    rule: str,
    validation: Validation,
    *,
    cuts: Floats,
    promises: Mapping[int, Promise] | None = None,
) -> FittedDecision:
    """Returns the decision argmax_c p_c / t_c.

    Args:
        rule: Its name.
        validation: The rows it was fitted on.
        cuts: (C,), logarithms of t, up to a common addend.
        promises: Class index -> what is promised.
    """
    thresholds = np.exp(cuts - cuts.max())
    return FittedDecision(
        rule=rule,
        classes=validation.classes,
        thresholds=tuple(thresholds.tolist()),
        gains=tuple(map(tuple, np.diag(1 / thresholds).tolist())),
        outcomes=outcomes(validation, confusion(validation, validation.logs - cuts), promises),
    )


def outcomes(
    validation: Validation, counts: Ints, promises: Mapping[int, Promise] | None = None
) -> tuple[ClassOutcome, ...]:
    """Returns what a decision with the confusion matrix `counts`, (C, C), does to each class."""
    rows, hits = validation.rows, np.diag(counts)
    argmax = confusion(validation, validation.logs)
    return tuple(
        ClassOutcome(
            label=label,
            rows=int(rows[c]),
            recall=_ratio(hits[c], rows[c]),
            recall_low=clopper_pearson_lower(int(hits[c]), int(rows[c])),
            precision=_ratio(hits[c], counts[:, c].sum()),
            argmax_recall=_ratio(argmax[c, c], rows[c]),
            argmax_precision=_ratio(argmax[c, c], argmax[:, c].sum()),
            promise=(promises or {}).get(c),
        )
        for c, label in enumerate(validation.classes)
    )


def _ratio(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None


def _told(outcome: ClassOutcome) -> str:
    line = (
        f"{outcome.label}: recall {_number(outcome.recall)} at precision "
        f"{_number(outcome.precision)} on {outcome.rows} rows (argmax: "
        f"{_number(outcome.argmax_recall)} at {_number(outcome.argmax_precision)})"
    )
    if outcome.promise is None:
        return line
    promise = outcome.promise
    what = f"recall >= {promise.recall:g}" if promise.of == "recall" else "passing the gate"
    return f"{line}; {what} with a chance of at least {promise.chance:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
