"""The multilayer perceptron over scaled numbers and embedded categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from tfx_rebalance.components.trainer.models.model import DROPOUT, Model, dropped, logits_of, packed

if TYPE_CHECKING:
    import keras

    from tfx_rebalance.components.trainer.columns import Columns

Units = Annotated[int, Field(ge=1)]

LAYERS = [[64, 32], [128, 64], [256, 128], [128, 64, 32]]
"""Widths and depths that a search tries."""


class MLP(Model):
    """Dense layers with ReLU, each followed by dropout."""

    searched: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "hidden_units": {"choices": LAYERS},
        "dropout": DROPOUT,
    }

    hidden_units: tuple[Units, ...] = Field(default=(64, 32), min_length=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    embedding_dim: int = Field(default=8, ge=1)
    """Numbers that stand for a value of a categorical input."""

    def build(self, columns: Columns, *, classes: int, seed: int) -> keras.Model:
        """Returns the model (see `Model.build`)."""
        import keras

        inputs, numbers = packed(columns, embedding_dim=self.embedding_dim)
        hidden = hidden_layers(numbers, self.hidden_units, dropout=self.dropout, seed=seed)
        return keras.Model(inputs, logits_of(hidden, classes=classes))


def hidden_layers(numbers: Any, units: tuple[int, ...], *, dropout: float, seed: int) -> Any:
    """Returns the output of the last of some dense layers, (n, units[-1])."""
    import keras

    for width in units:
        numbers = keras.layers.Dense(width, activation="relu")(numbers)
        numbers = dropped(numbers, rate=dropout, seed=seed)
    return numbers
