"""Charts: whole, the same each time, and of any names."""

import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfx_rebalance.charts import COLORS
from tfx_rebalance.components.report import pictures
from tfx_rebalance.components.report.pictures import RecallMark

CURVE = [(0.0, 1.0), (0.5, 0.8), (1.0, 0.1)]
MARK = RecallMark("a", value=0.9, low=0.8, high=0.95, bar=0.85, champion=0.7)
DRAWN = {
    "counts": lambda name: pictures.counts_picture({name: (10_000, 3), "b": (5, 0)}),
    "recall": lambda name: pictures.recall_picture(
        [MARK, RecallMark(name, None, 0, 1, None, None)]
    ),
    "precision": lambda name: pictures.precision_recall_picture(name, CURVE, 0.1),
    "reliability": lambda name: pictures.reliability_picture(name, [(0.1, 0.2, 9), (0.9, 1, 1)]),
    "times": lambda name: pictures.times_picture({name: 1.5, "b": 0.1}),
    "trend": lambda name: pictures.trend_picture({name: [0.1, None, 0.3], "b": [1, 1, 1]}),
}
EVERY = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)


def words(svg):
    return {
        "".join(e.itertext()).strip() for e in ET.fromstring(svg).iter() if e.tag.endswith("}text")
    }


@EVERY
def test_a_picture_is_the_same_each_time_and_has_no_date(draw):
    assert draw("a") == draw("a")
    assert "date" not in draw("a").lower()


@EVERY
@pytest.mark.parametrize("name", ["$x^2$", "_hidden", "日本語", "<b>&", "a\x00b", "x" * 200])
def test_a_name_is_text_whatever_its_signs(draw, name):
    assert any(
        name.replace("\x00", "\ufffd")[:5].strip("\u200b") in word for word in words(draw(name))
    )


@settings(max_examples=10)
@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_any_name_can_be_drawn(name):
    ET.fromstring(pictures.times_picture({name: 1.0}))


def test_the_colours_are_those_of_the_other_charts():
    svg = pictures.counts_picture({"a": (10, 20)})
    assert COLORS[0].lower() in svg
    assert COLORS[1].lower() in svg


def test_small_classes_are_not_hidden_by_large_ones():
    """Bars are rectangles filled with the series' colour: their widths tell the scale."""
    assert least_width(pictures.counts_picture({"a": (200_000, 3)})) > 10
    widths = bar_widths(pictures.counts_picture({"a": (60, 30)}))
    assert widths[0] == pytest.approx(2 * widths[1], rel=1e-3)


def bar_widths(svg):
    """Returns the width of each series' bar, in points."""
    widths = []
    for color in COLORS[:2]:
        [path, *_] = re.findall(rf'<path d="([^"]*)" clip[^>]*fill: {color.lower()}', svg)
        places = [float(x) for x in re.findall(r"[ML] (\S+) ", path)]
        widths.append(max(places) - min(places))
    return widths


def least_width(svg):
    return min(bar_widths(svg))


def test_matplotlib_is_imported_only_by_what_draws():
    program = (
        "import sys\n"
        "import tfx_rebalance.components.report.page, tfx_rebalance.components.report.index\n"
        "print([name for name in ('matplotlib', 'jinja2', 'tensorflow') if name in sys.modules])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
