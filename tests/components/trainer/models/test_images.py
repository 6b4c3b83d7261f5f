"""Which model goes with an image, and which without."""

import pytest

from tfx_rebalance.components.trainer.models.images import check_images
from tfx_rebalance.components.trainer.models.registry import MODELS, model_named
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Feature, Features

PRICE = Feature(name="price", dtype="float", categorical=False, optional=True)
PHOTO = Feature(name="photo", dtype="string", categorical=False, optional=False, image=True)


def features_of(*inputs):
    return Features(inputs=inputs, label="y", label_dtype="string", classes=("no", "yes"))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_goes_either_with_an_image_or_without(name):
    model = model_named(name)
    fits, does_not = features_of(PRICE), features_of(PRICE, PHOTO)
    if model.takes_images:
        fits, does_not = does_not, fits
    check_images(model, fits, name=name)
    with pytest.raises(ConfigError, match=rf"^trainer.model {name} (takes no|needs an) image"):
        check_images(model, does_not, name=name)


def test_a_refusal_names_the_models_that_would_do():
    with pytest.raises(ConfigError, match=r"'photo' is one. Allowed with an image: cnn; or list"):
        check_images(model_named("mlp"), features_of(PHOTO), name="mlp")
    with pytest.raises(ConfigError, match="Allowed without: mlp, wide_and_deep, residual_mlp; or"):
        check_images(model_named("cnn"), features_of(PRICE), name="cnn")


@pytest.mark.parametrize("inputs", [(PRICE,), (PRICE, PHOTO), (PHOTO,)])
def test_a_users_own_model_may_do_as_it_likes(inputs):
    check_images(model_named("my.package.build"), features_of(*inputs), name="my.package.build")
