"""The cells beside shares: recall against the champion, and calibration."""

from collections.abc import Sequence

from tfx_rebalance.components.evaluator.gating import champion
from tfx_rebalance.components.evaluator.gating.counts import Counts
from tfx_rebalance.components.evaluator.settings import (
    ChampionSettings,
    GateSettings,
    Policy,
    bar_of,
)
from tfx_rebalance.gate import CalibrationCell, ChampionCell, Verdict


def blocks(verdict: Verdict, policy: Policy) -> bool:
    """Returns whether a cell with this verdict keeps the model from being released."""
    return verdict == "fail" or (verdict == "insufficient" and policy == "fail")


def champion_cells(
    counts: Counts, settings: ChampionSettings | None, classes: Sequence[str]
) -> tuple[ChampionCell, ...]:
    """Returns a cell per class; none without a champion or a wish to compare with it.

    Raises:
        ValueError: If a class was not counted.
    """
    if settings is None or counts.cold_start:
        return ()
    missing = [label for label in classes if label not in counts.paired]
    if missing:
        raise ValueError(f"paired has no rows counted for {', '.join(missing)}.")
    return tuple(_against(label, counts.paired[label], settings) for label in classes)


def _against(label: str, paired: champion.Paired, settings: ChampionSettings) -> ChampionCell:
    margin, confidence = settings.margin, settings.confidence
    verdict = champion.judge_difference(paired, margin=margin, confidence=confidence)
    needed = champion.rows_needed(paired, margin=margin, confidence=confidence)
    return ChampionCell(
        label=label,
        both=paired.both,
        gained=paired.gained,
        lost=paired.lost,
        neither=paired.neither,
        difference=paired.difference,
        low=champion.difference_lower(paired, confidence=confidence, tested=-margin),
        high=champion.difference_upper(paired, confidence=confidence, tested=-margin),
        margin=margin,
        verdict=verdict,
        blocks=blocks(verdict, settings.insufficient),
        needed=needed if verdict == "insufficient" else None,
    )


def calibration_cells(
    counts: Counts, settings: GateSettings, classes: Sequence[str]
) -> tuple[CalibrationCell, ...]:
    """Returns a cell per class that has a ceiling.

    Raises:
        ValueError: If its error is missing.
    """
    cells = []
    for label in classes:
        ceiling = bar_of(settings.max_calibration_error, label)
        if ceiling is None:
            continue
        if label not in counts.calibration_errors:
            raise ValueError(f"calibration_errors has none for {label!r}, which has a ceiling.")
        value = counts.calibration_errors[label]
        verdict: Verdict = "pass" if value <= ceiling else "fail"
        cells.append(
            CalibrationCell(
                label=label, value=value, ceiling=ceiling, verdict=verdict, blocks=value > ceiling
            )
        )
    return tuple(cells)
