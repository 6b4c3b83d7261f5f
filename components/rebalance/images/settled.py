"""What the settings of an augmentation leave out, told by the schema and by Transform."""

from collections.abc import Sequence

from tfx_rebalance.components.rebalance.images.settings import AugmentSettings
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import IMAGE_RANGE

KEY = "rebalance.parameters"

Shape = tuple[int, int, int]


def image_named(settings: AugmentSettings, images: Sequence[str]) -> str:
    """Returns the feature that holds the image: the one that is named, or the only one.

    Args:
        settings: May name it.
        images: The features that the schema calls images.

    Raises:
        ConfigError: If none is named and there is not exactly one.
    """
    if settings.image is not None:
        return settings.image
    if len(images) != 1:
        raise ConfigError(
            f"{KEY}.image is null, and the schema has {len(images)} images"
            f"{': ' + ', '.join(images) if images else ''}. Name the feature that holds the image, "
            "or give its BYTES column an image_domain {} in the schema."
        )
    return images[0]


def settled(settings: AugmentSettings, *, image: str, shape: Shape | None) -> AugmentSettings:
    """Returns the settings for an image whose form is known.

    Args:
        settings: What they say of the image must be so.
        image: The feature that holds it.
        shape: (height, width, channels) as Transform made it, in [0, 1]; None: as settings say.

    Raises:
        ConfigError: If the settings contradict the shape or its range.
    """
    known = settings.model_copy(update={"image": image})
    if shape is None:
        return known
    if settings.shape not in (None, shape):
        raise ConfigError(
            f"{KEY}.shape is {settings.shape}, but Transform makes the image {image!r} "
            f"{shape}. Leave it out: it is known."
        )
    if "value_range" in settings.model_fields_set and settings.value_range != IMAGE_RANGE:
        raise ConfigError(
            f"{KEY}.value_range is {settings.value_range}, but Transform scales the image "
            f"{image!r} to {IMAGE_RANGE}. Leave it out: it is known."
        )
    return known.model_copy(update={"shape": shape, "value_range": IMAGE_RANGE})
