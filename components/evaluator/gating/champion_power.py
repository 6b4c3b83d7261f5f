"""How often a retrain as good as the champion is let through, exactly."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from tfx_rebalance.components.evaluator.gating.champion import (
    EXACT_ROWS,
    least_gained,
    worst_tail,
)
from tfx_rebalance.components.evaluator.settings import ChampionSettings

Ints = npt.NDArray[np.int64]

DISCORDANT = (0.10, 0.20)
"""Shares of a class's rows on which two equally good models are supposed to differ."""


@dataclass(frozen=True)
class ChampionPower:
    """Recall of a class against the champion's: a retrain that is as good."""

    label: str
    rows: int
    margin: float
    released: tuple[tuple[float, float], ...]
    """(share of rows on which the two differ, chance to be let through)."""


def champion_powers(
    settings: ChampionSettings | None, rows: Mapping[str, int]
) -> tuple[ChampionPower, ...]:
    """Returns how often an equally good retrain is let through, by class."""
    if settings is None:
        return ()
    margin = settings.margin
    found = []
    for label, n in rows.items():
        chances = [(d, _equal_released(n, d, settings)) for d in DISCORDANT]
        found.append(ChampionPower(label, n, margin, tuple(chances)))
    return tuple(found)


def _equal_released(rows: int, discordant: float, settings: ChampionSettings) -> float:
    if not rows:
        return float(settings.insufficient == "pass")
    shows_loss = settings.insufficient == "pass"
    bar = settings.margin if shows_loss else -settings.margin
    region = rejection(rows, difference=bar, confidence=settings.confidence)
    chance = worst_tail(rows, difference=0.0, least=region, shares=np.array([discordant]))
    return 1 - chance if shows_loss else chance


def rejection(rows: int, *, difference: float, confidence: float) -> Ints:
    """Returns (rows + 1,): by discordant rows the fewest gained that refute a true difference.

    The region of `champion.p_value`'s test: what of the scores has a worst tail of at most
    1 - confidence.
    """
    if rows > EXACT_ROWS:
        return least_gained(rows, difference=difference, value=float(ndtri(confidence)))
    low, high = 0.0, 2 * float(np.sqrt(rows)) + 10
    for _ in range(30):
        middle = (low + high) / 2
        least = least_gained(rows, difference=difference, value=middle)
        fits = worst_tail(rows, difference=difference, least=least) <= 1 - confidence
        low, high = (low, middle) if fits else (middle, high)
    return least_gained(rows, difference=difference, value=high)
