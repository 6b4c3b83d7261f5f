"""The losses as keras computes them, in float32 whatever the policy."""

from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from tfx_rebalance.components.trainer.priors import Floats

NEAR_ONE = 1e-7
"""The least 1 - p in the focal factor: below it, powers under 1 have no finite slope."""


class LogitsLoss(keras.losses.Loss):
    """A loss per row over (int labels, logits); keras applies sample weights and the mean."""

    is_proper: ClassVar[bool] = True
    """Whether softmax of the logits is the posterior where the loss is least."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, dtype="float32")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the loss of each row, (n,)."""
        labels = tf.reshape(tf.cast(y_true, tf.int32), [-1])
        return self.per_row(labels, tf.cast(y_pred, tf.float32))

    def per_row(self, labels: Any, logits: Any) -> Any:
        """Returns the loss of each row, (n,), from int32 labels, (n,), and logits, (n, C)."""
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    def posterior_logits(self, logits: Any) -> Any:
        """Returns logits, (n, C), whose softmax is the posterior where the loss is least."""
        return logits

    def at_epoch(self, epoch: int, *, epochs: int) -> None:
        """Called before epoch 0, 1, ... of `epochs`, for a loss that changes in training."""
        del epoch, epochs


class FocalLoss(LogitsLoss):
    """See `focal.Focal`."""

    is_proper: ClassVar[bool] = False

    def __init__(self, gamma: float) -> None:
        super().__init__("focal")
        self._gamma = gamma

    def per_row(self, labels: Any, logits: Any) -> Any:
        """Returns (1 - p) ** gamma * -log p, with p the probability of the label."""
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        missing = tf.maximum(-tf.math.expm1(-entropy), NEAR_ONE)
        return missing**self._gamma * entropy

    def posterior_logits(self, logits: Any) -> Any:
        """Returns log of p / ((1 - p) ** gamma - gamma * (1 - p) ** (gamma - 1) * p * log p)."""
        log_p = tf.nn.log_softmax(tf.cast(logits, tf.float32))
        missing = tf.maximum(-tf.math.expm1(log_p), NEAR_ONE)
        slope = self._gamma * tf.exp(log_p) * tf.maximum(-log_p, NEAR_ONE) / missing
        return log_p - self._gamma * tf.math.log(missing) - tf.math.log1p(slope)


class ShiftedLoss(LogitsLoss):
    """Cross-entropy of scale * (logits + shift[label]), times weights[label].

    The shift may depend on the label (LDAM) or not (logit adjustment).
    """

    def __init__(self, name: str, *, shift: Floats, weights: Floats, scale: float = 1.0) -> None:
        """Takes shift, (C, C), by label, and weights, (C,)."""
        super().__init__(name)
        self._shift = tf.constant(shift, tf.float32)
        self._scale = scale
        self._weights = keras.Variable(
            weights.astype(np.float32), trainable=False, dtype="float32", name=f"{name}_weights"
        )

    def per_row(self, labels: Any, logits: Any) -> Any:
        """Returns the loss of each row, (n,)."""
        moved = self._scale * (logits + tf.gather(self._shift, labels))
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, moved)
        return tf.gather(tf.convert_to_tensor(self._weights), labels) * entropy

    def reweigh(self, weights: Floats) -> None:
        """Sets the weights, (C,)."""
        self._weights.assign(weights.astype(np.float32))


class DeferredLoss(ShiftedLoss):
    """The label's logit less its margin; weights 1 until a share of the epochs, then `later`."""

    is_proper: ClassVar[bool] = False

    def __init__(
        self, name: str, *, margins: Floats, later: Floats, scale: float, start: float
    ) -> None:
        super().__init__(name, shift=-np.diag(margins), weights=np.ones(len(later)), scale=scale)
        self._later, self._start = later, start
        self._kept = np.exp(-scale * margins).astype(np.float32)

    def posterior_logits(self, logits: Any) -> Any:
        """Returns log of p * (1 - p + exp(-scale * margin) * p), p = softmax(scale * logits).

        With a = exp(scale * logits), S their sum and k = exp(-scale * margin) the loss of label y
        is log(S - (1 - k_y) a_y) - log(k_y a_y). Its expectation under the posterior q is least
        where q_y / (S - (1 - k_y) a_y) is proportional to a_y.
        """
        log_p = tf.nn.log_softmax(self._scale * tf.cast(logits, tf.float32))
        missing = tf.maximum(-tf.math.expm1(log_p), NEAR_ONE)
        return log_p + tf.math.log(missing + self._kept * tf.exp(log_p))

    def at_epoch(self, epoch: int, *, epochs: int) -> None:
        """Sets the weights of this epoch; a resumed training has them too."""
        begun = epoch >= self._start * epochs
        self.reweigh(self._later if begun else np.ones(len(self._later)))


class Schedule(keras.callbacks.Callback):
    """Tells a loss which epoch begins; every training needs it whatever the loss."""

    def __init__(self, loss: LogitsLoss, *, epochs: int) -> None:
        super().__init__()
        self._loss, self._epochs = loss, epochs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keras calls it before each epoch."""
        del logs
        self._loss.at_epoch(epoch, epochs=self._epochs)
