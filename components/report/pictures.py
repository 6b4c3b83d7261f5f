"""The charts of a report, each as one SVG; matplotlib is imported by the first that is drawn."""

import io
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfx_rebalance.charts import COLORS, GRID, INK, LOG_ABOVE, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, SQUARE = 4.2, 3.4
"""Inches: what a phone shows without making the letters too small."""
ROW = 0.42
NAME_COLUMNS = 18
LEGEND_COLUMNS, LEGEND_LETTERS = 3, 48
BLUE, ORANGE, GREEN = COLORS[:3]
TICKS = (0, 0.25, 0.5, 0.75, 1)
MARKS = ("o", "s", "^", "D", "v", "P")
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # Letters stay letters: smaller, and the reader's own font.
    "svg.hashsalt": "tfx-rebalance",  # Else names inside the SVG differ from run to run.
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
}


@dataclass(frozen=True)
class RecallMark:
    """A class's recall as it is drawn; None is left out."""

    label: str
    value: float | None
    low: float
    high: float
    bar: float | None
    champion: float | None


def counts_picture(counts: Mapping[str, tuple[int, int]]) -> str:
    """Returns bars of each class's rows before and after; logarithmic if small ones would vanish.

    Args:
        counts: Class -> (before, after), each >= 0; at least one class.
    """

    def draw(axes: "Axes") -> None:
        for i, name in enumerate(("before", "after")):
            places = [row + (i - 0.5) * 0.38 for row in range(len(counts))]
            lengths = [pair[i] for pair in counts.values()]
            axes.barh(places, lengths, height=0.36, color=COLORS[i], label=name)
        shown = [n for pair in counts.values() for n in pair if n]
        if shown and max(shown) > LOG_ABOVE * min(shown):
            axes.set_xscale("log")
            axes.set_xlim(left=min(shown) / 10)
        _name_rows(axes, list(counts))
        axes.set_xlabel("rows of train")
        _legend(axes)

    return _drawn(draw, height=1.2 + ROW * 1.4 * len(counts), left=_room(counts))


def recall_picture(marks: Sequence[RecallMark]) -> str:
    """Returns each class's recall with its bounds, its bar and the champion's recall."""

    def draw(axes: "Axes") -> None:
        for row, mark in enumerate(marks):
            axes.plot([mark.low, mark.high], [row, row], color=BLUE, linewidth=3, alpha=0.5)
            points = (
                (mark.value, "o", BLUE, "recall, bounds"),
                (mark.bar, "|", INK, "bar"),
                (mark.champion, "D", ORANGE, "champion"),
            )
            for value, sign, color, name in points:
                if value is not None:
                    size = 16 if sign == "|" else 7
                    axes.plot(
                        [value],
                        [row],
                        sign,
                        color=color,
                        markersize=size,
                        markeredgewidth=2,
                        label=name,
                    )
        _name_rows(axes, [mark.label for mark in marks])
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel("recall on eval")
        _legend(axes)

    return _drawn(draw, height=1.2 + ROW * len(marks), left=_room(m.label for m in marks))


def precision_recall_picture(label: str, curve: Sequence[tuple[float, float]], share: float) -> str:
    """Returns the precision at each recall of a class, and its share as what guessing reaches.

    Args:
        label: The class.
        curve: (recall, precision), recall ascending, all in [0, 1].
        share: Of the class among the rows, in [0, 1].
    """

    def draw(axes: "Axes") -> None:
        axes.plot(*zip(*curve, strict=True), color=BLUE, drawstyle="steps-pre", label="model")
        axes.axhline(share, color=ORANGE, linestyle="--", label="guessing")
        _unit_square(axes, label, x="recall", y="precision")

    return _drawn(draw, height=SQUARE)


def reliability_picture(label: str, bins: Sequence[tuple[float, float, int]]) -> str:
    """Returns how often a class was true at each predicted probability; areas are rows.

    Args:
        label: The class.
        bins: (mean probability, share of the class, rows).
    """

    def draw(axes: "Axes") -> None:
        most = max(rows for _, _, rows in bins)
        axes.plot([0, 1], [0, 1], color=ORANGE, linestyle="--", label="perfect")
        axes.plot([p for p, _, _ in bins], [s for _, s, _ in bins], color=BLUE, label="model")
        axes.scatter(
            [p for p, _, _ in bins],
            [s for _, s, _ in bins],
            s=[12 + 120 * rows / most for _, _, rows in bins],
            color=BLUE,
            alpha=0.6,
        )
        _unit_square(axes, label, x="predicted probability", y="share of the class")

    return _drawn(draw, height=SQUARE)


