"""Which rows each member of an ensemble learns from, on arrays alone."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tfx_rebalance.draws import keyed_draws
from tfx_rebalance.scores import Floats, Ints
from tfx_rebalance.settings import Settings


class Ensemble(Settings):
    """Members that differ in their rows and seeds; the mean of their probabilities is served."""

    method: Literal["easy_ensemble", "self_paced", "bagging"]
    """easy_ensemble: each member has its own undersample of the frequent classes and all rows of
    the rarest (Liu et al. 2009, without its boosting inside a member). self_paced: rows that the
    members so far find hard are preferred in the undersample, ever more of them (Liu et al. 2020).
    bagging: as many rows of each class as there are, drawn with replacement (Breiman 1996)."""
    members: int = Field(default=5, ge=2, le=100)
    ratio: float = Field(default=1.0, ge=1)
    """Rows of a class a member sees at most / rows of the rarest; bagging takes no notice."""
    bins: int = Field(default=20, ge=1)
    """Of hardness, for self_paced."""

    @property
    def samples_at_random(self) -> bool:
        """Whether only the classes' shares change, not which of their rows there are."""
        return self.method != "self_paced"


def member_rows(
    ensemble: Ensemble, member: int, labels: Ints, *, seed: int, hardness: Floats | None = None
) -> Ints:
    """Returns the rows that a member learns from, ascending; bagging repeats some.

    Args:
        ensemble: The method.
        member: From 0.
        labels: Class indices of all rows, (n,).
        seed: Of the draws.
        hardness: 1 - probability of the label by the members so far, (n,), in [0, 1]; self_paced
            needs it from member 1 on.
    """
    rows = np.bincount(labels)
    most = int(ensemble.ratio * rows[rows > 0].min())
    chosen = []
    for c in np.flatnonzero(rows):
        of_class = np.flatnonzero(labels == c)
        if ensemble.method == "bagging":
            random = np.random.default_rng([seed, member, int(c)])
            chosen.append(random.choice(of_class, size=len(of_class)))
            continue
        draws = keyed_draws(of_class.astype(np.uint64), seed=seed, purpose=f"member {member}")
        if hardness is None or ensemble.method == "easy_ensemble":
            quota = np.array([min(most, len(of_class))])
            bins = np.zeros(len(of_class), np.int64)
        else:
            bins = _bins(hardness[of_class], ensemble.bins)
            weights = _bin_weights(hardness[of_class], bins, _pace(member, ensemble.members))
            quota = _quotas(weights, np.bincount(bins), total=min(most, len(of_class)))
        chosen.append(of_class[_least(draws, bins, quota)])
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def _pace(member: int, members: int) -> float:
    """Returns tan(pi / 2 * member / (members - 1)), 0 to infinity: from hard rows to all bins."""
    return float(np.tan(np.pi / 2 * member / (members - 1)))


def _bins(hardness: Floats, bins: int) -> Ints:
    """Returns the bin of each row: equally wide between the least hardness and the greatest."""
    low, high = hardness.min(), hardness.max()
    if high == low:
        return np.zeros(len(hardness), np.int64)
    scaled = (hardness - low) / (high - low)
    binned: Ints = np.minimum((scaled * bins).astype(np.int64), bins - 1)
    return binned


def _bin_weights(hardness: Floats, bins: Ints, pace: float) -> Floats:
    """Returns 1 / (mean hardness of the bin + pace), (bins,); 0 for an empty bin."""
    rows = np.bincount(bins)
    mean = np.bincount(bins, weights=hardness) / np.maximum(rows, 1)
    weights: Floats = np.where(rows > 0, 1 / np.maximum(mean + pace, 1e-12), 0.0)
    return weights


def _quotas(weights: Floats, rows: Ints, *, total: int) -> Ints:
    """Returns rows per bin, (bins,), summing to `total`, in proportion to weights where they fit.

    What a bin has not is shared out among the others in the same proportion.
    """
    wanted = np.zeros(len(rows))
    open_bins = rows > 0
    while True:
        left = total - wanted[~open_bins].sum()
        shares = weights * open_bins
        wanted = np.where(open_bins, left * shares / shares.sum(), wanted)
        full = open_bins & (wanted >= rows)
        if not full.any():
            break
        wanted = np.where(full, rows, wanted)
        open_bins &= ~full
        if not open_bins.any():
            break
    quota: Ints = np.floor(wanted + 1e-9).astype(np.int64)
    by_remainder = np.argsort(-(wanted - quota), kind="stable")
    free = by_remainder[quota[by_remainder] < rows[by_remainder]]
    quota[free[: total - quota.sum()]] += 1
    return quota


def _least(draws: npt.NDArray[np.uint64], bins: Ints, quota: Ints) -> Ints:
    """Returns the positions of the rows with the least draws of each bin."""
    order = np.lexsort((draws, bins))
    starts = np.cumsum(np.bincount(bins, minlength=len(quota))) - np.bincount(
        bins, minlength=len(quota)
    )
    rank = np.arange(len(order)) - starts[bins[order]]
    kept: Ints = order[rank < quota[bins[order]]]
    return kept
