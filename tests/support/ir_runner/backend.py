"""Plays the backend around the containers of a compiled pipeline, without a cluster.

Not emulated: images, machine sizes, secrets, volumes, service accounts, the waiting between two
attempts, and buckets (`loading.load` puts a folder in their place).
"""

import itertools
import posixpath
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from support.ir_runner.inputs import (
    Ended,
    Said,
    Value,
    executor_input,
    filled,
    parameters_of,
    value_of,
)
from support.ir_runner.loading import Compiled, ordered, producers_of
from support.ir_runner.steps import Starts
from support.ir_runner.store import Store, key_of

ALWAYS = pb.PipelineTaskSpec.TriggerPolicy.ALL_UPSTREAM_TASKS_COMPLETED
UNSCHEDULED = "1970-01-01T00:00:00Z"
CREATED = "2026-01-31T03:00:00Z"


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    id: str
    tasks: Mapping[str, Ended]

    def uri(self, task: str, key: str) -> Path:
        """Returns where an output lies."""
        [artifact] = self.tasks[task].artifacts[key]
        return Path(artifact.uri)

    def named(self, state: str) -> set[str]:
        """Returns the tasks that ended so."""
        return {name for name, ended in self.tasks.items() if ended.state == state}


@dataclass
class Backend:
    """Vertex AI Pipelines or Kubeflow Pipelines, as a step sees them."""

    target: str
    start: Starts
    folder: Path
    """For logs and working directories."""
    store: Store = field(default_factory=Store)
    _runs: Any = field(default_factory=lambda: itertools.count(1))

    def run(self, compiled: Compiled, *, only: Collection[str] = (), **given: Any) -> Run:
        """Runs a pipeline to its end, which may be a failure.

        Args:
            compiled: What `loading.load` gave.
            only: The only tasks to begin; none: all.
            given: The pipeline's parameters.

        Raises:
            ValueError: If a parameter is unknown or missing, or the spec cannot be run.
        """
        job = f"{compiled.spec.pipeline_info.name}-{next(self._runs)}"
        run = _Running(self, compiled, job, set(only))
        run.dag(compiled.spec.root, _pipeline_parameters(compiled.spec, given))
        return Run(job, run.tasks)

    def placeholders(self, job: str) -> dict[str, str]:
        """Returns what it fills in; both fill in each other's names too."""
        return {
            "{{$.pipeline_job_name}}": job,
            "{{$.pipeline_job_uuid}}": job,
            "{{$.pipeline_job_schedule_time_utc}}": (
                UNSCHEDULED if self.target == "vertex" else CREATED  # Kubeflow from 2.17 on.
            ),
            "{{$.pipeline_job_create_time_utc}}": CREATED,
        }

    def places(self, root: str, *, pipeline: str, job: str, task: str) -> tuple[str, str]:
        """Returns where a task's outputs go, and where it says what it has made."""
        if self.target == "kubeflow":
            told = self.folder / job / task / "kfp_outputs" / "output_metadata.json"
            attempt = str(uuid.uuid4())  # In the way that newer backends keep attempts apart.
            return posixpath.join(root, pipeline, job, task, attempt), str(told)
        folder = posixpath.join(root, "1", job, f"{task}_1")
        return folder, posixpath.join(folder, "executor_output.json")


