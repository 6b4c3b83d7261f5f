"""The gate's cells in the order that a reader needs: the worst first."""

from collections.abc import Sequence
from dataclasses import dataclass

from tfx_rebalance.components.report.pictures import RecallMark
from tfx_rebalance.gate import ChampionCell, Gate, ShareCell

ORDER = {"fail": 0, "insufficient": 1, "pass": 2, None: 3}


@dataclass(frozen=True)
class ClassRecall:
    """A class on the whole eval split, and the champion on it."""

    cell: ShareCell
    champion: ChampionCell | None
    champion_recall: float | None


def worst_first(cells: Sequence[ShareCell]) -> list[ShareCell]:
    """Returns what blocks, then FAIL, INSUFFICIENT, PASS and no bar; within, the least margin."""
    return sorted(cells, key=_badness)


def slices_of(gate: Gate) -> list[ShareCell]:
    """Returns the cells that are about a part of the eval split, worst first."""
    return worst_first([cell for cell in gate.shares if cell.where])


def recalls_of(gate: Gate) -> list[ClassRecall]:
    """Returns the recall of each class on the whole eval split, in the order of the classes."""
    champions = {cell.label: cell for cell in gate.champions}
    overall = {cell.label: cell for cell in gate.shares if _is_overall(cell, "recall")}
    return [
        ClassRecall(overall[name], champions.get(name), _champion_recall(champions.get(name)))
        for name in gate.classes
        if name in overall
    ]


def precisions_of(gate: Gate) -> list[ShareCell]:
    """Returns the overall cells of precision, worst first."""
    return worst_first([cell for cell in gate.shares if _is_overall(cell, "precision")])


def marks_of(recalls: Sequence[ClassRecall]) -> list[RecallMark]:
    """Returns what is drawn of them."""
    return [
        RecallMark(
            label=recall.cell.label,
            value=recall.cell.value,
            low=recall.cell.low,
            high=recall.cell.high,
            bar=recall.cell.bar,
            champion=recall.champion_recall,
        )
        for recall in recalls
    ]


def where_told(cell: ShareCell) -> str:
    """Returns the part of the eval split in words."""
    return " and ".join(f"{feature} is {value}" for feature, value in cell.where.items())


def _is_overall(cell: ShareCell, kind: str) -> bool:
    return not cell.where and cell.kind == kind


def _champion_recall(cell: ChampionCell | None) -> float | None:
    if cell is None:
        return None
    rows = cell.both + cell.gained + cell.lost + cell.neither
    return (cell.both + cell.lost) / rows if rows else None


def _badness(cell: ShareCell) -> tuple[bool, int, float, str, str]:
    lacking = cell.low - cell.bar if cell.bar is not None else cell.low
    return not cell.blocks, ORDER[cell.verdict], lacking, where_told(cell), cell.label
