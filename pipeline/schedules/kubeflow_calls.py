"""The calls of Kubeflow Pipelines that we make."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from tfx_rebalance.errors import ServiceError
from tfx_rebalance.pipeline.schedules.backend import Run, Schedule
from tfx_rebalance.pipeline.schedules.kubeflow_connection import Connection, equal
from tfx_rebalance.pipeline.schedules.requests import MARK, Body
from tfx_rebalance.services import TIMEOUT


class Calls:
    """Each is one thing asked of the server; what may be asked twice is asked again if need be."""

    def __init__(self, connection: Connection) -> None:
        self._to = connection
        self._client = connection.client

    def experiment(self, name: str) -> str | None:
        """Returns the id of an experiment, or None if there is none."""
        pages = self._to.pages(
            f"looking up the experiment {name!r}",
            self._client.experiments.list_experiments,
            "experiments",
            filter=equal(name),
            **self._to.namespace,
        )
        return next((e.experiment_id for e in pages if e.display_name == name), None)

    def create_experiment(self, name: str) -> str:
        """Makes an experiment and returns its id."""
        body = {"display_name": name, **self._to.namespace}
        made, doing = self._create(
            f"creating the experiment {name!r}", self._client.experiments.create_experiment, body
        )
        return self._to.new_id(made.experiment_id, doing)

    def pipeline(self, name: str) -> str:
        """Returns the id of a pipeline, which is made if there is none."""
        pages = self._to.pages(
            f"looking up the pipeline {name!r}",
            self._client.pipelines.list_pipelines,
            "pipelines",
            filter=equal(name),
            **self._to.namespace,
        )
        found = next((p.pipeline_id for p in pages if p.display_name == name), None)
        if found:
            return str(found)
        body = {"display_name": name, **self._to.namespace}
        made, doing = self._create(
            f"creating the pipeline {name!r}", self._client.pipelines.create_pipeline, body
        )
        return self._to.new_id(made.pipeline_id, doing)

    def version(self, upload: Body) -> str:
        """Returns the id of a pipeline's version, which is uploaded if there is none of its name.

        Args:
            upload: See `requests.kubeflow_upload`; the name says what is in the file.
        """
        query = upload["query"]
        name = query["name"]
        pages = self._to.pages(
            f"looking up the version {name!r}",
            partial(self._client.pipelines.list_pipeline_versions, query["pipelineid"]),
            "pipeline_versions",
            filter=equal(name),
        )
        found = next((v.pipeline_version_id for v in pages if v.display_name == name), None)
        if found:
            return str(found)
        doing = f"uploading the pipeline as {name!r}"
        send = partial(
            self._client.pipeline_uploads.upload_pipeline_version, **query, _request_timeout=TIMEOUT
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pipeline.yaml"
            path.write_text(upload["file"], encoding="utf-8")
            made = self._to.call(doing, send, str(path))
        return self._to.new_id(made.pipeline_version_id, doing)

    def run(self, experiment: str, name: str, *, version: str) -> Run | None:
        """Returns the run of a name in an experiment, or None.

        Args:
            experiment: The experiment's id.
            name: The run's.
            version: The id of the pipeline's version that is asked for.
        """
        pages = self._to.pages(
            f"looking up the run {name!r}",
            self._client.runs.list_runs,
            "runs",
            experiment_id=experiment,
            filter=equal(name),
        )
        for found in pages:
            if found.display_name == name:
                return _run(found, version)
        return None

    def create_run(self, body: Body) -> str:
        """Starts a run and returns its id."""
        doing = f"starting the run {body['display_name']!r}"
        made, doing = self._create(doing, self._client.runs.create_run, body)
        return self._to.new_id(made.run_id, doing)

    def schedules(self, experiment: str) -> list[Schedule]:
        """Returns the schedules of an experiment."""
        pages = self._to.pages(
            "listing the schedules",
            self._client.recurring_runs.list_recurring_runs,
            "recurring_runs",
            experiment_id=experiment,
        )
        return [_schedule(found) for found in pages]

    def create_schedule(self, body: Body) -> str:
        """Makes a schedule and returns its id."""
        doing = f"creating the schedule {body['display_name']!r}"
        made, doing = self._create(doing, self._client.recurring_runs.create_recurring_run, body)
        return self._to.new_id(made.recurring_run_id, doing)

    def enable(self, schedule: Schedule) -> None:
        """Lets a schedule start runs."""
        self._switch("enabling", self._client.recurring_runs.enable_recurring_run, schedule)

    def disable(self, schedule: Schedule) -> None:
        """Lets a schedule start no more runs."""
        self._switch("pausing", self._client.recurring_runs.disable_recurring_run, schedule)

    def delete(self, schedule: Schedule) -> None:
        """Removes a schedule; it is no error if it is gone."""
        try:
            self._switch("deleting", self._client.recurring_runs.delete_recurring_run, schedule)
        except ServiceError as error:
            if error.status != 404:
                raise

    def _create(self, doing: str, function: Any, body: Body) -> tuple[Any, str]:
        return self._to.call(doing, partial(function, body=body, _request_timeout=TIMEOUT)), doing

    def _switch(self, verb: str, function: Any, schedule: Schedule) -> None:
        doing = f"{verb} the schedule {schedule.name!r}"
        send = partial(function, schedule.id, _request_timeout=TIMEOUT)
        self._to.call(doing, send, again=True)


def _run(found: Any, version: str) -> Run:
    config, reference = found.runtime_config, found.pipeline_version_reference
    return Run(
        id=found.run_id,
        state=(found.state or "in no known state").lower(),
        parameters=(config.parameters if config else None) or {},
        is_of_job=reference is not None and reference.pipeline_version_id == version,
    )


def _schedule(found: Any) -> Schedule:
    trigger = found.trigger
    cron = trigger.cron_schedule.cron if trigger and trigger.cron_schedule else ""
    description = found.description or ""
    return Schedule(
        name=found.display_name or "",
        id=found.recurring_run_id,
        cron=cron,
        state="active" if found.status == "ENABLED" else "paused",
        mark=description if description.startswith(MARK) else "",
    )
