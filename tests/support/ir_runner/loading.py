"""A compiled pipeline as a backend reads it: strictly, and refusing what it could not run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

Container = pb.PipelineDeploymentConfig.PipelineContainerSpec


@dataclass(frozen=True)
class Compiled:
    """A spec and what runs each of its steps."""

    spec: pb.PipelineSpec
    containers: Mapping[str, Container]
    """By executor label."""

    def container_of(self, component: pb.ComponentSpec) -> Container:
        return self.containers[component.executor_label]

    def component_of(self, task: pb.PipelineTaskSpec) -> pb.ComponentSpec:
        return self.spec.components[task.component_ref.name]


def load(text: str, *, bucket: str, folder: Path) -> Compiled:
    """Returns the first document of a compiled file.

    Args:
        text: The file.
        bucket: What every remote path begins with, such as `gs://bucket`.
        folder: What stands for the bucket here.

    Raises:
        ValueError: If another bucket is in it, or anything besides containers that always run.
    """
    mapped = text.replace(bucket, folder.as_posix())
    if "gs://" in mapped:
        raise ValueError(f"the spec names another bucket than {bucket}, which is not mapped.")
    document = next(iter(yaml.safe_load_all(mapped)))
    spec = json_format.ParseDict(document, pb.PipelineSpec())
    executors = _parsed(spec.deployment_spec, pb.PipelineDeploymentConfig()).executors
    others = [label for label, e in executors.items() if e.WhichOneof("spec") != "container"]
    drivers = [label for label, e in executors.items() if e.container.HasField("lifecycle")]
    conditional = [name for name, task in _tasks(spec) if task.trigger_policy.condition]
    if others or drivers or conditional:
        raise ValueError(f"not emulated: {others} {drivers} {conditional}")
    return Compiled(spec, {label: executor.container for label, executor in executors.items()})


def producers_of(task: pb.PipelineTaskSpec) -> set[str]:
    """Returns the tasks that must have ended before this one."""
    inputs = task.inputs
    artifacts = {a.task_output_artifact.producer_task for a in inputs.artifacts.values()}
    parameters = inputs.parameters.values()
    values = {p.task_output_parameter.producer_task for p in parameters}
    states = {p.task_final_status.producer_task for p in parameters}
    return {*task.dependent_tasks, *artifacts, *values, *states} - {""}


def ordered(tasks: Mapping[str, pb.PipelineTaskSpec]) -> list[str]:
    """Returns the tasks of a DAG, each behind those it waits for.

    Raises:
        ValueError: If it waits for one that is not there, or they wait for each other.
    """
    waits = {name: sorted(producers_of(tasks[name])) for name in sorted(tasks)}
    unknown = {name: set(w) - set(tasks) for name, w in waits.items() if set(w) - set(tasks)}
    if unknown:
        raise ValueError(f"tasks wait for what is not there: {unknown}")
    return list(TopologicalSorter(waits).static_order())


def as_json(message: Any) -> Any:
    return json.loads(json_format.MessageToJson(message))


def _tasks(spec: pb.PipelineSpec) -> Iterator[tuple[str, pb.PipelineTaskSpec]]:
    for component in (spec.root, *spec.components.values()):
        yield from component.dag.tasks.items()


def _parsed(message: Any, into: Any) -> Any:
    return json_format.ParseDict(json_format.MessageToDict(message), into)
