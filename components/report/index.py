"""The page that lists all runs of a root, with their verdicts and the trend of recall."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tfx_rebalance.components.report.facts import Event, RunFacts, order_of
from tfx_rebalance.components.report.headline import Headline, headline_of
from tfx_rebalance.components.report.page import environment
from tfx_rebalance.components.report.pictures import trend_picture

TREND = 50
"""How many runs of a pipeline are drawn, the newest ones."""


@dataclass(frozen=True)
class Entry:
    """A run as it stands in the list."""

    run_id: str
    pipeline: str
    started: str
    headline: Headline
    recalls: dict[str, float | None] = field(default_factory=dict)
    """Class -> recall on eval; empty: not evaluated."""
    attempt: int | None = None
    version: str | None = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """The runs of one pipeline."""

    name: str
    entries: Sequence[Entry]
    """Newest first."""

    @property
    def classes(self) -> list[str]:
        """Every class that a run of it measured, in the order of the newest that has it."""
        return list(dict.fromkeys(name for entry in self.entries for name in entry.recalls))

    @property
    def trend(self) -> str | None:
        """Recall over the evaluated runs as SVG; None if there are none."""
        drawn = [entry for entry in self.entries if entry.recalls][:TREND][::-1]
        if not drawn:
            return None
        return trend_picture(
            {name: [entry.recalls.get(name) for entry in drawn] for name in self.classes}
        )


def entry_of(facts: RunFacts) -> Entry:
    """Returns what the list says of a run."""
    quality = facts.gate.quality if facts.gate else {}
    return Entry(
        run_id=facts.run_id,
        pipeline=facts.pipeline,
        started=facts.started,
        headline=headline_of(facts),
        recalls={name: found.recall for name, found in quality.items()},
        attempt=facts.attempt,
        version=facts.released_version,
        events=facts.events,
    )


def index_of(entries: Sequence[Entry], *, without: Sequence[str]) -> str:
    """Returns the list as HTML, newest runs first.

    Args:
        entries: The runs, in any order.
        without: Runs that have no report that can be read, as sentences.
    """
    newest = sorted(entries, key=lambda e: order_of(e.started, e.run_id), reverse=True)
    names = dict.fromkeys(entry.pipeline for entry in newest)
    pipelines = [
        Pipeline(name, [entry for entry in newest if entry.pipeline == name]) for name in names
    ]
    template = environment().get_template("index.html")
    return template.render(pipelines=pipelines, without=without)
