"""A model that a user's own function builds."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from tfx_rebalance.components.trainer.models.model import Model
from tfx_rebalance.errors import ConfigError, ModelError

if TYPE_CHECKING:
    import keras

    from tfx_rebalance.components.trainer.columns import Columns

SIGNATURE = "build_model(columns, *, classes, seed, **model_parameters)"


class UsersModel(Model):
    """Calls `function` as `SIGNATURE` says; it returns what `Model.build` returns.

    A last layer called "logits" with a bias starts at the log priors, any other as it is.
    """

    takes_images: ClassVar[bool | None] = None

    function: str
    """`package.module.function`, importable wherever the Trainer runs."""
    parameters: dict[str, Any] = {}

    def build(self, columns: Columns, *, classes: int, seed: int) -> keras.Model:
        """Returns the function's model (see `Model.build`)."""
        import keras

        built = self._function()(columns, classes=classes, seed=seed, **self.parameters)
        if not isinstance(built, keras.Model):
            raise ModelError(
                f"{self._told} returned {type(built).__name__}; it must return a keras.Model from "
                "`columns.pack` to logits."
            )
        shape = tuple(built.output_shape) if isinstance(built.output_shape, tuple) else None
        if shape != (None, classes):
            raise ModelError(
                f"{self._told} returned a model whose output is {built.output_shape}; it must be "
                f"logits, (None, {classes}): one for each class, without softmax."
            )
        return built

    def check(self) -> None:
        """Looks at the function (see `Model.check`)."""
        function = self._function()
        try:
            inspect.signature(function).bind(None, classes=2, seed=0, **self.parameters)
        except TypeError as error:
            raise ConfigError(
                f"{self._told} cannot be called as {SIGNATURE} with model_parameters "
                f"{self.parameters}: {error}. Correct its arguments or the parameters."
            ) from None

    @property
    def _told(self) -> str:
        return f"trainer.model {self.function!r}"

    def _function(self) -> Callable[..., Any]:
        module, _, name = self.function.rpartition(".")
        try:
            function = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"{self._told} cannot be imported: {error}. Install its package, or set PYTHONPATH "
                "to the folder it lies in; allowed besides are the names of the built-in models."
            ) from None
        if not callable(function):
            raise ConfigError(f"{self._told} is no function. Name one like {SIGNATURE}.")
        found: Callable[..., Any] = function
        return found