def times_picture(seconds: Mapping[str, float]) -> str:
    """Returns a bar of each node's time."""

    def draw(axes: "Axes") -> None:
        axes.barh(range(len(seconds)), list(seconds.values()), color=BLUE, height=0.6)
        _name_rows(axes, list(seconds))
        axes.set_xlabel("seconds")

    return _drawn(draw, height=1.0 + 0.28 * len(seconds), left=_room(seconds))


def trend_picture(recalls: Mapping[str, Sequence[float | None]]) -> str:
    """Returns a line of each class's recall over the runs, oldest first; None is a gap."""
    from matplotlib.ticker import MaxNLocator

    columns = _legend_columns(recalls)

    def draw(axes: "Axes") -> None:
        for i, (name, values) in enumerate(recalls.items()):
            line = [float("nan") if value is None else value for value in values]
            color, sign = COLORS[i % len(COLORS)], MARKS[(i // len(COLORS) + i) % len(MARKS)]
            label = f"\u200b{_plain(name)}"  # A label that begins with "_" would be left out.
            axes.plot(range(1, len(line) + 1), line, color=color, marker=sign, label=label)
        axes.set_ylim(-0.02, 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("run, oldest first")
        axes.set_ylabel("recall on eval")
        _legend(axes, columns=columns)

    legend = 0.2 * math.ceil(len(recalls) / columns)
    return _drawn(draw, height=SQUARE + legend, top=0.2 + legend)


def _drawn(draw: Any, *, height: float, left: float = 0.6, top: float = 0.4) -> str:
    """Returns what `draw` makes of axes in a picture; lengths and margins are inches."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context(STYLE), warnings.catch_warnings():
        # The reader's browser has the letters that matplotlib's own font has not.
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing")
        figure = Figure(figsize=(WIDTH, height))
        figure.subplots_adjust(  # A layout engine would draw everything twice to find the same.
            left=left / WIDTH, right=1 - 0.2 / WIDTH, bottom=0.5 / height, top=1 - top / height
        )
        draw(figure.subplots())
        figure.savefig(out, format="svg", metadata=nothing)
    return out.getvalue()


def _room(names: Iterable[str]) -> float:
    """Returns the inches that the longest name needs beside the axes."""
    return 0.2 + 0.09 * max(len(_plain(name)) for name in names)


def _name_rows(axes: "Axes", names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [_plain(name) for name in names], parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")


def _unit_square(axes: "Axes", label: str, *, x: str, y: str) -> None:
    axes.set_title(_plain(label), fontsize=11, parse_math=False)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks(TICKS)
    axes.set_yticks(TICKS)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    _legend(axes)


def _legend(axes: "Axes", *, columns: int = LEGEND_COLUMNS) -> None:
    """Puts one entry per name above the axes, so that it hides no number."""
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1.02), "borderaxespad": 0}
    if axes.get_title():
        place = {"loc": "upper left", "bbox_to_anchor": (0, 0.99), "framealpha": 0.6}
    legend = axes.legend(
        unique.values(),
        unique.keys(),
        ncols=columns,
        fontsize=9,
        columnspacing=1,
        handlelength=1.5,
        **place,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _legend_columns(names: Iterable[str]) -> int:
    """Returns how many entries of a legend fit beside each other, in [1, LEGEND_COLUMNS]."""
    longest = max(len(_plain(name)) for name in names)
    return max(1, min(LEGEND_COLUMNS, LEGEND_LETTERS // (longest + 6)))


def _plain(name: str) -> str:
    """Returns a name short enough to stand beside a bar, without what an SVG cannot hold."""
    printable = "".join(sign if sign.isprintable() else "\ufffd" for sign in name)
    return shortened(printable, columns=NAME_COLUMNS)
