"""Runs and schedules on Kubeflow Pipelines, which cannot change a schedule, only make another."""

import os
import time
from collections.abc import Mapping
from dataclasses import replace

from tfx_rebalance.errors import ConfigError, ServiceError
from tfx_rebalance.pipeline.schedules import requests
from tfx_rebalance.pipeline.schedules.backend import (
    Outcome,
    Run,
    Schedule,
    named,
    repeated_run,
)
from tfx_rebalance.pipeline.schedules.kubeflow_calls import Calls
from tfx_rebalance.pipeline.schedules.kubeflow_connection import Connection
from tfx_rebalance.pipeline.schedules.kubeflow_swap import Swap
from tfx_rebalance.pipeline.schedules.requests import Job, KubeflowIds, Plan
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings
from tfx_rebalance.services import Wait, after


class Kubeflow:
    """Kubeflow Pipelines, within one experiment."""

    def __init__(
        self,
        settings: KubeflowSettings,
        *,
        environment: Mapping[str, str] = os.environ,
        wait: Wait = time.sleep,
    ) -> None:
        self._settings = settings
        self._calls = Calls(Connection(settings, environment=environment, wait=wait))

    def submit(self, job: Job, run_id: str) -> Outcome:
        """Starts a run, unless the experiment has one of that name."""
        ids = self._ids(job)
        found = self._calls.run(ids.experiment, run_id, version=ids.version)
        if found is None:
            try:
                body = requests.kubeflow_run(job, run_id, self._settings, ids)
                return Outcome(self._calls.create_run(body), "started")
            except ServiceError as error:
                found = self._started_after_all(ids, run_id, error)
        return repeated_run(run_id, found, job)

    def apply(self, plan: Plan) -> Outcome:
        """Makes the schedules of the plan's name one, and that what the plan says.

        What there is works until the new one does; a schedule that is paused stays so.
        """
        ids = self._ids(plan.job)
        swap = Swap(self._calls, ids.experiment, plan.name)
        active = not plan.paused and (
            not swap.there or any(s.state == "active" for s in swap.there)
        )
        enabled = active and not swap.there
        body = requests.kubeflow_schedule(plan, self._settings, ids, enabled=enabled)
        return swap.to(body, active=active)

    def pause(self, name: str) -> Outcome:
        """Lets the schedules of a name start no more runs."""
        found = named(self.schedules(), name)
        for schedule in found:
            if schedule.state == "active":
                self._calls.disable(schedule)
        return Outcome(found[0].id, "paused", "paused")

    def resume(self, name: str, *, catch_up: bool) -> Outcome:
        """Lets a schedule start runs again; whether it catches up was said when it was made."""
        del catch_up
        found = named(self.schedules(), name)
        if len(found) > 1:
            raise ConfigError(
                f"there are {len(found)} schedules {name!r}, left by an update that broke off: "
                f"{', '.join(s.id for s in found)}. Give `schedule create` again; it leaves one."
            )
        if found[0].state != "active":
            self._calls.enable(found[0])
        return Outcome(found[0].id, "resumed", "active")

    def delete(self, name: str) -> Outcome:
        """Removes the schedules of a name."""
        found = named(self.schedules(), name)
        for schedule in found:
            self._calls.delete(schedule)
        return Outcome(found[0].id, "deleted")

    def schedules(self) -> list[Schedule]:
        """Returns the schedules of the experiment."""
        experiment = self._calls.experiment(self._settings.experiment)
        return [] if experiment is None else self._calls.schedules(experiment)

    def _ids(self, job: Job) -> KubeflowIds:
        """Returns the ids of what a run needs; what is not there yet is made."""
        name = self._settings.experiment
        experiment = self._calls.experiment(name) or self._calls.create_experiment(name)
        pipeline = self._calls.pipeline(job.spec.name)
        ids = KubeflowIds(experiment=experiment, pipeline=pipeline, version="")
        version = self._calls.version(requests.kubeflow_upload(job.spec, ids))
        return replace(ids, version=version)

    def _started_after_all(self, ids: KubeflowIds, run_id: str, error: ServiceError) -> Run:
        """Returns the run whose start failed only in the answer."""
        if not error.in_doubt:
            raise error
        try:
            found = self._calls.run(ids.experiment, run_id, version=ids.version)
        except ServiceError:
            raise after(error, "Whether the run was started is not known.") from None
        if found is None:
            raise error
        return found
