"""One run on this machine, from the config to its nodes; imports TFX, so it is imported late."""

import hashlib
import traceback
from pathlib import Path

from tfx_rebalance import __version__
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.features import Features
from tfx_rebalance.files import write_whole
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.console import Display
from tfx_rebalance.pipeline.dag import NEVER_CACHED, create_pipeline
from tfx_rebalance.pipeline.outcome import Place, Progress, result_of
from tfx_rebalance.pipeline.results import RunResult
from tfx_rebalance.pipeline.runners.local import run_nodes

HASH_BLOCK = 1 << 20


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
        _log_traceback(place)
    try:
        result = result_of(config, features, place, progress, error)
    except Exception as raised:  # A file that an earlier run wrote is gone or damaged.
        _log_traceback(place)
        result = result_of(config, features, place, Progress(display), error or raised)
    write_whole(place.result, result.model_dump_json(indent=2))
    return result


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
