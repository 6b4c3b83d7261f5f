"""Whether a model is for the data's kind of inputs."""

from tfx_rebalance.components.trainer.models.model import Model
from tfx_rebalance.components.trainer.models.registry import MODELS, model_class
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features


def check_images(model: Model, features: Features, *, name: str) -> None:
    """Looks whether a model takes the image that there is, or needs one that is not there.

    Args:
        model: What `trainer.model` names.
        features: The inputs.
        name: What `trainer.model` is.

    Raises:
        ConfigError: If they do not fit.
    """
    images = [feature.name for feature in features.images]
    if model.takes_images is None or model.takes_images == bool(images):
        return
    others = [n for n in MODELS if model_class(n).takes_images != model.takes_images]
    if images:
        raise ConfigError(
            f"trainer.model {name} takes no image, but the input {images[0]!r} is one. Allowed "
            f"with an image: {', '.join(others)}; or list it under data.exclude."
        )
    raise ConfigError(
        f"trainer.model {name} needs an image, but no input is one. Allowed without: "
        f"{', '.join(others)}; or give a BYTES column of the schema an image_domain {{}}."
    )
