"""tfx-rebalance: a TFX pipeline for imbalanced classification that releases only what it can show to be good enough."""

from typing import Any

__version__ = "0.1.0"

_ARTIFACTS = ("RebalanceReport",)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562 asks for this signature.
    """Returns an artifact class; KFP names them `tfx_rebalance.<Class>`, and tfx.types costs 6 s."""
    if name in _ARTIFACTS:
        from tfx_rebalance import artifacts

        return getattr(artifacts, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
