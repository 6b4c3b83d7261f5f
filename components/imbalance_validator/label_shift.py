"""Whether the classes' shares have changed, and labels that training has never seen."""

from collections.abc import Mapping
from typing import Literal

from tfx_rebalance.components.imbalance_validator.settings import Bars
from tfx_rebalance.findings import Check, Verdict, not_measured
from tfx_rebalance.intervals import Share, least_factor

Counts = Mapping[str, int]

PREVIOUS, SERVING = "previous", "serving"
TRAIN = "train"


def label_shift(
    now: Counts | None, before: Counts | None, *, other: str, bars: Bars, false_alarm: float
) -> list[Check]:
    """Returns a check per class: by which factor at least its share has changed.

    The factor is the least that the exact intervals (Clopper and Pearson 1934; Bonferroni over
    classes) of both shares allow, so few rows raise nothing. A class that vanished or appeared has
    an interval too.

    Args:
        now: Rows of each class in train; None if they could not be counted.
        before: The same in what train is compared with.
        other: What that is.
        bars: On the factor.
        false_alarm: The chance, over all classes, of a factor above 1 where nothing has changed.
    """
    name = "label_shift"
    if not (now and before and sum(now.values()) and sum(before.values())):
        why = f"there are no exact rows per class of {other if now else TRAIN}"
        return [not_measured(name, "classes", why=why)]
    confidence = 1 - false_alarm / len(now)
    return [
        _check(
            label,
            Share(now[label], sum(now.values())),
            Share(before.get(label, 0), sum(before[c] for c in now if c in before)),
            other=other,
            bars=bars,
            confidence=confidence,
        )
        for label in now
    ]


def unknown_labels(
    counts: Counts | None, known: Counts, *, split: str, mode: Verdict
) -> list[Check]:
    """Returns a check of the labels that are no class with rows in train.

    Args:
        counts: Rows of each label; None if they could not be counted.
        known: Rows of each class in train; in train itself those without rows are known too.
        split: Whose labels they are.
        mode: What follows when there are some.
    """
    name = "unknown_labels"
    if counts is None:
        return [not_measured(name, split, why="it has no labels that can be counted")]
    new = {
        label: n
        for label, n in counts.items()
        if n and (label not in known or (split == SERVING and not known[label]))
    }
    found = sorted(new, key=lambda label: (-new[label], label))
    told = ", ".join(f"{label!r} ({new[label]:,})" for label in found)
    never = "that training never saw" if split == SERVING else "outside the label's domain"
    noun = "label" if len(new) == 1 else "labels"
    return [
        Check(
            name=name,
            subject=split,
            value=len(new),
            bar=0,
            verdict=mode if new else "ok",
            sentence=f"{split} has {len(new)} {noun} {never}" + (f": {told}" if new else ""),
            remedy="Collect rows of them for training, or take them out." if new else "",
            split=split,
        )
    ]


def _check(
    label: str, now: Share, before: Share, *, other: str, bars: Bars, confidence: float
) -> Check:
    factor = least_factor(now, before, confidence=confidence)
    verdict = bars.verdict(factor)
    shares = now.hits / now.trials, before.hits / max(1, before.trials)
    way: Literal["more", "less"] = "more" if shares[0] > shares[1] else "less"
    than = f"{shares[0]:.3g} of train, {shares[1]:.3g} of {other}"
    topic = f"the classes of train are not those of {other}"
    told = f"{label!r} is at least {factor:.3g} times {way} frequent ({than})"
    if factor == 1:
        told = f"{label!r} may be as frequent ({than})"
    return Check(
        name="label_shift",
        subject=label,
        value=factor,
        bar=bars.shown(verdict),
        verdict=verdict,
        sentence=f"{topic}: {told}" if verdict != "ok" else f"train against {other}: {told}",
        remedy="Find out what changed; if it is meant, raise validate.label_shift."
        if verdict != "ok"
        else "",
        topic=topic if verdict != "ok" else "",
        split=TRAIN,
    )
