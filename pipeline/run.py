"""One run on this machine, from the config to the result; imports TFX, so it is imported late."""

import hashlib
import os
import re
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfx_rebalance import __version__
from tfx_rebalance.components.evaluator.results import GateResult, read_gate
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.components.rebalance.report import FILE as REBALANCE_REPORT
from tfx_rebalance.components.rebalance.report import Report
from tfx_rebalance.errors import RebalanceError
from tfx_rebalance.features import Features
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.console import Display
from tfx_rebalance.pipeline.dag import NEVER_CACHED, create_pipeline
from tfx_rebalance.pipeline.results import EXIT_CODES, ClassResult, RunResult, Verdict
from tfx_rebalance.pipeline.runners.local import NodeRun, run_nodes

HASH_BLOCK = 1 << 20
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


def run(
    config: PipelineConfig, features: Features, place: Place, *, use_cache: bool, display: Display
) -> RunResult:
    """Runs the pipeline and tells how it ended; `result.json` is written in any case."""
    progress = Progress(display)
    error: Exception | None = None
    try:
        pipeline = create_pipeline(
            _with_pinned_schema(config, place),
            features,
            root=str(place.root / "pipeline"),
            destination=place.destination(config),
            fingerprint=_fingerprint(config.data),
        )
        run_nodes(
            pipeline,
            metadata_path=str(place.root / "metadata.sqlite"),
            run_id=place.run_id,
            use_cache=use_cache,
            never_cached=_never_cached(config),
            on_start=progress.start,
            on_end=progress.end,
        )
    except Exception as raised:
        error = raised
        with place.log.open("a") as log:
            traceback.print_exc(file=log)
    result = _result(config, features, place, progress, error)
    _write_whole(place.result, result.model_dump_json(indent=2))
    return result


def _with_pinned_schema(config: PipelineConfig, place: Place) -> PipelineConfig:
    """Names the schema by its content: TFX caches its import by the path alone."""
    source = config.data.schema_file
    if "://" in source:
        return config
    text = Path(source).read_text(encoding="utf-8")
    name = f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.pbtxt"
    pinned = place.root / "schemas" / name
    if not pinned.exists():
        pinned.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(pinned, text)
    data = config.data.model_copy(update={"schema_file": str(pinned)})
    return config.model_copy(update={"data": data})


def _never_cached(config: PipelineConfig) -> list[str]:
    """What is remote has no fingerprint here, so it is read each time."""
    remote = {"ImportSchemaGen": config.data.schema_file, "ExampleGen": config.data.source}
    return [*NEVER_CACHED, *(node for node, path in remote.items() if "://" in path)]


def _fingerprint(data: DataSettings) -> str:
    """Returns a hash of what the data is made of, this version included; none for a remote file."""
    digest = hashlib.sha256(__version__.encode())
    if data.is_demo:
        return digest.hexdigest()  # The settings are the data, and the node's input anyway.
    if "://" in data.source:
        return ""
    with Path(data.source).open("rb") as file:
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _result(
    config: PipelineConfig,
    features: Features,
    place: Place,
    progress: Progress,
    error: Exception | None,
) -> RunResult:
    gate = None
    if "Evaluator" in progress.nodes:
        evaluation = progress.uri("Evaluator", "evaluation")
        gate = read_gate(evaluation, settings=config.evaluate, classes=features.classes)
    verdict, reason, code = _verdict(progress, gate, error, place)
    return RunResult(
        run_id=place.run_id,
        verdict=verdict,
        reason=reason,
        classes=_classes(config, features, progress, gate),
        model_uri=_pushed(progress) if verdict == "released" else None,
        seconds={name: round(node.seconds, 3) for name, node in progress.nodes.items()},
        cached=[name for name, node in progress.nodes.items() if node.cached],
        log=str(place.log),
        exit_code=code,
    )


def _verdict(
    progress: Progress, gate: GateResult | None, error: Exception | None, place: Place
) -> tuple[Verdict, str, int]:
    if error is not None or gate is None:
        code = error.exit_code if isinstance(error, RebalanceError) else 1
        return "stopped", _cause(progress.running, error, place), code
    if not gate.passed:
        return "not_released", "; ".join(gate.failures), EXIT_CODES["not_released"]
    reason = "every bar was reached by the point estimate of recall"
    return "released", reason, EXIT_CODES["released"]


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
    config: PipelineConfig, features: Features, progress: Progress, gate: GateResult | None
) -> dict[str, ClassResult]:
    counts = {}
    if "Rebalance" in progress.nodes:
        path = Path(progress.uri("Rebalance", "rebalance_report")) / REBALANCE_REPORT
        report = Report.model_validate_json(path.read_text())
        counts = report.splits["train"].classes
    results = {}
    for name in features.classes:
        known: dict[str, Any] = {"bar": config.evaluate.bar(name)}
        if name in counts:
            known |= {"before": counts[name].before, "after": counts[name].after}
        if gate:
            measured = gate.classes[name]
            known |= {
                "recall": measured.recall,
                "recall_low": measured.interval.low,
                "recall_high": measured.interval.high,
                "support": measured.support,
            }
        results[name] = ClassResult(**known)
    return results


def _pushed(progress: Progress) -> str:
    properties = progress.nodes["Pusher"].outputs["pushed_model"].custom_properties
    return str(properties["pushed_destination"].string_value)


def _write_whole(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    os.replace(file.name, path)
