"""The picture of counts is valid XML, and its bars are as the counts say."""

import math
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.charts import (
    BAR_HEIGHT,
    CLASS_GAP,
    LONGEST_BAR,
    WIDTH,
    counts_chart,
    scale_of,
    shortened,
)

SVG = "{http://www.w3.org/2000/svg}"
ROWS = st.integers(0, 10**10)
COUNTS = st.dictionaries(st.text(max_size=40), st.tuples(ROWS, ROWS), min_size=1, max_size=8)


def chart(counts, title="rows", series=("before", "after")):
    svg = counts_chart(counts, series=series, title=title, about="Rows of each class")
    return ET.fromstring(svg.encode())


def bars(svg, when):
    """Returns the lengths of the bars before or after, from above."""
    return [
        float(rect.get("width")) for rect in svg.iter(f"{SVG}rect") if rect.get("class") == when
    ]


def texts(parent):
    return [text.text or "" for text in parent.iter(f"{SVG}text")]


@given(counts=COUNTS, title=st.text())
def test_any_names_and_counts_give_a_picture_with_every_number_in_it(counts, title):
    svg = chart(counts, title)
    groups = svg.findall(f"{SVG}g")
    assert [texts(group)[1:] for group in groups] == [
        [f"{before:,}", f"{after:,}"] for before, after in counts.values()
    ]
    for i, when in enumerate(("before", "after")):
        assert len(bars(svg, when)) == sum(pair[i] > 0 for pair in counts.values())


@given(counts=COUNTS)
def test_all_is_inside_the_panel_and_bars_do_not_touch(counts):
    svg = chart(counts)
    panel, height = svg.find(f"{SVG}rect"), float(svg.get("height"))
    assert (panel.get("width"), panel.get("height"), panel.get("fill")) == (
        str(WIDTH),
        svg.get("height"),
        "#FFFFFF",
    )
    assert svg.get("viewBox") == f"0 0 {WIDTH} {height:.0f}"
    assert all(float(text.get("y")) < height for text in svg.iter(f"{SVG}text"))
    tops = [float(bar.get("y")) for bar in svg.iter(f"{SVG}rect") if bar.get("class")]
    assert all(below - above >= 13 for above, below in pairwise(tops))


@given(largest=st.integers(1, 10**9), shares=st.lists(st.floats(0.03, 1), max_size=5))
def test_bars_are_proportional_to_counts_that_are_not_far_apart(largest, shares):
    counts = [largest, *(math.ceil(largest * share) for share in shares)]
    svg = chart({str(i): (count, largest) for i, count in enumerate(counts)})
    expected = [LONGEST_BAR * count / largest for count in counts]
    assert bars(svg, "before") == pytest.approx(expected, abs=0.01)
    assert not any("Logarithmic" in text for text in texts(svg))


@given(smallest=st.integers(1, 10**6), factors=st.lists(st.integers(1, 10**6), min_size=1))
def test_on_a_logarithmic_scale_equal_ratios_are_equal_lengths_and_it_says_so(smallest, factors):
    largest = smallest * max(*factors, 51)
    counts = [smallest, *(smallest * factor for factor in factors), largest]
    svg = chart({str(i): (count, 0) for i, count in enumerate(counts)})
    lengths = bars(svg, "before")
    decade = (lengths[-1] - lengths[0]) / math.log10(largest / smallest)
    expected = [lengths[0] + decade * math.log10(count / smallest) for count in counts]
    assert lengths == pytest.approx(expected, abs=0.02)
    assert lengths[-1] == LONGEST_BAR
    assert lengths[0] >= decade - 0.02
    assert any("Logarithmic scale" in text for text in texts(svg))
    lines = [float(line.get("x1")) for line in svg.iter(f"{SVG}line")]
    assert all(b - a == pytest.approx(decade, abs=0.02) for a, b in pairwise(lines))


def test_the_scale_turns_logarithmic_above_fifty_times_the_smallest():
    assert scale_of({"a": (50, 1), "b": (0, 0)}).start == 0
    assert scale_of({"a": (51, 1), "b": (0, 0)}).start == 0.1
    assert scale_of({"a": (100, 100), "b": (99, 10**6)}).start == 1


def test_no_rows_have_no_bar():
    svg = chart({"a": (5, 0), "b": (0, 5), "c": (0, 0)})
    assert len(bars(svg, "before")) == len(bars(svg, "after")) == 1
    assert bars(chart({"a": (0, 0)}), "before") == []


def test_names_are_escaped_and_whole_in_the_tooltip_and_the_description():
    name = '<script>alert("x") & y</script> of a rare kind'
    svg = chart({name: (1000, 7), "bell\x07": (1, 1)}, title="<b>&")
    told = [f"{name}: 1,000 before, 7 after", "bell\ufffd: 1 before, 1 after"]
    assert [group.find(f"{SVG}title").text for group in svg.findall(f"{SVG}g")] == told
    assert all(line in svg.find(f"{SVG}desc").text for line in told)
    assert svg.find(f"{SVG}title").text == "<b>&"
    assert texts(svg.find(f"{SVG}g"))[0] == "<script>aler…a rare kind"


def test_the_picture_needs_nothing_else():
    svg = chart({"a": (5, 3)})
    assert {element.tag for element in svg.iter()} == {
        f"{SVG}{tag}" for tag in ("svg", "title", "desc", "rect", "text", "line", "g")
    }
    assert not [a for element in svg.iter() for a in element.attrib if "href" in a or a == "style"]


def test_the_picture_grows_with_the_classes():
    small, large = (float(chart({str(i): (1, 1) for i in range(n)}).get("height")) for n in (2, 40))
    assert large - small == 38 * (2 * BAR_HEIGHT + CLASS_GAP)


@given(text=st.text(max_size=60))
def test_a_name_is_shortened_only_if_it_must_be_and_keeps_both_ends(text):
    short = shortened(text, columns=24)
    assert len(short) <= 24
    if short == text:
        return
    assert len(text) > 12  # Of signs that are two columns wide each.
    ends = [(short[:i], short[i + 1 :]) for i, sign in enumerate(short) if sign == "…"]
    assert any(text.startswith(head) and text.endswith(tail) for head, tail in ends)


def test_wide_signs_count_twice():
    assert shortened("多" * 12, columns=24) == "多" * 12
    assert shortened("多" * 13, columns=24) == "多" * 6 + "…" + "多" * 5


def test_any_number_of_series_is_drawn_each_in_its_place():
    series = [f"split {i}" for i in range(8)]
    svg = chart({"a": range(1, 9), "b": [5] * 8}, series=series)
    assert [len(bars(svg, name)) for name in series] == [2] * 8
    tops = [float(bar.get("y")) for bar in svg.iter(f"{SVG}rect") if bar.get("class")]
    assert all(below - above >= BAR_HEIGHT for above, below in pairwise(tops))
    assert svg.find(f"{SVG}g").find(f"{SVG}title").text.startswith("a: 1 split 0, 2 split 1, ")


@pytest.mark.parametrize("counts", [{}, {"a": (1, -1)}, {"a": (1,)}, {"a": (1, 2, 3)}])
def test_nothing_to_draw_is_refused(counts):
    with pytest.raises(ValueError, match="counts must have a class"):
        counts_chart(counts, series=("before", "after"), title="rows", about="Rows")