@dataclass
class _Running:
    backend: Backend
    compiled: Compiled
    job: str
    only: set[str]
    tasks: dict[str, Ended] = field(default_factory=dict)

    def dag(self, component: pb.ComponentSpec, parameters: Mapping[str, Value]) -> Ended:
        """Runs the tasks of a DAG; one that failed keeps only those that wait for it from it."""
        tasks = component.dag.tasks
        for name in ordered(tasks):
            self.tasks[name] = self._ended(name, tasks[name], parameters)
        failed = any(not self.tasks[name].ended_well for name in tasks)
        return Ended("FAILED" if failed else "SUCCEEDED")

    def _ended(
        self, name: str, task: pb.PipelineTaskSpec, parameters: Mapping[str, Value]
    ) -> Ended:
        before = [self.tasks[producer] for producer in producers_of(task)]
        if task.trigger_policy.strategy != ALWAYS and not all(e.ended_well for e in before):
            return Ended("SKIPPED")
        component = self.compiled.component_of(task)
        failed = tuple(n for n, e in self.tasks.items() if e.state == "FAILED" and e.attempts)
        filled_in = self.backend.placeholders(self.job)
        said = Said(parameters, filled_in, self.job, failed, self.backend.target)
        given = parameters_of(task, component, said=said, ended=self.tasks)
        if component.WhichOneof("implementation") == "dag":
            return self.dag(component, given)
        if self.only and name not in self.only:
            return Ended("SKIPPED")
        return self._step(name, task, component, given)

    def _step(
        self,
        name: str,
        task: pb.PipelineTaskSpec,
        component: pb.ComponentSpec,
        given: Mapping[str, Value],
    ) -> Ended:
        pipeline = self.compiled.spec.pipeline_info.name
        root = self.compiled.spec.default_pipeline_root
        folder, told = self.backend.places(root, pipeline=pipeline, job=self.job, task=name)
        message = executor_input(
            task, component, parameters=given, ended=self.tasks, folder=folder, output_file=told
        )
        store = self.backend.store
        key = key_of(message, component, self.compiled.container_of(component))
        remembered = store.remembered(key) if task.caching_options.enable_cache else None
        if remembered is not None:
            return remembered
        ended = self._tried(name, task, component, message)
        if ended.state == "SUCCEEDED":
            _read(message, ended)
            store.named(ended.artifacts)
            store.remember(key, ended)
        return ended

    def _tried(
        self,
        name: str,
        task: pb.PipelineTaskSpec,
        component: pb.ComponentSpec,
        message: pb.ExecutorInput,
    ) -> Ended:
        """Begins a step as often as it may be, until it ends well."""
        container = self.compiled.container_of(component)
        command = filled([*container.command, *container.args], message)
        told = Path(message.outputs.output_file)
        told.parent.mkdir(parents=True, exist_ok=True)
        ended = Ended("FAILED")
        while ended.attempts <= task.retry_policy.max_retry_count and ended.state == "FAILED":
            attempts = ended.attempts + 1
            cwd = self.backend.folder / self.job / name / str(attempts)
            cwd.mkdir(parents=True)
            log = cwd / "log.txt"
            code = self.backend.start(command, cwd=cwd, log=log)
            ended = replace(
                ended, state="FAILED" if code else "SUCCEEDED", attempts=attempts, log=log
            )
        if ended.state == "SUCCEEDED" and not told.exists():
            raise ValueError(f"{name} ended well, but does not say what it has made in {told}.")
        return ended


def _pipeline_parameters(spec: pb.PipelineSpec, given: Mapping[str, Any]) -> dict[str, Value]:
    declared = spec.root.input_definitions.parameters
    unknown = set(given) - set(declared)
    if unknown:
        raise ValueError(f"the pipeline has no parameters {sorted(unknown)}.")
    values = {key: p.default_value for key, p in declared.items() if p.HasField("default_value")}
    values |= {key: value_of(value) for key, value in given.items()}
    if set(declared) - set(values):
        raise ValueError(f"parameters {sorted(set(declared) - set(values))} have no value.")
    return values


def _read(message: pb.ExecutorInput, ended: Ended) -> None:
    """Takes over what a step says it has made: addresses and metadata, never the type."""
    text = Path(message.outputs.output_file).read_text()
    output = json_format.Parse(text, pb.ExecutorOutput())
    for key, declared in message.outputs.artifacts.items():
        [artifact] = declared.artifacts
        for made in output.artifacts[key].artifacts:
            artifact.uri = made.uri or artifact.uri
            artifact.metadata.MergeFrom(made.metadata)
        ended.artifacts[key] = [artifact]
    ended.values.update(output.parameter_values)
