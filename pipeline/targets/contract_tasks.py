"""The part of the contract about tasks and how they hang together."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format

from tfx_rebalance.pipeline.targets.abilities import (
    EXIT_HANDLER_FROM,
    LONGEST_TOLD,
    bytes_told,
    fills_in,
    has_exit_handler,
    version,
)
from tfx_rebalance.pipeline.targets.faults import Fault
from tfx_rebalance.pipeline.targets.settings import Backend, Target

TASK_NAME = r"[a-zA-Z0-9_][-a-zA-Z0-9_]*"
KIND_OF_TYPE = {
    "STRING": "string_value",
    "NUMBER_INTEGER": "number_value",
    "NUMBER_DOUBLE": "number_value",
    "BOOLEAN": "bool_value",
    "LIST": "list_value",
    "STRUCT": "struct_value",
}


@dataclass(frozen=True)
class Dag:
    """A component that is made of tasks."""

    name: str
    component: Any
    spec: Any
    within: tuple[str, ...] = ()
    """The components that it lies in, and itself."""

    @property
    def tasks(self) -> Mapping[str, Any]:
        """Task by name."""
        found: Mapping[str, Any] = self.component.dag.tasks
        return found

    def component_of(self, task: str) -> Any:
        """Returns what a task does, or None where the spec has no such component."""
        return self.spec.components.get(self.tasks[task].component_ref.name)


def task_faults(dag: Dag, target: Target, backend: Backend) -> Iterator[Fault]:
    """Yields the faults of the tasks of a component and of those within them."""
    if not dag.tasks:
        yield Fault(f"{dag.name}.dag", "has no tasks")
    for name, task in sorted(dag.tasks.items()):
        place = f"{dag.name}.dag.tasks.{name}"
        if not re.fullmatch(TASK_NAME, name):
            yield Fault(place, f"is no name for a task: {TASK_NAME}")
        component = dag.component_of(name)
        if component is None:
            ref = task.component_ref.name
            yield Fault(f"{place}.componentRef", f"names {ref!r}, which components has not")
            continue
        yield from _order_faults(dag, task, place)
        yield from _artifact_faults(dag, task, component, place)
        yield from _parameter_faults(dag, task, target, backend, place)
        if component.WhichOneof("implementation") == "dag":
            ref = task.component_ref.name
            inner = Dag(f"components.{ref}", component, dag.spec, within=(*dag.within, ref))
            if ref in dag.within:
                yield Fault(f"{place}.componentRef", f"names {ref!r}, which this task lies in")
            else:
                yield from task_faults(inner, target, backend)
    if _has_cycle(dag):
        yield Fault(f"{dag.name}.dag", "has tasks that wait for each other")


def _order_faults(dag: Dag, task: Any, place: str) -> Iterator[Fault]:
    for name in task.dependent_tasks:
        if name not in dag.tasks:
            yield Fault(f"{place}.dependentTasks", f"names {name!r}, which is no task there")


def _artifact_faults(dag: Dag, task: Any, component: Any, place: str) -> Iterator[Fault]:
    for key, given in sorted(task.inputs.artifacts.items()):
        at = f"{place}.inputs.artifacts.{key}"
        if key not in component.input_definitions.artifacts:
            yield Fault(at, "is no input of its component")
        if given.WhichOneof("kind") == "task_output_artifact":
            output = given.task_output_artifact
            known = _outputs(dag, output.producer_task, "artifacts")
            problem = _output_problem(output.producer_task, output.output_artifact_key, known)
            if problem:
                yield Fault(at, problem)
        elif given.component_input_artifact not in dag.component.input_definitions.artifacts:
            yield Fault(at, f"{given.component_input_artifact!r} is no input of {dag.name}")
    for key in sorted(component.input_definitions.artifacts):
        if key not in task.inputs.artifacts:
            yield Fault(f"{place}.inputs.artifacts.{key}", "is not given")


def _outputs(dag: Dag, task: str, kind: str) -> Mapping[str, Any] | None:
    """Returns the artifacts or parameters that a task gives, or None where there is no task."""
    if task not in dag.tasks:
        return None
    component = dag.component_of(task)
    return {} if component is None else getattr(component.output_definitions, kind)


def _output_problem(task: str, key: str, known: Mapping[str, Any] | None) -> str | None:
    if known is None:
        return f"comes from the task {task!r}, which is none there"
    if key not in known:
        return f"is the output {key!r} of {task!r}, which it has not"
    return None


def _parameter_faults(
    dag: Dag, task: Any, target: Target, backend: Backend, place: str
) -> Iterator[Fault]:
    component = dag.spec.components[task.component_ref.name]
    for key, given in sorted(task.inputs.parameters.items()):
        problems = (
            *_parameter_problems(dag, task, given, target, backend),
            *_type_problems(component, key, given),
        )
        yield from (Fault(f"{place}.inputs.parameters.{key}", what) for what in problems)
    yield from _missing_parameters(task, component, place)
    yield from _length_faults(task, place)


def _parameter_problems(
    dag: Dag, task: Any, given: Any, target: Target, backend: Backend
) -> Iterator[str]:
    kind = given.WhichOneof("kind")
    if kind == "task_output_parameter":
        output = given.task_output_parameter
        known = _outputs(dag, output.producer_task, "parameters")
        problem = _output_problem(output.producer_task, output.output_parameter_key, known)
        if problem:
            yield problem
    elif kind == "component_input_parameter":
        if given.component_input_parameter not in dag.component.input_definitions.parameters:
            yield f"{given.component_input_parameter!r} is no parameter of {dag.name}"
    elif kind == "task_final_status":
        yield from _status_problems(dag, task, given, target, backend)
    elif given.runtime_value.WhichOneof("value") != "constant":
        yield "is no constant of schema 2.1"
    else:
        value = given.runtime_value.constant.string_value
        if value.startswith("{{$") and not fills_in(value, target, backend):
            what = f"Kubeflow {version(backend)}" if target == "kubeflow" else "Vertex"
            yield f"is {value}, which {what} puts nothing in place of"


def _status_problems(
    dag: Dag, task: Any, given: Any, target: Target, backend: Backend
) -> Iterator[str]:
    if not has_exit_handler(target, backend):
        yield (
            f"is the final state of a run, which Kubeflow tells from {version(EXIT_HANDLER_FROM)} "
            f"on, not {version(backend)}"
        )
    if given.task_final_status.producer_task not in dag.tasks:
        yield f"is of the task {given.task_final_status.producer_task!r}, which is none there"
    if task.trigger_policy.strategy != task.trigger_policy.ALL_UPSTREAM_TASKS_COMPLETED:
        yield "is the final state of a run for a task that does not wait for its end"


def _type_problems(component: Any, key: str, given: Any) -> Iterator[str]:
    if key not in component.input_definitions.parameters:
        yield "is no parameter of its component"
    elif given.runtime_value.WhichOneof("value") == "constant":
        wanted = type_of(component.input_definitions.parameters[key])
        problem = kind_problem(given.runtime_value.constant, wanted)
        if problem:
            yield problem


def type_of(parameter: Any) -> str:
    """Returns the name of the type of a component's parameter, such as STRING."""
    types = parameter.DESCRIPTOR.fields_by_name["parameter_type"].enum_type
    name: str = types.values_by_number[parameter.parameter_type].name
    return name


