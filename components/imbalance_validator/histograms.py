"""TFDV's histograms of one feature in several data sets, put on a common grid.

TFDV compares histograms whose buckets each data set chose for itself, as if the values were
spread evenly within a bucket. Two samples of 2,000 rows of one long-tailed distribution are then
0.2 to 0.4 apart in Jensen-Shannon divergence, only because their maxima differ. On a grid of the
common deciles they are 0.001 apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

Array = npt.NDArray[np.float64]

FARTHEST = 1e300
"""Stands for infinity, so that differences stay finite."""
PARTS = 10
NOT_COMMON = 0.05
"""How much farther from its quantile (as a share) a cut may be that all data sets know exactly."""


@dataclass(frozen=True)
class Curve:
    """A cumulative distribution through known points; between them it is taken for linear."""

    x: Array
    """Ascending; a value that many rows have is there more than once."""
    share: Array
    """Of the rows with a value up to and including x, ascending from 0 to 1."""
    total: float
    """Rows with a value."""
    low: float
    """The smallest value."""
    high: float
    """The largest value."""
    whole: bool
    """Whether all values seem to be whole numbers."""

    @property
    def binary(self) -> bool:
        """Whether the values are 0 and 1."""
        return self.whole and self.low >= 0 and self.high <= 1

    def at(self, x: Array) -> Array:
        """Returns the share of rows up to and including each x."""
        after = np.searchsorted(self.x, x, side="right")
        left = np.maximum(after - 1, 0)
        right = np.minimum(after, len(self.x) - 1)
        width = np.where(right > left, self.x[right] - self.x[left], 1.0)
        part = np.where(width > 0, (x - self.x[left]) / np.where(width > 0, width, 1.0), 0.0)
        inside = self.share[left] + part * (self.share[right] - self.share[left])
        return np.where(after == 0, 0.0, inside)

    def largest_step(self) -> float:
        """Returns at most what share of the rows with a value have the most frequent one.

        Only a value at which two buckets end, or the smallest, counts: others are rare.
        """
        first = np.unique(self.x, return_index=True)[1]
        shares = np.append(self.share[first[1:] - 1], 1.0)
        steps = np.diff(shares, prepend=0.0)
        often = np.diff(np.append(first, len(self.x))) > 1
        return float(steps.max(initial=0.0, where=often | (steps == shares)))


def curve_of(numbers: pb.NumericStatistics) -> Curve | None:
    """Returns what the histograms of a numeric feature know together, or None without values.

    Of whole numbers a bucket's edge of 2.7 says how many are up to 2. TFDV does not keep whether a
    feature is whole; its quantiles are, if it is.
    """
    histograms = [h for h in numbers.histograms if sum(b.sample_count for b in h.buckets) > 0]
    if not histograms:
        return None
    whole = _are_whole(histograms)
    low, total = histograms[-1].buckets[0].low_value, _total(histograms[-1])
    points = [(low - 1 if whole else low, 0.0)]
    if low == 0:
        points.append((0.0, numbers.num_zeros / total))
    for histogram in histograms:
        shares = np.cumsum([b.sample_count for b in histogram.buckets]) / _total(histogram)
        points += zip((b.high_value for b in histogram.buckets), shares.tolist(), strict=True)
    x, share = np.array(sorted(points)).T
    x = np.floor(x) if whole else x
    share = np.maximum.accumulate(np.clip(share, 0, 1))
    share[-1] = 1.0
    x = np.clip(x, -FARTHEST, FARTHEST)
    return Curve(x=x, share=share, total=total, low=numbers.min, high=numbers.max, whole=whole)


def _are_whole(histograms: Sequence[pb.Histogram]) -> bool:
    quantiles = [h for h in histograms if h.type == pb.Histogram.QUANTILES]
    edges = [bucket.high_value for histogram in quantiles for bucket in histogram.buckets]
    return bool(edges) and all(edge.is_integer() for edge in edges)


def _total(histogram: pb.Histogram) -> float:
    return float(sum(bucket.sample_count for bucket in histogram.buckets))


def on_a_common_grid(curves: Sequence[Curve], *, parts: int = PARTS) -> Array:
    """Returns the rows in each cell of a grid, (curves, cells), cells <= `parts`.

    Cuts are at the quantiles of the data sets together, each of the same weight, moved to a value
    that a histogram names; a cell holds what is above its lower cut, up to and including the
    upper one.
    """
    candidates = np.unique(np.concatenate([curve.x for curve in curves]))
    shares = np.mean([curve.at(candidates) for curve in curves], axis=0)
    common = np.all([np.isin(candidates, curve.x) for curve in curves], axis=0)
    costs = np.abs(shares - np.arange(1, parts)[:, np.newaxis] / parts)
    cuts = np.unique(candidates[np.argmin(costs + NOT_COMMON * ~common, axis=1)])
    edges = np.append(cuts[cuts < candidates[-1]], candidates[-1])
    below = np.array([curve.at(edges) * curve.total for curve in curves])
    return np.diff(below, axis=1, prepend=0.0)
