"""TFDV's histograms on a common grid hold the rows that are there."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.imbalance_validator.histograms import on_a_common_grid

pytestmark = pytest.mark.tfx

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def curve(statistics_of):
    from tfx_rebalance.components.imbalance_validator.histograms import curve_of

    def of(values):
        [dataset] = statistics_of(pd.DataFrame({"x": values})).datasets
        return curve_of(dataset.features[0].num_stats)

    return of


@given(values=NUMBERS, others=NUMBERS)
def test_every_row_is_in_a_cell(curve, values, others):
    curves = [curve(values), curve(others)]
    cells = on_a_common_grid(curves)
    assert cells.sum(axis=1) == pytest.approx([len(values), len(others)])
    assert (cells >= -1e-6).all()
    assert cells.shape[1] <= 10


@given(values=NUMBERS)
def test_a_curve_rises_from_zero_to_one(curve, values):
    found = curve(values)
    at = found.at(np.array([min(values) - 1.5, max(values)]))
    assert at == pytest.approx([0, 1])
    assert (np.diff(found.x) >= 0).all()
    assert (np.diff(found.share) >= 0).all()


@given(values=st.lists(st.integers(0, 4), min_size=1, max_size=200))
def test_few_whole_numbers_are_counted(curve, values):
    values = np.array(values)
    found = curve(values).at(np.arange(5.0))
    expected = [(values <= i).mean() for i in range(5)]
    assert found == pytest.approx(expected, abs=0.1)


def test_the_step_of_a_frequent_value_is_its_share(curve):
    chance = np.random.default_rng(0)
    flag = (chance.random(5000) < 0.0006).astype(int)
    assert curve(flag).largest_step() == pytest.approx(1 - flag.mean(), abs=1e-3)
    assert curve(1 - flag).largest_step() == pytest.approx(1 - flag.mean(), abs=1e-3)
    assert curve(np.full(10, 3.5)).largest_step() == 1
    assert curve(chance.lognormal(0, 3, 5000)).largest_step() < 0.15


def test_no_values_have_no_curve(curve):
    assert curve([np.nan, np.nan]) is None
