"""What `--dry-run` prints: the calls in their order, words in place of what only a server knows."""

from typing import Any

from tfx_rebalance.pipeline.schedules import requests
from tfx_rebalance.pipeline.schedules.requests import Job, Plan, Switch
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings, VertexSettings

AnySettings = KubeflowSettings | VertexSettings
Calls = list[dict[str, Any]]

_API = "/apis/v2beta1"


def submit_calls(job: Job, run_id: str, settings: AnySettings) -> Calls:
    """Returns what `submit` sends."""
    if isinstance(settings, VertexSettings):
        request = requests.vertex_run(job, run_id, settings)
        return [{"call": "PipelineService.CreatePipelineJob", "request": request}]
    ids = requests.unknown_ids(job.spec, settings)
    body = requests.kubeflow_run(job, run_id, settings, ids)
    return [_upload(job, settings), {"call": f"POST {_API}/runs", "body": body}]


def schedule_calls(plan: Plan, settings: AnySettings, *, exists: bool) -> Calls:
    """Returns what `schedule create` or `schedule update` sends, as if there were none, or one."""
    old = _schedule_id(plan.name)
    if isinstance(settings, VertexSettings):
        if exists:
            request = requests.vertex_update(plan, settings, old)
            calls = [{"call": "ScheduleService.UpdateSchedule", "request": request}]
        else:
            request = requests.vertex_schedule(plan, settings)
            calls = [{"call": "ScheduleService.CreateSchedule", "request": request}]
        return calls + (switch_calls("pause", plan.name, settings) if plan.paused else [])
    ids = requests.unknown_ids(plan.job.spec, settings)
    enabled = not exists and not plan.paused
    body = requests.kubeflow_schedule(plan, settings, ids, enabled=enabled)
    calls = [_upload(plan.job, settings), {"call": f"POST {_API}/recurringruns", "body": body}]
    if exists and not plan.paused:
        calls.append({"call": f"POST {_API}/recurringruns/<id of the new one>:enable"})
    return calls + (switch_calls("delete", plan.name, settings) if exists else [])


def switch_calls(
    switch: Switch, name: str, settings: AnySettings, *, catch_up: bool = False
) -> Calls:
    """Returns what `schedule pause`, `resume` or `delete` sends."""
    found = _schedule_id(name)
    if isinstance(settings, VertexSettings):
        request: dict[str, Any] = {"name": found}
        if switch == "resume":
            request["catchUp"] = catch_up
        return [{"call": f"ScheduleService.{switch.title()}Schedule", "request": request}]
    path = f"{_API}/recurringruns/{found}"
    if switch == "delete":
        return [{"call": f"DELETE {path}"}]
    return [{"call": f"POST {path}:{'disable' if switch == 'pause' else 'enable'}"}]


def _upload(job: Job, settings: KubeflowSettings) -> dict[str, Any]:
    ids = requests.unknown_ids(job.spec, settings)
    call = f"POST {_API}/pipelines/upload_version"
    return {"call": call, **requests.kubeflow_upload(job.spec, ids)}


def _schedule_id(name: str) -> str:
    return f"<id of schedule {name!r}>"
