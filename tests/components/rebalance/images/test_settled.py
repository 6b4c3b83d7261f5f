"""What an augmentation is not told, and what it is told wrongly."""

import pytest

from tfx_rebalance.components.rebalance.images.settings import AugmentSettings
from tfx_rebalance.components.rebalance.images.settled import image_named, settled
from tfx_rebalance.errors import ConfigError

SHAPE = (5, 4, 1)


def settings(**given):
    return AugmentSettings.model_validate({"operations": {"rotation": 10}, **given})


def test_the_only_image_need_not_be_named_and_a_named_one_is_taken():
    assert image_named(settings(), ["photo"]) == "photo"
    assert image_named(settings(image="scan"), ["photo"]) == "scan"


@pytest.mark.parametrize("images", [[], ["a", "b"]])
def test_none_or_several_must_be_named(images):
    with pytest.raises(ConfigError, match=rf"has {len(images)} images.*Name the feature"):
        image_named(settings(), images)


@pytest.mark.parametrize(
    "given", [{}, {"shape": SHAPE}, {"shape": SHAPE, "value_range": (0, 1)}, {"fill": "constant"}]
)
def test_the_form_is_that_of_transform(given):
    found = settled(settings(**given), image="photo", shape=SHAPE)
    assert (found.image, found.shape, found.value_range) == ("photo", SHAPE, (0, 1))
    assert (found.operations, found.fill) == (settings().operations, given.get("fill", "nearest"))


def test_without_transform_it_is_what_the_settings_say():
    given = settings(shape=SHAPE, value_range=(0, 9))
    assert settled(given, image="photo", shape=None) == given.model_copy(update={"image": "photo"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shape": (4, 5, 1)}, r"shape is \(4, 5, 1\), but Transform .* \(5, 4, 1\). Leave it out"),
        ({"shape": SHAPE, "value_range": (0, 255)}, r"value_range is \(0.0, 255.0\), but Transf"),
    ],
)
def test_what_contradicts_transform_is_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        settled(settings(**given), image="photo", shape=SHAPE)
