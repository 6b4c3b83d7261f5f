"""What the commands ask of a backend, and what they get."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.names import nearest
from tfx_rebalance.pipeline.schedules.requests import Job, Plan

State = Literal["active", "paused", "completed"]


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
