"""The multilayer perceptron over scaled numbers and embedded categories."""

import keras

from tfx_rebalance.components.trainer.inputs import Columns
from tfx_rebalance.components.trainer.settings import TrainerSettings


def build_mlp(columns: Columns, settings: TrainerSettings, *, classes: int) -> keras.Model:
    """Returns an untrained model from `Columns.pack` to logits, (n, classes), float32.

    All categorical columns share one embedding table: their indices never overlap.
    """
    inputs, parts = {}, []
    if columns.numeric:
        inputs["numeric"] = keras.Input((len(columns.numeric),), dtype="float32", name="numeric")
        parts.append(inputs["numeric"])
    if columns.categorical:
        width = len(columns.categorical)
        inputs["categorical"] = keras.Input((width,), dtype="int64", name="categorical")
        embed = keras.layers.Embedding(columns.vocabulary_size, settings.embedding_dim)
        parts.append(keras.layers.Flatten()(embed(inputs["categorical"])))
    hidden = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    for units in settings.hidden_units:
        hidden = keras.layers.Dense(units, activation="relu")(hidden)
        if settings.dropout:
            hidden = keras.layers.Dropout(settings.dropout, seed=settings.seed)(hidden)
    return keras.Model(inputs, keras.layers.Dense(classes, dtype="float32", name="logits")(hidden))
