"""What a network is given: the transformed features, in the order in which they are packed."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import tensorflow as tf

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import EXAMPLE_WEIGHT

Batch = dict[str, tf.Tensor]


@dataclass(frozen=True)
class ImageColumn:
    """A transformed image."""

    name: str
    shape: tuple[int, int, int]
    """Height, width and channels."""


@dataclass(frozen=True)
class Columns:
    """The transformed features a model takes, in the order in which they are packed."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    vocabulary_size: int
    """Indices of all categorical columns together, the one for values never seen included."""
    label: str
    images: tuple[ImageColumn, ...] = ()
    """One at most."""

    def __post_init__(self) -> None:
        if len(self.images) > 1:
            names = ", ".join(image.name for image in self.images)
            raise ConfigError(
                f"the images {names} are model inputs; a model takes one. List the others under "
                "data.exclude."
            )

    @property
    def row_bytes(self) -> int:
        """What a parsed row takes, its label and weight included."""
        pixels = sum(prod(image.shape) for image in self.images)
        return 4 * (len(self.numeric) + pixels) + 8 * len(self.categorical) + 12

    @property
    def spec(self) -> dict[str, tf.io.FixedLenFeature]:
        """What `tf.io.parse_example` is to read, `example_weight` and the label included."""
        return {
            **{name: tf.io.FixedLenFeature([], tf.float32) for name in self.numeric},
            **{name: tf.io.FixedLenFeature([], tf.int64) for name in self.categorical},
            **{i.name: tf.io.FixedLenFeature(i.shape, tf.float32) for i in self.images},
            self.label: tf.io.FixedLenFeature([], tf.int64),
            EXAMPLE_WEIGHT: tf.io.FixedLenFeature([], tf.float32, default_value=1.0),
        }

    def pack(self, features: Mapping[str, tf.Tensor]) -> Batch:
        """Returns what there is of the model's inputs.

        `numeric`, (n, numeric), float32; `categorical`, (n, categorical), int64; `image`,
        (n, height, width, channels), float32, in [0, 1].
        """
        packed = {}
        if self.numeric:
            packed["numeric"] = tf.stack([features[name] for name in self.numeric], axis=1)
        if self.categorical:
            packed["categorical"] = tf.stack([features[name] for name in self.categorical], axis=1)
        if self.images:
            packed["image"] = features[self.images[0].name]
        return packed
