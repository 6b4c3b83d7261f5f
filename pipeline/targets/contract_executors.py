"""The part of the contract about what tasks run."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from google.protobuf import json_format

from tfx_rebalance.pipeline.targets.faults import Fault
from tfx_rebalance.pipeline.targets.repairs import INPUTS_ARGUMENT
from tfx_rebalance.pipeline.targets.settings import VERTEX_ACCELERATORS, Target

ARTIFACT_TITLE = r"[A-Za-z][\w-]*\.[A-Z]\w*"
"""TFX imports an artifact's class by it; a custom one with more dots is not found."""


def executor_faults(spec: Any, deployment: Any, target: Target) -> Iterator[Fault]:
    """Yields the faults of what the tasks run."""
    users = {component.executor_label: component for component in spec.components.values()}
    for label, executor in sorted(deployment.executors.items()):
        place = f"deploymentSpec.executors.{label}"
        kind = executor.WhichOneof("spec")
        if kind not in {"container", "importer"} and not (target == "vertex" and kind):
            yield Fault(
                place,
                f"is a {kind or 'thing without a kind'}, which Kubeflow does not run: only "
                "containers and importers",
            )
        if kind == "container":
            yield from _container_faults(executor.container, users.get(label), target, place)
    for name, component in sorted(spec.components.items()):
        yield from _title_faults(component, f"components.{name}")


def _container_faults(
    container: Any, component: Any, target: Target, place: str
) -> Iterator[Fault]:
    if not container.image:
        yield Fault(f"{place}.container.image", "is empty")
    if not container.command:
        yield Fault(f"{place}.container.command", "is empty: an image's ENTRYPOINT is not used")
    if target == "kubeflow" and container.HasField("lifecycle"):
        yield Fault(
            f"{place}.container.lifecycle",
            "is a driver, which Kubeflow does not run: no span, no date, no fingerprint",
        )
    for argument in container.args:
        if argument.startswith("__main__."):
            yield Fault(f"{place}.container.args", f"{argument} is in no module that is imported")
    if component is not None and INPUTS_ARGUMENT in container.args:
        declared = json_format.MessageToDict(component.input_definitions)
        if _inputs_told(list(container.args)) != declared:
            yield Fault(
                f"{place}.container.args", f"{INPUTS_ARGUMENT} is not what its component says"
            )
    yield from _accelerator_faults(container.resources.accelerator, target, place)


def _inputs_told(arguments: list[str]) -> Any:
    """Returns what a step is told of its inputs, None if that is no JSON."""
    told = arguments[arguments.index(INPUTS_ARGUMENT) + 1 :]
    try:
        return json.loads(told[0]) if told else None
    except ValueError:
        return None


def _accelerator_faults(accelerator: Any, target: Target, place: str) -> Iterator[Fault]:
    if not accelerator.type:
        return
    at = f"{place}.container.resources.accelerator"
    if target == "kubeflow" and "/" not in accelerator.type:
        yield Fault(at, f"{accelerator.type!r} is no resource of Kubernetes, as nvidia.com/gpu is")
    if target == "vertex" and accelerator.type not in VERTEX_ACCELERATORS:
        yield Fault(at, f"{accelerator.type!r} is no accelerator of Vertex, as NVIDIA_L4 is")
    if accelerator.count < 1:
        yield Fault(at, f"has a count of {accelerator.count}")


def _title_faults(component: Any, place: str) -> Iterator[Fault]:
    for side in ("input_definitions", "output_definitions"):
        for key, artifact in sorted(getattr(component, side).artifacts.items()):
            title = artifact.artifact_type.schema_title or _title(artifact.artifact_type)
            if not isinstance(title, str) or not re.fullmatch(ARTIFACT_TITLE, title):
                at = f"{place}.{side.split('_')[0]}Definitions.artifacts.{key}"
                yield Fault(at, f"its type {title!r} is not <package>.<Class>")


def _title(artifact_type: Any) -> Any:
    """Returns the title of a schema, or what stands in its place."""
    try:
        schema = yaml.safe_load(artifact_type.instance_schema)
    except (yaml.YAMLError, ValueError, RecursionError):
        return artifact_type.instance_schema
    return schema.get("title", "") if isinstance(schema, dict) else schema
