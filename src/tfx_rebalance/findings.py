"""What ImbalanceValidator found, as it lies in `report.json`: nodes and the command read it."""

import os
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.files import REPORT_FILE

SHOWN = 10
"""How many of the things that share a sentence are told."""

Verdict = Literal["ok", "warn", "stop"]
VERDICTS: tuple[Verdict, ...] = ("ok", "warn", "stop")
"""From the best to the worst."""


class Check(BaseModel):
    """One thing that was looked at: its number, its bar, what follows."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    """As its bar is called in the settings."""
    subject: str
    """A class, a feature, a split, or two of them."""
    value: float | None = None
    """None: not measured, or no finite number."""
    bar: float | None = None
    verdict: Verdict = "ok"
    sentence: str
    remedy: str = ""
    topic: str = ""
    """What `sentence` begins with, before ": ", where several checks can share one line."""
    split: str = ""
    """The split it is about, if any."""
    column: str = ""
    """The column it is about, if any."""
    measure: str = ""
    """Which distance `value` began as, for those that have several."""


class Findings(BaseModel):
    """All checks of a run; the verdict is the worst of theirs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict
    checks: tuple[Check, ...]
    classes: dict[str, dict[str, int]]
    """Split -> class -> rows."""
    settings: dict[str, Any] = {}

    def told(self, verdict: Verdict) -> list[str]:
        """Returns the checks with this verdict as text, those with a common topic as one."""
        groups: dict[tuple[str, str], list[Check]] = {}
        for i, check in enumerate(self.checks):
            if check.verdict == verdict:
                key = (check.name, check.topic or str(i))
                groups.setdefault(key, []).append(check)
        return [_told(checks) for checks in groups.values()]


def findings_of(
    checks: Iterable[Check], *, classes: dict[str, dict[str, int]], settings: dict[str, Any]
) -> Findings:
    """Returns the checks with their overall verdict."""
    kept = tuple(checks)
    return Findings(
        verdict=worst(check.verdict for check in kept),
        checks=kept,
        classes=classes,
        settings=settings,
    )


def not_measured(name: str, subject: str, *, why: str) -> Check:
    """Returns a check that says so: nothing is left out in silence."""
    return Check(name=name, subject=subject, sentence=f"not measured: {name} of {subject}: {why}")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Returns the worst verdict; of none at all `ok`."""
    return max(verdicts, key=VERDICTS.index, default="ok")


def read_findings(uri: str) -> Findings:
    """Returns the content of an ImbalanceReport.

    Raises:
        CorruptArtifactError: If it is not there or not whole.
    """
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    path = os.path.join(uri, REPORT_FILE)
    try:
        with tf.io.gfile.GFile(path) as file:
            return Findings.model_validate_json(file.read())
    except (tf.errors.OpError, ValidationError) as error:
        raise CorruptArtifactError(
            f"{path!r} is not a report of ImbalanceValidator: {str(error).splitlines()[0]}. Run "
            "ImbalanceValidator again, without the cache."
        ) from error


def _told(checks: list[Check]) -> str:
    first = checks[0]
    sentence = first.sentence
    if first.topic:
        details = [check.sentence.removeprefix(f"{first.topic}: ") for check in checks]
        more = f" (and {len(details) - SHOWN} more)" if len(details) > SHOWN else ""
        sentence = f"{first.topic}: {'; '.join(details[:SHOWN])}{more}"
    return f"{sentence}. {first.remedy}".rstrip() if first.remedy else sentence
