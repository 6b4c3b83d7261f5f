"""Strategy name -> where it is; one line each."""

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

STRATEGIES: Mapping[str, str] = {
    "none": "tfx_rebalance.components.rebalance.strategies.none:NoResampling",
    "undersample": "tfx_rebalance.components.rebalance.strategies.undersample:RandomUnderSampler",
    "oversample": "tfx_rebalance.components.rebalance.strategies.oversample:RandomOverSampler",
}


class Strategy(Protocol):
    """What decides how many rows of each class come out."""

    def targets(
        self, counts: Mapping[str, int], sampling_strategy: str | float | Mapping[str, int]
    ) -> dict[str, int]:
        """Returns the rows wanted of each class.

        Raises:
            ConfigError: If the sampling strategy asks for what this strategy cannot do.
        """


def strategy_named(name: str) -> Strategy:
    """Returns the strategy of that name, one of `STRATEGIES`."""
    module, _, attribute = STRATEGIES[name].partition(":")
    return cast(Strategy, getattr(import_module(module), attribute)())
