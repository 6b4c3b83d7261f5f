"""What a model is: parameters, and the keras model they make for some columns.

Reading a config loads these classes, so they import keras only when they build.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from tfx_rebalance.settings import Settings

if TYPE_CHECKING:
    import keras

    from tfx_rebalance.components.trainer.columns import Columns

DROPOUT = {"low": 0.0, "high": 0.5, "step": 0.1}
"""What a search tries that names nothing else."""
LOGITS = "logits"
"""The last layer; its bias is set to the log priors before training."""


class Model(Settings):
    """A network by its parameters."""

    takes_images: ClassVar[bool | None] = False
    """Whether it wants an image among the columns; else it refuses one. None: both will do."""

    searched: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Which parameters a search tries that names none, and what of each (see `tuner.settings`)."""

    def build(self, columns: Columns, *, classes: int, seed: int) -> keras.Model:
        """Returns an untrained model from `Columns.pack` to logits, (n, classes), float32.

        Args:
            columns: What it is given.
            classes: How many there are.
            seed: Of dropout; initial weights come from keras' global seed.

        Raises:
            ModelError: If what a user's function returns is no such model.
        """
        raise NotImplementedError

    def check(self) -> None:
        """Looks at what a config names, before anything runs.

        Raises:
            ConfigError: If a user's function cannot be imported or called.
        """


def packed(columns: Columns, *, embedding_dim: int) -> tuple[dict[str, Any], Any]:
    """Returns keras inputs, by name, and all their numbers side by side, (n, width).

    All categorical columns share one embedding table: their indices never overlap.
    """
    import keras

    inputs = inputs_of(columns)
    parts = embedded(inputs, columns, embedding_dim=embedding_dim)
    return inputs, keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]


def embedded(inputs: dict[str, Any], columns: Columns, *, embedding_dim: int) -> list[Any]:
    """Returns the numbers and the embedded categories, those that there are, each (n, width)."""
    import keras

    parts = []
    if columns.numeric:
        parts.append(inputs["numeric"])
    if columns.categorical:
        embed = keras.layers.Embedding(columns.vocabulary_size, embedding_dim)
        parts.append(keras.layers.Flatten()(embed(inputs["categorical"])))
    return parts


def inputs_of(columns: Columns) -> dict[str, Any]:
    """Returns keras inputs as `Columns.pack` fills them."""
    import keras

    inputs = {}
    if columns.numeric:
        inputs["numeric"] = keras.Input((len(columns.numeric),), dtype="float32", name="numeric")
    if columns.categorical:
        width = len(columns.categorical)
        inputs["categorical"] = keras.Input((width,), dtype="int64", name="categorical")
    if columns.images:
        inputs["image"] = keras.Input(columns.images[0].shape, dtype="float32", name="image")
    return inputs


def logits_of(hidden: Any, *, classes: int) -> Any:
    """Returns the last layer's output, (n, classes), float32 whatever the policy."""
    import keras

    return keras.layers.Dense(classes, dtype="float32", name=LOGITS)(hidden)


def dropped(hidden: Any, *, rate: float, seed: int) -> Any:
    """Returns the numbers with some of them dropped in training."""
    import keras

    return keras.layers.Dropout(rate, seed=seed)(hidden) if rate else hidden
