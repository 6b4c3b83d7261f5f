"""What the report of a run says, as `report.json`: everything the page is made from."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.findings import Findings
from tfx_rebalance.gate import Gate

FACTS_FILE, PAGE_FILE, INDEX_FILE = "report.json", "report.html", "index.html"
STOPPED_BY_DATA = 3
"""The exit code of a run that its data stopped."""
RUN_ID = "%Y%m%d-%H%M%S-%f"
"""How a run on this machine is called: when it began, UTC."""

Verdict = Literal["released", "not_released", "stopped"]
NodeState = Literal["done", "cached", "failed", "not_reached", "began", "no_trace"]
"""The last two only of a run elsewhere: it left outputs and nobody says how it ended; it left
nothing, because it was skipped, or taken from the cache, or has no outputs."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Node(_Part):
    """A node of the pipeline in this run."""

    name: str
    state: NodeState
    seconds: float | None = None
    outputs: dict[str, str] = {}
    """Output -> where it lies."""


class Resampled(_Part):
    """What Rebalance did to a class of a split."""

    split: str
    label: str
    before: int
    after: int
    kept: int
    duplicated: int
    synthetic: int
    mean_weight: float
    natural_prior: float
    resulting_prior: float
    notes: tuple[str, ...] = ()


class Resampling(_Part):
    """What Rebalance did."""

    strategy: str
    seconds: float
    classes: tuple[Resampled, ...]


class Training(_Part):
    """Calibration and decision as the Trainer fitted them on `val`."""

    calibration: str
    calibration_log_loss: dict[str, float]
    """Method -> log loss on held-out folds."""
    refused: dict[str, str]
    """Method -> why it was not tried."""
    quality: dict[str, dict[str, float]]
    """Stage (trained, corrected, calibrated) -> log_loss, brier, largest_ece on `val`."""
    rule: str
    thresholds: dict[str, float] | None
    """None: the rule has no thresholds."""
    natural_priors: dict[str, float]
    notes: tuple[str, ...]


class Event(_Part):
    """Something a person did to what is served."""

    kind: Literal["override", "rollback"]
    version: str
    """The version that it made."""
    by: str
    reason: str
    at: str
    """ISO 8601, UTC."""
    rollback_of: str | None = None
    """The version that was copied."""
    destination: str


class Fingerprints(_Part):
    """SHA-256, hexadecimal, of what went in and came out; None: not reached."""

    source: str | None = None
    """Of the source's files and this version, as caching compares them; None also for what is not
    in files of this machine."""
    splits: dict[str, str] = {}
    """Split -> of its files as ExampleGen wrote them."""
    model: str | None = None
    """Of the model tree, as the released manifest has it."""
    code: str
    """Of this project's Python files."""


class RunFacts(_Part):
    """A run from its first node to its last, whatever its end; None: not reached."""

    run_id: str
    pipeline: str
    started: str
    """ISO 8601."""
    place: Literal["local", "kubeflow", "vertex"] = "local"
    """Where it ran; elsewhere than on this machine its exit handler tells of it."""
    verdict: Verdict
    reason: str
    exit_code: int
    failed_node: str = ""
    """The node that ended the run early, if one did."""
    log: str
    """Of a run elsewhere its final record: the backend keeps the logs."""
    log_tail: tuple[str, ...] = ()
    """The last lines of the log of a run that stopped."""
    next_command: str
    classes: tuple[str, ...]
    splits: dict[str, dict[str, int]] | None = None
    """Split -> class -> rows, as ExampleGen dealt them."""
    resampling: Resampling | None = None
    training: Training | None = None
    findings: Findings | None = None
    gate: Gate | None = None
    evaluated: bool = False
    """Whether the eval rows were held against a model."""
    attempt: int | None = None
    """Runs that were evaluated on the same eval rows, this one included."""
    earlier: tuple[str, ...] = ()
    """The earlier ones of them, oldest first."""
    nodes: tuple[Node, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """What a node left behind and could not be read."""
    fingerprints: Fingerprints
    versions: dict[str, str]
    seeds: dict[str, int]
    config: dict[str, Any]
    destination: str
    """The folder of released versions."""
    model_uri: str | None = None
    """The model that was trained, released or not."""
    statistics_uri: str | None = None
    examples_uri: str | None = None
    """Of the data it was trained on."""
    released_version: str | None = None
    """What this run itself released, or found released."""
    events: tuple[Event, ...] = ()

    @property
    def eval_sha256(self) -> str | None:
        """Of the eval split, None before there was one."""
        return self.fingerprints.splits.get("eval")


def order_of(started: str, run_id: str) -> tuple[datetime, str]:
    """Returns by what runs are ordered: when one began, whatever the zone of its clock, and its id.

    Args:
        started: ISO 8601, UTC if it does not say. If it is no time, the id is taken for one; a run
            of which neither tells comes before all others.
        run_id: The run's id.
    """
    moment = _moment(started) or _moment_of_id(run_id) or datetime.min
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)), run_id


def read_facts(path: Path) -> RunFacts:
    """Returns the content of a `report.json`.

    Raises:
        CorruptArtifactError: If it is missing or damaged.
    """
    try:
        return RunFacts.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptArtifactError(
            f"{str(path)!r} is not the report of a run: {str(error).splitlines()[0]}. It is "
            "missing or another version wrote it; run the pipeline again to have a new one."
        ) from None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


def _moment_of_id(run_id: str) -> datetime | None:
    try:
        return datetime.strptime(run_id, RUN_ID)
    except ValueError:
        return None
