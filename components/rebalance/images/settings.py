"""What may be done to an image so that its class stays what it was."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from tfx_rebalance.settings import Settings

ENCODED_RANGE = (0.0, 255.0)
EXACT = float(2**24)

ExactNumber = Annotated[float, Field(ge=-EXACT, le=EXACT)]
"""Up to here float32, in which images are computed, holds every integer."""


class AugmentOperations(Settings):
    """The label-preserving operations: only what is listed is done, at least one is."""

    horizontal_flip: bool = False
    """Left and right change places in half of the new rows."""
    vertical_flip: bool = False
    """Top and bottom change places in half of the new rows."""
    rotation: Annotated[float, Field(gt=0, le=180)] | None = None
    """Degrees; a new row is turned by an angle within ± this."""
    translation: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the height and of the width; each shift is within ± this."""
    scaling: Annotated[float, Field(gt=0, lt=1)] | None = None
    """s: height and width are multiplied by one factor in [1 - s, 1 + s]."""
    shear: Annotated[float, Field(gt=0, le=45)] | None = None
    """Degrees; upright lines lean by an angle within ± this."""
    brightness: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the range of values; what is added to all colours is within ± this."""

    @model_validator(mode="after")
    def _at_least_one(self) -> "AugmentOperations":
        if not any(value for _, value in self):
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"operations lists none. List at least one of: {names}")
        return self


class AugmentSettings(Settings):
    """Which feature holds the image, how it is held, and what may be done to it."""

    image: Annotated[str, Field(min_length=1)] | None = None
    """None: the one image that the schema has."""
    shape: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    """(height, width, channels) of a decoded image, row by row, a pixel's channels side by side;
    None for one PNG or JPEG, and for what Transform decoded, whose shape is known."""
    operations: AugmentOperations
    fill: Literal["nearest", "constant"] = "nearest"
    """What moves in from outside: the nearest edge pixel, or the lowest of `value_range`."""
    value_range: tuple[ExactNumber, ExactNumber] = ENCODED_RANGE
    """Lowest and highest value of a decoded image; new values are clipped to it. What Transform
    decoded is in [0, 1]."""

    @model_validator(mode="after")
    def _value_range_is_one(self) -> "AugmentSettings":
        low, high = self.value_range
        if not low < high:
            raise ValueError(f"value_range must be (lowest, highest), got {self.value_range}")
        if self.shape is None and self.value_range != ENCODED_RANGE:
            raise ValueError(
                f"value_range {self.value_range} goes with shape: without shape the image is PNG "
                "or JPEG, whose range is known. Set shape or leave value_range out"
            )
        return self
