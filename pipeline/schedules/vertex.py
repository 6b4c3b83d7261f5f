"""Runs and schedules on Vertex AI Pipelines, through the clients that its SDK is made on.

`PipelineJob` and `PipelineJobSchedule` of the SDK are left aside: they make buckets on the way,
cannot give a schedule another pipeline, and do not tell what they are going to send.
"""

import time
from typing import Any

from tfx_rebalance.errors import ConfigError, ServiceError
from tfx_rebalance.pipeline.schedules import requests
from tfx_rebalance.pipeline.schedules.backend import (
    Outcome,
    Run,
    Schedule,
    State,
    named,
    repeated_run,
)
from tfx_rebalance.pipeline.schedules.requests import Body, Job, Plan
from tfx_rebalance.pipeline.schedules.vertex_connection import connect, list_schedules
from tfx_rebalance.pipeline.targets.settings import VertexSettings
from tfx_rebalance.services import Wait, after

_STATES: dict[str, State] = {"ACTIVE": "active", "PAUSED": "paused"}


class Vertex:
    """Vertex AI Pipelines in one project and region."""

    def __init__(self, settings: VertexSettings, *, wait: Wait = time.sleep) -> None:
        self._settings = settings
        self._parent = requests.vertex_parent(settings)
        self._to = connect(settings, wait=wait)

    def submit(self, job: Job, run_id: str) -> Outcome:
        """Starts a run, unless there is one of that id."""
        name = f"{self._parent}/pipelineJobs/{run_id}"
        try:
            request = requests.vertex_run(job, run_id, self._settings)
            made = self._to.call(
                f"starting the run {run_id!r}", "CreatePipelineJob", request, again=True
            )
            return Outcome(made["name"], "started")
        except ServiceError as error:
            if error.status != 409:
                raise
        found = self._to.call(
            f"looking up the run {run_id!r}", "GetPipelineJob", {"name": name}, again=True
        )
        return repeated_run(run_id, _run(found, job), job)

    def apply(self, plan: Plan) -> Outcome:
        """Makes the schedule of the plan's name what the plan says; one that is paused stays so."""
        there = [schedule for schedule in self.schedules() if schedule.name == plan.name]
        if len(there) > 1:
            raise ConfigError(_too_many(plan.name, there))
        if not there:
            return self._create(plan)
        update = requests.vertex_update(plan, self._settings, there[0].id)
        try:
            self._to.call(
                f"updating the schedule {plan.name!r}", "UpdateSchedule", update, again=True
            )
        except ServiceError as error:
            left = f"The schedule {plan.name!r} that is there works"
            doubt = "as before or already as it is wanted" if error.in_doubt else "as before"
            raise after(error, f"{left} {doubt}.") from None
        if not plan.paused or there[0].state == "paused":
            return Outcome(there[0].id, "updated", there[0].state)
        try:
            self._switch("Pause", there[0])
        except ServiceError as error:
            raise after(error, "It is updated and at work, not paused.") from None
        return Outcome(there[0].id, "updated", "paused")

    def pause(self, name: str) -> Outcome:
        """Lets a schedule start no more runs."""
        found = self._working(name)
        if found.state == "active":
            self._switch("Pause", found)
        return Outcome(found.id, "paused", "paused")

    def resume(self, name: str, *, catch_up: bool) -> Outcome:
        """Lets a schedule start runs again, if wanted with those that it has missed."""
        found = self._working(name)
        if found.state != "active":
            self._switch("Resume", found, catchUp=catch_up)
        return Outcome(found.id, "resumed", "active")

    def delete(self, name: str) -> Outcome:
        """Removes a schedule."""
        found = self._one(name)
        self._remove(found)
        return Outcome(found.id, "deleted")

    def schedules(self) -> list[Schedule]:
        """Returns the schedules of the project in the region."""
        return [
            _schedule(found)
            for found in list_schedules(self._to, "listing the schedules", self._parent)
        ]

    def _create(self, plan: Plan) -> Outcome:
        """Makes a schedule; Vertex knows no paused beginning, so it is paused at once if wanted."""
        doing = f"creating the schedule {plan.name!r}"
        request = requests.vertex_schedule(plan, self._settings)
        try:
            made = _schedule(self._to.call(doing, "CreateSchedule", request))
        except ServiceError as error:
            made = self._made_after_all(plan.name, error)
        if not plan.paused:
            return Outcome(made.id, "created", "active")
        try:
            self._switch("Pause", made)
        except ServiceError as error:
            raise self._taken_back(error, made) from None
        return Outcome(made.id, "created", "paused")

    def _made_after_all(self, name: str, error: ServiceError) -> Schedule:
        """Returns the schedule whose making failed only in the answer."""
        if not error.in_doubt:
            raise after(error, "There is no schedule yet.")
        try:
            found = [schedule for schedule in self.schedules() if schedule.name == name]
        except ServiceError:
            raise after(error, "Whether it was made all the same is not known.") from None
        if not found:
            raise after(error, "There is no schedule yet.")
        return found[0]

    def _taken_back(self, error: ServiceError, made: Schedule) -> ServiceError:
        try:
            self._remove(made)
        except ServiceError:
            return after(error, f"It is at work and not paused: {made.id}.")
        return after(error, "It was removed again.")

    def _one(self, name: str) -> Schedule:
        found = named(self.schedules(), name)
        if len(found) > 1:
            raise ConfigError(_too_many(name, found))
        return found[0]

    def _working(self, name: str) -> Schedule:
        found = self._one(name)
        if found.state == "completed":
            raise ConfigError(
                f"the schedule {name!r} is completed: it starts no more runs and can be neither "
                "paused nor resumed. Take `schedule delete`, and `schedule create` for a new one."
            )
        return found

    def _remove(self, schedule: Schedule) -> None:
        try:
            self._switch("Delete", schedule)
        except ServiceError as error:
            if error.status != 404:
                raise

    def _switch(self, verb: str, schedule: Schedule, **options: Any) -> None:
        doing = f"{verb.lower().rstrip('e')}ing the schedule {schedule.name!r}"
        request = {"name": schedule.id, **options}
        self._to.call(doing, f"{verb}Schedule", request, again=True)


def _run(data: Body, job: Job) -> Run:
    return Run(
        id=data["name"],
        state=data.get("state", "in no known state").removeprefix("PIPELINE_STATE_").lower(),
        parameters=data.get("runtimeConfig", {}).get("parameterValues", {}),
        is_of_job=data.get("pipelineSpec") == job.spec.pipeline,
    )


def _schedule(data: Body) -> Schedule:
    return Schedule(
        name=data.get("displayName", ""),
        id=data["name"],
        cron=data.get("cron", ""),
        state=_STATES.get(data.get("state", ""), "completed"),
        next_run=data.get("nextRunTime"),
    )


def _too_many(name: str, found: list[Schedule]) -> str:
    ids = ", ".join(schedule.id for schedule in found)
    return (
        f"there are {len(found)} schedules {name!r}: {ids}. Delete all but one in the console, as "
        "none of them can be meant by name."
    )
