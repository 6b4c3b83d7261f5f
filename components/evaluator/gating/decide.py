"""From counts to the verdict: every cell, and whether the model may be released."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tfx_rebalance.components.evaluator.gating.cells import (
    blocks,
    calibration_cells,
    champion_cells,
)
from tfx_rebalance.components.evaluator.gating.counts import Counts, SliceCounts, check_counts
from tfx_rebalance.components.evaluator.gating.holm import adjusted
from tfx_rebalance.components.evaluator.gating.reasons import Cell, why_blocked, why_passed
from tfx_rebalance.components.evaluator.gating.shares import (
    Rule,
    bounds,
    judge,
    p_value,
    rows_needed,
)
from tfx_rebalance.components.evaluator.settings import (
    ChampionSettings,
    GateSettings,
    Policy,
    SliceSettings,
    bar_of,
)
from tfx_rebalance.gate import CalibrationCell, ChampionCell, ShareCell

Comparison = Literal["compared", "cold_start", "off"]


@dataclass(frozen=True)
class Decision:
    """The verdict and the cells it rests on."""

    passed: bool
    reasons: tuple[str, ...]
    """A sentence per cell that blocks; where none does, one that says why."""
    champion: Comparison
    shares: tuple[ShareCell, ...]
    """Recall and precision of each class, then recall by slice and class."""
    champions: tuple[ChampionCell, ...]
    calibrations: tuple[CalibrationCell, ...]


@dataclass(frozen=True)
class _Test:
    """A share with what it is judged by."""

    cell: ShareCell
    rule: Rule | None
    policy: Policy


def decide(counts: Counts, settings: GateSettings, classes: Sequence[str]) -> Decision:
    """Returns what the gate makes of the counts.

    Args:
        counts: What was counted on the eval split.
        settings: The bars.
        classes: The classes' names in the order of the matrices.

    Raises:
        ValueError: If a matrix has not a row and a column per class, a slice is none of
            `settings.slices`, or a class lacks what it is to be judged by.
    """
    check_counts(counts, classes)
    shares = (*_overall(counts, settings, classes), *_slices(counts, settings, classes))
    champions = champion_cells(counts, settings.champion, classes)
    calibrations = calibration_cells(counts, settings, classes)
    cells: tuple[Cell, ...] = (*shares, *champions, *calibrations)
    reasons = _unseen(counts, settings)
    reasons += [why_blocked(cell, settings) for cell in cells if cell.blocks]
    return Decision(
        passed=not reasons,
        reasons=tuple(reasons) or (why_passed(cells, settings),),
        champion=_comparison(counts, settings.champion),
        shares=shares,
        champions=champions,
        calibrations=calibrations,
    )


def slice_settings(where: Mapping[str, str], settings: GateSettings) -> SliceSettings:
    """Returns the entry of `settings.slices` that a slice belongs to.

    Raises:
        ValueError: If there is none with these features.
    """
    for part in settings.slices:
        if set(part.features) == set(where):
            return part
    known = ", ".join(" x ".join(part.features) for part in settings.slices) or "none"
    raise ValueError(f"a slice by {' x '.join(where)} was counted; evaluate.slices has {known}.")


def _overall(
    counts: Counts, settings: GateSettings, classes: Sequence[str]
) -> tuple[ShareCell, ...]:
    matrix, cells = counts.confusion, []
    for index, label in enumerate(classes):
        for kind, bars, rows in (
            ("recall", settings.min_recall, matrix[index].sum()),
            ("precision", settings.min_precision, matrix[:, index].sum()),
        ):
            cell = _cell(kind, label, int(matrix[index, index]), int(rows), settings)
            rule, policy = _rule(bar_of(bars, label), settings), settings.policy(label)
            judged = _judged(_Test(cell, rule, policy), settings)
            if kind == "recall" and not judged.rows:
                # A class that was never tried blocks whatever the policy, also without a bar.
                judged = judged.model_copy(update={"verdict": "insufficient", "blocks": True})
            cells.append(judged)
    return tuple(cells)


def _slices(
    counts: Counts, settings: GateSettings, classes: Sequence[str]
) -> tuple[ShareCell, ...]:
    tests = [
        _slice_test(part, index, label, settings)
        for part in counts.slices
        for index, label in enumerate(classes)
    ]
    if settings.correction == "none":
        return tuple(_judged(test, settings) for test in tests)
    own = {
        i: _p(test.cell, test.rule)
        for i, test in enumerate(tests)
        if test.rule is not None and test.cell.rows >= test.rule.fewest
    }
    raised = dict(zip(own, adjusted([*own.values()]), strict=True))
    return tuple(
        _judged(test, settings, family=max(len(own), 1), p=raised.get(i))
        for i, test in enumerate(tests)
    )


def _slice_test(part: SliceCounts, index: int, label: str, settings: GateSettings) -> _Test:
    own = slice_settings(part.where, settings)
    hits, rows = int(part.confusion[index, index]), int(part.confusion[index].sum())
    cell = _cell("recall", label, hits, rows, settings, where=part.where)
    rule = _rule(bar_of(own.min_recall, label), settings)
    if rule is not None:
        rule = replace(rule, fewest=own.min_positives)
    return _Test(cell, rule, own.policy(label))


def _cell(
    kind: str,
    label: str,
    hits: int,
    rows: int,
    settings: GateSettings,
    *,
    where: Mapping[str, str] | None = None,
) -> ShareCell:
    found = bounds(hits, rows, confidence=settings.confidence, interval=settings.interval)
    return ShareCell(
        kind="recall" if kind == "recall" else "precision",
        label=label,
        where=dict(where or {}),
        hits=hits,
        rows=rows,
        value=hits / rows if rows else None,
        low=found.low,
        high=found.high,
    )


def _rule(bar: float | None, settings: GateSettings) -> Rule | None:
    if bar is None:
        return None
    return Rule(bar, confidence=settings.confidence, interval=settings.interval)


def _p(cell: ShareCell, rule: Rule) -> float:
    return p_value(cell.hits, cell.rows, bar=rule.bar)


def _judged(
    test: _Test, settings: GateSettings, *, family: int | None = None, p: float | None = None
) -> ShareCell:
    """Returns the cell with its verdict; `p` is its p-value after a correction over `family`."""
    cell, rule = test.cell, test.rule
    if rule is None:
        return cell
    verdict = judge(cell.hits, cell.rows, rule)
    if verdict == "fail" and p is not None and p > 1 - settings.confidence:
        verdict = "insufficient"
    if p is None and cell.rows >= rule.fewest:
        p = _p(cell, rule)
    # Holm's first step is the hardest: with these rows it fails wherever it stands in the order.
    needed = rows_needed(cell.hits, cell.rows, replace(rule, factor=family))
    return cell.model_copy(
        update={
            "bar": rule.bar,
            "verdict": verdict,
            "blocks": blocks(verdict, test.policy),
            "needed": needed if verdict == "insufficient" else None,
            "p_value": p,
        }
    )


def _comparison(counts: Counts, settings: ChampionSettings | None) -> Comparison:
    if settings is None:
        return "off"
    return "cold_start" if counts.cold_start else "compared"


def _unseen(counts: Counts, settings: GateSettings) -> list[str]:
    """Returns a sentence per entry of `slices` of which no row was seen."""
    seen = {frozenset(part.where) for part in counts.slices}
    return [
        f"no row of the eval split has a value of {' x '.join(part.features)}, by which "
        f"evaluate.slices[{index}] judges. Correct the data, or take the entry out"
        for index, part in enumerate(settings.slices)
        if frozenset(part.features) not in seen
    ]
