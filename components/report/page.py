"""The page of a run: from facts to one HTML file that needs nothing else."""

import base64
import json
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml

from tfx_rebalance.components.report import pictures
from tfx_rebalance.components.report.cells import (
    marks_of,
    precisions_of,
    recalls_of,
    slices_of,
    where_told,
)
from tfx_rebalance.components.report.facts import RunFacts
from tfx_rebalance.components.report.headline import headline_of
from tfx_rebalance.gate import Gate

if TYPE_CHECKING:
    from jinja2 import Environment

SECTIONS = {
    "rows": "Rows per class",
    "recall": "Recall per class",
    "slices": "Slices",
    "ranking": "Precision and recall",
    "reliability": "Reliability of probabilities",
    "confusion": "Confusion matrix",
    "checks": "Checks of the data",
    "rebalance": "What Rebalance did",
    "decision": "Thresholds and calibration",
    "nodes": "Nodes",
    "attempts": "Attempts on these eval rows",
    "releases": "Releases by hand",
    "origin": "Where it comes from",
    "config": "Config",
}
"""The sections' ids and headings, in their order; a run that ended early has all of them too."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def page_of(facts: RunFacts) -> str:
    """Returns the page as HTML: no script, nothing from elsewhere."""
    gate = facts.gate
    return (
        environment()
        .get_template("run.html")
        .render(
            facts=facts,
            headline=headline_of(facts),
            sections=SECTIONS,
            gate=gate,
            recalls=recalls_of(gate) if gate else [],
            precisions=precisions_of(gate) if gate else [],
            slices=slices_of(gate) if gate else [],
            drawn=_drawn(facts),
            config=yaml.safe_dump(facts.config, sort_keys=False, allow_unicode=True),
            not_reached=_not_reached(facts),
        )
    )


@cache
def environment() -> "Environment":
    """Returns the templates; what they print is escaped, and what they misspell is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    made.filters |= {
        "share": _share,
        "count": _count,
        "percent": _percent,
        "where": where_told,
        "image": image,
        "word": _word,
        "json": _json,
        "link": link,
    }
    return made


def image(svg: str) -> str:
    """Returns an SVG as the address of an image that is its own content."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def link(path: str, page_beside: str) -> str | None:
    """Returns the way from a page to a file of this machine, so that both can move together.

    Args:
        path: Where the file is.
        page_beside: A file in the page's folder.

    Returns:
        A relative address, or None for what is not on this machine.
    """
    if "://" in path:
        return None
    return quote(Path(os.path.relpath(path, os.path.dirname(page_beside))).as_posix())


def _drawn(facts: RunFacts) -> dict[str, Any]:
    """Returns the charts of a run, SVG by section, or by section and class."""
    seconds = {node.name: node.seconds for node in facts.nodes if node.seconds is not None}
    drawn: dict[str, Any] = {"nodes": pictures.times_picture(seconds) if seconds else None}
    counts = _counts(facts)
    drawn["rows"] = pictures.counts_picture(counts) if counts else None
    return drawn | (_drawn_of_gate(facts.gate) if facts.gate else {})


def _drawn_of_gate(gate: Gate) -> dict[str, Any]:
    rows = max(sum(quality.support for quality in gate.quality.values()), 1)
    marks = marks_of(recalls_of(gate))
    return {
        "recall": pictures.recall_picture(marks) if marks else None,
        "ranking": {
            name: pictures.precision_recall_picture(name, quality.pr_curve, quality.support / rows)
            for name, quality in gate.quality.items()
            if quality.pr_curve
        },
        "reliability": {
            name: pictures.reliability_picture(name, quality.reliability)
            for name, quality in gate.quality.items()
            if quality.reliability
        },
    }


def _counts(facts: RunFacts) -> Mapping[str, tuple[int, int]]:
    if facts.resampling is None:
        return {}
    return {
        row.label: (row.before, row.after)
        for row in facts.resampling.classes
        if row.split == "train"
    }


def _not_reached(facts: RunFacts) -> str:
    if facts.place != "local":
        return (
            "Not in this report: the run left nothing about this behind. It was not reached, or "
            "an earlier run's result was taken."
        )
    if facts.failed_node:
        return f"Not reached: the run ended in {facts.failed_node}."
    return "Not reached: the run left nothing about this behind."


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"


def _word(text: str) -> str:
    return text.replace("_", " ")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _printable(value: object) -> object:
    """Returns text with U+FFFD for what no page can hold, such as a log's control characters."""
    return type(value)(_NOT_XML.sub("\ufffd", value)) if isinstance(value, str) else value
