"""The multilayer perceptron over scaled numbers and embedded categories."""

from math import ceil, sqrt

import keras

from tfx_rebalance.components.trainer.inputs import Columns
from tfx_rebalance.components.trainer.settings import TrainerSettings


def build_mlp(columns: Columns, settings: TrainerSettings, *, classes: int) -> keras.Model:
    """Returns an untrained model from `Columns.pack` to logits, (n, classes), float32.

    A categorical column of v indices is embedded in min(`embedding_dim`, ceil(sqrt(v)))
    dimensions.
    """
    inputs, parts = {}, []
    if columns.numeric:
        inputs["numeric"] = keras.Input((len(columns.numeric),), dtype="float32", name="numeric")
        parts.append(inputs["numeric"])
    if columns.categorical:
        width = len(columns.categorical)
        inputs["categorical"] = keras.Input((width,), dtype="int64", name="categorical")
        for i, size in enumerate(columns.vocabulary_sizes):
            dimensions = min(settings.embedding_dim, ceil(sqrt(size)))
            embed = keras.layers.Embedding(size, dimensions, name=f"embedding_{i}")
            parts.append(embed(inputs["categorical"][:, i]))
    hidden = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    for units in settings.hidden_units:
        hidden = keras.layers.Dense(units, activation="relu")(hidden)
        if settings.dropout:
            hidden = keras.layers.Dropout(settings.dropout, seed=settings.seed)(hidden)
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(hidden))
