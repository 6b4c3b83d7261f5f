"""The built-in networks' shapes and sizes, and a user's own."""

import sys

import numpy as np
import pytest

from tfx_rebalance.components.trainer.columns import Columns
from tfx_rebalance.components.trainer.models.mlp import MLP
from tfx_rebalance.components.trainer.models.registry import MODELS, model_named
from tfx_rebalance.components.trainer.models.residual_mlp import ResidualMLP
from tfx_rebalance.components.trainer.models.wide_and_deep import WideAndDeep
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.errors import ConfigError, ModelError

pytestmark = pytest.mark.tfx

OF_COLUMNS = [name for name in MODELS if not model_named(name).takes_images]
SMALL = {
    "mlp": {"hidden_units": (4, 3), "embedding_dim": 2},
    "wide_and_deep": {"hidden_units": (4, 3), "embedding_dim": 2, "cross_buckets": 16},
    "residual_mlp": {"width": 4, "depth": 2, "embedding_dim": 2},
}


def columns_of(numeric, categorical):
    return Columns(
        numeric=tuple(f"n{i}" for i in range(numeric)),
        categorical=tuple(f"c{i}" for i in range(categorical)),
        vocabulary_size=7 if categorical else 0,
        label="y",
    )


def batch(numeric, categorical, rows=5):
    parts = {}
    if numeric:
        parts["numeric"] = np.random.default_rng(0).normal(size=(rows, numeric)).astype("float32")
    if categorical:
        parts["categorical"] = np.full((rows, categorical), 6, np.int64)  # The last index there is.
    return parts


@pytest.mark.parametrize("name", OF_COLUMNS)
@pytest.mark.parametrize(("numeric", "categorical"), [(3, 2), (3, 0), (0, 2), (1, 0), (0, 1)])
@pytest.mark.parametrize("classes", [2, 4])
def test_it_gives_a_finite_logit_per_row_and_class(name, numeric, categorical, classes):
    model = model_named(name, SMALL[name]).build(
        columns_of(numeric, categorical), classes=classes, seed=0
    )
    logits = model(batch(numeric, categorical), training=False).numpy()
    assert logits.shape == (5, classes)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()
    assert model.get_layer("logits").bias.shape == (classes,)


@pytest.mark.parametrize("name", OF_COLUMNS)
def test_what_becomes_of_a_row_does_not_hang_on_the_others(name):
    model = model_named(name, SMALL[name]).build(columns_of(3, 2), classes=3, seed=0)
    some = batch(3, 2)
    one = {key: value[:1] for key, value in some.items()}
    alone = model(one, training=False).numpy()
    assert alone[0] == pytest.approx(model(some, training=False).numpy()[0], abs=1e-6)


def test_the_perceptrons_size_is_what_its_parameters_say():
    model = MLP(**SMALL["mlp"]).build(columns_of(3, 2), classes=2, seed=0)
    wide = 3 + 2 * 2
    assert model.count_params() == 7 * 2 + (wide + 1) * 4 + (4 + 1) * 3 + (3 + 1) * 2


def test_without_dropout_training_and_serving_agree():
    model = MLP(dropout=0.0).build(columns_of(3, 2), classes=2, seed=0)
    some = batch(3, 2)
    assert np.array_equal(model(some, training=True), model(some, training=False))


def test_wide_and_deep_begins_as_its_deep_part_and_remembers_pairs():
    import keras

    parameters = {**SMALL["wide_and_deep"], "dropout": 0.0, "cross_buckets": 4096}
    model = WideAndDeep(**parameters).build(columns_of(0, 2), classes=2, seed=0)
    a, b = np.meshgrid(np.arange(3), np.arange(3, 6))
    inputs = {"categorical": np.stack([a.ravel(), b.ravel()], axis=1).astype(np.int64)}
    labels = np.array([1, 0, 0, 0, 1, 0, 0, 0, 1])  # No sum of two effects: pairs decide.
    for layer in model.layers:
        layer.trainable = isinstance(layer, keras.layers.Embedding) and layer.output_dim == 2
    wide = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)]
    assert [layer.input_dim for layer in wide] == [7, 7, 4096]
    assert all(not layer.embeddings.numpy().any() for layer in wide[1:])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.2), loss)
    model.fit(inputs, labels, epochs=60, verbose=0)
    assert (model.predict(inputs, verbose=0).argmax(axis=1) == labels).all()


