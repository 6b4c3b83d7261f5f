"""What is drawn for each new image, and what that makes of its pixels: maths on arrays."""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.components.rebalance.images.settings import AugmentOperations
from tfx_rebalance.draws import Keys, keyed_draws

Numbers = npt.NDArray[np.float64]
Images = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Changes:
    """What happens to each image of a batch; every array is (n,), float64."""

    flip_x: Numbers
    """-1 where left and right change places, else 1."""
    flip_y: Numbers
    """-1 where top and bottom change places, else 1."""
    rotation: Numbers
    """Degrees, counterclockwise as one looks at the image."""
    shear: Numbers
    """Degrees by which upright lines lean; positive moves the lower half to the right."""
    scaling: Numbers
    """Factor of height and width, > 0; above 1 enlarges."""
    shift_x: Numbers
    """To the right, as a share of the width."""
    shift_y: Numbers
    """Down, as a share of the height."""
    brightness: Numbers
    """What is added, as a share of the range of values."""

    def of(self, rows: npt.NDArray[np.int64]) -> "Changes":
        """Returns the changes of some images, in the order of `rows`, (rows,)."""
        return Changes(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def drawn_changes(operations: AugmentOperations, keys: Keys, *, seed: int) -> Changes:
    """Returns the changes of each new image: uniform within what `operations` allow.

    Args:
        operations: What may be done; what is not listed changes nothing.
        keys: One per new image, (n,): the same key and seed draw the same changes.
        seed: Another seed gives unrelated draws.
    """

    def within(most: float | None, what: str) -> Numbers:
        if most is None:
            return np.zeros(len(keys))
        return most * (2 * _shares(keyed_draws(keys, seed=seed, purpose=f"augment {what}")) - 1)

    def sign(flips: bool, what: str) -> Numbers:
        if not flips:
            return np.ones(len(keys))
        draws = keyed_draws(keys, seed=seed, purpose=f"augment {what}")
        return np.where(draws < np.uint64(2**63), 1.0, -1.0)

    return Changes(
        flip_x=sign(operations.horizontal_flip, "horizontal_flip"),
        flip_y=sign(operations.vertical_flip, "vertical_flip"),
        rotation=within(operations.rotation, "rotation"),
        shear=within(operations.shear, "shear"),
        scaling=1 + within(operations.scaling, "scaling"),
        shift_x=within(operations.translation, "translation x"),
        shift_y=within(operations.translation, "translation y"),
        brightness=within(operations.brightness, "brightness"),
    )


def sources(changes: Changes, *, height: int, width: int) -> npt.NDArray[np.float32]:
    """Returns where each pixel of the new images comes from, (n, 8), float32.

    A row a, b, c, d, e, f, 0, 0 says that pixel (x, y) takes its value from
    (a x + b y + c, d x + e y + f), as `ImageProjectiveTransformV3` wants it; x runs to the right
    and y down. The moves are made about the image's centre, in this order: flip, scale, shear,
    rotate, shift. This is the inverse of their product, written out: so a flip, a shift by whole
    pixels and no move at all are exact.
    """
    angle, lean = np.deg2rad(changes.rotation), np.tan(np.deg2rad(changes.shear))
    cos, sin = np.cos(angle), np.sin(angle)
    by_x, by_y = changes.flip_x / changes.scaling, changes.flip_y / changes.scaling
    a, b = by_x * (cos - lean * sin), by_x * (-sin - lean * cos)
    d, e = by_y * sin, by_y * cos
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    from_x, from_y = centre_x + changes.shift_x * width, centre_y + changes.shift_y * height
    c = centre_x - (a * from_x + b * from_y)
    f = centre_y - (d * from_x + e * from_y)
    zero = np.zeros_like(a)
    places: npt.NDArray[np.float32] = np.stack([a, b, c, d, e, f, zero, zero], axis=1).astype(
        np.float32
    )
    return places


@dataclass(frozen=True)
class Canvas:
    """What new pixels may be."""

    low: float
    high: float
    fill: Literal["nearest", "constant"]
    """What moves in from outside: the nearest edge pixel, or `low`."""
    colours: int
    """The first so many channels are brightened; one after them is opacity."""


def changed(images: Images, changes: Changes, *, canvas: Canvas) -> Images:
    """Returns the images changed, (n, height, width, channels), float32, within [low, high].

    All moves of an image are one bilinear sampling of it (`sources`); what they brighten is then
    added, and the sum clipped. What becomes of an image does not depend on the others.

    Args:
        images: (n, height, width, channels), float32.
        changes: One per image.
        canvas: What new pixels may be.
    """
    _, height, width, channels = images.shape
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=sources(changes, height=height, width=width),
        output_shape=[height, width],
        interpolation="BILINEAR",
        fill_mode=canvas.fill.upper(),
        fill_value=canvas.low,
    ).numpy()
    added = (changes.brightness * (canvas.high - canvas.low)).astype(np.float32)
    coloured = (np.arange(channels) < canvas.colours).astype(np.float32)
    bright: Images = moved + added[:, None, None, None] * coloured
    return bright.clip(np.float32(canvas.low), np.float32(canvas.high))


def _shares(draws: Keys) -> Numbers:
    """Returns draws as numbers in [0, 1): their upper 53 bits, all that a float64 can hold."""
    shares: Numbers = (draws >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return shares
