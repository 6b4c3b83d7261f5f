"""What can be wrong with a config for a target, before TFX is imported."""

import re
from pathlib import Path

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.beam_presets import beam_args
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.targets.abilities import (
    EXIT_HANDLER_FROM,
    TOLERATIONS_FROM,
    has_exit_handler,
    version,
)
from tfx_rebalance.pipeline.targets.settings import (
    Backend,
    KubeflowSettings,
    Target,
    VertexSettings,
)

AnySettings = KubeflowSettings | VertexSettings

LONGEST_SCHEMA = 60_000
"""Bytes of a schema that travels in the spec: a step gets all its settings as one argument, which
Linux cuts off at 128 KiB, escaped."""
LONGEST_NAME = 63
_NEEDED = {
    "kubeflow": "{root: gs://..., image: ...}",
    "vertex": "{project: ..., location: ..., root: gs://..., image: ...}",
}


def check_target(config: PipelineConfig, target: Target) -> AnySettings:
    """Returns the target's section, once the config can run there.

    Raises:
        ConfigError: If there is none, or the config leans on this machine, or asks for what the
            target has not.
    """
    settings = section_of(config, target)
    _name(config.name, target)
    _no_earlier_search(config)
    _no_local_paths(config, target)
    _sources_of_the_image(config)
    _short_schema(config)
    _exit_handler(config, target)
    if isinstance(settings, KubeflowSettings):
        _webhook(config, settings)
        _tolerations(settings)
    _accelerator(config, settings, target)
    _registrable(config, settings)
    beam_args(config, target)
    return settings


def section_of(config: PipelineConfig, target: Target) -> AnySettings:
    """Returns what the config says about a target.

    Raises:
        ConfigError: If it says nothing.
    """
    found = config.kubeflow if target == "kubeflow" else config.vertex
    if found is None:
        raise ConfigError(
            f"target {target} needs the section `{target}`: {_NEEDED[target]}. Add it to the "
            f"config, or give --set {target}.root=gs://... and the others."
        )
    return found


def backend_of(config: PipelineConfig) -> Backend:
    """Returns the oldest backend of Kubeflow's that has to run the pipeline."""
    return config.kubeflow.backend if config.kubeflow is not None else (2, 0)


def destination_of(config: PipelineConfig, settings: AnySettings) -> str:
    """Returns where released models go."""
    return config.push.destination or f"{settings.root}/serving/{config.name}"


def schema_text(config: PipelineConfig) -> str | None:
    """Returns the schema if it is a file of this machine, which no step can see."""
    path = config.data.schema_file
    return None if "://" in path else Path(path).read_text(encoding="utf-8")


def local_paths(config: PipelineConfig, target: Target) -> dict[str, str]:
    """Returns the keys of the config that name places which the target does not see.

    A path on one of Kubeflow's volumes is seen. The schema travels in the spec.
    """
    previous = config.validation.previous
    named = {
        **_paths_of("data.source", config.data.source),
        **_paths_of("validate.serving", config.validation.serving),
        "push.destination": config.push.destination,
        "validate.previous": None if previous in {"champion", "none"} else previous,
    }
    kubeflow = config.kubeflow if target == "kubeflow" else None
    return {
        key: value
        for key, value in named.items()
        if value and "://" not in value and not (kubeflow and kubeflow.is_on_volume(value))
    }


def _paths_of(key: str, source: object) -> dict[str, str | None]:
    return {f"{key}.{name}": getattr(source, name, None) for name in ("path", "data_dir", "cache")}


def _name(name: str, target: Target) -> None:
    if not re.fullmatch(rf"[a-z]([-a-z0-9]{{0,{LONGEST_NAME - 2}}}[a-z0-9])?", name):
        raise ConfigError(
            f"name {name!r} is no name for {target}. Allowed are up to {LONGEST_NAME} of small "
            "letters, digits and -, the first a letter, the last none of -. Rename the pipeline."
        )


