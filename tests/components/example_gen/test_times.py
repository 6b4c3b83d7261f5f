"""Times of rows, and the moments that split them."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.example_gen.settings import TimeCuts
from tfx_rebalance.components.example_gen.times import DAY, moment, time_rules, times_of
from tfx_rebalance.errors import ConfigError, DataError

NEWEST = 100 * DAY


def rules(cuts=None, *, maturity_days=0.0, run_date=None):
    given = None if cuts is None else TimeCuts(**cuts)
    return time_rules(given, maturity_days=maturity_days, run_date=run_date, newest=NEWEST)


@given(seconds=st.lists(st.integers(-(10**9), 10**10)))
def test_numbers_are_seconds(seconds):
    found = times_of(pa.array(seconds, pa.int64()), name="t", where="f")
    assert found.tolist() == [second * 10**6 for second in seconds]


@given(moments=st.lists(st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1))))
@pytest.mark.parametrize("ending", ["", "Z", "+00:00"])
def test_text_is_read_as_utc(ending, moments):
    texts = [moment.isoformat() + ending for moment in moments]
    found = times_of(pa.array(texts, pa.string()), name="t", where="f")
    expected = np.array(moments, dtype="datetime64[us]").astype(np.int64)
    assert found.tolist() == expected.tolist()


def test_a_zone_is_taken_into_account():
    texts = pa.array(["2024-01-01T01:00:00+01:00", "2024-01-01"])
    assert len(set(times_of(texts, name="t", where="f").tolist())) == 1


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([1, None]), "1 cells of data.time_column 't' are empty, the first in data row 2"),
        (pa.array(["2024-01-01", "soon"]), "has 'soon' in data row 2, which is no time"),
        (pa.array([1, 1_700_000_000_000]), "has 1700000000000 in data row 2, .* Give seconds"),
        (
            pa.array(["2024-01-01", "31/01/2024"]),
            "has '31/01/2024' in data row 2, which is no time",
        ),
        (pa.array(["now"]), "has 'now' in data row 1"),
        (pa.array([""]), "has '' in data row 1"),
        (pa.array(["9999-01-01"]), "has '9999-01-01' in data row 1"),
        (pa.array([["2024-01-01"]]), "holds list<item: string>. Declare it in the schema"),
        (pa.array([float("nan")]), "has nan in data row 1"),
    ],
)
def test_what_is_no_time_is_named(column, message):
    with pytest.raises(DataError, match=message):
        times_of(column, name="t", where="f")


def test_moments_of_the_config_split():
    found = rules({"val_from": "1970-02-01", "eval_from": "1970-03-01T00:00:00Z"})
    assert found.begins == (31 * DAY, 59 * DAY)
    assert found.mature_before is None


def test_days_are_counted_back_from_behind_the_newest_row():
    found = rules({"val_days": 10, "eval_days": 20})
    assert found.begins == (70 * DAY + 1, 80 * DAY + 1)


def test_days_are_counted_back_from_the_last_mature_row():
    found = rules({"val_days": 10, "eval_days": 20}, maturity_days=30)
    assert (found.begins, found.mature_before) == ((40 * DAY, 50 * DAY), 70 * DAY)


def test_maturity_is_counted_from_the_run_date():
    day = datetime.datetime(1970, 4, 1, tzinfo=datetime.timezone.utc)
    assert rules(maturity_days=7, run_date=day).mature_before == (90 - 7) * DAY


def test_cuts_in_the_wrong_order_are_refused():
    with pytest.raises(ConfigError, match="val_from '1970-02-02' is not before eval_from"):
        rules({"val_from": "1970-02-02", "eval_from": "1970-02-01"})


def test_a_cut_that_is_no_moment_is_refused():
    with pytest.raises(ConfigError, match=r"data.splits.time.val_from 'then' is no moment"):
        moment("then", key="data.splits.time.val_from")


@given(when=st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1)))
def test_a_moment_of_the_config_is_what_the_same_cell_would_be(when):
    text = when.isoformat() + "Z"
    assert [moment(text, key="k")] == times_of(pa.array([text]), name="t", where="f").tolist()


def test_parts_of_a_second_may_have_any_number_of_digits():
    assert moment("1970-01-01T00:00:01.5Z", key="k") == 1_500_000
    assert moment("1970-01-01T00:00:01.1234567+00:00", key="k") == 1_123_456
