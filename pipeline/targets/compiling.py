"""Compiles the pipeline for Kubeflow and Vertex: schema 2.1 as YAML, no network, no credentials."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)
from tfx.orchestration.pipeline import Pipeline

from tfx_rebalance.components.example_gen.run_date import FROM_SCHEDULE, is_placeholder
from tfx_rebalance.components.exit_handler.component import ExitHandler
from tfx_rebalance.errors import ConfigError, RebalanceError
from tfx_rebalance.features import Features
from tfx_rebalance.files import write_whole
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.dag import NEVER_CACHED, create_pipeline
from tfx_rebalance.pipeline.exit_report import Planned
from tfx_rebalance.pipeline.fingerprint import fingerprint_of
from tfx_rebalance.pipeline.targets.abilities import (
    CREATION_TIME,
    LONGEST_TOLD,
    RUN_ID,
    bytes_told,
    fills_in,
    has_exit_handler,
)
from tfx_rebalance.pipeline.targets.checks import (
    AnySettings,
    backend_of,
    check_target,
    destination_of,
    schema_text,
    section_of,
)
from tfx_rebalance.pipeline.targets.contract import faults_of
from tfx_rebalance.pipeline.targets.platform import platform_document
from tfx_rebalance.pipeline.targets.repairs import (
    Container,
    Repairs,
    Spec,
    repaired,
    tasks_of,
)
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings, Target

TRAINING = ("Trainer", "Tuner")
NOT_RETRIED = ("ValidationGate", "Pusher")
"""A verdict stays a verdict, and a push may have got half-way."""
STEP = ["python", "-m", "tfx_rebalance.pipeline.targets.step"]
REPORT_FN = "tfx_rebalance.pipeline.exit_report.write_exit_report"


class _Plain(yaml.SafeDumper):
    """Writes out what is there twice: the backends' readers need not know YAML's aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def compile_pipeline(
    config: PipelineConfig, features: Features, *, target: Target, output: Path
) -> None:
    """Writes the compiled pipeline; the same config gives the same bytes.

    Raises:
        ConfigError: If the target cannot run the config, or the file cannot be written.
        RebalanceError: If the target would refuse the spec; the file is not written then.
    """
    text = compiled_text(config, features, target)
    faults = faults_of(text, target, backend=backend_of(config))
    if faults:
        raise RebalanceError(
            f"{target} would refuse what was compiled, which is a mistake in tfx-rebalance: "
            f"{'; '.join(map(str, faults))}. Please report it with the config."
        )
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_whole(output, text)
    except OSError as error:
        raise ConfigError(
            f"--output {str(output)!r} cannot be written: {error.strerror}. Choose another file."
        ) from None


def compiled_text(config: PipelineConfig, features: Features, target: Target) -> str:
    """Returns the compiled pipeline as YAML, for Kubeflow with what Kubernetes is told behind it.

    Raises:
        ConfigError: If the target cannot run the config, or a step could not be told its part.
    """
    settings = check_target(config, target)
    text = schema_text(config)
    config = _for_steps(config, settings)
    pipeline = create_pipeline(
        config,
        features,
        root=settings.artifacts,
        destination=destination_of(config, settings),
        target=target,
        fingerprint=_fingerprint(config),
        schema_text=text,
    )
    runner = KubeflowV2DagRunner(
        KubeflowV2DagRunnerConfig(
            default_image=settings.image, default_commands=STEP, use_pipeline_spec_2_1=True
        )
    )
    if has_exit_handler(target, backend_of(config)):
        planned = _planned(config, pipeline, target=target, classes=features.classes)
        runner.set_exit_handler(_exit_handler(config, settings, planned))
    compiled = runner.run(pipeline, write_out=False)["pipelineSpec"]
    spec = repaired(compiled, _repairs(pipeline, settings, cached=_cached(config, text)))
    _check_lengths(spec)
    documents = [spec]
    if isinstance(settings, KubeflowSettings):
        labels = spec["deploymentSpec"]["executors"]
        training = [f"{name}_executor" for name in TRAINING]
        platform = platform_document(settings, labels, training=training)
        documents += [platform] if platform is not None else []
    return yaml.dump_all(documents, Dumper=_Plain, sort_keys=True)


