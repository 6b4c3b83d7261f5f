"""`tfx-rebalance power`: what the configured gate can tell, as a table and as JSON."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from tfx_rebalance.components.evaluator.gating.champion_power import (
    DISCORDANT,
    ChampionPower,
    champion_powers,
)
from tfx_rebalance.components.evaluator.gating.power import (
    SHIFTS,
    WANTED,
    CellPower,
    class_powers,
    slice_powers,
)
from tfx_rebalance.components.evaluator.gating.reasons import place
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features
from tfx_rebalance.names import nearest
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.console import print_whole
from tfx_rebalance.pipeline.eval_rows import EvalRows, expected_rows


@dataclass(frozen=True)
class PowerReport:
    """What the rows can tell, by cell of the gate."""

    confidence: float
    interval: str
    counted: bool
    """Whether the rows were counted in the data, not given."""
    rows: Mapping[str, int]
    classes: tuple[CellPower, ...]
    slices: tuple[CellPower, ...]
    champion: tuple[ChampionPower, ...]

    def as_json(self) -> str:
        """Returns one JSON object."""
        return json.dumps(asdict(self))


def power_report(
    config: PipelineConfig, features: Features, positives: Mapping[str, int]
) -> PowerReport:
    """Returns what the gate can tell.

    Args:
        config: The run.
        features: What `checks.check_config` made of the schema.
        positives: Class -> rows of it in eval; empty: they are counted in the data.

    Raises:
        ConfigError: If there are none and the data cannot be counted.
        DataError: If a row cannot be read.
    """
    rows = EvalRows(positives, ()) if positives else expected_rows(config, features)
    gate: GateSettings = config.evaluate
    return PowerReport(
        confidence=gate.confidence,
        interval=gate.interval,
        counted=not positives,
        rows=rows.classes,
        classes=class_powers(gate, rows.classes),
        slices=slice_powers(gate, rows.slices),
        champion=champion_powers(gate.champion, rows.classes),
    )


def positives_of(texts: Sequence[str], classes: Collection[str]) -> dict[str, int]:
    """Returns class -> rows from `CLASS=N` each.

    Raises:
        ConfigError: If a class is unknown or a number is not one >= 1.
    """
    found: dict[str, int] = {}
    for text in texts:
        label, equals, number = text.rpartition("=")
        if not equals or not number.isascii() or not number.isdigit() or int(number) < 1:
            raise ConfigError(
                f"--positives takes CLASS=N with N >= 1, such as yes=50, got {text!r}."
            )
        if label not in classes:
            raise ConfigError(
                f"--positives names the class {label!r}, which the schema's label domain does not "
                f"have{nearest(classes, label)}. Allowed: {', '.join(classes)}."
            )
        found[label] = int(number)
    return found


def print_power(report: PowerReport, console: Console) -> None:
    """Prints the report for a person."""
    how = "expected from the data" if report.counted else "as given"
    said = f"{report.confidence:g} confidence, {report.interval}"
    cells = (*report.classes, *report.slices)
    tables = [_chances(cells, f"rows of eval {how}; {said}"), _fewest(report.classes)]
    for table in [*tables, *([_champion(report)] if report.champion else [])]:
        print_whole(console, table)
    if not report.counted:
        console.print("slices are left out: their rows are counted only without --positives")


def _chances(cells: Sequence[CellPower], caption: str) -> Table:
    table = Table(
        title="How often a model is let through whose recall is so far from the bar in truth",
        title_justify="left",
        caption=f"{caption}. insufficient: what happens between pass and fail.",
        caption_justify="left",
    )
    table.add_column("class", no_wrap=True)
    for name in ("rows", "bar", "passes from", "fails to", "insufficient"):
        table.add_column(name, justify="right", no_wrap=True)
    for shift in SHIFTS:
        table.add_column(f"{shift:+.2f}" if shift else "bar", justify="right", no_wrap=True)
    for cell in cells:
        name = f"{cell.label} where {place(cell.where)}" if cell.where else cell.label
        counts = (
            f"{cell.rows:,}",
            f"{cell.bar:g}",
            _hits(cell.hits_to_pass),
            _hits(cell.hits_to_fail),
        )
        chances = (_percent(chance.released) for chance in cell.chances)
        table.add_row(name, *counts, cell.insufficient, *chances)
    return table


def _fewest(cells: Sequence[CellPower]) -> Table:
    table = Table(
        title="The fewest rows with which a model so much above the bar passes so often",
        title_justify="left",
    )
    table.add_column("class", no_wrap=True)
    for above, chance in WANTED:
        table.add_column(f"{above:+.2f}, {chance:.0%}", justify="right", no_wrap=True)
    for cell in cells:
        table.add_row(cell.label, *(_hits(fewest.rows) for fewest in cell.fewest))
    return table


def _champion(report: PowerReport) -> Table:
    margin = report.champion[0].margin
    table = Table(
        title=f"How often a retrain as good as the champion is let through (margin {margin:g})",
        title_justify="left",
    )
    table.add_column("class", no_wrap=True)
    table.add_column("rows", justify="right")
    for share in DISCORDANT:
        table.add_column(f"{share:.0%} of rows differ", justify="right", no_wrap=True)
    for cell in report.champion:
        chances = (_percent(chance) for _, chance in cell.released)
        table.add_row(cell.label, f"{cell.rows:,}", *chances)
    return table


def _hits(number: int | None) -> str:
    return "never" if number is None else f"{number:,}"


def _percent(chance: float) -> str:
    return f"{100 * chance:.1f} %"