def _no_earlier_search(config: PipelineConfig) -> None:
    if config.tuner is not None and config.tuner.origin is not None:
        raise ConfigError(
            "tuner: {from: latest} works on this machine only: it looks up earlier runs in the "
            "metadata under --root. Set tuner: null with the values of best_hyperparameters.txt "
            "under trainer, or a search such as tuner: {algorithm: hyperband}."
        )


def _no_local_paths(config: PipelineConfig, target: Target) -> None:
    local = local_paths(config, target)
    if local:
        places = ", ".join(f"{key} ({value})" for key, value in local.items())
        volume = ", or on a volume of kubeflow.volumes" if target == "kubeflow" else ""
        raise ConfigError(
            f"{places}: on this machine, which {target} cannot see. Put it into a bucket{volume}, "
            f"and name it there: {' '.join(f'--set {key}=gs://...' for key in local)}."
        )


def _sources_of_the_image(config: PipelineConfig) -> None:
    sources = {"data.source": config.data.source, "validate.serving": config.validation.serving}
    for key, source in sources.items():
        if source is not None and source.format == "tfds":
            raise ConfigError(
                f"{key} has the format tfds, and the image has no tensorflow-datasets, which is "
                "for this machine only. Write the examples into a bucket once, as TFRecord files, "
                f"and read these: {key}: {{format: tfrecord, path: gs://...}}."
            )


def _short_schema(config: PipelineConfig) -> None:
    text = schema_text(config)
    if text is not None and len(text.encode()) > LONGEST_SCHEMA:
        raise ConfigError(
            f"data.schema {config.data.schema_file!r} has {len(text.encode()):,} bytes; a schema "
            f"that travels in the spec may have {LONGEST_SCHEMA:,}. Put it into a bucket and name "
            "it there: --set data.schema=gs://..."
        )


def _exit_handler(config: PipelineConfig, target: Target) -> None:
    backend = backend_of(config)
    if config.on_exit.webhook_variable is not None and not has_exit_handler(target, backend):
        raise ConfigError(
            f"on_exit.webhook_variable needs Kubeflow {version(EXIT_HANDLER_FROM)}, and "
            f"kubeflow.minimum_backend is {version(backend)}: older ones tell no step how the run "
            "has ended. Set kubeflow.minimum_backend to the version you have, or "
            "on_exit.webhook_variable: null."
        )


def _webhook(config: PipelineConfig, settings: KubeflowSettings) -> None:
    variable = config.on_exit.webhook_variable
    if variable is not None and variable not in {s.variable for s in settings.secrets}:
        raise ConfigError(
            f"on_exit.webhook_variable is {variable!r}, which nothing sets in the steps: it is in "
            f"no entry of kubeflow.secrets. Add {{secret: ..., key: ..., variable: {variable}}} "
            "there, or set on_exit.webhook_variable: null."
        )


def _tolerations(settings: KubeflowSettings) -> None:
    training = settings.training
    asked = "tolerations" if training.tolerations else "spot" if training.spot else ""
    if asked and settings.backend < TOLERATIONS_FROM:
        raise ConfigError(
            f"kubeflow.training.{asked} needs Kubeflow {version(TOLERATIONS_FROM)}, and "
            f"kubeflow.minimum_backend is {version(settings.backend)}: older ones ignore "
            "tolerations, so the step would wait for ever. Set kubeflow.minimum_backend to the "
            f"version you have, or take kubeflow.training.{asked} out."
        )


def _accelerator(config: PipelineConfig, settings: AnySettings, target: Target) -> None:
    if settings.training.accelerator is not None and config.trainer.accelerator == "cpu":
        raise ConfigError(
            f"trainer.accelerator is cpu, but {target}.training.accelerator asks for "
            f"{settings.training.accelerator.type}. Remove one of them."
        )


def _registrable(config: PipelineConfig, settings: AnySettings) -> None:
    destination = destination_of(config, settings)
    registry = settings.registry if isinstance(settings, VertexSettings) else None
    if registry is not None and not destination.startswith("gs://"):
        raise ConfigError(
            f"push.destination is {destination!r}, and Vertex's registry takes models from gs:// "
            "only. Set push.destination to a place there or to null, or vertex.registry: null."
        )
