"""How a run ended: the JSON that programs read and the table that people read."""

from typing import Literal

from pydantic import BaseModel, ConfigDict
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tfx_rebalance.gate import Verdict as GateVerdict
from tfx_rebalance.pipeline.console import print_whole

Verdict = Literal["released", "not_released", "stopped"]

NOT_BLESSED = 4
"""The exit code of `not_released`; that of `stopped` depends on what stopped the run."""


class ClassResult(BaseModel):
    """One class, from training rows to recall; None where the run did not get that far."""

    model_config = ConfigDict(frozen=True)

    before: int | None = None
    """Training rows before Rebalance."""
    after: int | None = None
    recall: float | None = None
    recall_low: float | None = None
    """One-sided lower bound at the gate's confidence."""
    recall_high: float | None = None
    support: int | None = None
    """Rows in eval."""
    bar: float | None = None
    gate: GateVerdict | None = None
    """Of its recall on the whole eval split; None: it has no bar, or the gate was not reached."""


class RunResult(BaseModel):
    """The whole of it."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    verdict: Verdict
    reason: str
    confidence: float
    """Of each one-sided bound by which the gate judges."""
    classes: dict[str, ClassResult]
    model_uri: str | None = None
    """Where the model was pushed to; None if it was not."""
    notes: list[str] = []
    """What was done to the data on the way in, as configured, and what the Trainer has to say."""
    warnings: list[str]
    """What the checks of the data warn of."""
    seconds: dict[str, float]
    cached: list[str]
    """Nodes whose earlier result was taken."""
    log: str
    report: str | None = None
    """The page of the run; None if it could not be written, which is a warning."""
    exit_code: int


def print_table(result: RunResult, console: Console) -> None:
    """Prints the result for a person."""
    console.print()
    if any(c.before is not None for c in result.classes.values()):
        print_whole(console, _class_table(result))
    console.print(Group(*_parts(result)), soft_wrap=True)


def _parts(result: RunResult) -> list[RenderableType]:
    style = {"released": "bold green", "not_released": "bold yellow", "stopped": "bold red"}
    verdict = Text(result.verdict.upper().replace("_", " "), style=style[result.verdict])
    parts: list[RenderableType] = [verdict.append(f": {result.reason}", style="not bold")]
    parts += [Text(f"note: {note}", style="dim") for note in result.notes]
    parts += [Text(f"warning: {warning}", style="yellow") for warning in result.warnings]
    if result.model_uri:
        parts.append(Text(f"model:   {result.model_uri}"))
    if result.report:
        parts.append(Text(f"report:  {result.report}"))
    parts.append(Text(f"log:     {result.log}"))
    times = (
        f"{name} {'cached' if name in result.cached else f'{seconds:.1f}'}"
        for name, seconds in result.seconds.items()
    )
    parts.append(Text(f"seconds: {', '.join(times)}; {sum(result.seconds.values()):.1f} in all"))
    return parts


def _class_table(result: RunResult) -> Table:
    table = Table(title=f"run {result.run_id}", title_justify="left", caption_justify="left")
    table.caption = (
        "rows of train before and after Rebalance, rows of eval; recall on eval, between bounds of "
        f"{result.confidence:g} confidence each"
    )
    table.add_column("class", no_wrap=True)
    for name in ("before", "after", "eval", "recall", "bounds", "bar", "gate"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, c in result.classes.items():
        interval = "-" if c.recall_low is None else f"{c.recall_low:.3f} to {c.recall_high:.3f}"
        table.add_row(
            name,
            _count(c.before),
            _count(c.after),
            _count(c.support),
            _share(c.recall),
            interval,
            _share(c.bar),
            c.gate or "-",
        )
    return table


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
