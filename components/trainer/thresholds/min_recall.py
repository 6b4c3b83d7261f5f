"""A promised recall, or a promised passing of the release gate, at the best precision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from tfx_rebalance.components.trainer.thresholds.cuts import (
    Found,
    highest_cuts,
    hits,
    most_precise_cut,
)
from tfx_rebalance.components.trainer.thresholds.promises import (
    Bar,
    chance_to_pass,
    hits_for_power,
    hits_to_promise,
)
from tfx_rebalance.components.trainer.thresholds.rule import (
    FittedDecision,
    Given,
    Promise,
    ReleaseGate,
    Rule,
    by_thresholds,
)
from tfx_rebalance.components.trainer.thresholds.validation import Validation
from tfx_rebalance.errors import ConfigError, ModelError
from tfx_rebalance.intervals import clopper_pearson_lower
from tfx_rebalance.names import known

Share = Annotated[float, Field(gt=0, lt=1)]

STEPS = 8
"""Halvings in the search for the best reachable recall: within 1/256 of the rows."""


@dataclass(frozen=True)
class _Wish:
    """What a class must have on val; `hits` None: no number of hits would do."""

    hits: int | None
    promise: Promise
    short: str
    """Why no number of hits would do, and the remedy."""


class MinRecall(Rule):
    """The highest cuts that keep what is promised; other classes compete as under argmax.

    Promises to m classes hold together: each gets 1/m of the chance of failing. With one class
    the promise is exact (see `promises`); with several, a cut also depends on the others' rows,
    and the promise is what simulation shows (tests/components/trainer/thresholds).
    """

    min_recall: dict[str, Share] | Literal["gate"]
    """Class -> recall; gate: the bars of the release gate."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """With which all recalls are at least what was promised; for `gate`, `power` counts."""
    power: float = Field(default=0.9, gt=0.5, lt=1)
    """The least chance that all classes pass the gate."""

    def fit(self, validation: Validation, given: Given) -> FittedDecision:
        """Returns thresholds (see `Rule.fit`)."""
        wishes = self._wishes(validation, given.gate)
        for c, wish in wishes.items():
            if wish.hits is None:
                raise ModelError(_too_few(validation, c, wish))
        needed = {c: wish.hits for c, wish in wishes.items() if wish.hits is not None}
        found = highest_cuts(validation, needed)
        if found.blocked is not None:
            raise ModelError(_blocked(validation, needed, found.blocked))
        cuts = found.cuts
        if len(needed) == 1:
            [only] = needed
            cuts[only] = most_precise_cut(validation, cuts, of=only)
        promises = {c: wish.promise for c, wish in wishes.items()}
        return by_thresholds("min_recall", validation, cuts=cuts, promises=promises)

    def _wishes(self, validation: Validation, gate: ReleaseGate | None) -> dict[int, _Wish]:
        if self.min_recall != "gate":
            each = 1 - (1 - self.confidence) / max(1, len(self.min_recall))
            return {
                _index(validation, label): _recall_wish(validation, label, recall, each=each)
                for label, recall in self.min_recall.items()
            }
        if gate is None or not gate.bars:
            raise ConfigError(
                "decision min_recall: gate needs a release gate with bars and splits by shares, "
                "got none. Set evaluate.min_recall, or give min_recall per class."
            )
        each = 1 - (1 - self.power) / len(gate.bars)
        return {
            _index(validation, label): _gate_wish(validation, label, gate, each=each)
            for label in gate.bars
        }


def _index(validation: Validation, label: str) -> int:
    try:
        return validation.classes.index(known(validation.classes, label))
    except ValueError as error:
        raise ConfigError(f"a class of min_recall {error}.") from None


def _recall_wish(validation: Validation, label: str, recall: float, *, each: float) -> _Wish:
    rows = int(validation.rows[validation.classes.index(label)])
    shown = clopper_pearson_lower(rows, rows, confidence=each)
    return _Wish(
        hits=hits_to_promise(recall, rows, confidence=each),
        promise=Promise(recall=recall, chance=each, of="recall"),
        short=(
            f"a recall of {recall:g} cannot be promised with {each:.4g} confidence: all {rows} "
            f"rows of val would show {shown:.3f}. Lower min_recall to that, or put more rows of "
            "the class into val"
        ),
    )


def _gate_wish(validation: Validation, label: str, gate: ReleaseGate, *, each: float) -> _Wish:
    rows = int(validation.rows[validation.classes.index(label)])
    bar = Bar(
        recall=gate.bars[label],
        positives=int(gate.positives.get(label, 0)),
        confidence=gate.confidence,
    )
    hits_needed = hits_for_power(rows, bar=bar, power=each)
    chance = chance_to_pass(hits_needed or rows, rows, bar=bar)
    return _Wish(
        hits=hits_needed,
        promise=Promise(recall=bar.recall, chance=chance, of="gate"),
        short=(
            f"no cut passes the gate's bar of {bar.recall:g} on about {bar.positives} rows of eval "
            f"with a chance of {each:.4g}: one that catches all {rows} rows of val has "
            f"{chance:.3f}. Lower evaluate.min_recall or power, or put more rows of the class into "
            "val and eval"
        ),
    )


def _too_few(validation: Validation, of: int, wish: _Wish) -> str:
    rows = int(validation.rows[of])
    reached = _reached(validation, {of: rows}, of=of) if rows else "it has no row in val"
    return f"decision min_recall, class {validation.classes[of]!r}: {wish.short} ({reached})."


def _blocked(validation: Validation, needed: Mapping[int, int], of: int) -> str:
    """Returns which class cannot have its hits while the others have theirs, and what it can."""
    others = {c: n for c, n in needed.items() if c != of}
    if others:
        without = highest_cuts(validation, others)
        if without.blocked is not None:
            return _blocked(validation, others, without.blocked)
    kept = " while the other classes keep what they are promised" if others else ""
    return (
        f"decision min_recall, class {validation.classes[of]!r}: {needed[of]} of its "
        f"{validation.rows[of]} rows in val must be caught, which no cut does{kept} "
        f"({_reached(validation, needed, of=of)}). Lower its recall or another class's, or train a "
        "model that tells them apart."
    )


def _reached(validation: Validation, needed: Mapping[int, int], *, of: int) -> str:
    """Returns the best reachable recall of a class and its precision there, as words."""
    found, low, high = _with(validation, needed, of, 0), 0, needed[of] + 1
    for _ in range(STEPS):
        middle = (low + high) // 2
        tried = _with(validation, needed, of, middle)
        if tried.blocked is None:
            found, low = tried, middle
        else:
            high = middle
    caught = hits(validation, found.cuts, of=of)
    rows = int(validation.rows[of])
    decided = int((np.argmax(validation.logs - found.cuts, axis=1) == of).sum())
    precision = f"{caught / decided:.3f}" if decided else "none"
    return f"at best recall {caught / rows:.3f} at precision {precision} on val"


def _with(validation: Validation, needed: Mapping[int, int], of: int, hits_of: int) -> Found:
    wanted = {c: n for c, n in needed.items() if c != of}
    return highest_cuts(validation, {**wanted, of: hits_of} if hits_of else wanted)
