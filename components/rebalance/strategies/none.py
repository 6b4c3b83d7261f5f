"""No resampling: class weights and thresholds do the work (docs/adr/0002)."""

from typing import ClassVar

from tfx_rebalance.components.rebalance.strategy import Sampler
from tfx_rebalance.components.rebalance.targets.sampling_strategy import Counts, SamplingStrategy


class NoResampling(Sampler):
    """Every row once."""

    draws_lots: ClassVar[bool] = False

    def targets(self, counts: Counts, sampling_strategy: SamplingStrategy) -> dict[str, int]:
        """Returns the counts as they are, so that one key switches a config's resampling off."""
        del sampling_strategy
        return dict(counts)
