"""Loss name -> where it is; one line each."""

from collections.abc import Mapping
from typing import Any, cast

from tfx_rebalance.components.trainer.losses.loss import Loss
from tfx_rebalance.names import loaded

_HERE = "tfx_rebalance.components.trainer.losses"

LOSSES: Mapping[str, str] = {
    "cross_entropy": f"{_HERE}.cross_entropy:CrossEntropy",
    "focal": f"{_HERE}.focal:Focal",
    "class_balanced": f"{_HERE}.class_balanced:ClassBalanced",
    "logit_adjusted": f"{_HERE}.logit_adjusted:LogitAdjusted",
    "ldam": f"{_HERE}.ldam:LDAM",
}


def loss_named(name: str, parameters: Mapping[str, Any] | None = None) -> Loss:
    """Returns the loss of that name, one of `LOSSES`.

    Raises:
        pydantic.ValidationError: If a parameter is unknown or out of range.
    """
    return cast(type[Loss], loaded(LOSSES[name]))(**(parameters or {}))
