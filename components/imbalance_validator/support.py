"""Whether eval has the rows to prove what the release gate asks for."""

from collections.abc import Mapping
from typing import Literal

from tfx_rebalance.findings import Check, not_measured
from tfx_rebalance.intervals import positives_to_prove

EVAL = "eval"


def support(
    counts: Mapping[str, int] | None,
    bars: Mapping[str, float | None],
    *,
    confidence: float,
    mode: Literal["warn", "stop", "off"],
) -> list[Check]:
    """Returns a check per class with a bar.

    Args:
        counts: Rows of each class in eval; None if nobody counted them.
        bars: Class -> the recall to prove, in (0, 1], or None.
        confidence: Of the one-sided exact lower bound that has to reach the bar.
        mode: What follows when there are too few rows.
    """
    asked = {label: bar for label, bar in bars.items() if bar is not None}
    why = ""
    if mode == "off":
        why = "validate.support is off"
    elif not asked:
        why = "no class has a bar"
    elif counts is None:
        why = "nobody counted the classes of eval; hand in the examples of ExampleGen"
    if why:
        return [not_measured("support", EVAL, why=why)]
    found = counts or {}
    return [
        _check(label, bar, rows=found.get(label, 0), confidence=confidence, stops=mode == "stop")
        for label, bar in asked.items()
    ]


def _check(label: str, bar: float, *, rows: int, confidence: float, stops: bool) -> Check:
    needed = positives_to_prove(bar, confidence=confidence) if bar < 1 else None
    least = f"{needed:,} are needed" if needed is not None else "no number of rows is enough"
    enough = needed is not None and rows >= needed
    of_class = f"{rows:,} {'row' if rows == 1 else 'rows'} of {label!r} in eval"
    at = f"a recall of {bar:g} at {confidence * 100:.4g} % confidence"
    sentence = (
        f"{of_class} can show {at}: {least}"
        if enough
        else f"with {of_class} no model can show {at}; {least}"
    )
    return Check(
        name="support",
        subject=label,
        value=rows,
        bar=needed,
        verdict="ok" if enough else "stop" if stops else "warn",
        sentence=sentence,
        remedy=""
        if enough
        else "Collect more rows, give eval a larger share, or lower the class's bar.",
        split=EVAL,
    )
