"""The gate's sentences: what blocks a release and what would change it, or why nothing does."""

from collections.abc import Mapping, Sequence

from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.gate import CalibrationCell, ChampionCell, ShareCell

Cell = ShareCell | ChampionCell | CalibrationCell


def why_blocked(cell: Cell, settings: GateSettings) -> str:
    """Returns what a cell that blocks has to say, without a full stop."""
    if isinstance(cell, ShareCell):
        return _share(cell, settings)
    if isinstance(cell, ChampionCell):
        return _champion(cell)
    return (
        f"expected calibration error of {cell.label!r} is {cell.value:.4f}, above its ceiling "
        f"{cell.ceiling:g}"
    )


def why_passed(cells: Sequence[Cell], settings: GateSettings) -> str:
    """Returns the one sentence of a gate that nothing blocks."""
    judged = [cell for cell in cells if isinstance(cell, ShareCell) and cell.bar is not None]
    shown = [cell for cell in judged if cell.verdict == "pass" and not cell.where]
    text = "nothing blocks it"
    if shown:
        closest = min(shown, key=lambda cell: cell.low - (cell.bar or 0))
        text = (
            f"{len(shown)} of {sum(not cell.where for cell in judged)} shares are shown to reach "
            f"their bars with {settings.confidence:g} confidence; the closest is {closest.kind} of "
            f"{closest.label!r}, at least {closest.low:.3f} (bar {closest.bar:g})"
        )
    unsettled = sum(cell.verdict == "insufficient" for cell in cells)
    return text + (f"; {unsettled} without a verdict do not block" if unsettled else "")


def place(where: Mapping[str, str]) -> str:
    """Returns "country is DE and device is web"."""
    return " and ".join(f"{name} is {value}" for name, value in where.items())


def _share(cell: ShareCell, settings: GateSettings) -> str:
    before = f"where {place(cell.where)}, " if cell.where else ""
    if not cell.rows:
        return before + _nothing(cell)
    text = (
        f"{before}{cell.kind} of {cell.label!r} is {cell.value:.3f} ({cell.hits:,} of "
        f"{cell.rows:,} rows), between {cell.low:.3f} and {cell.high:.3f}, each with "
        f"{settings.confidence:g} confidence"
    )
    bar = f"its bar {cell.bar:g}"
    if cell.verdict == "fail":
        corrected = cell.where and settings.correction != "none"
        after = " after the correction over slices" if corrected else ""
        return f"{text}: below {bar} (p = {cell.p_value:.2g}{after})"
    return f"{text}: too few rows to tell whether it reaches {bar}. {_more(cell.needed)}"


def _nothing(cell: ShareCell) -> str:
    if cell.kind == "precision":
        return f"no row was decided to be {cell.label!r}, so its precision is unknown"
    text = f"the eval split has no row of {cell.label!r}, so its recall is unknown"
    if cell.where:
        text = f"no row is of {cell.label!r}, so its recall there is unknown"
    if cell.needed is None:
        return f"{text}. Bring rows of it, or take the class out of the schema"
    return f"{text}. {cell.needed:,} without a miss would show its bar {cell.bar:g}"


def _champion(cell: ChampionCell) -> str:
    if cell.difference is None:
        return f"no row of {cell.label!r} is left to compare with the champion's recall"
    rows = cell.both + cell.gained + cell.lost + cell.neither
    text = (
        f"recall of {cell.label!r} differs by {cell.difference:+.3f} from the champion's, between "
        f"{cell.low:+.3f} and {cell.high:+.3f} ({rows:,} rows: {cell.gained:,} gained, "
        f"{cell.lost:,} lost)"
    )
    if cell.verdict == "fail":
        return f"{text}: more than {cell.margin:g} is lost"
    return f"{text}: a loss of {cell.margin:g} is not ruled out. {_more(cell.needed)}"


def _more(needed: int | None) -> str:
    if needed is None:
        return "It is so close that no number of rows would settle it"
    return f"{needed:,} more would settle it if it stayed so"
