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
from tfx_rebalance.pipeline.targets.faults import Fault
from tfx_rebalance.pipeline.targets.settings import Backend, Target

_EXIT_HANDLER = "ExitHandler"
"""The task that is told the target by what its parameter `planned` says."""
_OURS = "tfx_rebalance.components."


@dataclass(frozen=True)
class Spec:
    """A compiled pipeline."""

    name: str
    text: str = field(repr=False)
    """The YAML, as it is uploaded."""
    pipeline: Mapping[str, Any] = field(repr=False)
    """The document in it that is the `PipelineSpec`."""

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
    from tfx_rebalance.pipeline.targets.checks import check_target

    check_target(config, target)  # Before TFX is imported, which takes seconds.
    from tfx_rebalance.pipeline.targets.compiling import compile_pipeline

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        compile_pipeline(config, features, target=target, output=path)
        return _spec(path.read_text(encoding="utf-8"), config.name)


def read_spec(path: Path, *, name: str, target: Target, backend: Backend = (2, 0)) -> Spec:
    """Returns the pipeline that was compiled into a file.

    Args:
        path: The file.
        name: The pipeline's name in the config.
        target: What it is sent to.
        backend: The oldest version of Kubeflow's API server that has to run it.

    Raises:
        ConfigError: If it cannot be read, or is not of this pipeline and this target.
    """
    where = f"--spec {str(path)!r}"
    remedy = f"Compile it with: tfx-rebalance compile CONFIG --target {target} --output FILE.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{where} cannot be read: {error.strerror}. {remedy}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where} is not UTF-8 text: {error.reason}. {remedy}.") from None
    from tfx_rebalance.pipeline.targets.contract import faults_of

    # A parameter may be without a default here: its value is given with the run.
    faults = [f for f in faults_of(text, target, backend=backend) if not _is_missing_default(f)]
    if faults:
        raise ConfigError(
            f"{where} is nothing that {target} takes: {'; '.join(map(str, faults))}. {remedy}."
        )
    spec = _spec(text, name)
    found = spec.pipeline["pipelineInfo"]["name"]
    if found != name:
        raise ConfigError(
            f"{where} is of the pipeline {found!r}, the config of {name!r}. {remedy}."
        )
    made_for = _made_for(spec)
    if made_for not in (target, None):
        raise ConfigError(f"{where} was compiled for {made_for}, not for {target}. {remedy}.")
    return spec


def _made_for(spec: Spec) -> Target | None:
    """Returns the target that `compile` was given; None: another program has made the pipeline."""
    try:
        handler = spec.pipeline["root"]["dag"]["tasks"][_EXIT_HANDLER]
        planned = handler["inputs"]["parameters"]["planned"]["runtimeValue"]["constant"]
        found: Target = json.loads(planned)["target"]
        return found
    except (KeyError, TypeError, ValueError):
        # Of ours only those for Kubeflow before 2.14 have no exit handler.
        return "kubeflow" if _OURS in spec.text else None


def _spec(text: str, name: str) -> Spec:
    documents = [document for document in yaml.safe_load_all(text) if document is not None]
    [pipeline] = [document for document in documents if "platforms" not in document]
    return Spec(name=name, text=text, pipeline=pipeline)


def _is_missing_default(fault: Fault) -> bool:
    from tfx_rebalance.pipeline.targets.contract import NO_DEFAULT

    return fault.problem.startswith(NO_DEFAULT)
