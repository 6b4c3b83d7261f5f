"""Oversampling where every copy beyond a row's first has its image changed a little.

Only operations that are listed are done, so that the label stays true (Simard, Steinkraus and Platt
2003, "Best Practices for Convolutional Neural Networks"; Shorten and Khoshgoftaar 2019, section 3).
"""

from tfx_rebalance.components.rebalance.images.settings import AugmentSettings
from tfx_rebalance.components.rebalance.strategy import Sampler
from tfx_rebalance.components.rebalance.targets.sampling_strategy import (
    Counts,
    SamplingStrategy,
    oversampled,
)


class ImageAugmentation(AugmentSettings, Sampler):
    """Repeats the rows of the chosen classes, the copies with changed images."""

    def targets(self, counts: Counts, sampling_strategy: SamplingStrategy) -> dict[str, int]:
        """Returns the rows to emit of each class (see `oversampled`)."""
        return oversampled(counts, sampling_strategy)
