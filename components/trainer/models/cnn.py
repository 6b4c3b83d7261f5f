"""A small convolutional network for an image, beside which there may be other columns."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tfx_rebalance.components.trainer.models.mlp import Units, hidden_layers
from tfx_rebalance.components.trainer.models.model import (
    Model,
    dropped,
    embedded,
    inputs_of,
    logits_of,
)
from tfx_rebalance.errors import ConfigError

if TYPE_CHECKING:
    import keras

    from tfx_rebalance.components.trainer.columns import Columns

GRID = 7
"""What the convolutions found is averaged over a grid of at most so many cells each way."""


class CNN(Model):
    """Convolutions, each followed by ReLU and max pooling, then dense layers (LeCun et al. 1998).

    There is no batch normalisation: what a row of a rare class becomes must not hang on which rows
    are drawn with it, nor on the classes' shares.
    """

    takes_images: ClassVar[bool | None] = True

    filters: tuple[Units, ...] = Field(default=(32, 64), min_length=1)
    """Of each convolution; height and width are halved after it, rounded up."""
    kernel_size: int = Field(default=3, ge=1)
    hidden_units: tuple[Units, ...] = Field(default=(128,), min_length=1)
    """Of the dense layers, which see the image and all other columns."""
    dropout: float = Field(default=0.25, ge=0, lt=1)
    """Before the dense layers and after each."""
    embedding_dim: int = Field(default=8, ge=1)
    """Numbers that stand for a value of a categorical input."""

    def build(self, columns: Columns, *, classes: int, seed: int) -> keras.Model:
        """Returns the model (see `Model.build`).

        Raises:
            ConfigError: If there is no image among the columns.
        """
        import keras

        if not columns.images:
            raise ConfigError("trainer.model cnn needs an image, but no input is one. Use mlp.")
        inputs = inputs_of(columns)
        others = embedded(inputs, columns, embedding_dim=self.embedding_dim)
        parts = [self._seen(inputs["image"]), *others]
        numbers = keras.layers.Concatenate()(parts) if others else parts[0]
        numbers = dropped(numbers, rate=self.dropout, seed=seed)
        hidden = hidden_layers(numbers, self.hidden_units, dropout=self.dropout, seed=seed)
        return keras.Model(inputs, logits_of(hidden, classes=classes))

    def _seen(self, image: Any) -> Any:
        """Returns what the convolutions make of an image, (n, numbers)."""
        import keras

        for filters in self.filters:
            conv = keras.layers.Conv2D(filters, self.kernel_size, padding="same", activation="relu")
            image = keras.layers.MaxPooling2D(2, padding="same")(conv(image))
        cells = ceil(image.shape[1] / GRID), ceil(image.shape[2] / GRID)
        if cells != (1, 1):
            image = keras.layers.AveragePooling2D(cells, padding="same")(image)
        return keras.layers.Flatten()(image)
