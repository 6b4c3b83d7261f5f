"""A config whose sections do not agree on the image is refused before anything runs."""

import pytest

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.checks import check_config
from tfx_rebalance.pipeline.config import PipelineConfig

PHOTO = """
feature {
  name: "photo" type: BYTES image_domain {} shape { dim { size: 1 } }
  presence { min_fraction: 1 min_count: 1 }
}
"""
OTHERS = """
feature { name: "price" type: FLOAT }
feature { name: "y" type: BYTES string_domain { value: "no" value: "yes" } }
"""
SIZE = {"image": {"height": 28, "width": 20, "channels": 1}}
CNN = {"model": "cnn"}
AUGMENT = {"strategy": "augment_images", "parameters": {"operations": {"rotation": 10}}}


@pytest.fixture
def check(tmp_path):
    """Returns a function that checks sections of a config against a schema."""

    def checked(schema=PHOTO + OTHERS, exclude=(), **sections):
        (tmp_path / "schema.pbtxt").write_text(schema)
        files = {"source": "demo", "schema": str(tmp_path / "schema.pbtxt")}
        given = {"name": "photos", "data": {**files, "label": "y", "exclude": exclude}, **sections}
        return check_config(PipelineConfig.model_validate(given))

    return checked


def augmenting(**parameters):
    return {**AUGMENT, "parameters": {**AUGMENT["parameters"], **parameters}}


def test_an_image_its_size_and_a_model_that_takes_it_fit(check):
    features = check(transform=SIZE, trainer=CNN, rebalance=AUGMENT)
    assert [f.name for f in features.images] == ["photo"]
    assert [f.name for f in features.numeric] == ["price"]


def test_an_image_and_its_size_go_together(check):
    with pytest.raises(ConfigError, match=r"image is null, but .* 'photo'. Say what size"):
        check(trainer=CNN)
    with pytest.raises(ConfigError, match=r"transform.image is given, but no input is an image"):
        check(OTHERS, transform=SIZE)


@pytest.mark.parametrize("model", ["mlp", "wide_and_deep", "residual_mlp"])
def test_a_model_that_takes_no_image_is_refused_with_one(check, model):
    message = rf"trainer.model {model} takes no image, but .* 'photo' is one. Allowed .* image: cnn"
    with pytest.raises(ConfigError, match=message):
        check(transform=SIZE, trainer={"model": model})


def test_a_model_of_images_is_refused_without_one(check):
    with pytest.raises(ConfigError, match=r"cnn needs an image, but .* Allowed without: mlp, "):
        check(OTHERS, trainer=CNN)


def test_an_excluded_image_is_none(check):
    with pytest.raises(ConfigError, match=r"transform.image is given, but no input is an image"):
        check(transform=SIZE, exclude=["photo"])
    assert not check(exclude=["photo"]).images


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"image": "phto"}, r"names 'phto', .*did you mean 'photo'.* Allowed: photo"),
        ({"image": "price"}, "names 'price', which is no image of the schema"),
        ({"shape": [28, 28, 1]}, r"shape is \(28, 28, 1\), but Transform .* \(28, 20, 1\)"),
        ({"shape": [28, 20, 1], "value_range": [0, 255]}, "value_range is .* Leave it out"),
    ],
)
def test_an_augmentation_is_of_the_image_as_transform_makes_it(check, parameters, message):
    with pytest.raises(ConfigError, match=message):
        check(transform=SIZE, trainer=CNN, rebalance=augmenting(**parameters))


def test_an_augmentation_without_an_image_is_refused(check):
    with pytest.raises(ConfigError, match="the schema has 0 images"):
        check(OTHERS, rebalance=AUGMENT)
    with pytest.raises(ConfigError, match=r"names 'price', .*Allowed: none, for it has no image"):
        check(OTHERS, rebalance=augmenting(image="price", shape=[2, 2, 1]))


@pytest.mark.parametrize("wrong", [{"height": 0}, {"width": 4097}, {"channels": 4}, {"depth": 1}])
def test_a_size_that_cannot_be_meant_is_refused(check, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        check(transform={"image": {**SIZE["image"], **wrong}}, trainer=CNN)
