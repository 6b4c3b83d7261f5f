"""When a schedule fires: the two backends write cron differently, and neither says so clearly."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.targets.settings import Target

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of each month, at most."""
_ZONE_WORDS = ("TZ", "CRON_TZ")
_UTC = {"UTC", "Etc/UTC"}
_FOUR_YEARS = [datetime.date(2025, 1, 1) + datetime.timedelta(n) for n in range(1461)]
"""Every date that there is, and every change of a clock."""


@dataclass(frozen=True)
class Field:
    """One place of a cron."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    """What `low` and its successors may be called."""
    question: bool = False
    """Whether Kubeflow takes ? for any value there."""


SECOND = Field("second", 0, 59)
MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
DAY = Field("day of the month", 1, 31, question=True)
MONTH = Field("month", 1, 12, _MONTHS)
WEEKDAY = Field("day of the week", 0, 6, _WEEKDAYS, question=True)

_FIVE = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
FIELDS: Mapping[Target, tuple[Field, ...]] = {"kubeflow": (SECOND, *_FIVE), "vertex": _FIVE}
_FORMS: Mapping[Target, str] = {
    "kubeflow": "Kubeflow takes six fields, second minute hour day month weekday, and no time zone "
    "(its server has one: CRON_SCHEDULE_TIMEZONE, else UTC), such as '0 0 3 * * *'",
    "vertex": "Vertex takes five fields, minute hour day month weekday, after a time zone if you "
    "like, such as '0 3 * * *' or 'TZ=Europe/Berlin 0 3 * * *' (else UTC)",
}


def check_cron(cron: str, target: Target) -> str:
    """Returns `cron` with single spaces between its fields.

    Raises:
        ConfigError: If the backend would not take it, or would read it as another time; the message
            says what it would be there if it is the other backend's.
    """
    problem = _problem(cron, target)
    if problem:
        raise ConfigError(f"--cron {cron!r}: {problem}. {_remedy(cron, target)}.")
    return " ".join(cron.split())


def other_day(cron: str) -> str | None:
    """Returns a warning where a run's day, which is that in UTC, is not that in its time zone.

    Args:
        cron: One that `check_cron` has returned.
    """
    word, texts = _split(cron)
    if word is None:
        return None
    name = word.partition("=")[2]
    zone = ZoneInfo(name)
    fields = {f: values(text, f, "vertex") for f, text in zip(_FIVE, texts, strict=True)}
    times = [datetime.time(pick(fields[HOUR]), pick(fields[MINUTE])) for pick in (min, max)]
    for day in _FOUR_YEARS:
        for time in times if _fires_on(day, fields) else ():
            moment = datetime.datetime.combine(day, time, zone).astimezone(datetime.timezone.utc)
            if moment.date() != day:
                which = "before" if moment.date() < day else "after"
                return (
                    f"--cron {cron!r}: a run is for the day that it has in UTC. {time:%H:%M} in "
                    f"{name} is {moment:%H:%M} of the day {which} there, at least in a part of the "
                    f"year. Take a time {_same_day(zone)}, or choose data.lag_days for that day."
                )
    return None


def values(text: str, field: Field, target: Target) -> frozenset[int]:
    """Returns the values that one field of a cron stands for.

    Raises:
        ValueError: If it is none; the message says why.
    """
    found: set[int] = set()
    for part in text.split(","):
        found |= _part(part, field, target)
    return frozenset(found)


def _problem(cron: str, target: Target) -> str | None:
    """Returns what is wrong, or None."""
    zone, texts = _split(cron)
    fields = FIELDS[target]
    if zone is not None and target == "kubeflow":
        return f"it has a time zone, {zone!r}"
    if zone is not None and not _is_zone(zone):
        return f"{zone!r} names no time zone such as TZ=Europe/Berlin"
    if len(texts) != len(fields):
        return f"it has {len(texts)} {'field' if len(texts) == 1 else 'fields'}, not {len(fields)}"
    sets = {}
    for field, text in zip(fields, texts, strict=True):
        try:
            sets[field] = values(text, field, target)
        except ValueError as error:
            return f"the {field.name} {error}"
    anyday = len(sets[WEEKDAY]) == WEEKDAY.high + 1
    if anyday and all(day > _LONGEST[month - 1] for day in sets[DAY] for month in sets[MONTH]):
        return "it never fires, as no such day is in such a month"
    return None


def _remedy(cron: str, target: Target) -> str:
    """Returns the form the backend takes, and the same time in it if it is in the other's."""
    other: Target = "vertex" if target == "kubeflow" else "kubeflow"
    if _problem(cron, other):
        return _FORMS[target]
    zone, texts = _split(cron)
    if target == "kubeflow":
        name = (zone or "TZ=UTC").partition("=")[2]
        if name not in _UTC:
            return (
                f"That is Vertex's form; the hours have to be translated from {name} into the time "
                f"zone of Kubeflow's server. {_FORMS[target]}"
            )
        same = " ".join(["0", *texts])
        return f"That is Vertex's form; here it would be {same!r}. {_FORMS[target]}"
    if texts[0] != "0":
        return f"That is Kubeflow's form; Vertex knows no seconds. {_FORMS[target]}"
    same = " ".join("*" if text == "?" else text for text in texts[1:])
    return f"That is Kubeflow's form; here it would be {same!r}. {_FORMS[target]}"


