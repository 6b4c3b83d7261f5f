"""When a schedule fires: both backends' forms, told apart, and nothing that one would misread."""

import datetime
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.schedules.cron import (
    DAY,
    FIELDS,
    HOUR,
    MINUTE,
    MONTH,
    SECOND,
    WEEKDAY,
    check_cron,
    other_day,
    values,
)

TARGETS = ("kubeflow", "vertex")
EVERY_FIELD = st.sampled_from([SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY])


@st.composite
def parts(draw, field):
    """Returns one part of a field and the values it was made to stand for."""
    number = st.integers(field.low, field.high)
    low, high = sorted((draw(number), draw(number)))
    step = draw(st.integers(1, field.high))
    every = range(field.low, field.high + 1)
    return draw(
        st.sampled_from(
            [
                ("*", set(every)),
                (f"*/{step}", {n for n in every if (n - field.low) % step == 0}),
                (str(low), {low}),
                (f"{low:02d}", {low}),
                (f"{low}-{high}", {n for n in every if low <= n <= high}),
                (
                    f"{low}-{high}/{step}",
                    {n for n in every if low <= n <= high and (n - low) % step == 0},
                ),
            ]
        )
    )


@st.composite
def fields(draw, field):
    """Returns a whole field and its values."""
    drawn = draw(st.lists(parts(field), min_size=1, max_size=4))
    return ",".join(text for text, _ in drawn), set().union(*(found for _, found in drawn))


@given(data=st.data(), field=EVERY_FIELD, target=st.sampled_from(TARGETS))
def test_a_field_stands_for_the_union_of_its_parts(data, field, target):
    text, wanted = data.draw(fields(field))
    assert values(text, field, target) == wanted


@given(data=st.data(), target=st.sampled_from(TARGETS))
def test_a_cron_of_one_backend_is_taken_there_and_refused_with_its_translation_elsewhere(
    data, target
):
    texts = [data.draw(fields(field))[0] for field in (MINUTE, HOUR)]
    cron = " ".join([*(["0"] if target == "kubeflow" else []), *texts, "*", "*", "MON-FRI"])
    assert check_cron(f"  {cron} ", target) == cron
    other = "vertex" if target == "kubeflow" else "kubeflow"
    with pytest.raises(ConfigError) as refused:
        check_cron(cron, other)
    [there] = re.findall(r"here it would be '([^']+)'\.", str(refused.value))
    assert check_cron(there, other) == there
    assert there.split()[-5:] == cron.split()[-5:]


@given(text=st.text(max_size=30), target=st.sampled_from(TARGETS))
def test_any_text_is_either_taken_whole_or_refused_in_words(text, target):
    try:
        taken = check_cron(text, target).split()
    except ConfigError as error:
        taken = repr(text) in str(error)
    assert taken in (True, text.split())


@pytest.mark.parametrize("word", ["mon", "MON", "Mon"])
def test_days_and_months_have_names(word):
    assert values(word, WEEKDAY, "kubeflow") == {1}
    assert values("JAN-mar", MONTH, "vertex") == {1, 2, 3}


@pytest.mark.parametrize(
    "cron", ["TZ=Europe/Berlin 0 3 * * *", "CRON_TZ=UTC 0 3 * * *", "0 3 29 2 *", "0 3 30 2 1"]
)
def test_vertex_takes_time_zones_and_days_that_are_rare(cron):
    assert check_cron(cron, "vertex") == cron


def test_kubeflow_takes_question_marks_for_days():
    assert check_cron("0 0 3 ? * MON", "kubeflow") == "0 0 3 ? * MON"


