"""The report of a run on Kubeflow or Vertex, made by its exit handler from what the steps left."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tfx.dsl.io import fileio

from tfx_rebalance.components.exit_handler.record import FinalRecord
from tfx_rebalance.components.report.facts import (
    FACTS_FILE,
    PAGE_FILE,
    Fingerprints,
    Node,
    NodeState,
    RunFacts,
)
from tfx_rebalance.errors import RebalanceError
from tfx_rebalance.failures import Failure
from tfx_rebalance.files import (
    FAILURE_FILE,
    FINAL_FILE,
    GATE_FILE,
    INGESTION_FILE,
    REPORT_FILE,
    RUNS,
    TRAINING_FILE,
    write_there,
)
from tfx_rebalance.pipeline.ending import Ending, Outputs, ending_of, pushed_model, version_of
from tfx_rebalance.pipeline.left_behind import Left, told_by
from tfx_rebalance.pipeline.surroundings import code_digest, seeds_of, versions
from tfx_rebalance.settings import Settings

ARTIFACTS = "pipeline"
"""The folder of artifacts under the root of a target."""

_READ = {
    "ExampleGen": ("examples", INGESTION_FILE),
    "ImbalanceValidator": ("imbalance_report", REPORT_FILE),
    "Rebalance": ("rebalance_report", REPORT_FILE),
    "Trainer": ("model_run", TRAINING_FILE),
    "Evaluator": ("evaluation", GATE_FILE),
}
"""Node -> the output that the report tells of, and the file in it."""

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOT_OUTPUTS = {
    "executor_output.json", "output_metadata.json", "executor-logs", ".temp", FAILURE_FILE
}  # fmt: skip
"""What backends, TFX and our own steps put beside a step's outputs."""


LeftByNodes = Sequence[tuple[str, str]]
"""(node, path) of what a run's nodes left."""


class Planned(Settings):
    """What the spec says of the pipeline, for the report of each of its runs."""

    target: Literal["kubeflow", "vertex"]
    config: dict[str, Any]
    classes: tuple[str, ...]
    nodes: tuple[str, ...]
    destination: str


@dataclass(frozen=True)
class _Ended:
    record: FinalRecord
    found: Outputs
    failures: Mapping[str, Failure]


def write_exit_report(record: FinalRecord, *, planned: str, root: str, created: str) -> str | None:
    """Returns the page that was written beside the final record of a run.

    None: there is nothing to judge it by, because the verdict is that of an earlier run.

    Args:
        record: How the run has ended.
        planned: A `Planned` as JSON.
        root: Of the target: `pipeline/` and `runs/` are under it.
        created: When the run was created, as the backend says it; "" where it does not.
    """
    from tfx_rebalance.components.report.page import page_of  # Draws, so only where it is needed.

    plan = Planned.model_validate_json(planned)
    left = list(_left_by_nodes(os.path.join(root, ARTIFACTS), record.run_id))
    folder = os.path.join(root, RUNS, record.run_id)
    ended = _Ended(record, outputs_of(left), failures_of(left))
    facts = _facts(ended, plan, started=created or record.ended, folder=folder)
    if facts is None:
        return None
    write_there(os.path.join(folder, FACTS_FILE), facts.model_dump_json(indent=1))
    write_there(os.path.join(folder, PAGE_FILE), page_of(facts))
    return os.path.join(folder, PAGE_FILE)


def _facts(ended: _Ended, plan: Planned, *, started: str, folder: str) -> RunFacts | None:
    record, found = ended.record, ended.found
    model = pushed_model(found)
    parts = _parts(found, plan, model=model)
    ending = ending_of(
        record,
        parts["findings"],
        parts["gate"],
        nodes=plan.nodes,
        pushed=model is not None,
        failures=ended.failures,
    )
    if ending is None:
        return None
    return RunFacts(
        **parts,
        **ending.model_dump(),
        place=plan.target,
        run_id=record.run_id,
        pipeline=record.pipeline,
        started=started,
        log=os.path.join(folder, FINAL_FILE),
        next_command=f"tfx-rebalance submit CONFIG --target {plan.target}",
        classes=plan.classes,
        nodes=_nodes(plan.nodes, found, ending, succeeded=record.succeeded),
        fingerprints=Fingerprints(code=code_digest()),
        versions=versions(),
        seeds=seeds_of(plan.config),
        config=plan.config,
        destination=plan.destination,
    )


