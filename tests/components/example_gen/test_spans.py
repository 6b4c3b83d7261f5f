"""Which files a pattern stands for, and stock TFX's answers to the same question."""

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.example_gen.spans import resolve
from tfx_rebalance.errors import DataError


def glob_of(*paths):
    """Returns a glob over names that needs no disk; `*` does not cross a slash, as on one."""

    def glob(pattern):
        depth = pattern.count("/")
        return [p for p in paths if p.count("/") == depth and fnmatch.fnmatch(p, pattern)]

    return glob


DAYS = glob_of("d/2024-01-30.csv", "d/2024-01-31.csv", "d/2024-02-01.csv", "d/notes.csv")
DAY = "d/{YYYY}-{MM}-{DD}.csv"
SPANS = glob_of("s/1/v1/a", "s/1/v2/a", "s/2/v1/a", "s/2/v1/b", "s/3/v10/a", "s/3/v9/a", "s/x/v1/a")
SPAN = "s/{SPAN}/v{VERSION}/*"
FIRST = 19752
"""2024-01-30."""


def paths_of(window):
    return [file.path for file in window.files]


def test_a_plain_pattern_has_no_span():
    window = resolve({"": "d/*.csv"}, glob=DAYS)
    assert (len(window.files), window.span, window.version) == (4, 0, 0)


def test_the_newest_day_is_taken_and_what_is_no_day_is_not_one():
    window = resolve({"": DAY}, glob=DAYS)
    assert (paths_of(window), window.span) == (["d/2024-02-01.csv"], FIRST + 2)


def test_a_day_of_ones_own_is_taken():
    window = resolve({"": DAY}, glob=DAYS, newest=FIRST)
    assert (paths_of(window), window.span) == (["d/2024-01-30.csv"], FIRST)


def test_the_last_days_are_taken_and_the_one_before_them_is_known():
    window = resolve({"": DAY}, glob=DAYS, window=2)
    assert paths_of(window) == ["d/2024-01-31.csv", "d/2024-02-01.csv"]
    assert [file.path for file in window.before] == ["d/2024-01-30.csv"]
    assert [file.span for file in window.files] == [FIRST + 1, FIRST + 2]


def test_of_a_span_the_newest_version_is_taken_by_number():
    window = resolve({"": SPAN}, glob=SPANS, window=2)
    assert paths_of(window) == ["s/2/v1/a", "s/2/v1/b", "s/3/v10/a"]
    assert (window.span, window.version) == (3, 10)
    assert [file.path for file in window.before] == ["s/1/v2/a"]


def test_a_width_asks_for_that_many_digits():
    glob = glob_of("p-0007", "p-12", "p-0011")
    assert paths_of(resolve({"": "p-{SPAN:4}"}, glob=glob)) == ["p-0011"]


def test_the_newest_span_is_one_that_every_pattern_has():
    glob = glob_of("t/1", "t/2", "t/3", "e/1", "e/2")
    window = resolve({"train": "t/{SPAN}", "eval": "e/{SPAN}"}, glob=glob)
    assert [(file.split, file.path) for file in window.files] == [("train", "t/2"), ("eval", "e/2")]


@pytest.mark.parametrize(
    ("patterns", "how", "message"),
    [
        ({"": "n/*"}, {}, "no file matches 'n/\\*'"),
        ({"": "n/{SPAN}"}, {}, "no file matches 'n/{SPAN}'"),
        ({"": DAY}, {"newest": FIRST + 9}, "no file for 2024-02-08; there is from 2024-01-30 to "),
        ({"": DAY}, {"window": 5}, "no file for 2024-01-28, 2024-01-29; there is from"),
        ({"": "d/{YYYY}/*"}, {}, "has only a part of a date"),
        ({"": DAY + "{SPAN}"}, {}, "has both a span and a date"),
        ({"": "d/{VERSION}"}, {}, "has a version without a span or a date"),
        ({"": "{SPAN}/{SPAN}"}, {}, "has one of its specs twice"),
        ({"": "{SPAN:x}"}, {}, "has a width that is no number"),
        ({"a": DAY, "b": "d/*"}, {}, "do not have the same of"),
    ],
)
def test_what_is_missing_or_wrong_is_named(patterns, how, message):
    with pytest.raises(DataError, match=message):
        resolve(patterns, glob=DAYS, **how)


def test_a_gap_in_the_window_is_named():
    with pytest.raises(DataError, match="has no file for span 2; there is from span 1 to span 3"):
        resolve({"": "{SPAN}"}, glob=glob_of("1", "3"), window=2)


def test_a_day_that_is_in_no_calendar_is_refused():
    with pytest.raises(DataError, match=r"'d/2024-02-30.csv' has no day of the calendar"):
        resolve({"": DAY}, glob=glob_of("d/2024-02-30.csv"))


@given(spans=st.sets(st.integers(0, 99), min_size=1), width=st.integers(1, 3))
def test_any_window_within_the_data_has_one_file_per_span(spans, width):
    glob = glob_of(*(f"x/{span:02}/f" for span in spans))
    newest = max(spans)
    if set(range(newest - width + 1, newest + 1)) <= spans:
        window = resolve({"": "x/{SPAN:2}/*"}, glob=glob, window=width)
        assert [file.span for file in window.files] == list(range(newest - width + 1, newest + 1))
    else:
        with pytest.raises(DataError, match="has no file for"):
            resolve({"": "x/{SPAN:2}/*"}, glob=glob, window=width)


@pytest.mark.tfx
@pytest.mark.parametrize(
    "pattern",
    ["{YYYY}-{MM}-{DD}/*", "day-{YYYY}{MM}{DD}/*", "span-{SPAN}/*", "span-{SPAN:3}/v{VERSION}/*"],
)
def test_stock_tfx_finds_the_same_span_version_and_fingerprint(pattern, tmp_path):
    from tfx.components.example_gen.utils import calculate_splits_fingerprint_span_and_version
    from tfx.proto import example_gen_pb2

    from tfx_rebalance.components.example_gen.files import fingerprint, window_of
    from tfx_rebalance.components.example_gen.settings import DataSettings

    for number in (7, 8):
        texts = {"YYYY": "2024", "MM": "02", "DD": f"{number:02}", "SPAN:3": f"{number:03}"}
        texts |= {"SPAN": str(number), "VERSION": str(number % 2)}
        path = re.sub(r"\{(.*?)\}", lambda spec, t=texts: t[spec[1]], pattern).replace("*", "a.csv")
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("x,y\n" * number)
    split = example_gen_pb2.Input.Split(name="single_split", pattern=pattern)
    stock = calculate_splits_fingerprint_span_and_version(str(tmp_path), [split])
    settings = DataSettings.model_validate(
        {"source": f"{tmp_path}/{pattern}", "schema": "unused", "label": "y"}
    )
    window = window_of(settings, folder="unused")
    assert (fingerprint(window.files), window.span, window.version or None) == (
        stock[0],
        stock[1],
        stock[2] or None,
    )
