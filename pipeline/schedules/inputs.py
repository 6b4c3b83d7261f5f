"""From the command line to what is sent: the config's section, the pipeline, its parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfx_rebalance.components.example_gen.run_date import is_placeholder
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.command import quiet
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.config_file import load_config
from tfx_rebalance.pipeline.schedules.backend import Backend
from tfx_rebalance.pipeline.schedules.cron import check_cron
from tfx_rebalance.pipeline.schedules.parameters import RUN_DATE, parameter_values
from tfx_rebalance.pipeline.schedules.requests import Job, Plan, check_schedule_name
from tfx_rebalance.pipeline.schedules.spec import compiled_spec, read_spec
from tfx_rebalance.pipeline.targets.abilities import SCHEDULE_TIME_FROM, fills_in, version
from tfx_rebalance.pipeline.targets.checks import backend_of, section_of
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings, Target, VertexSettings


@dataclass(frozen=True)
class Inputs:
    """What all the commands are given."""

    config: PipelineConfig
    target: Target
    settings: KubeflowSettings | VertexSettings
    """The section of the config that tells of the target."""
    spec: Path | None = None
    """A compiled pipeline; None: the config is compiled."""
    parameters: Sequence[str] = ()
    """`KEY=VALUE` each."""


def read_inputs(
    config: Path,
    target: Target,
    *,
    overrides: Sequence[str] = (),
    spec: Path | None = None,
    parameters: Sequence[str] = (),
) -> Inputs:
    """Returns what the command line says, with the config read.

    Raises:
        ConfigError: If the config is wrong or does not tell of the target.
    """
    loaded = load_config(config, overrides=overrides)
    return Inputs(loaded, target, section_of(loaded, target), spec, parameters)


def job_of(inputs: Inputs, *, run_date: str | None = None) -> Job:
    """Returns the compiled pipeline and a value for each of its parameters.

    Raises:
        ConfigError: If the pipeline cannot be compiled or read, or a parameter is wrong.
    """
    name, target = inputs.config.name, inputs.target
    if inputs.spec is not None:
        backend = backend_of(inputs.config)
        spec = read_spec(inputs.spec, name=name, target=target, backend=backend)
    else:
        from tfx_rebalance.pipeline.checks import check_config

        features = check_config(inputs.config)
        quiet()
        spec = compiled_spec(inputs.config, features, target)
    values = parameter_values(spec, inputs.parameters, run_date=run_date)
    _check_day(inputs, values.get(RUN_DATE))
    return Job(spec, values)


def plan_of(inputs: Inputs, *, name: str | None, cron: str, catch_up: bool, paused: bool) -> Plan:
    """Returns the schedule that is wanted; what is cheap to check is checked first.

    Raises:
        ConfigError: If the backend could not have such a schedule.
    """
    cron = check_cron(cron, inputs.target)
    name = check_schedule_name(name or inputs.config.name)
    if catch_up and inputs.target == "vertex":
        raise ConfigError(
            "--catch-up: on Vertex a schedule makes up for missed runs when it is resumed. Say it "
            "to `schedule resume`."
        )
    if any(word.partition("=")[0] == RUN_DATE for word in inputs.parameters):
        raise ConfigError(
            f"--param {RUN_DATE}: every run of the schedule would be for that one day. Leave it "
            "away: the day comes from the schedule. For one day: tfx-rebalance submit --run-date."
        )
    return Plan(name=name, cron=cron, job=job_of(inputs), catch_up=catch_up, paused=paused)


def switched_name(inputs: Inputs, *, name: str | None, catch_up: bool) -> str:
    """Returns the name of the schedule that is paused, resumed or deleted.

    Raises:
        ConfigError: If no schedule has such a name, or none can be resumed so.
    """
    if catch_up and inputs.target == "kubeflow":
        raise ConfigError(
            "--catch-up: on Kubeflow a schedule makes up for missed runs or not from its beginning "
            "on. Say it to `schedule create`."
        )
    return check_schedule_name(name or inputs.config.name)


def connect(settings: KubeflowSettings | VertexSettings) -> Backend:
    """Returns a connection to what the settings name, with the credentials of the environment.

    Raises:
        ConfigError: If they do not say where it is.
        ServiceError: If it does not answer.
    """
    if isinstance(settings, KubeflowSettings):
        from tfx_rebalance.pipeline.schedules.kubeflow import Kubeflow

        return Kubeflow(settings)
    from tfx_rebalance.pipeline.schedules.vertex import Vertex

    return Vertex(settings)


def _check_day(inputs: Inputs, run_date: str | None) -> None:
    """Checks that the runs are told the day that they are for, if they go by one.

    Raises:
        ConfigError: If not: each of them would fail.
    """
    day, backend = inputs.config.data.run_date or "", backend_of(inputs.config)
    if is_placeholder(day) and not run_date and not fills_in(day, inputs.target, backend):
        raise ConfigError(
            f"data.run_date is {day!r}, which Kubeflow fills in from {version(SCHEDULE_TIME_FROM)} "
            f"on, and kubeflow.minimum_backend is {version(backend)}: every run would fail. Set "
            "that to the version you have, or let something else keep the time and give the day: "
            "tfx-rebalance submit --run-date (kubeflow/schedules/cronjob.yaml)."
        )
