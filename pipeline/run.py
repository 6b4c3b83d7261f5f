"""One run on this machine, from the config to its nodes; imports TFX, so it is imported late."""

import hashlib
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from tfx_rebalance.features import Features
from tfx_rebalance.files import write_whole
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.console import Display
from tfx_rebalance.pipeline.dag import NEVER_CACHED, NOT_FOUND, create_pipeline
from tfx_rebalance.pipeline.facts import Asked, facts_of
from tfx_rebalance.pipeline.fingerprint import fingerprint_of
from tfx_rebalance.pipeline.outcome import Place, Progress, result_of
from tfx_rebalance.pipeline.pages import write_report
from tfx_rebalance.pipeline.results import RunResult
from tfx_rebalance.pipeline.runners.local import run_nodes
from tfx_rebalance.progress import heard_by


def run(
    config: PipelineConfig,
    features: Features,
    place: Place,
    *,
    use_cache: bool,
    display: Display,
    command: str = "tfx-rebalance run",
) -> RunResult:
    """Runs the pipeline and tells how it ended; `result.json` is written in any case.

    Args:
        config: The run.
        features: What the columns are.
        place: Where its files go.
        use_cache: Whether earlier results are taken where nothing changed.
        display: What a person sees of it.
        command: What that person types to run it again.
    """
    asked = Asked(config, features, command, datetime.now().astimezone())
    progress = Progress(display)
    error: Exception | None = None
    try:
        _run_nodes(config, features, place, progress, use_cache=use_cache)
    except Exception as raised:
        error = raised
        _log_traceback(place)
    try:
        result = result_of(config, features, place, progress, error)
    except Exception as raised:  # A file that an earlier run wrote is gone or damaged.
        _log_traceback(place)
        result = result_of(config, features, place, Progress(display), error or raised)
    result = _reported(asked, place, progress, result)
    write_whole(place.result, result.model_dump_json(indent=2))
    return result


def _reported(asked: Asked, place: Place, progress: Progress, result: RunResult) -> RunResult:
    """Returns the result with the page that was written of it; what hinders that is a warning."""
    try:
        page = write_report(place.root, facts_of(asked, place, progress, result))
    except Exception as raised:  # A run that took hours is not lost for its page.
        _log_traceback(place)
        warning = f"the report could not be written: {raised} (whole story in {str(place.log)!r})"
        return result.model_copy(update={"warnings": [*result.warnings, warning]})
    return result.model_copy(update={"report": str(page)})


def _run_nodes(
    config: PipelineConfig, features: Features, place: Place, progress: Progress, *, use_cache: bool
) -> None:
    serving = config.serving_data
    fingerprints = {
        "ExampleGen": fingerprint_of(config.data),
        "ServingExampleGen": fingerprint_of(serving.for_serving() if serving else None),
    }
    progress.fingerprint = fingerprints["ExampleGen"]
    pipeline = create_pipeline(
        _with_pinned_schema(config, place),
        features,
        root=str(place.root / "pipeline"),
        destination=place.destination(config),
        fingerprint=fingerprints["ExampleGen"],
        serving_fingerprint=fingerprints["ServingExampleGen"],
    )
    progress.planned = tuple(node.id for node in pipeline.components)
    with heard_by(progress.display.tell):
        run_nodes(
            pipeline,
            metadata_path=str(place.root / "metadata.sqlite"),
            run_id=place.run_id,
            use_cache=use_cache,
            never_cached=_never_cached(config, fingerprints),
            not_found=NOT_FOUND,
            on_start=progress.start,
            on_end=progress.end,
        )


def _log_traceback(place: Place) -> None:
    with place.log.open("a", encoding="utf-8") as log, place.traceback.open("a") as alone:
        for file in (log, alone):
            traceback.print_exc(file=file)


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
        write_whole(pinned, text)
    data = config.data.model_copy(update={"schema_file": str(pinned)})
    return config.model_copy(update={"data": data})


def _never_cached(config: PipelineConfig, fingerprints: Mapping[str, str]) -> list[str]:
    """What is remote has no fingerprint here, so it is read each time."""
    unknown = [node for node, fingerprint in fingerprints.items() if not fingerprint]
    remote = ["ImportSchemaGen"] if "://" in config.data.schema_file else []
    return [*NEVER_CACHED, *unknown, *remote]
