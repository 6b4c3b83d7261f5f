"""What a backend can do; open-source Kubeflow Pipelines by the version of its API server."""

import json
from typing import Any

from tfx_rebalance.pipeline.targets.settings import Backend, Target

TOLERATIONS_FROM: Backend = (2, 2)
"""2.1.0 has them in its list of changes (kubeflow/pipelines#10471) and ignored them (#10727)."""
EXIT_HANDLER_FROM: Backend = (2, 14)
SCHEDULE_TIME_FROM: Backend = (2, 17)
"""2.16 knows the placeholder but puts "" in its place, as its driver is not told the time:
kubeflow/pipelines#13424 (of 2.16.1). #13474 mends it and is taken to be in 2.17.0, the next minor
release after it; neither was run."""

SCHEDULE_TIME = "{{$.pipeline_job_schedule_time_utc}}"
CREATION_TIME = "{{$.pipeline_job_create_time_utc}}"
RUN_ID = {"kubeflow": "{{$.pipeline_job_uuid}}", "vertex": "{{$.pipeline_job_name}}"}
"""What the backend puts a run's own name in place of."""

LONGEST_TOLD = 120 * 1024
"""Bytes of settings that a step can be told: they are one argument, which Linux limits to 128 KiB,
beside the names and addresses of its artifacts."""

_EVERY_BACKEND = frozenset(
    "{{$." + name + "}}"
    for name in (
        "pipeline_job_name",
        "pipeline_job_resource_name",
        "pipeline_job_uuid",
        "pipeline_task_name",
        "pipeline_task_uuid",
    )
)
_TIMES = frozenset({SCHEDULE_TIME, CREATION_TIME})


def has_exit_handler(target: Target, backend: Backend) -> bool:
    """Returns whether a step can run when all others have ended, and is told how."""
    return target == "vertex" or backend >= EXIT_HANDLER_FROM


def fills_in(placeholder: str, target: Target, backend: Backend) -> bool:
    """Returns whether the backend puts a value in place of a task's input that is `placeholder`."""
    if placeholder in _TIMES:
        return target == "vertex" or backend >= SCHEDULE_TIME_FROM
    return placeholder in _EVERY_BACKEND


def bytes_told(value: Any) -> int:
    """Returns how long a value is as a step is told it: as JSON, quotes escaped."""
    return len(json.dumps(value))


def version(backend: Backend) -> str:
    """Returns how a version is written."""
    return ".".join(map(str, backend))
