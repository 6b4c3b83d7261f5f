"""Compiles the pipeline for Vertex AI Pipelines: schema 2.1 as YAML, no network, no credentials."""

import tempfile
from pathlib import Path

import yaml
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)

from tfx_rebalance import __version__
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features
from tfx_rebalance.files import write_whole
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.dag import NEVER_CACHED, create_pipeline

IMAGE = f"tfx-rebalance:{__version__}"
"""What the steps run in; a registry of your own comes with the Kubeflow targets."""

UNCACHED = (*NEVER_CACHED, "ImportSchemaGen", "ExampleGen", "ServingExampleGen")
"""Nobody computes a fingerprint of schema and data there, so they are read each time."""


def compile_pipeline(config: PipelineConfig, features: Features, output: Path) -> None:
    """Writes the compiled pipeline; the same config gives the same bytes.

    Raises:
        ConfigError: If the file cannot be written, or the run leans on an earlier search.
    """
    if config.tuner is not None and config.tuner.origin is not None:
        raise ConfigError(
            "tuner: {from: latest} works on this machine only: it looks up earlier runs in the "
            "metadata under --root. Set tuner: null with the values of best_hyperparameters.txt "
            "under trainer, or a search such as tuner: {algorithm: hyperband}."
        )
    destination = config.push.destination or f"serving/{config.name}"
    pipeline = create_pipeline(
        config, features, root="", destination=destination, target="vertex"
    )
    with tempfile.TemporaryDirectory() as folder:
        runner = KubeflowV2DagRunner(
            KubeflowV2DagRunnerConfig(default_image=IMAGE, use_pipeline_spec_2_1=True),
            output_dir=folder,
            output_filename="pipeline.yaml",
        )
        runner.run(pipeline)
        spec = yaml.safe_load((Path(folder) / "pipeline.yaml").read_text(encoding="utf-8"))
    tasks = spec["root"]["dag"]["tasks"]
    for name in set(UNCACHED) & set(tasks):
        tasks[name]["cachingOptions"] = {"enableCache": False}
    _write(output, yaml.safe_dump(spec))


def local_paths(config: PipelineConfig) -> list[str]:
    """Returns the keys of the config that name files of this machine, which Vertex will not see."""
    named = {
        "data.source": getattr(config.data.source, "path", ""),
        "validate.serving": getattr(config.validation.serving, "path", ""),
        "data.schema": config.data.schema_file,
        "push.destination": config.push.destination or f"serving/{config.name}",
    }
    return [key for key, value in named.items() if value and "://" not in value]


def _write(output: Path, text: str) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_whole(output, text)
    except OSError as error:
        raise ConfigError(
            f"--output {str(output)!r} cannot be written: {error.strerror}. Choose another file."
        ) from None
