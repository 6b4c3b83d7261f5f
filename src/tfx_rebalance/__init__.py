"""A TFX pipeline for imbalanced classification that releases only what it can show is good."""

from typing import Any

__version__ = "0.1.0"

_ARTIFACTS = ("ImbalanceReport", "RebalanceReport")


def __getattr__(name: str) -> Any:
    """Returns an artifact class: KFP names them `tfx_rebalance.<Class>`; tfx.types costs 6 s."""
    if name in _ARTIFACTS:
        from tfx_rebalance import artifacts

        return getattr(artifacts, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
