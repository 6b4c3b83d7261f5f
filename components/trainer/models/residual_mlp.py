"""A small residual perceptron."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tfx_rebalance.components.trainer.models.model import DROPOUT, Model, dropped, logits_of, packed

if TYPE_CHECKING:
    import keras

    from tfx_rebalance.components.trainer.columns import Columns


class ResidualMLP(Model):
    """Blocks that add to what passes through them (Gorishniy et al. 2021, section 3.2).

    Where the paper normalises over the batch this normalises over a row's numbers: what a row of a
    rare class becomes must not hang on which rows are drawn with it, nor on the classes' shares.
    """

    searched: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "width": {"choices": [32, 64, 128]},
        "depth": {"choices": [1, 2, 3]},
        "dropout": DROPOUT,
    }

    width: int = Field(default=64, ge=1)
    """Numbers that pass from block to block."""
    depth: int = Field(default=2, ge=1)
    """Blocks."""
    expansion: float = Field(default=2.0, gt=0, le=16)
    """Width within a block / `width`."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    embedding_dim: int = Field(default=8, ge=1)

    def build(self, columns: Columns, *, classes: int, seed: int) -> keras.Model:
        """Returns the model (see `Model.build`)."""
        import keras

        inputs, numbers = packed(columns, embedding_dim=self.embedding_dim)
        passing = keras.layers.Dense(self.width)(numbers)
        for _ in range(self.depth):
            passing = keras.layers.Add()([passing, self._block(passing, seed=seed)])
        last = keras.layers.ReLU()(keras.layers.LayerNormalization()(passing))
        return keras.Model(inputs, logits_of(last, classes=classes))

    def _block(self, passing: Any, *, seed: int) -> Any:
        import keras

        inside = max(1, round(self.expansion * self.width))
        hidden = keras.layers.LayerNormalization()(passing)
        hidden = keras.layers.Dense(inside, activation="relu")(hidden)
        hidden = dropped(hidden, rate=self.dropout, seed=seed)
        return keras.layers.Dense(self.width)(hidden)
