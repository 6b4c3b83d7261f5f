"""The day of a scheduled run."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.example_gen.run_date import (
    FROM_SCHEDULE,
    chosen_run_date,
    run_moment,
)
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
        (FROM_SCHEDULE, "the scheduler did not fill it in"),
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


NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=datetime.timezone.utc)
SCHEDULED = "2026-02-03T03:00:00Z"
BY_HAND = "1970-01-01T00:00:00Z"
PLACEHOLDER = "{{$.pipeline_job_schedule_time_utc}}"


WITHOUT_A_DAY = pytest.mark.parametrize("configured", [None, PLACEHOLDER, FROM_SCHEDULE])
ANY_CONFIG = pytest.mark.parametrize("configured", [None, "2026-01-01", PLACEHOLDER, FROM_SCHEDULE])
NOT_SCHEDULED = pytest.mark.parametrize("scheduled", [BY_HAND, ""])


def chosen(configured=None, asked="", scheduled=None, unscheduled="now"):
    return chosen_run_date(
        configured, asked=asked, scheduled=scheduled, unscheduled=unscheduled, now=NOW
    )


@ANY_CONFIG
@pytest.mark.parametrize("scheduled", [None, "", SCHEDULED, BY_HAND, PLACEHOLDER])
@pytest.mark.parametrize("unscheduled", ["now", "fail"])
def test_the_day_that_was_asked_for_wins_over_everything(configured, scheduled, unscheduled):
    assert chosen(configured, "2025-12-24", scheduled, unscheduled) == "2025-12-24"


@ANY_CONFIG
def test_the_time_of_the_schedule_wins_over_the_config(configured):
    assert chosen(configured, scheduled=SCHEDULED, unscheduled="fail") == SCHEDULED


@ANY_CONFIG
def test_where_the_backend_was_not_asked_the_config_says_the_day(configured):
    assert chosen(configured) == configured


@NOT_SCHEDULED
def test_a_run_by_hand_is_for_the_configs_day_if_it_has_one(scheduled):
    assert chosen("2026-01-01", scheduled=scheduled, unscheduled="fail") == "2026-01-01"


@NOT_SCHEDULED
@WITHOUT_A_DAY
def test_a_run_by_hand_without_a_day_is_for_now_or_an_error_as_the_config_says(
    configured, scheduled
):
    """ "" too: Kubeflow before 2.17 puts nothing in place of the time."""
    assert chosen(configured, scheduled=scheduled) == "2026-03-04T05:06:07+00:00"
    assert run_moment(chosen(configured, scheduled=scheduled)) == NOW.replace(microsecond=0)
    with pytest.raises(DataError, match=r"Give it: .*--run-date YYYY-MM-DD; or set data.unsch"):
        chosen(configured, scheduled=scheduled, unscheduled="fail")


def test_a_placeholder_that_the_backend_left_names_the_setting_that_was_wrong():
    with pytest.raises(DataError, match=r"older than kubeflow\.minimum_backend says"):
        chosen("2026-01-01", scheduled=PLACEHOLDER)


def test_a_schedule_that_says_nonsense_is_an_error():
    with pytest.raises(DataError, match=r"the time of the schedule 'noon' is no day"):
        chosen(scheduled="noon")
