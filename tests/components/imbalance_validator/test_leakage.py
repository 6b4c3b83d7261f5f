"""What a feature alone tells of the class, against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.metrics import mutual_info_score

from tfx_rebalance.components.imbalance_validator.leakage import (
    leakage,
    mutual_information,
    normalized_mutual_information,
)
from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.components.imbalance_validator.statistics import split_of

pytestmark = pytest.mark.tfx

TABLES = npst.arrays(
    np.int64, st.tuples(st.integers(2, 4), st.integers(2, 6)), elements=st.integers(0, 50)
)


def measured(statistics_of, columns, labels, *, sliced=True):
    frame = pd.DataFrame({**columns, "y": labels})
    split = split_of(statistics_of(frame, label="y" if sliced else None), label="y")
    classes = sorted(set(labels))
    bars = ValidateSettings().leakage
    checks = leakage(split, classes=classes, features=list(columns), bars=bars)
    return {check.subject: check for check in checks}


@given(table=TABLES)
def test_mutual_information_is_scikit_learns(table):
    table[0, 0] += 1
    expected = mutual_info_score(None, None, contingency=table)
    assert mutual_information(table.astype(float)) == pytest.approx(expected, abs=1e-9)
    assert 0 <= normalized_mutual_information(table.astype(float)) <= 1


def test_the_label_itself_is_one_and_noise_is_nearly_nothing(statistics_of):
    chance = np.random.default_rng(0)
    labels = np.where(chance.random(4000) < 0.02, "rare", "common")
    found = measured(
        statistics_of,
        {
            "copy": np.where(labels == "rare", "r", "c"),
            "number": np.where(labels == "rare", 9.0, chance.normal(size=4000)),
            "gone": np.where(labels == "rare", np.nan, 1.0),
            "noise": chance.normal(size=4000),
            "id": [f"row {i}" for i in range(4000)],
            "half": np.where((labels == "rare") & (chance.random(4000) < 0.5), "r", "c"),
        },
        labels,
    )
    assert {name for name, c in found.items() if c.verdict == "warn"} == {"copy", "number", "gone"}
    assert found["copy"].value == pytest.approx(1, abs=0.01)
    assert max(found["noise"].value, found["id"].value) < 0.1
    assert 0.2 < found["half"].value < 0.7


def test_a_number_that_orders_many_classes_leaks(statistics_of):
    labels = np.repeat([f"{i:02}" for i in range(20)], 100)
    numbers = np.repeat(np.arange(20.0), 100) + np.tile(np.linspace(0, 0.5, 100), 20)
    assert measured(statistics_of, {"x": numbers}, labels)["x"].value > 0.9


def test_without_slices_it_says_so_and_how_to_get_them(statistics_of):
    [check] = measured(statistics_of, {"x": [1, 2]}, ["a", "b"], sliced=False).values()
    assert check.verdict == "ok"
    assert "not sliced by class; give StatisticsGen stats_options=slicing_by(label)" in (
        check.sentence
    )


def test_statistics_gen_slices_as_the_check_expects():
    import tensorflow_data_validation as tfdv

    from tfx_rebalance.components.imbalance_validator.stats_options import slicing_by

    options = tfdv.StatsOptions.from_json(slicing_by("y").to_json())
    [spec] = options.slicing_config.slicing_specs
    assert list(spec.feature_keys) == ["y"]
