"""Random oversampling with an exact quota per class.

Each row is emitted floor(target / n) times and the rows with the smallest draws once more: the
least uneven form of drawing with replacement, so no row is lost and none is repeated by luck.
"""

from tfx_rebalance.components.rebalance.strategy import Sampler
from tfx_rebalance.components.rebalance.targets.sampling_strategy import (
    Counts,
    SamplingStrategy,
    oversampled,
)


class RandomOverSampler(Sampler):
    """Repeats the rows of the chosen classes."""

    def targets(self, counts: Counts, sampling_strategy: SamplingStrategy) -> dict[str, int]:
        """Returns the rows to emit of each class (see `oversampled`)."""
        return oversampled(counts, sampling_strategy)
