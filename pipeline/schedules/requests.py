"""What the two APIs are sent, as plain data: `--dry-run` prints it, the backends send it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.schedules.spec import Spec
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings, VertexSettings

Body = dict[str, Any]
Switch = Literal["pause", "resume", "delete"]

MARK = "tfx-rebalance "
"""What the description of a schedule of ours on Kubeflow begins with; a digest follows."""

UPDATED = (
    "cron",
    "max_concurrent_run_count",
    "max_concurrent_active_run_count",
    "allow_queueing",
    "create_pipeline_job_request",
)
"""The fields of a schedule on Vertex that an update replaces."""


@dataclass(frozen=True)
class Job:
    """A pipeline and what it runs with."""

    spec: Spec
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """A schedule as it is wanted."""

    name: str
    cron: str
    job: Job
    catch_up: bool = False
    """Kubeflow: whether runs that were missed are made up for."""
    paused: bool = False


@dataclass(frozen=True)
class KubeflowIds:
    """What the server has numbered."""

    experiment: str
    pipeline: str
    version: str


def check_run_id(run_id: str) -> str:
    """Returns a run's name if both backends take it.

    Raises:
        ConfigError: If not.
    """
    if not re.fullmatch(r"[a-z][-a-z0-9]{0,127}", run_id):
        raise ConfigError(
            f"--run-id must be a small letter and up to 127 of small letters, digits and -, got "
            f"{run_id!r}."
        )
    return run_id


def check_schedule_name(name: str) -> str:
    """Returns a schedule's name if both backends take it.

    Raises:
        ConfigError: If not.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}", name):
        raise ConfigError(
            f"--name must be a letter or digit and up to 126 of letters, digits, '.', '_' and '-', "
            f"got {name!r}."
        )
    return name


def unknown_ids(spec: Spec, settings: KubeflowSettings) -> KubeflowIds:
    """Returns words in place of the numbers that only the server knows."""
    return KubeflowIds(
        experiment=f"<id of experiment {settings.experiment!r}>",
        pipeline=f"<id of pipeline {spec.name!r}>",
        version=f"<id of version {spec.version!r}>",
    )


def kubeflow_run(job: Job, run_id: str, settings: KubeflowSettings, ids: KubeflowIds) -> Body:
    """Returns the body of POST /apis/v2beta1/runs."""
    return {"display_name": run_id, **_kubeflow_job(job, settings, ids)}


def kubeflow_schedule(
    plan: Plan, settings: KubeflowSettings, ids: KubeflowIds, *, enabled: bool
) -> Body:
    """Returns the body of POST /apis/v2beta1/recurringruns.

    The description says what is wanted, whatever the server numbers it and whether it is enabled.
    """
    body = _recurring(plan, settings, ids)
    wanted = _recurring(plan, settings, unknown_ids(plan.job.spec, settings))
    return {
        **body,
        "description": MARK + _digest(wanted),
        "mode": "ENABLE" if enabled else "DISABLE",
    }


def kubeflow_upload(spec: Spec, ids: KubeflowIds) -> Body:
    """Returns the query and the file of POST /apis/v2beta1/pipelines/upload_version."""
    return {"query": {"name": spec.version, "pipelineid": ids.pipeline}, "file": spec.text}


def vertex_parent(settings: VertexSettings) -> str:
    """Returns the name of the place that jobs and schedules are in."""
    return f"projects/{settings.project}/locations/{settings.location}"


def vertex_run(job: Job, run_id: str, settings: VertexSettings) -> Body:
    """Returns a `CreatePipelineJobRequest`."""
    return {**_vertex_job(job, settings), "pipelineJobId": run_id}


def vertex_schedule(plan: Plan, settings: VertexSettings) -> Body:
    """Returns a `CreateScheduleRequest`."""
    return {
        "parent": vertex_parent(settings),
        "schedule": {
            "displayName": plan.name,
            "cron": plan.cron,
            # The first bounds runs that start, the second runs that have not ended.
            "maxConcurrentRunCount": 1,
            "maxConcurrentActiveRunCount": 1,
            "allowQueueing": False,
            "createPipelineJobRequest": _vertex_job(plan.job, settings),
        },
    }


def vertex_update(plan: Plan, settings: VertexSettings, resource: str) -> Body:
    """Returns an `UpdateScheduleRequest` that replaces all but the name and the state."""
    schedule = {"name": resource, **vertex_schedule(plan, settings)["schedule"]}
    return {"schedule": schedule, "updateMask": ",".join(map(_camel, UPDATED))}


def _recurring(plan: Plan, settings: KubeflowSettings, ids: KubeflowIds) -> Body:
    return {
        "display_name": plan.name,
        **_kubeflow_job(plan.job, settings, ids),
        "trigger": {"cron_schedule": {"cron": plan.cron}},
        "max_concurrency": 1,
        "no_catchup": not plan.catch_up,
    }


def _kubeflow_job(job: Job, settings: KubeflowSettings, ids: KubeflowIds) -> Body:
    body: Body = {
        "experiment_id": ids.experiment,
        "pipeline_version_reference": {
            "pipeline_id": ids.pipeline,
            "pipeline_version_id": ids.version,
        },
        "runtime_config": {"pipeline_root": settings.artifacts, "parameters": dict(job.parameters)},
    }
    if settings.service_account:
        body["service_account"] = settings.service_account
    return body


def _vertex_job(job: Job, settings: VertexSettings) -> Body:
    pipeline_job: Body = {
        "displayName": job.spec.name,
        "pipelineSpec": job.spec.pipeline,
        "labels": settings.labels,
        "runtimeConfig": {
            "gcsOutputDirectory": settings.artifacts,
            "parameterValues": dict(job.parameters),
        },
    }
    if settings.service_account:
        pipeline_job["serviceAccount"] = settings.service_account
    if settings.network:
        pipeline_job["network"] = settings.network
    return {"parent": vertex_parent(settings), "pipelineJob": pipeline_job}


def _digest(body: Body) -> str:
    """Returns a name for a request: the same request, the same name."""
    text = json.dumps(body, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
