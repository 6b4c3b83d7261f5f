"""What a backend takes, restated: a spec that has a fault here is refused there, or fails there.

After kubeflow/pipelines, backend/src/apiserver/template, v2/compiler and v2/driver, and what
Vertex AI's client and pages say.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.message import Message
from kfp.pipeline_spec import pipeline_spec_pb2

from tfx_rebalance.pipeline.targets.contract_executors import executor_faults
from tfx_rebalance.pipeline.targets.contract_kubernetes import executor_config_faults
from tfx_rebalance.pipeline.targets.contract_tasks import Dag, kind_problem, task_faults, type_of
from tfx_rebalance.pipeline.targets.faults import Fault
from tfx_rebalance.pipeline.targets.settings import Backend, Target

SCHEMA_VERSION = "2.1.0"
NO_DEFAULT = "has no default"
"""How a fault begins that is none where a value is given with the run."""
NAMES: Mapping[Target, str] = {
    "kubeflow": r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
    "vertex": r"[a-z0-9][-a-z0-9]{0,127}",
}


def faults_of(text: str, target: Target, *, backend: Backend = (2, 0)) -> list[Fault]:
    """Returns what is wrong with a compiled pipeline, none if the target takes and runs it.

    Args:
        text: The file: YAML with the `PipelineSpec` and, for Kubeflow, what the platform is told.
        target: What it is for.
        backend: The oldest version of Kubeflow's API server that has to run it.
    """
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a 13th month.
        return [Fault("file", f"is not YAML: {error}")]
    strangers = _strangers(documents)
    if strangers:
        return strangers
    [content] = [document for document in documents if "platforms" not in document]
    platforms = [document for document in documents if "platforms" in document]
    spec, deployment = pipeline_spec_pb2.PipelineSpec(), _deployment()
    unreadable = [
        *_parsed(content, spec, "file"),
        *_parsed(content.get("deploymentSpec", {}), deployment, "deploymentSpec"),
    ]
    if unreadable:
        return unreadable
    return [
        *_header_faults(spec, target),
        *_parameter_faults(spec),
        *_definition_faults("root", spec.root),
        *(
            fault
            for name, component in sorted(spec.components.items())
            for fault in _definition_faults(f"components.{name}", component)
        ),
        *task_faults(Dag("root", spec.root, spec), target, backend),
        *_missing_executors(spec, deployment),
        *executor_faults(spec, deployment, target),
        *_platform_faults(platforms, deployment, target),
    ]


def _strangers(documents: Sequence[Any]) -> list[Fault]:
    """Returns the faults of a file that is not one pipeline and at most one platform."""
    faults = []
    if any(not isinstance(document, dict) for document in documents):
        return [Fault("file", "has a document that is no section with keys")]
    if any("pipelineSpec" in document for document in documents):
        wrapper = "is a PipelineJob, as TFX writes it into .json; the bare PipelineSpec is wanted"
        return [Fault("file", wrapper)]
    pipelines = sum("platforms" not in document for document in documents)
    if pipelines != 1:
        faults.append(Fault("file", f"has {pipelines} pipelines; one is wanted"))
    if len(documents) - pipelines > 1:
        platforms = len(documents) - pipelines
        faults.append(Fault("file", f"has {platforms} documents for platforms; at most one"))
    return faults


def _deployment() -> Message:
    deployment: Message = pipeline_spec_pb2.PipelineDeploymentConfig()
    return deployment


def _parsed(content: Any, message: Message, place: str) -> list[Fault]:
    """Fills the message; an unknown field or a value of another type is a fault."""
    try:
        json_format.ParseDict(content, message)
    except (json_format.ParseError, TypeError, AttributeError) as error:
        return [Fault(place, f"cannot be read: {error}")]
    return []


def _header_faults(spec: Any, target: Target) -> list[Fault]:
    faults = []
    if spec.schema_version != SCHEMA_VERSION:
        faults.append(
            Fault("schemaVersion", f"is {spec.schema_version!r}; {SCHEMA_VERSION} is wanted")
        )
    if not re.fullmatch(NAMES[target], spec.pipeline_info.name):
        faults.append(
            Fault(
                "pipelineInfo.name",
                f"{spec.pipeline_info.name!r} is refused by {target}: {NAMES[target]}",
            )
        )
    if not spec.HasField("root"):
        faults.append(Fault("root", "is missing"))
    return faults


def _parameter_faults(spec: Any) -> list[Fault]:
    return [
        Fault(
            f"root.inputDefinitions.parameters.{name}",
            f"{NO_DEFAULT}: TFX drops it, so each run and schedule would have to give a value",
        )
        for name, parameter in sorted(spec.root.input_definitions.parameters.items())
        if not parameter.is_optional and not parameter.HasField("default_value")
    ]


def _definition_faults(place: str, component: Any) -> list[Fault]:
    faults = []
    for name, parameter in sorted(component.input_definitions.parameters.items()):
        at = f"{place}.inputDefinitions.parameters.{name}"
        if not parameter.parameter_type:
            faults.append(Fault(f"{at}.parameterType", "is missing, as STRING"))
        elif parameter.HasField("default_value"):
            problem = kind_problem(parameter.default_value, type_of(parameter))
            if problem and not (parameter.is_optional and problem.startswith("is a null")):
                faults.append(Fault(f"{at}.defaultValue", problem))
    return faults


def _missing_executors(spec: Any, deployment: Any) -> list[Fault]:
    return [
        Fault(f"components.{name}.executorLabel", f"names {label!r}, which deploymentSpec has not")
        for name, label in sorted(
            (name, component.executor_label) for name, component in spec.components.items()
        )
        if spec.components[name].WhichOneof("implementation") != "dag"
        and label not in deployment.executors
    ]


def _platform_faults(platforms: Sequence[Any], deployment: Any, target: Target) -> list[Fault]:
    faults = []
    for document in platforms:
        if target != "kubeflow":
            return [Fault("platforms", f"is a document that {target} does not take")]
        unreadable = _parsed(document, pipeline_spec_pb2.PlatformSpec(), "platforms")
        if unreadable:
            return unreadable
        for name in sorted(set(document["platforms"] or {}) - {"kubernetes"}):
            faults.append(Fault(f"platforms.{name}", "is no platform; kubernetes is"))
        kubernetes = (document["platforms"] or {}).get("kubernetes") or {}
        executors = (kubernetes.get("deploymentSpec") or {}).get("executors") or {}
        place = "platforms.kubernetes.deploymentSpec.executors"
        faults += executor_config_faults(executors, deployment.executors, place)
    return faults
