"""Model name -> where it is; one line each. A dotted path is a user's own."""

from collections.abc import Mapping
from typing import Any, cast

from tfx_rebalance.components.trainer.models.model import Model
from tfx_rebalance.names import known, loaded

_HERE = "tfx_rebalance.components.trainer.models"

MODELS: Mapping[str, str] = {
    "mlp": f"{_HERE}.mlp:MLP",
    "wide_and_deep": f"{_HERE}.wide_and_deep:WideAndDeep",
    "residual_mlp": f"{_HERE}.residual_mlp:ResidualMLP",
    "cnn": f"{_HERE}.cnn:CNN",
}


def model_name(name: str) -> str:
    """Returns a name of `MODELS`, or a dotted path as it is.

    Raises:
        ValueError: If it is neither.
    """
    return name if "." in name else known(MODELS, name)


def model_class(name: str) -> type[Model]:
    """Returns the class of the model of that name, one of `MODELS`."""
    return cast(type[Model], loaded(MODELS[name]))


def model_named(name: str, parameters: Mapping[str, Any] | None = None) -> Model:
    """Returns the model of that name, one of `MODELS` or a dotted path.

    Raises:
        pydantic.ValidationError: If a parameter is unknown or out of range.
    """
    if "." in name:
        from tfx_rebalance.components.trainer.models.users import UsersModel

        return UsersModel(function=name, parameters=dict(parameters or {}))
    return model_class(name)(**(parameters or {}))
