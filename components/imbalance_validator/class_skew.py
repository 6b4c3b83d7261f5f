"""How uneven the classes of train are."""

import math
from collections.abc import Mapping

from tfx_rebalance.components.imbalance_validator.settings import Bars, ValidateSettings
from tfx_rebalance.findings import Check

Counts = Mapping[str, int]

REMEDY = "See docs/resampling.md for what helps, or collect more rows"


def imbalance_ratio(counts: Counts) -> float:
    """Returns rows of the largest class / rows of the smallest, >= 1; inf if one has none.

    IR of Orriols-Puig and Bernadó-Mansilla (2009).
    """
    smallest = min(counts.values())
    return max(counts.values()) / smallest if smallest else math.inf


def entropy(counts: Counts) -> float:
    """Returns Shannon's entropy (1948) of the class shares in nats, -sum p log p."""
    rows = sum(counts.values())
    return -sum(n / rows * math.log(n / rows) for n in counts.values() if n)


def normalized_entropy(counts: Counts) -> float:
    """Returns entropy / log(classes), in [0, 1]: Pielou's evenness (1966); 1 is balanced."""
    return entropy(counts) / math.log(len(counts))


def effective_classes(counts: Counts) -> float:
    """Returns exp(entropy), in [1, classes]: Hill's number (1973) of order 1.

    That many classes of equal size have the same entropy.
    """
    return math.exp(entropy(counts))


def class_skew(counts: Counts, settings: ValidateSettings) -> list[Check]:
    """Returns the checks of train's rows per class; there are at least two classes."""
    rows = sum(counts.values())
    if not rows:
        return [_no_rows(settings)]
    few = min(counts, key=lambda name: counts[name])
    many = max(counts, key=lambda name: counts[name])
    ratio, even = imbalance_ratio(counts), normalized_entropy(counts)
    effective = effective_classes(counts)
    pair = f"{many!r} has {counts[many]:,} rows in train, {few!r} {counts[few]:,}"
    share = f"the smallest class of train, {few!r}, has {counts[few] / rows:.3g} of its rows"
    evenness = f"the normalized entropy of train's classes is {even:.3g}"
    classes = f"train's {len(counts)} classes are worth {effective:.3g} classes of equal size"
    measured = {
        "imbalance_ratio": (ratio, f"{pair}: {_rounded(ratio)} to 1"),
        "smallest_share": (counts[few] / rows, share),
        "entropy": (even, evenness),
        "effective_classes": (effective, classes),
    }
    return [
        *(
            _check(name, value, told, smallest=few, settings=settings)
            for name, (value, told) in measured.items()
        ),
        *_class_rows(counts, settings.min_class_rows),
    ]


def _rounded(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 and math.isfinite(ratio) else f"{ratio:.3g}"


def _no_rows(settings: ValidateSettings) -> Check:
    return Check(
        name="min_class_rows",
        subject="train",
        value=0,
        bar=settings.min_class_rows.shown("stop"),
        verdict="stop",
        sentence="train has no row with a known label",
        remedy="Correct the data or the label's domain in the schema.",
        split="train",
    )


def _check(
    name: str, value: float, sentence: str, *, smallest: str, settings: ValidateSettings
) -> Check:
    bars: Bars = getattr(settings, name)
    verdict = bars.verdict(value, bad="high" if name == "imbalance_ratio" else "low")
    remedy = f"{REMEDY}; validate.{name} has the bars." if verdict != "ok" else ""
    return Check(
        name=name,
        subject=smallest,
        value=value if math.isfinite(value) else None,
        bar=bars.shown(verdict),
        verdict=verdict,
        sentence=sentence,
        remedy=remedy,
        split="train",
    )


def _class_rows(counts: Counts, bars: Bars) -> list[Check]:
    topic = "few rows of a class in train"
    checks = []
    for label, rows in counts.items():
        verdict = bars.verdict(rows, bad="low")
        bar = bars.shown(verdict)
        checks.append(
            Check(
                name="min_class_rows",
                subject=label,
                value=rows,
                bar=bar,
                verdict=verdict,
                sentence=f"{label!r} has {rows:,} rows in train"
                if verdict == "ok"
                else f"{topic}: {label!r} has {rows:,}, fewer than {bar:g}",
                remedy="Collect more rows, merge classes, or lower validate.min_class_rows."
                if verdict != "ok"
                else "",
                topic=topic if verdict != "ok" else "",
                split="train",
            )
        )
    return checks