def outputs_of(left: LeftByNodes) -> dict[str, dict[str, str]]:
    """Returns node -> output -> where it lies, of what the run itself made; a node may have none.

    What was taken from the cache lies elsewhere.
    """
    found: dict[str, dict[str, str]] = {}
    for node, path in left:
        outputs, output = found.setdefault(node, {}), os.path.basename(path)
        if not UUID.fullmatch(output) and output not in NOT_OUTPUTS:
            outputs[output] = path
    return found


def failures_of(left: LeftByNodes) -> dict[str, Failure]:
    """Returns node -> what it says went wrong, of the nodes that say it."""
    failures = {}
    for node, path in left:
        if os.path.basename(path) != FAILURE_FILE:
            continue
        try:
            with fileio.open(path) as file:
                failures[node] = Failure.model_validate_json(file.read())
        except ValueError:
            message = f"why it failed is in {path!r}, which cannot be read."
            failures[node] = Failure(error="CorruptArtifactError", message=message)
    return failures


def _left_by_nodes(artifacts: str, run_id: str) -> Iterator[tuple[str, str]]:
    """Yields (node, path) of what lies beside or among the outputs of a run's nodes.

    Vertex writes to `<project number>/<job>/<node>_<number>/<output>`, Kubeflow to
    `<pipeline>/<run>/<node>/<uuid>/<output>`.
    """
    within = os.path.join(artifacts, "*", run_id)
    paths = [*fileio.glob(f"{within}/*/*"), *fileio.glob(f"{within}/*/*-*-*-*-*/*")]
    for path in sorted(path.rstrip("/") for path in paths):
        task = path.rsplit(f"/{run_id}/", 1)[1].split("/")[0]
        yield re.sub(r"_-?\d+$", "", task), path


def _copied(found: Outputs, folder: Path) -> dict[str, dict[str, str]]:
    """Returns the outputs that are told of, with their one file copied to this machine."""
    copies: dict[str, dict[str, str]] = {}
    for node, (output, file) in _READ.items():
        source = os.path.join(found.get(node, {}).get(output, ""), file)
        if output in found.get(node, {}) and fileio.exists(source):
            (folder / node).mkdir()
            fileio.copy(source, str(folder / node / file))
            copies[node] = {output: str(folder / node)}
    return copies


def _parts(found: Outputs, plan: Planned, *, model: str | None) -> dict[str, Any]:
    """Returns the fields of the facts that lie in artifacts."""
    with tempfile.TemporaryDirectory() as copies:
        left = Left(_copied(found, Path(copies)))
        told = told_by(left)
    ingestion, training, findings = told.ingestion, told.training, told.findings
    version, unread = _version(model, plan.destination)
    return {
        **told.fields(plan.classes),
        "evaluated": told.gate is not None,
        "released_version": version,
        "unread": (*left.unread, *unread),
        "notes": (*(ingestion.notes if ingestion else ()), *(training.notes if training else ())),
        "warnings": (
            *(ingestion.warnings if ingestion else ()),
            *(findings.told("warn") if findings else ()),
        ),
    }


def _version(model: str | None, destination: str) -> tuple[str | None, list[str]]:
    """Returns the version that Pusher pushed or found, and why there is none if nobody can say."""
    try:
        return (version_of(model, destination) if model else None), []
    except RebalanceError as error:
        return None, [f"releases: {error}"]


def _nodes(
    names: tuple[str, ...], found: Outputs, ending: Ending, *, succeeded: bool
) -> tuple[Node, ...]:
    """Returns what is known of the nodes: a backend tells the exit handler of none in particular.

    What left nothing was skipped, not reached, taken from the cache, or has no output.
    """

    def state(name: str) -> NodeState:
        if name == ending.failed_node:
            return "failed"
        if name not in found:
            return "no_trace"
        return "done" if succeeded else "began"

    return tuple(
        Node(name=name, state=state(name), outputs=dict(found.get(name, {}))) for name in names
    )
