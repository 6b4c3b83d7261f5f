"""The day that a scheduled run is for."""

import datetime
import re

from tfx_rebalance.errors import DataError

EPOCH = datetime.date(1970, 1, 1)


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
            "YYYY-MM-DD, or run on a scheduler that knows this placeholder."
        )
    try:
        moment = utc_moment(text)
    except ValueError:
        raise DataError(
            f"data.run_date {text!r} is no day. Allowed are YYYY-MM-DD, RFC 3339 such as "
            "2026-01-31T03:00:00Z, and a scheduler's placeholder."
        ) from None
    if moment.date() == EPOCH:
        raise DataError(
            f"data.run_date is {text!r}, which a scheduler gives for a run that was started by "
            "hand. Give the day as YYYY-MM-DD."
        )
    return moment


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
    return "{{" in text
