"""The day of a scheduled run."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.example_gen.run_date import run_moment
from tfx_rebalance.errors import DataError


@given(day=st.dates(datetime.date(1970, 1, 2)))
def test_a_day_is_its_beginning(day):
    moment = run_moment(day.isoformat())
    assert (moment.date(), moment.time()) == (day, datetime.time())


@pytest.mark.parametrize(
    "text", ["2024-03-01T00:30:00Z", "2024-03-01T02:30:00+02:00", "2024-02-29T23:30:00-01:00"]
)
def test_a_time_with_a_zone_is_turned_to_utc(text):
    assert run_moment(text) == datetime.datetime(2024, 3, 1, 0, 30, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{$.pipeline_job_schedule_time_utc}}", "the scheduler did not fill it in"),
        ("1970-01-01T00:00:00Z", "a run that was started by hand"),
        ("1970-01-01", "a run that was started by hand"),
        ("yesterday", "is no day. Allowed are YYYY-MM-DD, RFC 3339"),
        ("2024-02-30", "is no day"),
        ("", "is no day"),
    ],
)
def test_what_is_no_day_is_refused_with_what_is_allowed(text, message):
    with pytest.raises(DataError, match=message) as error:
        run_moment(text)
    assert "YYYY-MM-DD" in str(error.value)
