"""A linear model that remembers next to a perceptron that generalises."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tfx_rebalance.components.trainer.models.mlp import LAYERS, Units, hidden_layers
from tfx_rebalance.components.trainer.models.model import DROPOUT, Model, logits_of, packed

if TYPE_CHECKING:
    import keras

    from tfx_rebalance.components.trainer.columns import Columns

SPREAD = 1_000_003
"""A prime: indices of pairs are spread over the buckets by it."""


class WideAndDeep(Model):
    """The sum of both parts' logits, trained together (Cheng et al. 2016).

    The wide part is linear in the numbers, in the categories and in pairs of categories.
    """

    searched: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "hidden_units": {"choices": LAYERS},
        "dropout": DROPOUT,
    }

    hidden_units: tuple[Units, ...] = Field(default=(64, 32), min_length=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    embedding_dim: int = Field(default=8, ge=1)
    cross_buckets: int = Field(default=4096, ge=0)
    """Into so many buckets the pairs of values of two categorical columns are hashed; 0: none."""

    def build(self, columns: Columns, *, classes: int, seed: int) -> keras.Model:
        """Returns the model (see `Model.build`)."""
        import keras

        inputs, numbers = packed(columns, embedding_dim=self.embedding_dim)
        deep = hidden_layers(numbers, self.hidden_units, dropout=self.dropout, seed=seed)
        # One last layer: a dense layer over [deep, numbers] is the sum of one over each.
        parts = [deep, *([inputs["numeric"]] if columns.numeric else [])]
        both = keras.layers.Concatenate()(parts) if len(parts) > 1 else deep
        logits = logits_of(both, classes=classes)
        tables = self._tables(inputs, columns, classes=classes)
        return keras.Model(inputs, keras.layers.Add()([logits, *tables]) if tables else logits)

    def _tables(self, inputs: dict[str, Any], columns: Columns, *, classes: int) -> list[Any]:
        """Returns the logits of the categories and of their pairs, each (n, classes)."""
        if not columns.categorical:
            return []
        indices = inputs["categorical"]
        tables = [_summed(indices, columns.vocabulary_size, classes)]
        if self.cross_buckets and len(columns.categorical) > 1:
            width = len(columns.categorical)
            pairs = _crossed(indices, columns=width, buckets=self.cross_buckets)
            tables.append(_summed(pairs, self.cross_buckets, classes))
        return tables


def _summed(indices: Any, size: int, classes: int) -> Any:
    """Returns the sum of the indices' rows of a table that starts at 0, (n, classes), float32."""
    import keras

    table = keras.layers.Embedding(size, classes, embeddings_initializer="zeros", dtype="float32")
    return keras.ops.sum(table(indices), axis=1)


def _crossed(indices: Any, *, columns: int, buckets: int) -> Any:
    """Returns the bucket of each pair of columns, (n, columns * (columns - 1) / 2), int64."""
    import keras

    first, second = zip(*combinations(range(columns), 2), strict=True)
    left = keras.ops.take(indices, list(first), axis=1)
    right = keras.ops.take(indices, list(second), axis=1)
    return keras.ops.mod(left * SPREAD + right, buckets)
