"""What the release gate decided, as `gate.json` of an evaluation: nodes and the command read it."""

import os
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.files import GATE_FILE

Verdict = Literal["pass", "fail", "insufficient"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ShareCell(_Part):
    """Recall or precision of a class, overall or where some features have some values."""

    kind: Literal["recall", "precision"]
    label: str
    where: dict[str, str] = {}
    """Feature -> value (or bucket); empty: the whole eval split."""
    hits: int
    rows: int
    """Recall: rows of the class. Precision: rows decided to be of it."""
    value: float | None
    """hits / rows; None: no row."""
    low: float
    """One-sided lower bound at the gate's confidence, in [0, 1]."""
    high: float
    """One-sided upper bound at the same confidence."""
    bar: float | None = None
    verdict: Verdict | None = None
    """None: it has no bar."""
    blocks: bool = False
    """Whether it alone keeps the model from being released."""
    needed: int | None = None
    """`insufficient`: how many more rows would settle it if its share stayed what it is; None:
    none would (the share is the bar), or it is settled."""
    p_value: float | None = None
    """Of the test that blocks, after the correction over slices."""


class ChampionCell(_Part):
    """Recall of a class against the champion's, on the same rows."""

    label: str
    both: int
    """Rows of the class that both models find."""
    gained: int
    """That only the candidate finds."""
    lost: int
    """That only the champion finds."""
    neither: int
    difference: float | None
    """(gained - lost) / rows; None: no row."""
    low: float
    """One-sided lower bound of the difference, in [-1, 1]."""
    high: float
    margin: float
    verdict: Verdict
    blocks: bool
    needed: int | None = None


class CalibrationCell(_Part):
    """Expected calibration error of a class against its ceiling, both point estimates."""

    label: str
    value: float
    ceiling: float
    verdict: Verdict
    blocks: bool


class ClassQuality(_Part):
    """How a class is found, ranked and given probabilities, on the whole eval split."""

    support: int
    recall: float | None
    precision: float | None
    f1: float | None
    pr_auc: float | None
    roc_auc: float | None
    ece: float
    brier: float
    """Mean squared error of the class's probability."""
    calibration_slope: float | None
    """1 is perfect, below: too confident; None: not determined."""
    calibration_intercept: float | None
    pr_curve: tuple[tuple[float, float], ...] = ()
    """(recall, precision), recall ascending; at most some hundred points."""
    reliability: tuple[tuple[float, float, int], ...] = ()
    """(mean probability, share of the class, rows) of each bin that has rows."""


class Gate(_Part):
    """The verdict and everything it rests on."""

    passed: bool
    reasons: tuple[str, ...]
    """A sentence per cell that blocks; where it passed, one that says why."""
    classes: tuple[str, ...]
    confidence: float
    champion: Literal["compared", "cold_start", "off"]
    excluded_rows: int | None = 0
    """Eval rows the champion was fitted on: they left the comparison with it; None: its release
    does not say which rows those are, so none did."""
    shares: tuple[ShareCell, ...]
    champions: tuple[ChampionCell, ...] = ()
    calibrations: tuple[CalibrationCell, ...] = ()
    quality: dict[str, ClassQuality]
    overall: dict[str, float]
    """balanced_accuracy, g_mean, macro_f1, mcc, log_loss, brier."""
    confusion: tuple[tuple[int, ...], ...]
    """Rows by (class, decision)."""
    settings: dict[str, Any]
    """`evaluate` as it was."""


def read_gate(uri: str) -> Gate:
    """Returns what lies in an evaluation artifact.

    Raises:
        CorruptArtifactError: If it is missing or damaged.
    """
    path = os.path.join(uri, GATE_FILE)
    try:
        import tensorflow as tf

        with tf.io.gfile.GFile(path) as file:
            return Gate.model_validate_json(file.read())
    except (tf.errors.OpError, ValidationError) as error:
        raise CorruptArtifactError(
            f"{path!r} cannot be read: {str(error).splitlines()[0]}. Run again with --no-cache."
        ) from None
