"""The `preprocessing_fn` of Transform: raw columns to dense, scaled model inputs.

Numeric inputs become float32 with mean 0 and variance 1 over `train`, a missing cell the mean;
those that may be missing get a 0/1 companion `<name>_missing`. Categorical inputs become int64
indices into one vocabulary of `column=value` over `train`: 0 .. v-1 by falling frequency, and v
for what was never seen or is not among the most frequent. An image is decoded, brought to one size
and scaled to [0, 1]. The label becomes its int64 index in the order of the schema's domain.
"""

import json
from collections.abc import Callable, Mapping

import tensorflow as tf
import tensorflow_transform as tft

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import VOCABULARY, Feature, Features, missing_name
from tfx_rebalance.labels import class_index
from tfx_rebalance.pipeline.decoding import decoded_images

Tensors = Mapping[str, tf.Tensor | tf.SparseTensor]


def preprocessing_fn(inputs: Tensors, custom_config: Mapping[str, str]) -> dict[str, tf.Tensor]:
    """Returns each model input and the label, (n,), an image (n, height, width, channels).

    Args:
        inputs: The raw columns, dense or sparse.
        custom_config: `features` (a `Features` as JSON), `transform` (`TransformSettings`) and,
            if rows belong to groups, `group_key`: the column that passes through as it is.
    """
    features = Features.model_validate_json(custom_config["features"])
    settings = json.loads(custom_config["transform"])
    outputs = _scaled(inputs, features.numeric, log=settings["log"])
    outputs |= _indexed(inputs, features.categorical, size=settings["vocabulary_size"])
    outputs |= _decoded(inputs, features.images, size=settings.get("image"))
    label = _dense(inputs[features.label], "" if features.label_dtype == "string" else 0)
    outputs[features.label] = class_index(label, features.classes)
    group_key = custom_config.get("group_key")
    if group_key:
        group = inputs[group_key]
        outputs[group_key] = _dense(group, "" if group.dtype == tf.string else 0)
    return outputs


def _scaled(
    inputs: Tensors, numeric: tuple[Feature, ...], *, log: list[str]
) -> dict[str, tf.Tensor]:
    """One analyzer over all numeric columns; TFT leaves NaN out of mean and variance."""
    if not numeric:
        return {}
    columns = [_number(inputs[feature.name], log=feature.name in log) for feature in numeric]
    packed = tf.stack(columns, axis=1)
    scaled = tft.scale_to_z_score(packed, elementwise=True, output_dtype=tf.float64)
    missing = tf.math.is_nan(packed)
    # Not finite too where `train` had no value at all to scale by.
    filled = tf.where(tf.math.is_finite(scaled), scaled, tf.zeros_like(scaled))
    filled = tf.cast(filled, tf.float32)
    outputs = {feature.name: filled[:, i] for i, feature in enumerate(numeric)}
    for i, feature in enumerate(numeric):
        if feature.optional:
            outputs[missing_name(feature)] = tf.cast(missing[:, i], tf.float32)
    return outputs


def _indexed(
    inputs: Tensors, categorical: tuple[Feature, ...], *, size: int
) -> dict[str, tf.Tensor]:
    """One vocabulary of `column=value` for all columns: one analyzer instead of one per column."""
    if not categorical:
        return {}
    tokens = [
        _tokens(inputs[feature.name], f"{number}:{feature.name}", as_text=feature.dtype == "int")
        for number, feature in enumerate(categorical)
    ]
    indices = tft.compute_and_apply_vocabulary(
        tf.stack(tokens, axis=1), top_k=size, num_oov_buckets=1, vocab_filename=VOCABULARY
    )
    return {feature.name: indices[:, i] for i, feature in enumerate(categorical)}


def _decoded(
    inputs: Tensors, images: tuple[Feature, ...], *, size: Mapping[str, int] | None
) -> dict[str, tf.Tensor]:
    if not images:
        return {}
    if size is None:
        raise ConfigError(
            f"transform.image is null, but the schema has the image {images[0].name!r}. Set it to "
            "{height: ..., width: ..., channels: 1 or 3}."
        )
    shape = (size["height"], size["width"], size["channels"])
    files = {feature.name: _dense(inputs[feature.name], "") for feature in images}
    return {name: decoded_images(column, shape=shape) for name, column in files.items()}


def _number(column: tf.Tensor | tf.SparseTensor, *, log: bool) -> tf.Tensor:
    """Returns a numeric column, (n,), float64, NaN where the cell is missing or infinite."""
    dense = _dense(_map_values(lambda v: tf.cast(v, tf.float64), column), float("nan"))
    dense = tf.where(tf.math.is_finite(dense), dense, float("nan") * tf.ones_like(dense))
    return tf.sign(dense) * tf.math.log1p(tf.abs(dense)) if log else dense


def _tokens(column: tf.Tensor | tf.SparseTensor, name: str, *, as_text: bool) -> tf.Tensor:
    """Returns `name=value` per row, (n,), and `name` alone where the cell is missing.

    The column's number before its name keeps columns apart whatever names and values hold.
    """
    if as_text:
        column = _map_values(tf.strings.as_string, column)
    return _dense(_map_values(lambda v: tf.strings.join([name, "=", v]), column), name)


def _map_values(
    function: Callable[[tf.Tensor], tf.Tensor], column: tf.Tensor | tf.SparseTensor
) -> tf.Tensor | tf.SparseTensor:
    if isinstance(column, tf.SparseTensor):
        return column.with_values(function(column.values))
    return function(column)


def _dense(column: tf.Tensor | tf.SparseTensor, default: str | float | int) -> tf.Tensor:
    if isinstance(column, tf.SparseTensor):
        one_column = tf.SparseTensor(column.indices, column.values, [column.dense_shape[0], 1])
        column = tf.sparse.to_dense(one_column, default_value=default)
    return tf.reshape(column, [-1])
