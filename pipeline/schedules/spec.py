"""The compiled pipeline that is sent: made from the config, or a file that was made before."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.targets.settings import Target


@dataclass(frozen=True)
class Spec:
    """A compiled pipeline."""

    name: str
    text: str = field(repr=False)
    """The YAML, as it is uploaded."""
    pipeline: Mapping[str, Any] = field(repr=False)
    """Its first document, the `PipelineSpec`."""

    @property
    def version(self) -> str:
        """A name that says what is in it: the same text, the same name."""
        return f"{self.name}-{hashlib.sha256(self.text.encode()).hexdigest()[:16]}"

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The definitions of its parameters by name."""
        definitions = self.pipeline["root"].get("inputDefinitions") or {}
        found: Mapping[str, Mapping[str, Any]] = definitions.get("parameters") or {}
        return found


def compiled_spec(config: PipelineConfig, features: Features, target: Target) -> Spec:
    """Returns the pipeline of a config, compiled now.

    Raises:
        ConfigError: If the target cannot run what the config says.
    """
    from tfx_rebalance.pipeline.runners.vertex import compile_pipeline

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        compile_pipeline(config, features, path)
        text = path.read_text(encoding="utf-8")
    return parse_spec(text, where="the compiled pipeline", name=config.name, target=target)


def read_spec(path: Path, *, name: str, target: Target) -> Spec:
    """Returns the pipeline that was compiled into a file.

    Raises:
        ConfigError: If it cannot be read, or is not of this pipeline and this target.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"--spec {str(path)!r} cannot be read: {error.strerror}. Give the file that "
            f"tfx-rebalance compile --target {target} wrote, or leave --spec away."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"--spec {str(path)!r} is not UTF-8 text: {error.reason}.") from None
    return parse_spec(text, where=f"--spec {str(path)!r}", name=name, target=target)


def parse_spec(text: str, *, where: str, name: str, target: Target) -> Spec:
    """Returns the pipeline in a compiled file's text.

    Args:
        text: YAML: the pipeline, and for Kubeflow what the platform is told.
        where: What to call it in a message.
        name: The pipeline's name in the config.
        target: What it is sent to.

    Raises:
        ConfigError: If it is not of this pipeline and this target.
    """
    remedy = f"Compile it with: tfx-rebalance compile CONFIG --target {target} --output FILE.yaml"
    try:
        documents = list(yaml.safe_load_all(text))
        json.dumps(documents)
    except (yaml.YAMLError, TypeError, ValueError) as error:
        line = str(error).splitlines()[0]
        raise ConfigError(f"{where} is not YAML of plain values: {line}. {remedy}.") from None
    problem = _problem(documents, name, target)
    if problem:
        raise ConfigError(f"{where} {problem}. {remedy}.")
    return Spec(name=name, text=text, pipeline=documents[0])


def _problem(documents: list[Any], name: str, target: Target) -> str | None:
    """Returns what is wrong with the documents of a compiled file, or None."""
    first = documents[0] if documents else None
    if not isinstance(first, dict):
        return "holds no compiled pipeline"
    if "pipelineSpec" in first:
        return "is a PipelineJob, which Kubeflow does not take; a PipelineSpec is wanted"
    if not isinstance(first.get("root"), dict) or not isinstance(first.get("pipelineInfo"), dict):
        return "holds no compiled pipeline: it has no root or no pipelineInfo"
    if first.get("schemaVersion") != "2.1.0":
        return f"has the schema version {first.get('schemaVersion')!r}; 2.1.0 is wanted"
    if first["pipelineInfo"].get("name") != name:
        return f"is of the pipeline {first['pipelineInfo'].get('name')!r}, the config of {name!r}"
    if len(documents) > (2 if target == "kubeflow" else 1):
        return f"has {len(documents)} documents: it was not compiled for {target}"
    if not all(isinstance(d, dict) and "platforms" in d for d in documents[1:]):
        return "has a second document without `platforms`"
    return None
