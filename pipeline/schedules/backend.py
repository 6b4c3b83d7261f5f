"""What the commands ask of a backend, and what they get."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.names import nearest
from tfx_rebalance.pipeline.schedules.parameters import check_same_parameters
from tfx_rebalance.pipeline.schedules.requests import Job, Plan

State = Literal["active", "paused", "completed"]
ENDED_BADLY = {"failed", "canceling", "canceled", "cancelling", "cancelled"}
"""States of a run that will come to nothing, as the backends write them."""


@dataclass(frozen=True)
class Schedule:
    """A schedule as the backend has it."""

    name: str
    id: str
    cron: str
    state: State
    mark: str = ""
    """What says which request made it."""
    next_run: str | None = None


@dataclass(frozen=True)
class Run:
    """A run as the backend has it."""

    id: str
    state: str
    """In the backend's word, small: "running", "succeeded", "failed"."""
    parameters: Mapping[str, Any]
    is_of_job: bool
    """Whether its pipeline is the very one that is asked for."""


@dataclass(frozen=True)
class Outcome:
    """What a call has come to."""

    id: str
    words: str
    """Such as "created"."""
    state: State | None = None


class Backend(Protocol):
    """Kubeflow Pipelines or Vertex AI Pipelines."""

    def submit(self, job: Job, run_id: str) -> Outcome:
        """Starts a run, but no second one of the same id."""

    def apply(self, plan: Plan) -> Outcome:
        """Makes the one schedule of a name what the plan says."""

    def pause(self, name: str) -> Outcome:
        """Lets a schedule start no more runs."""

    def resume(self, name: str, *, catch_up: bool) -> Outcome:
        """Lets it start runs again."""

    def delete(self, name: str) -> Outcome:
        """Removes it; runs that it has started go on."""

    def schedules(self) -> list[Schedule]:
        """Returns all there are."""


def named(found: Iterable[Schedule], name: str) -> list[Schedule]:
    """Returns the schedules of a name, one at least.

    Raises:
        ConfigError: If there is none.
    """
    everything = list(found)
    matching = [schedule for schedule in everything if schedule.name == name]
    if not matching:
        names = sorted({schedule.name for schedule in everything})
        there = f"There is: {', '.join(names)}" if names else "There is none at all"
        raise ConfigError(f"there is no schedule {name!r}{nearest(names, name)}. {there}.")
    return matching


def repeated_run(run_id: str, there: Run, job: Job) -> Outcome:
    """Returns what a second `submit` of the same run comes to.

    Raises:
        ConfigError: If the run that is there is another one, or has ended badly.
    """
    check_same_parameters(run_id, there.parameters, job.parameters)
    if not there.is_of_job:
        raise ConfigError(
            f"the run {run_id!r} is there already ({there.state}), of another version of the "
            f"pipeline {job.spec.name!r}: {there.id}. Take another --run-id to run this one."
        )
    if there.state in ENDED_BADLY:
        raise ConfigError(
            f"the run {run_id!r} is there already and {there.state}: {there.id}. Take another "
            "--run-id to run it once more, or delete that run first."
        )
    return Outcome(there.id, f"there already ({there.state}), so none was started")
