"""How a run on Kubeflow or Vertex has ended: from its final record and what its steps left."""

import os
import re
from collections.abc import Mapping
from typing import Literal

from tfx.dsl.io import fileio

from tfx_rebalance.components.exit_handler.record import FinalRecord
from tfx_rebalance.components.report.facts import STOPPED_BY_DATA
from tfx_rebalance.failures import Failure
from tfx_rebalance.files import MODEL_FILE
from tfx_rebalance.findings import Findings
from tfx_rebalance.gate import Gate
from tfx_rebalance.pipeline.results import NOT_BLESSED
from tfx_rebalance.releases import manifests_of, tree_digest
from tfx_rebalance.settings import Settings

GATE_NODE = "ValidationGate"

Outputs = Mapping[str, Mapping[str, str]]
"""Node -> output -> where it lies."""


class Ending(Settings):
    """The verdict, as the report of a run has it."""

    verdict: Literal["released", "not_released", "stopped"]
    reason: str
    exit_code: int
    failed_node: str = ""


def ending_of(
    record: FinalRecord,
    findings: Findings | None,
    gate: Gate | None,
    *,
    nodes: tuple[str, ...],
    pushed: bool,
    failures: Mapping[str, Failure],
) -> Ending | None:
    """Returns how a run has ended; None: its verdict is that of an earlier run.

    Args:
        record: What the backend says.
        findings: Of ImbalanceValidator, if it got there.
        gate: Of the Evaluator, if it got there.
        nodes: All nodes of the pipeline.
        pushed: Whether its model is served.
        failures: Node -> what it says went wrong, of those that say it.
    """
    if record.succeeded and gate is None:
        return None  # The Evaluator's answer was remembered; the run that made it has the report.
    if record.succeeded and gate is not None:
        reason = "; ".join(gate.reasons)
        if gate.passed:
            return Ending(verdict="released", reason=reason, exit_code=0)
        return Ending(verdict="not_released", reason=reason, exit_code=NOT_BLESSED)
    if findings is not None and findings.verdict == "stop":
        reason = f"{GATE_NODE}: {' '.join(findings.told('stop'))}"
        return Ending(
            verdict="stopped", reason=reason, exit_code=STOPPED_BY_DATA, failed_node=GATE_NODE
        )
    words = re.findall(r"\w+", record.error or "")
    named = [word for word in words if word in nodes]  # Kubeflow names none.
    failed = next(iter([*named, *(node for node in nodes if node in failures)]), "")
    cause = record.error or f"the backend says {record.state}, and not why"
    code = 1
    if failed in failures:
        cause, code = f"{failed}: {failures[failed].message}", failures[failed].exit_code
    if not pushed:
        return Ending(verdict="stopped", reason=cause, exit_code=code, failed_node=failed)
    reason = (
        f"the model was released and is served; {failed or 'the run'} failed afterwards: "
        f"{cause.rstrip('.')}. The release stands. Mend the cause and run again: the same model "
        "is not pushed twice."
    )
    return Ending(verdict="released", reason=reason, exit_code=1, failed_node=failed)


def pushed_model(found: Outputs) -> str | None:
    """Returns where Pusher left its copy of a model, which it does once the model is served."""
    copy = found.get("Pusher", {}).get("pushed_model", "")
    return copy if copy and fileio.exists(os.path.join(copy, MODEL_FILE)) else None


def version_of(model: str, destination: str) -> str | None:
    """Returns the newest release of a model; None: there is none with a manifest.

    Raises:
        CorruptArtifactError: If a manifest cannot be read.
        StorageError: If nobody can say which there are.
    """
    digest = tree_digest(model)
    manifests = manifests_of(destination)
    return next((v for v, manifest in manifests if manifest["model_sha256"] == digest), None)
