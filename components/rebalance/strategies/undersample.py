"""Random undersampling without replacement, with an exact quota per class.

Google's downsample-and-upweight is this with `upweight`: a kept row weighs 1 / rate, so that the
class keeps its mass (Google, Machine Learning Crash Course, "Imbalanced data").
"""

from tfx_rebalance.components.rebalance.strategy import Sampler
from tfx_rebalance.components.rebalance.targets.sampling_strategy import (
    Counts,
    SamplingStrategy,
    undersampled,
)


class RandomUnderSampler(Sampler):
    """Keeps the rows with the smallest draws."""

    def targets(self, counts: Counts, sampling_strategy: SamplingStrategy) -> dict[str, int]:
        """Returns the rows to keep of each class (see `undersampled`)."""
        return undersampled(counts, sampling_strategy)
