"""What nodes left behind on this machine, as the report of their run tells it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tfx_rebalance.components.example_gen.report import Ingestion
from tfx_rebalance.components.rebalance.report import Report
from tfx_rebalance.components.report.facts import Resampled, Resampling, Training
from tfx_rebalance.errors import RebalanceError
from tfx_rebalance.files import GATE_FILE, INGESTION_FILE, REPORT_FILE, TRAINING_FILE
from tfx_rebalance.findings import Findings, read_findings
from tfx_rebalance.gate import Gate, read_gate

T = TypeVar("T")


@dataclass
class Left:
    """What nodes left behind; what cannot be read is told instead of taken for absent."""

    outputs: Mapping[str, Mapping[str, str]]
    """Node -> output -> where it lies; only nodes that left something."""
    unread: list[str] = field(default_factory=list)

    def by(self, node: str, key: str, read: Callable[[Path], T]) -> T | None:
        """Returns what `read` makes of a node's output; None: not reached, or in `unread`."""
        if node not in self.outputs:
            return None
        try:
            return read(Path(self.outputs[node][key]))
        except (OSError, ValueError, KeyError, TypeError, RebalanceError) as error:
            text = str(error) if isinstance(error, RebalanceError) else repr(error)
            self.unread.append(f"{key} of {node}: {text}")
            return None


@dataclass(frozen=True)
class Told:
    """What nodes say they did; None: not reached, or not to be read."""

    ingestion: Ingestion | None
    findings: Findings | None
    resampling: Resampling | None
    training: Training | None
    gate: Gate | None

    def fields(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """Returns those of `RunFacts` that are in it."""
        return {
            "splits": splits_of(self.ingestion, classes),
            "findings": self.findings,
            "resampling": self.resampling,
            "training": self.training,
            "gate": self.gate,
        }


def told_by(left: Left) -> Told:
    """Reads what nodes say they did."""
    return Told(
        ingestion=left.by("ExampleGen", "examples", ingestion_in),
        findings=left.by("ImbalanceValidator", "imbalance_report", findings_in),
        resampling=left.by("Rebalance", "rebalance_report", resampling_in),
        training=left.by("Trainer", "model_run", training_in),
        gate=left.by("Evaluator", "evaluation", gate_in),
    )


def findings_in(path: Path) -> Findings:
    """Returns what ImbalanceValidator found."""
    return read_findings(str(path))


def ingestion_in(path: Path) -> Ingestion:
    """Returns what ExampleGen read."""
    return Ingestion.model_validate_json((path / INGESTION_FILE).read_text(encoding="utf-8"))


def splits_of(
    ingestion: Ingestion | None, classes: tuple[str, ...]
) -> dict[str, dict[str, int]] | None:
    """Returns the rows of each class of each split."""
    if ingestion is None:
        return None
    splits = ingestion.splits.items()
    return {split: {c: found.classes.get(c, 0) for c in classes} for split, found in splits}


def resampling_in(path: Path) -> Resampling:
    """Returns what Rebalance did."""
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


def training_in(path: Path) -> Training:
    """Returns what the Trainer did."""
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


def gate_in(path: Path) -> Gate | None:
    """Returns the gate's verdict; None: an older version's Evaluator wrote none."""
    return read_gate(str(path)) if (path / GATE_FILE).exists() else None
