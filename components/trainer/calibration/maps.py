"""Calibration maps as plain numbers: probabilities in, probabilities out, in numpy.

`graph` does the same in TensorFlow.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from scipy.special import log_softmax

from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.settings import Settings

LEAST = 1e-12
"""The probability below which a logarithm is taken of this instead."""


class NoMap(Settings):
    """Probabilities as they are."""

    kind: Literal["none"] = "none"

    def apply(self, probabilities: Floats) -> Floats:
        """Returns them, (n, C)."""
        return probabilities


class Temperature(Settings):
    """p ** (1 / t), renormalised (Guo et al. 2017, section 4.2)."""

    kind: Literal["temperature"] = "temperature"
    temperature: float = Field(gt=0)
    """Above 1 makes less confident."""

    def apply(self, probabilities: Floats) -> Floats:
        """Returns calibrated probabilities, (n, C)."""
        return softmax(logs(probabilities) / self.temperature)


class VectorScaling(Settings):
    """p_c ** a_c * exp(b_c), renormalised (Guo et al. 2017, section 4.2)."""

    kind: Literal["vector_scaling"] = "vector_scaling"
    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]

    def apply(self, probabilities: Floats) -> Floats:
        """Returns calibrated probabilities, (n, C)."""
        return softmax(logs(probabilities) * np.array(self.slopes) + np.array(self.intercepts))


class Curve(Settings):
    """A piecewise linear function, constant beyond its ends."""

    x: tuple[float, ...] = Field(min_length=1)
    """Ascending."""
    y: tuple[float, ...] = Field(min_length=1)
    """Not descending, in (0, 1)."""

    @model_validator(mode="after")
    def _ordered(self) -> "Curve":
        # TensorFlow takes a difference below the smallest normal number for 0.
        if len(self.x) != len(self.y) or (np.diff(self.x) < np.finfo(float).tiny).any():
            raise ValueError("a curve needs as many x as y, and x ascending")
        return self


class Isotonic(Settings):
    """A rising curve per class against the rest, renormalised (Zadrozny and Elkan 2002)."""

    kind: Literal["isotonic"] = "isotonic"
    curves: tuple[Curve, ...]

    def apply(self, probabilities: Floats) -> Floats:
        """Returns calibrated probabilities, (n, C)."""
        columns = zip(self.curves, probabilities.T, strict=True)
        raw = np.stack([np.interp(p, curve.x, curve.y) for curve, p in columns], axis=1)
        out: Floats = raw / raw.sum(axis=1, keepdims=True)
        return out


Map = Annotated[NoMap | Temperature | VectorScaling | Isotonic, Field(discriminator="kind")]


def logs(probabilities: Floats) -> Floats:
    """Returns log probabilities, none below that of `LEAST`."""
    out: Floats = np.log(np.maximum(probabilities, LEAST))
    return out


def softmax(z: Floats) -> Floats:
    """Returns the softmax of each row of (n, C)."""
    out: Floats = np.exp(log_softmax(z, axis=1))
    return out