def _for_steps(config: PipelineConfig, settings: AnySettings) -> PipelineConfig:
    """Returns the config as the steps are told it.

    No path of this machine, no placeholder, which Vertex would fill in within the settings, and a
    GPU where one is asked for.
    """
    if is_placeholder(config.data.run_date or ""):
        data = config.data.model_copy(update={"run_date": FROM_SCHEDULE})
        config = config.model_copy(update={"data": data})
    if "://" not in config.data.schema_file:
        name = Path(config.data.schema_file).name
        data = config.data.model_copy(update={"schema_file": name})
        config = config.model_copy(update={"data": data})
    if settings.training.accelerator is not None:
        trainer = config.trainer.model_copy(update={"accelerator": "gpu"})
        config = config.model_copy(update={"trainer": trainer})
    return config


def _check_lengths(spec: Spec) -> None:
    """Checks that each step can be told its settings, which grow with the columns.

    Raises:
        ConfigError: If not: no container could be started.
    """
    for name, task in tasks_of(spec):
        given = task.get("inputs", {}).get("parameters", {})
        told = {
            key: bytes_told(value["runtimeValue"]["constant"])
            for key, value in given.items()
            if "runtimeValue" in value
        }
        if sum(told.values()) > LONGEST_TOLD:
            raise ConfigError(
                f"{name} would be told {sum(told.values()):,} bytes, most of it "
                f"{max(told, key=told.__getitem__)}, and a step can be told {LONGEST_TOLD:,}: "
                "Linux starts no command with a longer argument. It grows with the columns and "
                "their names: list those that the model can do without under data.exclude, or "
                "take them out of data.schema."
            )


def _fingerprint(config: PipelineConfig) -> str:
    """Returns a hash where the settings are the data; of other data nobody computes one there."""
    return fingerprint_of(config.data) if config.data.is_demo else ""


def _cached(config: PipelineConfig, schema: str | None) -> set[str]:
    """Returns the nodes of those that read the outside world which read only their settings."""
    from_settings = set()
    if schema is not None:
        from_settings.add("ImportSchemaGen")
    if config.data.is_demo and not config.data.label_maturity_days:
        from_settings.add("ExampleGen")  # Made up in the step itself, whatever the day.
    return from_settings


def _planned(
    config: PipelineConfig, pipeline: Pipeline, *, target: Target, classes: tuple[str, ...]
) -> Planned:
    """Returns what the report of each run says of the pipeline."""
    other = {"kubeflow": "vertex", "vertex": "kubeflow"}[target]
    said = config.model_dump(mode="json", by_alias=True, exclude={other})
    said[target].pop("host", None)  # Where it is sent to is nothing of the run's.
    return Planned(
        target=target,
        config=said,
        classes=classes,
        nodes=tuple(node.id for node in pipeline.components),
        destination=destination_of(config, section_of(config, target)),
    )


def _exit_handler(config: PipelineConfig, settings: AnySettings, planned: Planned) -> ExitHandler:
    target = planned.target
    knows_time = fills_in(CREATION_TIME, target, backend_of(config))
    return ExitHandler(
        pipeline=config.name,
        run_id=RUN_ID[target],
        root=settings.root,
        webhook_variable=config.on_exit.webhook_variable or "",
        report_fn=REPORT_FN,
        planned=planned.model_dump_json(),
        created=CREATION_TIME if knows_time else "",
    )


def _repairs(pipeline: Pipeline, settings: AnySettings, *, cached: Collection[str]) -> Repairs:
    names = [node.id for node in pipeline.components]
    reads_outside = {*NEVER_CACHED, "ImportSchemaGen", "ExampleGen", "ServingExampleGen"}
    training = Container(image=settings.training_image, resources=_resources(settings))
    return Repairs(
        root=settings.artifacts,
        defaults={
            value.name: value.default
            for node in pipeline.components
            for value in node.exec_properties.values()
            if isinstance(value, RuntimeParameter) and value.default is not None
        },
        uncached=reads_outside - set(cached),
        retries={name: settings.retries for name in names if name not in NOT_RETRIED},
        containers=dict.fromkeys(TRAINING, training),
    )


def _resources(settings: AnySettings) -> dict[str, Any]:
    training = settings.training
    resources: dict[str, Any] = {}
    if training.cpu is not None:
        resources["cpuLimit"] = training.cpu
    if training.memory is not None:
        resources["memoryLimit"] = training.memory
    if training.accelerator is not None:
        count = str(training.accelerator.count)  # As protobuf writes a 64 bit integer in JSON.
        resources["accelerator"] = {"type": training.accelerator.type, "count": count}
    return resources
