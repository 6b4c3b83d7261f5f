"""The maps of `maps` in TensorFlow, for the served model."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfx_rebalance.components.trainer.calibration.maps import (
    LEAST,
    Curve,
    Isotonic,
    Map,
    NoMap,
    Temperature,
    VectorScaling,
)


def apply(fitted: Map, probabilities: Any) -> Any:
    """Returns calibrated probabilities, (n, C), of the same dtype.

    Computed in float64: a float32 power of a small probability is off by more than 1e-6.
    """
    p = tf.cast(probabilities, tf.float64)
    return tf.cast(_MAPS[type(fitted)](fitted, p), probabilities.dtype)


def _none(fitted: NoMap, p: Any) -> Any:
    del fitted
    return p


def _temperature(fitted: Temperature, p: Any) -> Any:
    return tf.nn.softmax(_logs(p) / fitted.temperature)


def _vector_scaling(fitted: VectorScaling, p: Any) -> Any:
    slopes = tf.constant(fitted.slopes, tf.float64)
    return tf.nn.softmax(_logs(p) * slopes + tf.constant(fitted.intercepts, tf.float64))


def _isotonic(fitted: Isotonic, p: Any) -> Any:
    columns = [_interpolated(curve, p[:, c]) for c, curve in enumerate(fitted.curves)]
    raw = tf.stack(columns, axis=1)
    return raw / tf.reduce_sum(raw, axis=1, keepdims=True)


_MAPS: dict[type, Callable[[Any, Any], Any]] = {
    NoMap: _none,
    Temperature: _temperature,
    VectorScaling: _vector_scaling,
    Isotonic: _isotonic,
}


def _logs(p: Any) -> Any:
    return tf.math.log(tf.maximum(p, LEAST))


def _interpolated(curve: Curve, values: Any) -> Any:
    """Returns what `numpy.interp` does, (n,)."""
    x, y = tf.constant(curve.x, tf.float64), tf.constant(curve.y, tf.float64)
    if len(curve.x) == 1:
        return tf.fill(tf.shape(values), y[0])
    inside = tf.clip_by_value(values, x[0], x[-1])
    right = tf.clip_by_value(tf.searchsorted(x, inside, side="right"), 1, len(curve.x) - 1)
    x0, x1 = tf.gather(x, right - 1), tf.gather(x, right)
    y0, y1 = tf.gather(y, right - 1), tf.gather(y, right)
    return y0 + (inside - x0) / (x1 - x0) * (y1 - y0)
