"""The tables of `strategies.py`, as Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from _strategies_models import FIT, MODELS
from _strategies_resampling import NONE, VARIANTS
from _strategies_results import (
    LEVEL,
    RESAMPLE,
    SCORES,
    Difference,
    Results,
    Run,
    difference,
    mean_of,
    of_repeats,
)

TITLES = {
    "average_precision": "average precision",
    "log_loss": "log loss, not corrected",
    "corrected_log_loss": "log loss, corrected to the natural prior",
    "balanced_accuracy": "balanced accuracy of the argmax, against none's balanced decision",
    "decided_balanced_accuracy": "balanced accuracy of the balanced decision",
    FIT: "CPU seconds to fit",
    RESAMPLE: "CPU seconds to resample",
}


@dataclass(frozen=True)
class Cell:
    """What is measured."""

    variant: str
    score: str


@dataclass(frozen=True)
class Row:
    """One number per data set."""

    name: str
    ours: Cell
    theirs: Cell | None = None
    """What is taken off; None: nothing."""

    @property
    def digits(self) -> int:
        """Behind the point."""
        return 4 if self.ours.score.endswith("log_loss") else 3


@dataclass(frozen=True)
class Table:
    """Rows of numbers, one column per data set."""

    title: str
    rows: Sequence[Row]


def tables() -> Iterator[Table]:
    """Yields the tables that there are of each model."""
    for score, title in TITLES.items():
        yield Table(title, [_to_none(variant, score) for variant in VARIANTS])
    corrected = "corrected_log_loss"
    yield Table(
        "log loss, what the correction adds",
        [
            Row(name, Cell(name, corrected), Cell(name, "log_loss"))
            for name, variant in VARIANTS.items()
            if name != NONE and not variant.upweight
        ],
    )
    for score in ("average_precision", corrected):
        yield Table(
            f"{TITLES[score]}, what upweight adds",
            [
                Row(without, Cell(f"{without} + upweight", score), Cell(without, score))
                for without in ("undersample", "undersample 10:1")
            ],
        )


def tables_of(results: Results) -> str:
    """Returns all tables: means, and differences with their 95 % intervals; bold: beyond noise."""
    return "\n\n".join(
        table_of(results, table, model)
        for model in MODELS
        for table in tables()
        if model == MODELS[0] or table.title != TITLES[RESAMPLE]
    )


def table_of(results: Results, table: Table, model: str) -> str:
    """Returns a table, and below it how many differences are not noise."""
    data = list(dict.fromkeys(run.data for run in results))
    lines = [
        f"**{model}: {table.title}**",
        "",
        f"| | {' | '.join(data)} |",
        f"|---|{'---:|' * len(data)}",
    ]
    found: list[Difference] = []
    for row in table.rows:
        cells = []
        for name in data:
            text, one = _cell(results, row, name, model)
            cells.append(text)
            found += [one] if one else []
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return "\n".join([*lines, *([f"\n{beyond_noise(found)}"] if found else [])])


def beyond_noise(found: Sequence[Difference]) -> str:
    """Returns how many differences are not noise, and how many would be if all were."""
    above = sum(one.mean > 0 and not one.is_noise for one in found)
    below = sum(one.mean < 0 and not one.is_noise for one in found)
    chance = len(found) * (1 - LEVEL) / 2
    return (
        f"Of {len(found)} differences {above} are above 0 beyond noise and {below} below; by "
        f"chance alone {chance:.1f} would be each."
    )


def _to_none(variant: str, score: str) -> Row:
    ours, none = Cell(variant, score), Cell(NONE, SCORES[score])
    return Row(variant, ours, None if ours == none or score in (FIT, RESAMPLE) else none)


def _cell(results: Results, row: Row, data: str, model: str) -> tuple[str, Difference | None]:
    ours = Run(data, model, row.ours.variant)
    if ours not in results:
        return "-", None
    if row.theirs is None:
        return f"{mean_of(results, ours, row.ours.score):.{row.digits}f}", None
    theirs = Run(data, model, row.theirs.variant)
    found = difference(
        of_repeats(results, ours, row.ours.score), of_repeats(results, theirs, row.theirs.score)
    )
    return found.text(row.digits), found