@pytest.mark.parametrize(
    ("cron", "target", "words"),
    [
        (
            "0 3 * * *",
            "kubeflow",
            "5 fields, not 6. That is Vertex's form; here it would be '0 0 3 * * *'",
        ),
        (
            "TZ=UTC 0 3 * * *",
            "kubeflow",
            "has a time zone, 'TZ=UTC'. That is Vertex's form; here it would be '0 0 3 * * *'. "
            "Kubeflow takes six fields",
        ),
        (
            "TZ=Europe/Berlin 0 3 * * *",
            "kubeflow",
            "has a time zone, 'TZ=Europe/Berlin'. That is Vertex's form; the hours have to be "
            "translated from Europe/Berlin into the time zone of Kubeflow's server. Kubeflow takes "
            "six fields, second minute hour day month weekday, and no time zone (its server has "
            "one: CRON_SCHEDULE_TIMEZONE, else UTC)",
        ),
        ("FOO=Europe/Berlin 0 3 * * *", "vertex", "'FOO=Europe/Berlin' names no time zone such"),
        ("tz=Europe/Berlin 0 3 * * *", "vertex", "names no time zone such as TZ=Europe/Berlin"),
        ("=UTC 0 3 * * *", "vertex", "'=UTC' names no time zone"),
        (
            "0 0 3 * * *",
            "vertex",
            "6 fields, not 5. That is Kubeflow's form; here it would be '0 3 * * *'",
        ),
        ("0 0 3 ? * MON", "vertex", "here it would be '0 3 * * MON'"),
        ("30 0 3 * * *", "vertex", "Kubeflow's form; Vertex knows no seconds"),
        ("TZ=Mars/Base 0 3 * * *", "vertex", "'TZ=Mars/Base' names no time zone"),
        ("TZ=../../etc 0 3 * * *", "vertex", "names no time zone"),
        ("TZ=Europe 0 3 * * *", "vertex", "names no time zone"),
        ("@daily", "kubeflow", "has 1 field, not 6. Kubeflow takes six"),
        ("", "vertex", "has 0 fields, not 5. Vertex takes five"),
        ("0 24 * * *", "vertex", "the hour must be 0 to 23, got '24'"),
        ("0 3 * * 7", "vertex", "the day of the week must be 0 to 6 or SUN to SAT, got '7'"),
        ("0 3 0 * *", "vertex", "the day of the month must be 1 to 31, got '0'"),
        ("0 3 * FOO *", "vertex", "the month must be 1 to 12 or JAN to DEC, got 'FOO'"),
        ("0 3 * * ?", "vertex", "the day of the week must be"),
        ("5-1 3 * * *", "vertex", "the minute '5-1' goes backwards"),
        ("*/0 3 * * *", "vertex", "the minute '*/0' must have a step from 1 to 59"),
        ("5/10 3 * * *", "vertex", "must have * or a range such as 1-5 before the /"),
        ("0 3 1,, * *", "vertex", "the day of the month must be 1 to 31, got ''"),
        ("0 ٣ * * *", "vertex", "the hour must be"),
        ("0 3 30 2 *", "vertex", "it never fires"),
        ("0 0 3 31 4,6 ?", "kubeflow", "it never fires"),
    ],
)
def test_what_is_wrong_and_what_it_would_be_there_is_said(cron, target, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        check_cron(cron, target)


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        (
            "TZ=Europe/Berlin 30 0 * * *",
            "00:30 in Europe/Berlin is 23:30 of the day before there, at least in a part of the "
            "year. Take a time from 02:00 on, or choose data.lag_days",
        ),
        ("TZ=Europe/Berlin 30 1 * * *", "01:30 in Europe/Berlin is 23:30 of the day before"),
        ("TZ=Europe/Berlin 30 1 1 7 *", "01:30 in Europe/Berlin is 23:30 of the day before"),
        ("TZ=Europe/Berlin 0 3,1 * * *", "01:00 in Europe/Berlin is 23:00 of the day before"),
        (
            "CRON_TZ=America/New_York 15 20 * * MON",
            "20:15 in America/New_York is 01:15 of the day after there, at least in a part of the "
            "year. Take a time before 19:00, or",
        ),
        ("TZ=Africa/Lagos 30 0 29 2 *", "Take a time from 01:00 on, or"),
        ("TZ=Atlantic/Azores 30 23 1 1 *", "Take a time before 23:00, or"),
    ],
)
def test_a_run_whose_day_is_another_one_in_utc_is_warned_of(cron, words):
    found = other_day(check_cron(cron, "vertex"))
    assert f"--cron {cron!r}: a run is for the day that it has in UTC. " in found
    assert words in found


@pytest.mark.parametrize(
    "cron",
    [
        "TZ=Europe/Berlin 0 3 * * *",
        "TZ=Europe/Berlin 0 2 * * *",
        "TZ=Europe/Berlin 30 1 1 1 *",
        "TZ=America/New_York 0 18 * * *",
        "TZ=UTC * * * * *",
        "30 0 * * *",
    ],
)
def test_a_run_whose_day_is_the_same_in_utc_is_not_warned_of(cron):
    assert other_day(check_cron(cron, "vertex")) is None


@given(data=st.data(), zone=st.sampled_from(["Asia/Kolkata", "America/St_Johns", "Europe/London"]))
def test_a_run_is_warned_of_just_when_one_in_four_years_has_another_date(data, zone):
    texts = [data.draw(fields(field))[0] for field in (MINUTE, HOUR)]
    minutes, hours = (values(t, f, "vertex") for t, f in zip(texts, (MINUTE, HOUR), strict=True))
    days = [datetime.date(2025, month, 15) for month in range(1, 13)]
    other = any(
        datetime.datetime.combine(day, datetime.time(hour, minute), ZoneInfo(zone))
        .astimezone(datetime.timezone.utc)
        .date()
        != day
        for day in days
        for hour in hours
        for minute in minutes
    )
    assert (other_day(f"TZ={zone} {' '.join(texts)} * * *") is not None) == other


def test_the_two_forms_differ_in_the_seconds_alone():
    assert FIELDS["kubeflow"] == (SECOND, *FIELDS["vertex"])
