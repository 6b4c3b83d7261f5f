"""What a step is told: `ExecutorInput`, as the driver of a backend makes it."""

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

Value = struct_pb2.Value
_WELL = {"vertex": "SUCCEEDED", "kubeflow": "COMPLETE"}
_TEXT = (pb.ParameterType.STRING, pb.ParameterType.TASK_FINAL_STATUS)


@dataclass
class Ended:
    """A task that has ended, or was never begun."""

    state: str
    """SUCCEEDED, CACHED, FAILED or SKIPPED."""
    artifacts: dict[str, list[pb.RuntimeArtifact]] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    """Output parameters."""
    attempts: int = 0
    log: Path | None = None
    """Of the last attempt."""

    @property
    def ended_well(self) -> bool:
        return self.state in {"SUCCEEDED", "CACHED"}


@dataclass(frozen=True)
class Said:
    """What a backend puts into inputs besides constants and outputs."""

    parameters: Mapping[str, Value]
    """Of the pipeline, or of the DAG that the task is in."""
    placeholders: Mapping[str, str]
    """`{{$...}}` -> what is put in its place: on Vertex anywhere in a constant, on Kubeflow where
    it is the whole of one."""
    job: str
    failed: tuple[str, ...] = ()
    """Tasks that have failed so far, wherever they are."""
    target: str = "vertex"


def value_of(given: Any) -> Value:
    return json_format.ParseDict(given, Value())


def parameters_of(
    task: pb.PipelineTaskSpec,
    component: pb.ComponentSpec,
    *,
    said: Said,
    ended: Mapping[str, Ended],
) -> dict[str, Value]:
    """Returns a task's parameters, each of the kind that its component declares.

    Raises:
        ValueError: If one is of another kind, or comes from what is not there.
    """
    found = {key: _value(p, said, ended) for key, p in task.inputs.parameters.items()}
    declared = component.input_definitions.parameters
    for key, value in found.items():
        is_text = value.WhichOneof("kind") == "string_value"
        if is_text != (declared[key].parameter_type in _TEXT):
            raise ValueError(f"input parameter {key!r} type mismatch: got {value}.")
    missing = {
        key
        for key, parameter in declared.items()
        if key not in found
        and not parameter.is_optional
        and not parameter.HasField("default_value")
    }
    if missing:
        raise ValueError(f"required input parameters {sorted(missing)} are given by nobody.")
    return found


def _value(parameter: Any, said: Said, ended: Mapping[str, Ended]) -> Value:
    kind = parameter.WhichOneof("kind")
    if kind == "runtime_value":
        constant = parameter.runtime_value.constant
        if constant.WhichOneof("kind") != "string_value":
            return constant
        return Value(string_value=_filled_in(constant.string_value, said))
    if kind == "component_input_parameter":
        if parameter.component_input_parameter not in said.parameters:
            raise ValueError(f"the DAG has no input {parameter.component_input_parameter!r}.")
        return said.parameters[parameter.component_input_parameter]
    if kind == "task_output_parameter":
        output = parameter.task_output_parameter
        return ended[output.producer_task].values[output.output_parameter_key]
    if kind == "task_final_status":
        return Value(string_value=_final_status(parameter.task_final_status, said, ended))
    raise ValueError(f"a parameter of kind {kind!r} is not emulated.")


def _filled_in(text: str, said: Said) -> str:
    if said.target == "kubeflow":
        return said.placeholders.get(text, text)
    for placeholder, value in said.placeholders.items():
        text = text.replace(placeholder, value)
    return text


def _final_status(wanted: Any, said: Said, ended: Mapping[str, Ended]) -> str:
    well = _WELL[said.target]
    status = pb.PipelineTaskFinalStatus(
        state=well if ended[wanted.producer_task].ended_well else "FAILED",
        pipeline_job_name=said.job,
        pipeline_job_resource_name=f"projects/1/locations/here/pipelineJobs/{said.job}",
        pipeline_task_name=wanted.producer_task,
    )
    status.error.SetInParent()
    if said.failed and said.target == "vertex":  # Kubeflow does not say what failed.
        status.error.code = 9
        status.error.message = (
            "The DAG failed because some tasks failed. The failed tasks are: "
            f"[{', '.join(said.failed)}]."
        )
    return json_format.MessageToJson(status)


def executor_input(
    task: pb.PipelineTaskSpec,
    component: pb.ComponentSpec,
    *,
    parameters: Mapping[str, Value],
    ended: Mapping[str, Ended],
    folder: str,
    output_file: str,
) -> pb.ExecutorInput:
    """Returns the message that stands in place of `{{$}}`.

    Args:
        task: Says where its artifacts come from.
        component: Says which outputs it has.
        parameters: What `parameters_of` gave.
        ended: The tasks before it.
        folder: Where its outputs go; a file system's path or address.
        output_file: Where it is to say what it has made.
    """
    message = pb.ExecutorInput()
    for key, value in parameters.items():
        message.inputs.parameter_values[key].CopyFrom(value)
    for key, source in task.inputs.artifacts.items():
        output = source.task_output_artifact
        given = ended[output.producer_task].artifacts[output.output_artifact_key]
        message.inputs.artifacts[key].artifacts.extend(given)
    for key, declared in component.output_definitions.artifacts.items():
        artifact = message.outputs.artifacts[key].artifacts.add()
        artifact.uri = posixpath.join(folder, key)
        artifact.type.CopyFrom(declared.artifact_type)
    for key in component.output_definitions.parameters:
        message.outputs.parameters[key].output_file = posixpath.join(folder, "values", key)
    message.outputs.output_file = output_file
    return message


def filled(arguments: list[str], message: pb.ExecutorInput) -> list[str]:
    """Returns the arguments as the container gets them.

    Raises:
        ValueError: If one has a placeholder that is not the whole message.
    """
    text = json.dumps(json_format.MessageToDict(message))
    other = [word for word in arguments if "{{$" in word and word != "{{$}}"]
    if other:
        raise ValueError(f"placeholders that are not emulated: {other}")
    return [text if word == "{{$}}" else word for word in arguments]
