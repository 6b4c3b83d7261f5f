"""The multilayer perceptron's shapes, with and without each kind of input."""

import numpy as np
import pytest

from tfx_rebalance.components.trainer.inputs import Columns
from tfx_rebalance.components.trainer.model import build_mlp
from tfx_rebalance.components.trainer.settings import TrainerSettings

pytestmark = pytest.mark.tfx

SETTINGS = TrainerSettings(hidden_units=(4, 3), embedding_dim=2)


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
        parts["numeric"] = np.ones((rows, numeric), np.float32)
    if categorical:
        parts["categorical"] = np.full((rows, categorical), 6, np.int64)  # The last index there is.
    return parts


@pytest.mark.parametrize(("numeric", "categorical"), [(3, 2), (3, 0), (0, 2), (1, 0), (0, 1)])
@pytest.mark.parametrize("classes", [2, 4])
def test_it_gives_a_finite_logit_per_row_and_class(numeric, categorical, classes):
    model = build_mlp(columns_of(numeric, categorical), SETTINGS, classes=classes)
    logits = model(batch(numeric, categorical), training=False).numpy()
    assert logits.shape == (5, classes)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


def test_its_size_is_what_the_settings_say():
    model = build_mlp(columns_of(3, 2), SETTINGS, classes=2)
    wide = 3 + 2 * 2
    assert model.count_params() == 7 * 2 + (wide + 1) * 4 + (4 + 1) * 3 + (3 + 1) * 2


def test_without_dropout_training_and_serving_agree():
    model = build_mlp(columns_of(3, 2), SETTINGS.model_copy(update={"dropout": 0.0}), classes=2)
    some = batch(3, 2)
    assert np.array_equal(model(some, training=True), model(some, training=False))