def _split(cron: str) -> tuple[str | None, list[str]]:
    """Returns the word with the time zone, if there is one, and the fields."""
    texts = cron.split()
    if texts and "=" in texts[0]:
        return texts[0], texts[1:]
    return None, texts


def _is_zone(word: str) -> bool:
    key, _, name = word.partition("=")
    if key not in _ZONE_WORDS or not re.fullmatch(r"[A-Za-z]+(/[A-Za-z0-9_+-]+)*", name):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # Also where the name is a folder of zones.
        return False
    return True


def _fires_on(day: datetime.date, fields: Mapping[Field, frozenset[int]]) -> bool:
    """Returns whether a cron fires on a day; where both kinds of days are named, either is one."""
    of_month, of_week = day.day in fields[DAY], (day.weekday() + 1) % 7 in fields[WEEKDAY]
    both = len(fields[DAY]) < DAY.high and len(fields[WEEKDAY]) <= WEEKDAY.high
    right = of_month or of_week if both else of_month and of_week
    return day.month in fields[MONTH] and right


def _same_day(zone: ZoneInfo) -> str:
    """Returns which times of a zone have the same date in UTC all the year, in words."""
    noons = (datetime.datetime.combine(day, datetime.time(12), zone) for day in _FOUR_YEARS)
    offsets = {noon.utcoffset() or datetime.timedelta() for noon in noons}
    midnight = datetime.datetime(2025, 1, 1)
    words = []
    if max(offsets) > datetime.timedelta():
        words.append(f"from {midnight + max(offsets):%H:%M} on")
    if min(offsets) < datetime.timedelta():
        words.append(f"before {midnight + min(offsets):%H:%M}")
    return " and ".join(words)


def _part(part: str, field: Field, target: Target) -> set[int]:
    """Returns the values of one part between commas: `*`, `5`, `1-5`, and `*/2` or `1-5/2`."""
    base, slash, step_text = part.partition("/")
    step = 1
    if slash:
        if not re.fullmatch(r"[0-9]{1,2}", step_text) or not 1 <= int(step_text) <= field.high:
            raise ValueError(f"{part!r} must have a step from 1 to {field.high} after the /")
        step = int(step_text)
    if base == "*" or (base == "?" and field.question and target == "kubeflow"):
        return set(range(field.low, field.high + 1, step))
    low_text, dash, high_text = base.partition("-")
    low = _value(low_text, field)
    if not dash:
        if slash:
            raise ValueError(f"{part!r} must have * or a range such as 1-5 before the /")
        return {low}
    high = _value(high_text, field)
    if low > high:
        raise ValueError(f"{base!r} goes backwards")
    return set(range(low, high + 1, step))


def _value(text: str, field: Field) -> int:
    if text.upper() in field.words:
        return field.low + field.words.index(text.upper())
    if not re.fullmatch(r"[0-9]{1,2}", text) or not field.low <= int(text) <= field.high:
        words = f" or {field.words[0]} to {field.words[-1]}" if field.words else ""
        raise ValueError(f"must be {field.low} to {field.high}{words}, got {text!r}")
    return int(text)
