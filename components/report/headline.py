"""What stands on top of a report: the verdict in a few words and why, in one sentence."""

from dataclasses import dataclass
from typing import Literal

from tfx_rebalance.components.report.facts import STOPPED_BY_DATA, RunFacts
from tfx_rebalance.gate import Gate

Tone = Literal["good", "warn", "bad"]


@dataclass(frozen=True)
class Headline:
    """The verdict as it is read first."""

    title: str
    reason: str
    tone: Tone
    """`good`: the gate released it. `bad`: it did not, or the run ended early. `warn`: there were
    too few rows to tell, a person released it all the same, or the run failed after the release."""


def headline_of(facts: RunFacts) -> Headline:
    """Returns the verdict of a run; what a person did afterwards is part of it."""
    overrides = [event for event in facts.events if event.kind == "override"]
    if overrides:
        last = overrides[-1]
        return Headline(
            title=f"Not blessed, released by {last.by}",
            reason=f"{last.by} released it as version {last.version}: {last.reason}",
            tone="warn",
        )
    if facts.verdict == "released" and facts.exit_code:
        where = f" in {facts.failed_node}" if facts.failed_node else ""
        return Headline(f"Released, then failed{where}", facts.reason, "warn")
    if facts.verdict == "released":
        return Headline("Released", _first(facts), "good")
    if facts.verdict == "not_released":
        too_few = facts.gate is not None and only_insufficient(facts.gate)
        title = "Not released: too few rows to tell" if too_few else "Not released"
        return Headline(title, _first(facts), "warn" if too_few else "bad")
    if facts.exit_code == STOPPED_BY_DATA:
        return Headline("Stopped by the data", facts.reason, "bad")
    title = f"Failed in {facts.failed_node}" if facts.failed_node else "Failed"
    return Headline(title, facts.reason, "bad")


def only_insufficient(gate: Gate) -> bool:
    """Returns whether what blocks the release are cells with too few rows, and nothing else."""
    blocking = {cell.verdict for cell in gate.shares if cell.blocks}
    blocking |= {cell.verdict for cell in gate.champions if cell.blocks}
    blocking |= {cell.verdict for cell in gate.calibrations if cell.blocks}
    return blocking == {"insufficient"}


def _first(facts: RunFacts) -> str:
    """Returns the first reason of the gate, and how many more there are."""
    if facts.gate is None or not facts.gate.reasons:
        return facts.reason
    first, *more = facts.gate.reasons
    return f"{first} (and {len(more)} more, below)" if more else first
