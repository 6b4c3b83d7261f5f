"""Puts a new schedule in an old one's place: the old one works until it is gone."""

from collections.abc import Sequence

from tfx_rebalance.errors import ServiceError
from tfx_rebalance.pipeline.schedules.backend import Outcome, Schedule, State
from tfx_rebalance.pipeline.schedules.kubeflow_calls import Calls
from tfx_rebalance.pipeline.schedules.requests import Body
from tfx_rebalance.services import after


class Swap:
    """The schedules of one name in an experiment: none, one, or what a broken update has left."""

    def __init__(self, calls: Calls, experiment: str, name: str) -> None:
        self._calls = calls
        self._experiment = experiment
        self._name = name
        self.there = self._named()

    def to(self, body: Body, *, active: bool) -> Outcome:
        """Leaves one schedule, made by `body`, and none of the others.

        Args:
            body: See `requests.kubeflow_schedule`; where there is a schedule already it has to ask
                for one that is paused.
            active: Whether it works in the end.

        Raises:
            ServiceError: If a step fails; what is left is said.
        """
        state: State = "active" if active else "paused"
        same = [s for s in self.there if s.mark == body["description"]]
        if same:
            new = max(same, key=_is_active)
            self._finish(new, active=active, made=False)
            return Outcome(new.id, "there already, as it is wanted", state)
        new = self._made(body)
        self._finish(new, active=active, made=True)
        return Outcome(new.id, "updated" if self.there else "created", state)

    def set(self, schedule: Schedule, *, active: bool) -> None:
        """Enables or pauses a schedule that is not so yet."""
        if active and schedule.state != "active":
            self._calls.enable(schedule)
        if not active and schedule.state == "active":
            self._calls.disable(schedule)

    def _named(self) -> list[Schedule]:
        return [s for s in self._calls.schedules(self._experiment) if s.name == self._name]

    def _made(self, body: Body) -> Schedule:
        """Returns the new schedule, also where only the answer to its making was an error."""
        left = self._as_before if self.there else "There is no schedule yet."
        try:
            made = self._calls.create_schedule(body)
        except ServiceError as error:
            if not error.in_doubt:
                raise after(error, left) from None
            try:
                found = [s for s in self._named() if s.mark == body["description"]]
            except ServiceError:
                doubt = (
                    "another one, paused, was made" if self.there else "it was made all the same"
                )
                raise after(error, f"{left} Whether {doubt} is not known.") from None
            if not found:
                raise after(error, left) from None
            return found[0]
        return Schedule(
            name=self._name,
            id=made,
            cron=body["trigger"]["cron_schedule"]["cron"],
            state="active" if body["mode"] == "ENABLE" else "paused",
            mark=body["description"],
        )

    def _finish(self, new: Schedule, *, active: bool, made: bool) -> None:
        """Brings `new` to its state and removes the others, or `new` again if that fails."""
        # What works goes last.
        old = sorted((s for s in self.there if s.id != new.id), key=_is_active)
        try:
            self.set(new, active=active)
            for schedule in old:
                self._calls.delete(schedule)
        except ServiceError as error:
            if not made:
                raise after(error, "Give the command again; it leaves one schedule.") from None
            problem = self._taken_back(error, new, old)
            if problem is not None:
                raise problem from None

    def _taken_back(
        self, error: ServiceError, new: Schedule, old: Sequence[Schedule]
    ) -> ServiceError | None:
        """Removes `new` if the old one still stands; returns what to say, None if all is well."""
        working = [s for s in old if s.state == "active"] or old
        try:
            there = {schedule.id for schedule in self._named()}
            if not there & {schedule.id for schedule in old}:
                return None
            if not there & {schedule.id for schedule in working}:
                return after(
                    error, "The new one works. A paused one of its name is left beside it."
                )
            self._calls.delete(new)
        except ServiceError:
            ids = ", ".join(s.id for s in [*working, new])
            return after(
                error,
                f"{self._as_before} The new one may be at work beside it: {ids}. Give the command "
                "again when the server answers; it leaves one.",
            )
        return after(error, f"{self._as_before} Nothing is left half made.")

    @property
    def _as_before(self) -> str:
        return f"The schedule {self._name!r} that is there works as before."


def _is_active(schedule: Schedule) -> bool:
    return schedule.state == "active"
