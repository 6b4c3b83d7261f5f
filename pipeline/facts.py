"""What the report of a run on this machine says, gathered at its end from what it left behind."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from tfx.utils import path_utils

from tfx_rebalance.components.example_gen.report import Ingestion
from tfx_rebalance.components.rebalance.report import Report
from tfx_rebalance.components.report.facts import (
    Fingerprints,
    Node,
    Resampled,
    Resampling,
    RunFacts,
    Training,
)
from tfx_rebalance.content import rows_digest
from tfx_rebalance.errors import RebalanceError
from tfx_rebalance.features import Features
from tfx_rebalance.files import GATE_FILE, INGESTION_FILE, REPORT_FILE, TRAINING_FILE
from tfx_rebalance.findings import Findings, read_findings
from tfx_rebalance.gate import Gate, read_gate
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.outcome import Place, Progress
from tfx_rebalance.pipeline.pages import attempts_on
from tfx_rebalance.pipeline.results import RunResult
from tfx_rebalance.pipeline.surroundings import code_digest, log_tail, seeds_of, versions
from tfx_rebalance.releases import tree_digest

T = TypeVar("T")


@dataclass
class _Left:
    """What nodes left behind; what cannot be read is told instead of taken for absent."""

    progress: Progress
    unread: list[str] = field(default_factory=list)

    def by(self, node: str, key: str, read: Callable[[Path], T]) -> T | None:
        """Returns what `read` makes of a node's output; None: not reached, or in `unread`."""
        if node not in self.progress.nodes:
            return None
        try:
            return read(Path(self.progress.uri(node, key)))
        except (OSError, ValueError, KeyError, TypeError, RebalanceError) as error:
            text = str(error) if isinstance(error, RebalanceError) else repr(error)
            self.unread.append(f"{key} of {node}: {text}")
            return None


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
    left = _Left(progress)
    found = _found(left, place, asked.features.classes)
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


def _found(left: _Left, place: Place, classes: tuple[str, ...]) -> dict[str, Any]:
    """Returns the fields of the facts that lie in artifacts."""
    ingestion = left.by("ExampleGen", "examples", _ingestion)
    prints = _fingerprints(left, ingestion)
    evaluated = "Evaluator" in left.progress.nodes
    rows = prints.splits.get("eval")
    seen = attempts_on(rows, place.root, without=place.run_id) if evaluated and rows else None
    return {
        "fingerprints": prints,
        "splits": _splits(ingestion, classes),
        "findings": left.by("ImbalanceValidator", "imbalance_report", _findings),
        "resampling": left.by("Rebalance", "rebalance_report", _resampling),
        "training": left.by("Trainer", "model_run", _training),
        "model_uri": left.by("Trainer", "model", str),
        "statistics_uri": left.by("StatisticsGen", "statistics", str),
        "examples_uri": left.by("ExampleGen", "examples", str),
        "gate": left.by("Evaluator", "evaluation", _gate),
        "evaluated": evaluated,
        "attempt": None if seen is None else len(seen) + 1,
        "earlier": tuple(seen or ()),
    }


def _failed_node(progress: Progress) -> str:
    return "" if progress.running in progress.nodes else progress.running


def _nodes(progress: Progress, *, failed: str) -> tuple[Node, ...]:
    ended = [
        Node(
            name=name,
            state="cached" if node.cached else "done",
            seconds=round(node.seconds, 3),
            outputs={key: str(artifact.uri) for key, artifact in node.outputs.items()},
        )
        for name, node in progress.nodes.items()
    ]
    failing = [Node(name=failed, state="failed")] if failed else []
    rest = [name for name in progress.planned if name not in progress.nodes and name != failed]
    return (*ended, *failing, *(Node(name=name, state="not_reached") for name in rest))


def _next_command(asked: Asked, result: RunResult) -> str:
    if result.model_uri:
        return f"tfx-rebalance predict {result.model_uri} IN OUT.csv"
    return asked.command


def _findings(path: Path) -> Findings:
    return read_findings(str(path))


def _ingestion(path: Path) -> Ingestion:
    return Ingestion.model_validate_json((path / INGESTION_FILE).read_text(encoding="utf-8"))


def _splits(
    ingestion: Ingestion | None, classes: tuple[str, ...]
) -> dict[str, dict[str, int]] | None:
    if ingestion is None:
        return None
    splits = ingestion.splits.items()
    return {split: {c: found.classes.get(c, 0) for c in classes} for split, found in splits}


def _fingerprints(left: _Left, ingestion: Ingestion | None) -> Fingerprints:
    def of_splits(path: Path) -> dict[str, str]:
        names = ingestion.splits if ingestion else {}
        return {split: rows_digest(str(path / f"Split-{split}")) for split in names}

    return Fingerprints(
        source=left.progress.fingerprint or None,
        splits=left.by("ExampleGen", "examples", of_splits) or {},
        model=left.by(
            "Trainer", "model", lambda path: tree_digest(path_utils.serving_model_path(str(path)))
        ),
        code=code_digest(),
    )


def _resampling(path: Path) -> Resampling:
    report = Report.model_validate_json((path / REPORT_FILE).read_text(encoding="utf-8"))
    return Resampling(
        strategy=report.settings.strategy,
        seconds=report.seconds,
        classes=tuple(
            Resampled(
                split=split,
                label=label,
                natural_prior=found.natural_priors[label],
                resulting_prior=found.resulting_priors[label],
                **row.model_dump(
                    include={
                        "before", "after", "kept", "duplicated", "synthetic", "mean_weight", "notes"
                    }
                ),
            )
            for split, found in report.splits.items()
            for label, row in found.classes.items()
        ),
    )  # fmt: skip


def _training(path: Path) -> Training:
    found: dict[str, Any] = json.loads((path / TRAINING_FILE).read_text(encoding="utf-8"))
    return Training(
        calibration=found["calibration"]["chosen"],
        calibration_log_loss=found["calibration"]["log_loss"],
        refused=found["calibration"]["refused"],
        quality={
            stage: {
                "log_loss": quality["log_loss"],
                "brier": quality["brier"],
                "largest_ece": max(quality["ece"].values()),
            }
            for stage, quality in found["quality"].items()
        },
        rule=found["decision"]["rule"],
        thresholds=found["thresholds"],
        natural_priors=found["natural_priors"],
        notes=tuple(found["notes"]),
    )


def _gate(path: Path) -> Gate | None:
    return read_gate(str(path)) if (path / GATE_FILE).exists() else None
