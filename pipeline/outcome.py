"""How a run on this machine ended: from artifacts and errors to a `RunResult`."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfx_rebalance.components.example_gen.report import Ingestion
from tfx_rebalance.components.rebalance.report import Report
from tfx_rebalance.errors import RebalanceError
from tfx_rebalance.features import Features
from tfx_rebalance.files import INGESTION_FILE, REPORT_FILE, TRAINING_FILE
from tfx_rebalance.findings import read_findings
from tfx_rebalance.gate import Gate, read_gate
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.console import Display
from tfx_rebalance.pipeline.results import NOT_BLESSED, ClassResult, RunResult, Verdict
from tfx_rebalance.pipeline.runners.local import NodeRun

BEAM_STEP = re.compile(r"\s*\[while running .*\]\s*$", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """Where a run keeps its files: artifacts and metadata are shared by the runs of a root."""

    root: Path
    run_id: str

    @property
    def folder(self) -> Path:
        """This run's own folder."""
        return self.root / "runs" / self.run_id

    @property
    def log(self) -> Path:
        """What TFX, TensorFlow and Beam said."""
        return self.folder / "log.txt"

    @property
    def traceback(self) -> Path:
        """Where in the code a run failed, if it did."""
        return self.folder / "traceback.txt"

    @property
    def result(self) -> Path:
        """The `RunResult` as JSON."""
        return self.folder / "result.json"

    def destination(self, config: PipelineConfig) -> str:
        """Returns where released models of a pipeline go."""
        return config.push.destination or str(self.root / "serving" / config.name)


@dataclass
class Progress:
    """The nodes that have ended, and the one that is running."""

    display: Display
    nodes: dict[str, NodeRun] = field(default_factory=dict)
    running: str = ""
    planned: tuple[str, ...] = ()
    """All nodes, once the pipeline is made."""
    fingerprint: str = ""
    """Of the source's files, once they were read."""

    def start(self, name: str, number: int, total: int) -> None:
        """A node begins."""
        self.running = name
        self.display.start(name, number, total)

    def end(self, node: NodeRun) -> None:
        """The running node has ended well."""
        self.nodes[node.name] = node
        self.display.end(node.name, node.seconds, note="cached" if node.cached else "")

    def uri(self, name: str, key: str) -> str:
        """Returns where a node's output lies."""
        return str(self.nodes[name].outputs[key].uri)


def result_of(
    config: PipelineConfig,
    features: Features,
    place: Place,
    progress: Progress,
    error: Exception | None,
) -> RunResult:
    """Returns how a run ended, from what its nodes left behind.

    Args:
        config: The run.
        features: Names the classes.
        place: Where the run keeps its files.
        progress: The nodes that ended, and the one that was running.
        error: What ended the run early, if anything did.
    """
    gate = None
    if "Evaluator" in progress.nodes:
        gate = read_gate(progress.uri("Evaluator", "evaluation"))
    verdict, reason, code = _verdict(progress, gate, error, place)
    return RunResult(
        run_id=place.run_id,
        verdict=verdict,
        reason=reason,
        confidence=config.evaluate.confidence,
        classes=_classes(config, features, progress, gate),
        model_uri=_pushed(progress) if verdict == "released" else None,
        notes=_notes(progress),
        warnings=_warnings(progress),
        seconds={name: round(node.seconds, 3) for name, node in progress.nodes.items()},
        cached=[name for name, node in progress.nodes.items() if node.cached],
        log=str(place.log),
        exit_code=code,
    )


def _verdict(
    progress: Progress, gate: Gate | None, error: Exception | None, place: Place
) -> tuple[Verdict, str, int]:
    if error is not None or gate is None:
        code = error.exit_code if isinstance(error, RebalanceError) else 1
        return "stopped", _cause(progress.running, error, place), code
    if not gate.passed:
        return "not_released", "; ".join(gate.reasons), NOT_BLESSED
    return "released", "; ".join(gate.reasons), 0


def _cause(node: str, error: Exception | None, place: Place) -> str:
    text = BEAM_STEP.sub("", str(error)).strip()
    if isinstance(error, RebalanceError):
        return f"{node}: {text}" if node else text
    first = text.splitlines()[0] if text else ""
    return (
        f"{node or 'the pipeline'} failed: {type(error).__name__}: {first} "
        f"(whole story in {str(place.log)!r}; if a file of an earlier run was damaged, run again "
        "with --no-cache)"
    )


def _classes(
    config: PipelineConfig, features: Features, progress: Progress, gate: Gate | None
) -> dict[str, ClassResult]:
    counts = {}
    if "Rebalance" in progress.nodes:
        path = Path(progress.uri("Rebalance", "rebalance_report")) / REPORT_FILE
        report = Report.model_validate_json(path.read_text(encoding="utf-8"))
        counts = report.splits["train"].classes
    results = {}
    for name in features.classes:
        known: dict[str, Any] = {"bar": config.evaluate.bar(name)}
        if name in counts:
            known |= {"before": counts[name].before, "after": counts[name].after}
        if gate:
            cell = next(
                c for c in gate.shares if (c.kind, c.label, c.where) == ("recall", name, {})
            )
            known |= {
                "recall": cell.value,
                "recall_low": cell.low,
                "recall_high": cell.high,
                "support": cell.rows,
                "gate": cell.verdict,
            }
        results[name] = ClassResult(**known)
    return results


def _notes(progress: Progress) -> list[str]:
    """Returns what was done to the data on the way in, and what the Trainer has to say."""
    notes = []
    if "ExampleGen" in progress.nodes:
        notes += _ingestion(progress).notes
    if "Trainer" in progress.nodes:
        path = Path(progress.uri("Trainer", "model_run")) / TRAINING_FILE
        notes += json.loads(path.read_text(encoding="utf-8"))["notes"]
    return notes


def _warnings(progress: Progress) -> list[str]:
    """Returns what was left out of the data, and what ImbalanceValidator warns of."""
    found = []
    if "ExampleGen" in progress.nodes:
        found += _ingestion(progress).warnings
    if "ImbalanceValidator" in progress.nodes:
        uri = progress.uri("ImbalanceValidator", "imbalance_report")
        found += read_findings(uri).told("warn")
    return found


def _ingestion(progress: Progress) -> Ingestion:
    path = Path(progress.uri("ExampleGen", "examples")) / INGESTION_FILE
    return Ingestion.model_validate_json(path.read_text(encoding="utf-8"))


def _pushed(progress: Progress) -> str:
    properties = progress.nodes["Pusher"].outputs["pushed_model"].custom_properties
    return str(properties["pushed_destination"].string_value)
