"""What the report of a run on this machine says, gathered at its end from what it left behind."""

import shlex
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tfx.utils import path_utils

from tfx_rebalance.components.example_gen.report import Ingestion
from tfx_rebalance.components.report.facts import Fingerprints, Node, RunFacts
from tfx_rebalance.content import rows_digest
from tfx_rebalance.features import Features
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.left_behind import Left, told_by
from tfx_rebalance.pipeline.outcome import Place, Progress
from tfx_rebalance.pipeline.pages import attempts_on
from tfx_rebalance.pipeline.results import RunResult
from tfx_rebalance.pipeline.surroundings import code_digest, log_tail, seeds_of, versions
from tfx_rebalance.releases import tree_digest


@dataclass(frozen=True)
class Asked:
    """What was asked for, and when."""

    config: PipelineConfig
    features: Features
    command: str
    """What a person types to run it again."""
    started: datetime


def facts_of(asked: Asked, place: Place, progress: Progress, result: RunResult) -> RunFacts:
    """Returns the facts of a run that has ended in whatever way.

    Args:
        asked: The config and the command.
        place: Where the run kept its files.
        progress: The nodes that ended, and the one that was running.
        result: How it ended.
    """
    left = Left(_outputs(progress))
    found = _found(left, place, progress, asked.features.classes)
    stopped = result.verdict == "stopped"
    failed = _failed_node(progress) if stopped else ""
    config = asked.config.model_dump(mode="json", by_alias=True)
    return RunFacts(
        **found,
        run_id=place.run_id,
        pipeline=asked.config.name,
        started=asked.started.isoformat(timespec="seconds"),
        verdict=result.verdict,
        reason=result.reason,
        exit_code=result.exit_code,
        failed_node=failed,
        log=result.log,
        log_tail=log_tail(place.log) if stopped else (),
        next_command=_next_command(asked, result),
        classes=asked.features.classes,
        nodes=_nodes(progress, failed=failed),
        notes=tuple(result.notes),
        warnings=tuple(result.warnings),
        unread=tuple(left.unread),
        versions=versions(),
        seeds=seeds_of(config),
        config=config,
        destination=place.destination(asked.config),
        released_version=Path(result.model_uri).name if result.model_uri else None,
    )


def _outputs(progress: Progress) -> dict[str, dict[str, str]]:
    return {
        name: {key: str(artifact.uri) for key, artifact in node.outputs.items()}
        for name, node in progress.nodes.items()
    }


def _found(
    left: Left, place: Place, progress: Progress, classes: tuple[str, ...]
) -> dict[str, Any]:
    """Returns the fields of the facts that lie in artifacts."""
    told = told_by(left)
    prints = _fingerprints(left, told.ingestion, source=progress.fingerprint)
    evaluated = "Evaluator" in progress.nodes
    rows = prints.splits.get("eval")
    seen = attempts_on(rows, place.root, without=place.run_id) if evaluated and rows else None
    return {
        **told.fields(classes),
        "fingerprints": prints,
        "model_uri": left.by("Trainer", "model", str),
        "statistics_uri": left.by("StatisticsGen", "statistics", str),
        "examples_uri": left.by("ExampleGen", "examples", str),
        "evaluated": evaluated,
        "attempt": None if seen is None else len(seen) + 1,
        "earlier": tuple(seen or ()),
    }


def _failed_node(progress: Progress) -> str:
    return "" if progress.running in progress.nodes else progress.running


def _nodes(progress: Progress, *, failed: str) -> tuple[Node, ...]:
    outputs = _outputs(progress)
    ended = [
        Node(
            name=name,
            state="cached" if node.cached else "done",
            seconds=round(node.seconds, 3),
            outputs=outputs[name],
        )
        for name, node in progress.nodes.items()
    ]
    failing = [Node(name=failed, state="failed")] if failed else []
    rest = [name for name in progress.planned if name not in progress.nodes and name != failed]
    return (*ended, *failing, *(Node(name=name, state="not_reached") for name in rest))


def _next_command(asked: Asked, result: RunResult) -> str:
    if result.model_uri:
        return f"tfx-rebalance predict {shlex.quote(result.model_uri)} IN OUT.csv"
    return asked.command


def _fingerprints(left: Left, ingestion: Ingestion | None, *, source: str) -> Fingerprints:
    def of_splits(path: Path) -> dict[str, str]:
        names = ingestion.splits if ingestion else {}
        return {split: rows_digest(str(path / f"Split-{split}")) for split in names}

    return Fingerprints(
        source=source or None,
        splits=left.by("ExampleGen", "examples", of_splits) or {},
        model=left.by(
            "Trainer", "model", lambda path: tree_digest(path_utils.serving_model_path(str(path)))
        ),
        code=code_digest(),
    )