def test_a_residual_block_adds_to_what_passes():
    model = ResidualMLP(width=4, depth=1, dropout=0).build(columns_of(3, 0), classes=2, seed=0)
    first, inside, back = (layer for layer in model.layers if "dense" in layer.name)
    assert (first.units, inside.units, back.units) == (4, 8, 4)
    back.set_weights([np.zeros_like(w) for w in back.get_weights()])
    some = batch(3, 0)
    passing = first(some["numeric"])
    normal, last = (layer for layer in model.layers if "normalization" in layer.name)
    del normal
    expected = model.get_layer("logits")(np.maximum(last(passing), 0))
    assert model(some, training=False).numpy() == pytest.approx(expected.numpy(), abs=1e-6)


USERS = """
import keras

def build_model(columns, *, classes, seed, units=8):
    inputs = {"numeric": keras.Input((len(columns.numeric),), name="numeric")}
    hidden = keras.layers.Dense(units, activation="tanh")(inputs["numeric"])
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(hidden))

def too_few(columns, *, classes, seed):
    inputs = {"numeric": keras.Input((len(columns.numeric),), name="numeric")}
    return keras.Model(inputs, keras.layers.Dense(1)(inputs["numeric"]))

def nothing(columns, *, classes, seed):
    return None

def without_classes(columns):
    return None

constant = 3
"""


@pytest.fixture
def users(tmp_path, monkeypatch):
    (tmp_path / "my_models.py").write_text(USERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "my_models"
    sys.modules.pop("my_models", None)


def test_a_users_model_is_built(users):
    settings = TrainerSettings(model=f"{users}.build_model", model_parameters={"units": 5})
    settings.chosen_model.check()
    model = settings.chosen_model.build(columns_of(3, 0), classes=2, seed=0)
    assert model.count_params() == 4 * 5 + 6 * 2


@pytest.mark.parametrize(
    ("function", "parameters", "message"),
    [
        ("nowhere", {}, "cannot be imported: module 'my_models' has no attribute 'nowhere'"),
        ("constant", {}, "is no function. Name one like build_model"),
        ("without_classes", {}, "cannot be called as build_model"),
        ("build_model", {"unitz": 3}, r"unexpected keyword argument 'unitz'"),
    ],
)
def test_a_function_that_cannot_be_called_is_named_before_anything_runs(
    users, function, parameters, message
):
    settings = TrainerSettings(model=f"{users}.{function}", model_parameters=parameters)
    with pytest.raises(ConfigError, match=message):
        settings.chosen_model.check()


def test_a_package_that_is_not_there_is_named():
    settings = TrainerSettings(model="no_such_package.build_model")
    with pytest.raises(ConfigError, match=r"No module named 'no_such_package'.*PYTHONPATH"):
        settings.chosen_model.check()


@pytest.mark.parametrize(
    ("function", "message"),
    [("too_few", r"output is \(None, 1\).*logits, \(None, 2\)"), ("nothing", "returned NoneType")],
)
def test_what_a_function_returns_must_be_a_model_to_logits(users, function, message):
    settings = TrainerSettings(model=f"{users}.{function}")
    settings.chosen_model.check()
    with pytest.raises(ModelError, match=message):
        settings.chosen_model.build(columns_of(3, 0), classes=2, seed=0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "mpl"}, "did you mean 'mlp'"),
        ({"model_parameters": {"hidden_unit": [3]}}, "model_parameters.hidden_unit of model: mlp"),
        ({"model_parameters": {"dropout": 1}}, "model_parameters.dropout"),
        ({"model": "residual_mlp", "model_parameters": {"depth": 0}}, "model_parameters.depth"),
    ],
)
def test_wrong_names_and_parameters_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        TrainerSettings(**given)