def kind_problem(value: Any, wanted: str) -> str | None:
    """Returns what is wrong with a value for a parameter of a type, or None."""
    kind = value.WhichOneof("kind")
    if kind != KIND_OF_TYPE.get(wanted, kind):
        return f"is a {kind} for a parameter of type {wanted}"
    if wanted == "NUMBER_INTEGER" and not value.number_value.is_integer():
        return f"is {value.number_value} for a parameter of type {wanted}"
    return None


def _missing_parameters(task: Any, component: Any, place: str) -> Iterator[Fault]:
    for key, definition in sorted(component.input_definitions.parameters.items()):
        optional = definition.is_optional or definition.HasField("default_value")
        if key not in task.inputs.parameters and not optional:
            yield Fault(f"{place}.inputs.parameters.{key}", "has neither a value nor a default")


def _length_faults(task: Any, place: str) -> Iterator[Fault]:
    constants = (given.runtime_value.constant for given in task.inputs.parameters.values())
    told = sum(bytes_told(json_format.MessageToDict(constant)) for constant in constants)
    if told > LONGEST_TOLD:
        yield Fault(
            f"{place}.inputs.parameters",
            f"are {told:,} bytes, more than the {LONGEST_TOLD:,} that a step can be told",
        )


def _has_cycle(dag: Dag) -> bool:
    waiting = {
        name: {
            *task.dependent_tasks,
            *(a.task_output_artifact.producer_task for a in task.inputs.artifacts.values()),
            *(p.task_output_parameter.producer_task for p in task.inputs.parameters.values()),
        }
        & set(dag.tasks)
        for name, task in dag.tasks.items()
    }
    while ready := [name for name, before in waiting.items() if not before & set(waiting)]:
        for name in ready:
            del waiting[name]
    return bool(waiting)
