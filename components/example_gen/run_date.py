"""The day that a scheduled run is for."""

import datetime
import re
from typing import Literal

from tfx_rebalance.errors import DataError

EPOCH = datetime.date(1970, 1, 1)

FROM_SCHEDULE = "<schedule>"
"""What the steps are told in place of a scheduler's placeholder: Vertex fills those in wherever
they stand, and says 1970-01-01 where there is no schedule."""

Unscheduled = Literal["now", "fail"]
"""What a run is for that nobody scheduled, and nobody said a day for."""


def chosen_run_date(
    configured: str | None,
    *,
    asked: str,
    scheduled: str | None,
    unscheduled: Unscheduled,
    now: datetime.datetime,
) -> str | None:
    """Returns the `run_date` of one run; None: it has none.

    Args:
        configured: `data.run_date`.
        asked: What the one who submitted the run said; it wins. "": nothing.
        scheduled: The time of the schedule that started it, as the backend says it; it wins over
            the config. 1970-01-01 (Vertex) and "" (Kubeflow before 2.17): there was no schedule,
            or the backend does not tell. None: the backend was not asked.
        unscheduled: What the run is for where there is no such time, and the config has no day
            either.
        now: The moment it runs, with a time zone.

    Raises:
        DataError: If the backend did not fill in the schedule's time, or there was no schedule and
            that is not allowed.
    """
    if asked or scheduled is None:
        return asked or configured
    if is_placeholder(scheduled):
        raise DataError(
            f"the time of the schedule is {scheduled!r}: the backend did not fill it in, so it is "
            "older than kubeflow.minimum_backend says. Set that to its version, or give the day: "
            "tfx-rebalance submit --run-date YYYY-MM-DD."
        )
    if scheduled and _moment(scheduled, "the time of the schedule").date() != EPOCH:
        return scheduled
    if configured is not None and not is_placeholder(configured):
        return configured
    if unscheduled == "fail":
        raise DataError(
            f"the time of the schedule is {scheduled!r}: no schedule started this run, or the "
            "backend does not say its time, and nobody said which day the run is for. Give it: "
            "tfx-rebalance submit --run-date YYYY-MM-DD; or set data.unscheduled: now."
        )
    return now.isoformat(timespec="seconds")


def run_moment(text: str) -> datetime.datetime:
    """Returns the moment that a `run_date` names, in UTC; a day's is its beginning.

    Args:
        text: `YYYY-MM-DD`, RFC 3339, or a scheduler's placeholder such as
            `{{$.pipeline_job_schedule_time_utc}}`, which the scheduler should have filled in.

    Raises:
        DataError: If it is no moment, was not filled in, or is 1970-01-01, which schedulers give
            for a run that was started by hand.
    """
    if is_placeholder(text):
        raise DataError(
            f"data.run_date is {text!r}: the scheduler did not fill it in. Give the day as "
            "YYYY-MM-DD (data.run_date, or submit --run-date), or run on a scheduler that knows "
            "this placeholder."
        )
    moment = _moment(text, "data.run_date")
    if moment.date() == EPOCH:
        raise DataError(
            f"data.run_date is {text!r}, which a scheduler gives for a run that was started by "
            "hand. Give the day as YYYY-MM-DD."
        )
    return moment


def _moment(text: str, what: str) -> datetime.datetime:
    try:
        return utc_moment(text)
    except ValueError:
        raise DataError(
            f"{what} {text!r} is no day. Allowed are YYYY-MM-DD, RFC 3339 such as "
            "2026-01-31T03:00:00Z, and a scheduler's placeholder."
        ) from None


def utc_moment(text: str) -> datetime.datetime:
    """Returns a date or an RFC 3339 time, which is UTC where it does not say.

    Raises:
        ValueError: If it is neither.
    """
    text = re.sub(r"[zZ]$", "+00:00", text.strip())
    # Python 3.10 takes 3 or 6 digits of a second.
    text = re.sub(r"(?<=\.)\d+", lambda digits: f"{digits[0]:0<6}"[:6], text)
    moment = datetime.datetime.fromisoformat(text)
    utc = datetime.timezone.utc
    return moment.astimezone(utc) if moment.tzinfo else moment.replace(tzinfo=utc)


def is_placeholder(text: str) -> bool:
    """Returns whether a `run_date` is one that the scheduler has yet to fill in."""
    return "{{" in text or text == FROM_SCHEDULE
