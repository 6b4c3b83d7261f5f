"""Mends what TFX 1.16 compiles wrong for schema 2.1, and adds what TFX cannot say.

All of it works on the `PipelineSpec` as plain data; docs/adr/0022 says why.
"""

import copy
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Spec = dict[str, Any]

DAG = "tfx-dag"
"""The component that TFX moves all nodes into where there is an exit handler."""
WRONG_SUFFIX = "_task"
"""What TFX appends to the name of a task whose output is another one's parameter."""
INPUTS_ARGUMENT = "--json_serialized_inputs_spec_args"
"""A step is told the types of its inputs a second time, by this argument."""
BACKOFF = {"backoffDuration": "60s", "backoffFactor": 2.0, "backoffMaxDuration": "600s"}


@dataclass(frozen=True)
class Container:
    """What a step runs in and on."""

    image: str
    resources: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Repairs:
    """What TFX's spec lacks."""

    root: str
    """Where artifacts go if the one who submits does not say."""
    defaults: Mapping[str, Any]
    """Parameter -> its default."""
    uncached: Collection[str]
    """Tasks that are run whatever was run before."""
    retries: Mapping[str, int]
    """Task -> how often it is tried again."""
    containers: Mapping[str, Container]
    """Task -> what is not as for the others."""


def repaired(spec: Spec, repairs: Repairs) -> Spec:
    """Returns the spec with everything mended; the given one stays.

    A task that is named and not there is left out: not every config has every task.

    Raises:
        ValueError: If a parameter is to have a default and does not exist.
    """
    spec = copy.deepcopy(spec)
    spec["defaultPipelineRoot"] = repairs.root
    parameter_defaults(spec, repairs.defaults)
    dynamic_properties(spec)
    exit_handler_inputs(spec)
    for name, task in tasks_of(spec):
        if name != DAG:
            cached = task.get("cachingOptions", {}).get("enableCache", False)
            task["cachingOptions"] = {"enableCache": cached and name not in repairs.uncached}
        if repairs.retries.get(name):
            task["retryPolicy"] = {"maxRetryCount": repairs.retries[name], **BACKOFF}
        if name in repairs.containers:
            _put_in(container_of(spec, task), repairs.containers[name])
    return spec


def dags_of(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """Yields the root and each component that is made of tasks."""
    yield "root", spec["root"]
    for name, component in spec["components"].items():
        if "dag" in component:
            yield name, component


def tasks_of(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """Yields every task, wherever it lies."""
    for _, component in dags_of(spec):
        yield from component["dag"]["tasks"].items()


def container_of(spec: Spec, task: Spec) -> Spec:
    """Returns the container that a task runs."""
    label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
    found: Spec = spec["deploymentSpec"]["executors"][label]["container"]
    return found


def parameter_defaults(spec: Spec, defaults: Mapping[str, Any]) -> None:
    """Puts back the defaults of parameters, which the compiler drops.

    Raises:
        ValueError: If there is no such parameter.
    """
    parameters = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, default in defaults.items():
        if name not in parameters:
            raise ValueError(f"the pipeline has no parameter {name!r}, only {sorted(parameters)}.")
        parameters[name]["defaultValue"] = default


def dynamic_properties(spec: Spec) -> None:
    """Names the right task for a parameter that is another one's output, and its type."""
    for _, component in dags_of(spec):
        tasks = component["dag"]["tasks"]
        for task in tasks.values():
            for key, parameter in task.get("inputs", {}).get("parameters", {}).items():
                if "taskOutputParameter" in parameter:
                    _take_from(spec, tasks, task, key)


def exit_handler_inputs(spec: Spec) -> None:
    """Hands the pipeline's parameters on to the tasks that an exit handler waits for."""
    parameters = spec["root"].get("inputDefinitions", {}).get("parameters")
    if DAG not in spec["components"] or not parameters:
        return
    spec["components"][DAG]["inputDefinitions"] = {"parameters": copy.deepcopy(parameters)}
    spec["root"]["dag"]["tasks"][DAG]["inputs"] = {
        "parameters": {name: {"componentInputParameter": name} for name in parameters}
    }


def _take_from(spec: Spec, tasks: Spec, task: Spec, key: str) -> None:
    output = task["inputs"]["parameters"][key]["taskOutputParameter"]
    if output["producerTask"] not in tasks:
        output["producerTask"] = output["producerTask"].removesuffix(WRONG_SUFFIX)
    if output["producerTask"] not in tasks:
        return  # The contract's checker says so, with the place.
    producer = spec["components"][tasks[output["producerTask"]]["componentRef"]["name"]]
    given = producer["outputDefinitions"]["parameters"][output["outputParameterKey"]]
    inputs = spec["components"][task["componentRef"]["name"]]["inputDefinitions"]
    inputs["parameters"][key]["parameterType"] = given["parameterType"]
    arguments = container_of(spec, task)["args"]
    arguments[arguments.index(INPUTS_ARGUMENT) + 1] = json.dumps(inputs, sort_keys=True)


def _put_in(container: Spec, wanted: Container) -> None:
    container["image"] = wanted.image
    if wanted.resources:
        container["resources"] = dict(wanted.resources)
