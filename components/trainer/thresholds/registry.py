"""Decision rule name -> where it is; one line each."""

from collections.abc import Mapping
from typing import Any, cast

from tfx_rebalance.components.trainer.thresholds.rule import Rule
from tfx_rebalance.names import loaded

_HERE = "tfx_rebalance.components.trainer.thresholds"

RULES: Mapping[str, str] = {
    "argmax": f"{_HERE}.plain:Argmax",
    "balanced": f"{_HERE}.plain:Balanced",
    "f1": f"{_HERE}.f1:F1",
    "min_recall": f"{_HERE}.min_recall:MinRecall",
    "cost": f"{_HERE}.cost:Cost",
}


def rule_named(name: str, parameters: Mapping[str, Any] | None = None) -> Rule:
    """Returns the rule of that name, one of `RULES`.

    Raises:
        pydantic.ValidationError: If a parameter is unknown or out of range.
    """
    return cast(type[Rule], loaded(RULES[name]))(**(parameters or {}))
