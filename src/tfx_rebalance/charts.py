"""The pictures of reports: counts per class, as one SVG that needs nothing else."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width
from xml.etree import ElementTree as ET

Counts = Mapping[str, Sequence[int]]
"""Class -> its count in each series."""

WIDTH = 760
BARS_LEFT, LONGEST_BAR = 200, 420
"""Where bars begin and what room they have; names are left of them, numbers right."""
BARS_TOP, BAR_HEIGHT, CLASS_GAP, MARGIN = 84, 13, 12, 16
LEGEND_WIDTH = 90
NAME_COLUMNS, SERIES_COLUMNS, TITLE_COLUMNS = 24, 10, 80
LOG_ABOVE = 50
"""Largest count over smallest, above which the scale is logarithmic."""
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Okabe and Ito's (2008): different to colour-blind people, blue and orange also in grey."""
INK, GRID, PAPER = "#222222", "#D0D0D0", "#FFFFFF"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Scale:
    """How long a bar is; a logarithmic one begins at `start`, a linear one at 0."""

    start: float
    largest: int

    def length(self, count: float) -> float:
        """Returns the length of a bar, in [0, LONGEST_BAR]; 0 for no rows."""
        if not count:
            return 0.0
        if not self.start:
            return LONGEST_BAR * count / self.largest
        return LONGEST_BAR * math.log(count / self.start) / math.log(self.largest / self.start)


def counts_chart(counts: Counts, *, series: Sequence[str], title: str, about: str) -> str:
    """Returns an SVG with a bar per class and series, such as before and after.

    To be written as UTF-8, which is what XML without a declaration is read as.

    Args:
        counts: Of each class, in the order to draw them in, one >= 0 per series. A name that is
            too long is shortened in its middle; hovering shows it whole.
        series: Their names; colours repeat after the sixth.
        title: What stands above.
        about: What the numbers are, for who cannot see them.

    Raises:
        ValueError: If there is no class or no series, or a count is negative or missing.
    """
    if not (counts and series) or any(
        len(row) != len(series) or min(row) < 0 for row in counts.values()
    ):
        raise ValueError(
            f"counts must have a class and be >= 0 for each of {list(series)}, got {counts!r}."
        )
    class_height = BAR_HEIGHT * len(series) + CLASS_GAP
    height = BARS_TOP + class_height * len(counts) + MARGIN
    size = {"width": str(WIDTH), "height": str(height)}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    svg.set("viewBox", f"0 0 {WIDTH} {height}")
    svg.attrib |= {"font-family": "Helvetica, Arial, sans-serif", "font-size": "12", "fill": INK}
    told = [_told(name, row, series) for name, row in counts.items()]
    ET.SubElement(svg, "title").text = _clean(title)
    ET.SubElement(svg, "desc").text = f"{_clean(about)}. {'; '.join(told)}."
    ET.SubElement(svg, "rect", {**size, "fill": PAPER})  # The page may be dark.
    scale = scale_of(counts)
    _draw_head(svg, title, series=series, scale=scale)
    _draw_lines(svg, scale, bottom=height - MARGIN)
    for i, (name, row) in enumerate(counts.items()):
        bars = dict(zip(series, row, strict=True))
        group = ET.SubElement(svg, "g")
        ET.SubElement(group, "title").text = told[i]
        _draw_class(group, name, bars=bars, top=BARS_TOP + class_height * i, scale=scale)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def scale_of(counts: Counts) -> Scale:
    """Returns a scale that shows all counts: logarithmic if a linear one would hide the smallest.

    The logarithmic one begins a power of ten lower than it must, so that every bar has a length.
    """
    shown = [count for row in counts.values() for count in row if count]
    smallest, largest = min(shown, default=1), max(shown, default=1)
    logarithmic = largest > LOG_ABOVE * smallest
    return Scale(start=10.0 ** (len(str(smallest)) - 2) if logarithmic else 0, largest=largest)


def shortened(text: str, *, columns: int) -> str:
    """Returns the text, or its beginning and end around an ellipsis; a CJK sign is two columns.

    Names that share their beginning often differ at the end.
    """
    if _columns(text) <= columns:
        return text
    head, tail = text[:columns], text[-columns:]
    while _columns(head) > columns // 2:
        head = head[:-1]
    while _columns(tail) > columns - columns // 2 - 1:
        tail = tail[1:]
    return f"{head}…{tail}"


def _draw_head(svg: ET.Element, title: str, *, series: Sequence[str], scale: Scale) -> None:
    _draw_text(svg, shortened(title, columns=TITLE_COLUMNS), x=MARGIN, y=28).set("font-size", "16")
    for i, name in enumerate(series):
        x = BARS_LEFT + LEGEND_WIDTH * i
        place = {"x": str(x), "y": "43", "width": "13", "height": "13"}
        ET.SubElement(svg, "rect", {**place, "fill": _color(i)})
        _draw_text(svg, shortened(name, columns=SERIES_COLUMNS), x=x + 19, y=54)
    if scale.start:
        note = "Logarithmic scale: from one grey line to the next, ten times the rows."
        _draw_text(svg, note, x=BARS_LEFT, y=74)


def _draw_lines(svg: ET.Element, scale: Scale, *, bottom: int) -> None:
    """Draws where bars begin and, on a logarithmic scale, every power of ten."""
    lengths, power = [0.0], 10 * scale.start
    while 0 < power <= scale.largest:
        lengths.append(scale.length(power))
        power *= 10
    for length in lengths:
        x = f"{BARS_LEFT + length:.2f}"
        ends = {"x1": x, "x2": x, "y1": str(BARS_TOP - 4), "y2": str(bottom)}
        ET.SubElement(svg, "line", {**ends, "stroke": GRID})


def _draw_class(
    group: ET.Element, name: str, *, bars: Mapping[str, int], top: int, scale: Scale
) -> None:
    middle = top + BAR_HEIGHT * len(bars) // 2
    label = _draw_text(group, shortened(name, columns=NAME_COLUMNS), x=BARS_LEFT - 8, y=middle + 4)
    label.set("text-anchor", "end")
    for i, (series, count) in enumerate(bars.items()):
        length, y = scale.length(count), top + BAR_HEIGHT * i
        if count:
            place = {"x": str(BARS_LEFT), "y": str(y), "width": f"{length:.2f}"}
            bar = {"class": _clean(series), "height": str(BAR_HEIGHT - 1), "fill": _color(i)}
            ET.SubElement(group, "rect", place | bar)
        _draw_text(group, f"{count:,}", x=round(BARS_LEFT + length + 6, 2), y=y + BAR_HEIGHT - 2)


def _draw_text(parent: ET.Element, text: str, *, x: float, y: int) -> ET.Element:
    element = ET.SubElement(parent, "text", x=str(x), y=str(y))
    element.text = _clean(text)
    return element


def _told(name: str, row: Sequence[int], series: Sequence[str]) -> str:
    counts = ", ".join(f"{n:,} {_clean(which)}" for n, which in zip(row, series, strict=True))
    return f"{_clean(name)}: {counts}"


def _color(i: int) -> str:
    return COLORS[i % len(COLORS)]


def _clean(text: str) -> str:
    """Returns the text with U+FFFD for what XML cannot hold; ElementTree escapes the rest."""
    return _NOT_XML.sub("\ufffd", text)


def _columns(text: str) -> int:
    return sum(1 + (east_asian_width(sign) in "WF") for sign in text)
