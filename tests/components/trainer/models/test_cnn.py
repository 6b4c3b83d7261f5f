"""The convolutional network: shapes, sizes, and that it sees what it is for."""

import numpy as np
import pytest

from tfx_rebalance.components.trainer.columns import Columns, ImageColumn
from tfx_rebalance.components.trainer.models.cnn import CNN
from tfx_rebalance.errors import ConfigError

pytestmark = pytest.mark.tfx

SMALL = CNN(filters=(3, 5), hidden_units=(4,), embedding_dim=2)


def columns_of(shape=(9, 7, 1), numeric=0, categorical=0):
    return Columns(
        numeric=tuple(f"n{i}" for i in range(numeric)),
        categorical=tuple(f"c{i}" for i in range(categorical)),
        vocabulary_size=7 if categorical else 0,
        label="y",
        images=(ImageColumn("photo", shape),),
    )


def batch(columns, rows=5):
    chance = np.random.default_rng(0)
    shapes = {"numeric": (len(columns.numeric),), "image": columns.images[0].shape}
    some = {name: chance.random((rows, *shape), np.float32) for name, shape in shapes.items()}
    some["categorical"] = chance.integers(0, 7, (rows, len(columns.categorical)))
    return {name: value for name, value in some.items() if value.size}


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (2, 1, 3), (9, 7, 1), (28, 28, 1), (40, 3, 3), (64, 128, 3)]
)
@pytest.mark.parametrize(("numeric", "categorical"), [(0, 0), (2, 0), (0, 3), (2, 3)])
def test_it_gives_a_finite_logit_per_row_and_class(shape, numeric, categorical):
    columns = columns_of(shape, numeric, categorical)
    model = SMALL.build(columns, classes=4, seed=0)
    logits = model(batch(columns), training=False).numpy()
    assert logits.shape == (5, 4)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()
    assert model.get_layer("logits").bias.shape == (4,)


def test_its_size_is_what_its_parameters_say():
    columns = columns_of((28, 28, 1), numeric=2, categorical=3)
    model = SMALL.build(columns, classes=10, seed=0)
    convolutions = (9 * 1 + 1) * 3 + (9 * 3 + 1) * 5
    seen = 7 * 7 * 5 + 2 + 3 * 2
    assert model.count_params() == convolutions + 7 * 2 + (seen + 1) * 4 + (4 + 1) * 10


def test_a_large_image_makes_the_dense_layers_no_larger():
    small, large = (
        SMALL.build(columns_of((side, side, 1)), classes=2, seed=0) for side in (28, 224)
    )
    assert small.count_params() == large.count_params()


@pytest.mark.parametrize("part", ["numeric", "categorical", "image"])
def test_every_kind_of_input_counts(part):
    import keras

    columns = columns_of(numeric=2, categorical=3)
    keras.utils.set_random_seed(0)  # Four units are all dead with some first weights.
    model = SMALL.build(columns, classes=3, seed=0)
    some = batch(columns)
    other = {**some, part: some[part][::-1].copy()}
    assert not np.allclose(model(some, training=False), model(other, training=False))


def test_what_becomes_of_a_row_does_not_hang_on_the_others():
    columns = columns_of(numeric=2)
    model = SMALL.build(columns, classes=3, seed=0)
    some = batch(columns)
    one = {name: value[:1] for name, value in some.items()}
    together = model(some, training=False).numpy()
    assert model(one, training=False).numpy()[0] == pytest.approx(together[0], abs=1e-6)


def test_it_tells_upright_bars_from_level_ones_wherever_they_are():
    import keras

    chance = np.random.default_rng(0)
    images, labels = np.zeros((400, 12, 12, 1), np.float32), np.arange(400) % 2
    for image, label, place in zip(images, labels, chance.integers(0, 12, 400), strict=True):
        image[place if label else slice(None), slice(None) if label else place] = 1
    keras.utils.set_random_seed(0)
    model = CNN(filters=(4, 8), hidden_units=(16,)).build(
        columns_of((12, 12, 1)), classes=2, seed=0
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    model.fit({"image": images[:300]}, labels[:300], epochs=8, batch_size=20, verbose=0)
    found = model({"image": images[300:]}, training=False).numpy().argmax(axis=1)
    assert (found == labels[300:]).mean() > 0.95


def test_without_an_image_it_says_so():
    columns = Columns(numeric=("n",), categorical=(), vocabulary_size=0, label="y")
    with pytest.raises(ConfigError, match=r"cnn needs an image, but no input is one. Use mlp"):
        SMALL.build(columns, classes=2, seed=0)


@pytest.mark.parametrize(
    "wrong",
    [{"filters": ()}, {"filters": (0,)}, {"kernel_size": 0}, {"hidden_units": ()}, {"dropout": 1}],
)
def test_parameters_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CNN(**wrong)
