"""Features that hardly vary are found, whatever their kind, and ids are not."""

import numpy as np
import pandas as pd
import pytest

from tfx_rebalance.components.imbalance_validator.near_constant import near_constant
from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.components.imbalance_validator.statistics import split_of
from tfx_rebalance.findings import findings_of

pytestmark = pytest.mark.tfx

ROWS = 5000


def shares(statistics_of, columns):
    frame = pd.DataFrame(columns)
    table = split_of(statistics_of(frame), label="none").table
    checks = near_constant(table, features=list(frame), bars=ValidateSettings().near_constant)
    return {check.subject: check for check in checks}


def test_one_value_in_nearly_all_rows_is_told(statistics_of):
    seldom = np.arange(ROWS) < 3
    found = shares(
        statistics_of,
        {
            "text": np.where(seldom, "a", "b"),
            "zeros": seldom * 7.5,
            "ones": 1 - seldom.astype(int),
            "constant": np.full(ROWS, 2.5),
            "missing": np.where(seldom, 1.5, np.nan),
            "empty": np.full(ROWS, np.nan),
        },
    )
    assert {check.verdict for check in found.values()} == {"warn"}
    assert [found[name].value for name in ("text", "zeros", "missing")] == pytest.approx(
        [1 - 3 / ROWS] * 3
    )
    assert found["constant"].sentence.endswith("'constant' is constant")
    assert found["empty"].value == 1


def test_ids_and_what_varies_are_not(statistics_of):
    chance = np.random.default_rng(0)
    found = shares(
        statistics_of,
        {
            "id": [f"row {i}" for i in range(ROWS)],
            "number": np.arange(ROWS),
            "tail": chance.lognormal(0, 4, ROWS),
            "flag": (chance.random(ROWS) < 0.01).astype(int),
        },
    )
    assert {check.verdict for check in found.values()} == {"ok"}
    assert found["id"].value < 0.01


def test_many_of_them_share_a_line(statistics_of):
    columns = {f"column_{i:02}": np.zeros(50) for i in range(40)}
    checks = shares(statistics_of, columns).values()
    [told] = findings_of(checks, classes={}, settings={}).told("warn")
    assert "'column_09' is constant (and 30 more). List them under" in told
    assert "column_10" not in told
