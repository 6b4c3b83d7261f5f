"""What is drawn lies where it may, and moves pixels as scipy and numpy say."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from tfx_rebalance.components.rebalance.images.affine import Canvas, Changes, changed, drawn_changes
from tfx_rebalance.components.rebalance.images.settings import AugmentOperations
from tfx_rebalance.draws import shard_row_keys

pytestmark = pytest.mark.tfx

ONES = {"flip_x", "flip_y", "scaling"}
NOTHING = {field.name: float(field.name in ONES) for field in fields(Changes)}
NEAREST = Canvas(low=0, high=255, fill="nearest", colours=3)
CONSTANT = Canvas(low=0, high=255, fill="constant", colours=3)
IMAGES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(1, 3)),
    elements=st.integers(0, 255),
)
MOVES = st.fixed_dictionaries(
    {
        "flip_x": st.sampled_from([-1.0, 1.0]),
        "flip_y": st.sampled_from([-1.0, 1.0]),
        "rotation": st.floats(-180, 180),
        "shear": st.floats(-45, 45),
        "scaling": st.floats(0.2, 1.8),
        "shift_x": st.floats(-0.9, 0.9),
        "shift_y": st.floats(-0.9, 0.9),
    }
)


def changes(images, **values):
    """Returns the same changes for every image; what is not named does nothing."""
    return Changes(**{name: np.full(len(images), v) for name, v in (NOTHING | values).items()})


def drawn(keys, *, seed=0, **operations):
    return drawn_changes(AugmentOperations(**operations), shard_row_keys(0, keys), seed=seed)


def product_of_moves(move, *, height, width):
    """Returns the 3x3 matrix from (y, x, 1) of an image to that of the new one, step by step."""
    angle, lean = np.deg2rad([move["rotation"], move["shear"]])
    centre = np.array([[1, 0, (height - 1) / 2], [0, 1, (width - 1) / 2], [0, 0, 1]])
    flip_and_scale = np.diag(
        [move["flip_y"] * move["scaling"], move["flip_x"] * move["scaling"], 1]
    )
    shear = np.array([[1, 0, 0], [np.tan(lean), 1, 0], [0, 0, 1]])
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    shift = np.array([[1, 0, move["shift_y"] * height], [0, 1, move["shift_x"] * width], [0, 0, 1]])
    return shift @ centre @ turn @ shear @ flip_and_scale @ np.linalg.inv(centre)


@pytest.mark.parametrize(("canvas", "mode"), [(NEAREST, "nearest"), (CONSTANT, "grid-constant")])
@given(images=IMAGES, move=MOVES)
def test_moves_are_scipys_affine_transform_by_the_product_of_the_moves(canvas, mode, images, move):
    new = changed(images, changes(images, **move), canvas=canvas)
    matrix = product_of_moves(move, height=images.shape[1], width=images.shape[2])
    for image, got in zip(images, new, strict=True):
        for channel in range(image.shape[-1]):
            expected = ndimage.affine_transform(
                image[..., channel].astype(np.float64), np.linalg.inv(matrix), order=1, mode=mode
            )
            np.testing.assert_allclose(got[..., channel], expected, atol=0.05)


@pytest.mark.parametrize("canvas", [NEAREST, CONSTANT])
@given(images=IMAGES)
def test_no_change_gives_the_image_back(canvas, images):
    assert (changed(images, changes(images), canvas=canvas) == images).all()


@pytest.mark.parametrize("canvas", [NEAREST, CONSTANT])
@given(images=IMAGES)
def test_flips_are_numpys(canvas, images):
    sideways = changed(images, changes(images, flip_x=-1.0), canvas=canvas)
    upside_down = changed(images, changes(images, flip_y=-1.0), canvas=canvas)
    assert (sideways == images[:, :, ::-1]).all()
    assert (upside_down == images[:, ::-1]).all()


@pytest.mark.parametrize("quarters", [-1, 1, 2])
@given(images=IMAGES)
def test_quarter_turns_of_a_square_are_numpys(quarters, images):
    side = min(images.shape[1:3])
    images = images[:, :side, :side]
    new = changed(images, changes(images, rotation=90.0 * quarters), canvas=NEAREST)
    np.testing.assert_allclose(new, np.rot90(images, quarters, axes=(1, 2)), atol=1e-2)


@given(images=IMAGES, data=st.data())
def test_a_shift_by_whole_pixels_moves_pixels_and_fills_with_the_lowest_value(images, data):
    _, height, width, _ = images.shape
    down = data.draw(st.integers(0, height - 1))
    right = data.draw(st.integers(0, width - 1))
    canvas = Canvas(low=-7, high=255, fill="constant", colours=3)
    moved = changes(images, shift_y=down / height, shift_x=right / width)
    expected = np.full_like(images, -7)
    expected[:, down:, right:] = images[:, : height - down, : width - right]
    np.testing.assert_allclose(changed(images, moved, canvas=canvas), expected, atol=1e-3)


@given(images=IMAGES)
def test_nearest_fills_with_the_edge(images):
    width = images.shape[2]
    new = changed(images, changes(images, shift_x=(width - 1) / width), canvas=NEAREST)
    np.testing.assert_allclose(new, np.repeat(images[:, :, :1], width, axis=2), atol=1e-3)


@given(images=IMAGES, brightness=st.floats(-1, 1), colours=st.integers(0, 3))
def test_brightness_adds_to_the_colours_and_clips(images, brightness, colours):
    canvas = Canvas(low=0, high=200, fill="nearest", colours=colours)
    new = changed(images, changes(images, brightness=brightness), canvas=canvas)
    expected = images.astype(np.float64)
    expected[..., :colours] += 200 * brightness
    np.testing.assert_allclose(new, expected.clip(0, 200), atol=1e-4)


@given(images=IMAGES, move=MOVES, brightness=st.floats(-1, 1))
def test_an_image_becomes_what_it_becomes_alone(images, move, brightness):
    all_changes = changes(images, brightness=brightness, **move)
    together = changed(images, all_changes, canvas=NEAREST)
    for i in range(len(images)):
        alone = changed(images[[i]], all_changes.of(np.array([i])), canvas=NEAREST)
        assert (alone[0] == together[i]).all()


def test_what_is_not_listed_changes_nothing():
    for operation, names in {
        "horizontal_flip": {"flip_x"},
        "vertical_flip": {"flip_y"},
        "rotation": {"rotation"},
        "translation": {"shift_x", "shift_y"},
        "scaling": {"scaling"},
        "shear": {"shear"},
        "brightness": {"brightness"},
    }.items():
        got = drawn(20, **{operation: 0.5 if "flip" not in operation else True})
        assert {n for n, v in NOTHING.items() if (getattr(got, n) != v).any()} == names


@pytest.mark.parametrize(
    ("operation", "most", "name", "centre"),
    [
        ("rotation", 30.0, "rotation", 0),
        ("shear", 10.0, "shear", 0),
        ("translation", 0.2, "shift_x", 0),
        ("translation", 0.2, "shift_y", 0),
        ("scaling", 0.3, "scaling", 1),
        ("brightness", 0.4, "brightness", 0),
    ],
)
def test_what_is_drawn_is_uniform_within_its_range(operation, most, name, centre):
    n, bins = 20_000, 10
    values = (getattr(drawn(n, **{operation: most}), name) - centre) / most
    assert np.abs(values).max() <= 1
    counts, _ = np.histogram(values, bins=bins, range=(-1, 1))
    sigma = np.sqrt(n / bins * (1 - 1 / bins))
    assert np.abs(counts - n / bins).max() <= 4 * sigma


@pytest.mark.parametrize(
    ("operation", "name"), [("horizontal_flip", "flip_x"), ("vertical_flip", "flip_y")]
)
def test_half_of_the_images_are_flipped(operation, name):
    n = 20_000
    signs = getattr(drawn(n, **{operation: True}), name)
    assert set(signs.tolist()) == {-1.0, 1.0}
    assert abs((signs < 0).sum() - n / 2) <= 4 * np.sqrt(n / 4)


def test_draws_of_one_image_are_independent():
    n = 20_000
    got = drawn(
        n,
        horizontal_flip=True,
        vertical_flip=True,
        rotation=10,
        translation=0.1,
        scaling=0.1,
        shear=10,
        brightness=0.1,
    )
    correlations = np.corrcoef([getattr(got, field.name) for field in fields(Changes)])
    off_diagonal = correlations[~np.eye(len(correlations), dtype=bool)]
    assert np.abs(off_diagonal).max() <= 4 / np.sqrt(n)


def test_another_seed_draws_other_changes():
    first, second = (drawn(100, seed=seed, rotation=10).rotation for seed in (0, 1))
    assert (first != second).all()
    assert (first == drawn(100, rotation=10).rotation).all()
