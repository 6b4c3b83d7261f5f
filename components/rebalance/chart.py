"""The report's picture: rows per class before and after, as one SVG that needs nothing else."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import east_asian_width
from xml.etree import ElementTree as ET

Counts = Mapping[str, tuple[int, int]]

WIDTH = 760
BARS_LEFT, LONGEST_BAR = 200, 420
"""Where bars begin and what room they have; names are left of them, numbers right."""
BARS_TOP, CLASS_HEIGHT, BAR_HEIGHT, MARGIN = 84, 38, 13, 16
NAME_COLUMNS, TITLE_COLUMNS = 24, 80
LOG_ABOVE = 50
"""Largest count over smallest, above which the scale is logarithmic."""
COLORS = {"before": "#0072B2", "after": "#E69F00"}
"""Okabe and Ito's (2008) blue and orange: different to colour-blind people, and in grey."""
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


def counts_chart(counts: Counts, *, title: str) -> str:
    """Returns an SVG with two bars per class: its rows before and after resampling.

    To be written as UTF-8, which is what XML without a declaration is read as.

    Args:
        counts: Rows before and after, >= 0, of each class, in the order to draw them in. A name
            that is too long is shortened in its middle; hovering shows it whole.
        title: What stands above.

    Raises:
        ValueError: If there is no class, or a count is negative.
    """
    if not counts or min(min(pair) for pair in counts.values()) < 0:
        raise ValueError(f"counts must have a class and be >= 0 each, got {dict(counts)!r}.")
    height = BARS_TOP + CLASS_HEIGHT * len(counts) + MARGIN
    size = {"width": str(WIDTH), "height": str(height)}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    svg.set("viewBox", f"0 0 {WIDTH} {height}")
    svg.attrib |= {"font-family": "Helvetica, Arial, sans-serif", "font-size": "12", "fill": INK}
    told = "; ".join(_told(name, pair) for name, pair in counts.items())
    ET.SubElement(svg, "title").text = _clean(title)
    ET.SubElement(svg, "desc").text = f"Rows of each class before and after resampling. {told}."
    ET.SubElement(svg, "rect", {**size, "fill": PAPER})  # The page may be dark.
    scale = scale_of(counts)
    _draw_head(svg, title, scale=scale)
    _draw_lines(svg, scale, bottom=height - MARGIN)
    for i, (name, pair) in enumerate(counts.items()):
        _draw_class(svg, name, pair=pair, top=BARS_TOP + CLASS_HEIGHT * i, scale=scale)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def scale_of(counts: Counts) -> Scale:
    """Returns a scale that shows all counts: logarithmic if a linear one would hide the smallest.

    The logarithmic one begins a power of ten lower than it must, so that every bar has a length.
    """
    shown = [count for pair in counts.values() for count in pair if count]
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


def _draw_head(svg: ET.Element, title: str, *, scale: Scale) -> None:
    _draw_text(svg, shortened(title, columns=TITLE_COLUMNS), x=MARGIN, y=28).set("font-size", "16")
    for x, (name, color) in zip((BARS_LEFT, BARS_LEFT + 90), COLORS.items(), strict=True):
        place = {"x": str(x), "y": "43", "width": "13", "height": "13"}
        ET.SubElement(svg, "rect", {**place, "fill": color})
        _draw_text(svg, name, x=x + 19, y=54)
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
    svg: ET.Element, name: str, *, pair: tuple[int, int], top: int, scale: Scale
) -> None:
    group = ET.SubElement(svg, "g")
    ET.SubElement(group, "title").text = _told(name, pair)
    label = _draw_text(
        group, shortened(name, columns=NAME_COLUMNS), x=BARS_LEFT - 8, y=top + BAR_HEIGHT + 4
    )
    label.set("text-anchor", "end")
    for i, (count, (when, color)) in enumerate(zip(pair, COLORS.items(), strict=True)):
        length, y = scale.length(count), top + BAR_HEIGHT * i
        if count:
            place = {"x": str(BARS_LEFT), "y": str(y), "width": f"{length:.2f}"}
            bar = {"class": when, "height": str(BAR_HEIGHT - 1), "fill": color}
            ET.SubElement(group, "rect", place | bar)
        _draw_text(group, f"{count:,}", x=round(BARS_LEFT + length + 6, 2), y=y + BAR_HEIGHT - 2)


def _draw_text(parent: ET.Element, text: str, *, x: float, y: int) -> ET.Element:
    element = ET.SubElement(parent, "text", x=str(x), y=str(y))
    element.text = _clean(text)
    return element


def _told(name: str, pair: tuple[int, int]) -> str:
    return f"{_clean(name)}: {pair[0]:,} before, {pair[1]:,} after"


def _clean(text: str) -> str:
    """Returns the text with U+FFFD for what XML cannot hold; ElementTree escapes the rest."""
    return _NOT_XML.sub("\ufffd", text)


def _columns(text: str) -> int:
    return sum(1 + (east_asian_width(sign) in "WF") for sign in text)
