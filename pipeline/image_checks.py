"""Whether the sections of a config agree on the image that the schema has, or has not."""

from tfx_rebalance.components.rebalance.images.settings import AugmentSettings
from tfx_rebalance.components.rebalance.images.settled import image_named, settled
from tfx_rebalance.components.trainer.models.images import check_images
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features
from tfx_rebalance.names import nearest
from tfx_rebalance.pipeline.config import PipelineConfig


def check_image(config: PipelineConfig, features: Features) -> None:
    """Looks at what Transform, Rebalance and the model are told of an image.

    Raises:
        ConfigError: If a section has an image where there is none, or none where there is one.
    """
    _size(config, features)
    _augmentation(config, features)
    check_images(config.trainer.chosen_model, features, name=config.trainer.model)


def _size(config: PipelineConfig, features: Features) -> None:
    images = [feature.name for feature in features.images]
    if images and config.transform.image is None:
        raise ConfigError(
            f"transform.image is null, but the schema has the image {images[0]!r}. Say what size "
            "it is to have, {height: 28, width: 28, channels: 1} or the like, or list it under "
            "data.exclude."
        )
    if not images and config.transform.image is not None:
        raise ConfigError(
            "transform.image is given, but no input is an image. Take it out, or give the BYTES "
            "column that holds the images an image_domain {} in the schema."
        )


def _augmentation(config: PipelineConfig, features: Features) -> None:
    how = config.rebalance.chosen
    if not isinstance(how, AugmentSettings):
        return
    images = [feature.name for feature in features.images]
    image, size = image_named(how, images), config.transform.image
    if image not in images:
        raise ConfigError(
            f"rebalance.parameters.image names {image!r}, which is no image of the schema"
            f"{nearest(images, image)}. Allowed: {', '.join(images) or 'none, for it has no image'}"
            "."
        )
    settled(how, image=image, shape=size.shape if size else None)
