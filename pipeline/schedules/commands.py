"""The commands `submit` and `schedule`."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tfx_rebalance.pipeline.command import CONFIG, SETTINGS, explains_errors

if TYPE_CHECKING:
    from tfx_rebalance.pipeline.schedules.backend import Outcome
    from tfx_rebalance.pipeline.schedules.inputs import Inputs
    from tfx_rebalance.pipeline.schedules.requests import Switch

Command = TypeVar("Command", bound=Callable[..., Any])

TARGET = click.option("--target", type=click.Choice(["kubeflow", "vertex"]), required=True)
SPEC = click.option(
    "--spec",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A pipeline that `compile` wrote; default: CONFIG is compiled now.",
)
PARAMETERS = click.option(
    "--param",
    "parameters",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the pipeline; the others keep their defaults. May be repeated.",
)
NAME = click.option("--name", help="The schedule's name; default: the pipeline's.")
DRY_RUN = click.option(
    "--dry-run", is_flag=True, help="Print what would be sent as JSON, and send nothing."
)
CRON = click.option(
    "--cron",
    required=True,
    metavar="CRON",
    help="Kubeflow: '0 0 3 * * *', with seconds; Vertex: 'TZ=Europe/Berlin 0 3 * * *'.",
)
CATCH_UP = click.option(
    "--catch-up", is_flag=True, help="Make up for runs that were missed (Kubeflow only)."
)
PAUSED = click.option("--paused", is_flag=True, help="Start no runs until `schedule resume`.")


def _all(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorated(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


PIPELINE = _all(CONFIG, TARGET, SETTINGS, SPEC, PARAMETERS)
"""What says which pipeline runs, where, and with what."""
PLACE = _all(CONFIG, TARGET, SETTINGS)
"""What says where."""


@click.command()
@PIPELINE
@click.option("--run-date", metavar="YYYY-MM-DD", help="The day to run for, e.g. to make up for.")
@click.option("--run-id", help="A name for the run; the same one again starts no second run.")
@DRY_RUN
@explains_errors
def submit(run_date: str | None, run_id: str | None, dry_run: bool, **pipeline: Any) -> None:
    """Start a run of CONFIG on Kubeflow Pipelines or Vertex AI Pipelines."""
    from tfx_rebalance.pipeline.schedules.dry_run import submit_calls
    from tfx_rebalance.pipeline.schedules.inputs import connect, job_of
    from tfx_rebalance.pipeline.schedules.requests import check_run_id

    inputs = _inputs(**pipeline)
    job = job_of(inputs, run_date=run_date)
    now = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    run_id = check_run_id(run_id or f"{inputs.config.name}-{now}")
    if dry_run:
        _print(submit_calls(job, run_id, inputs.settings))
        return
    outcome = connect(inputs.settings).submit(job, run_id)
    click.echo(f"run {run_id!r}: {outcome.words} ({outcome.id})")


@click.group()
def schedule() -> None:
    """Schedules on Kubeflow Pipelines and Vertex AI Pipelines, by name."""


@schedule.command()
@PIPELINE
@NAME
@CRON
@CATCH_UP
@PAUSED
@DRY_RUN
@explains_errors
def create(**arguments: Any) -> None:
    """Run CONFIG by a schedule; one of that name that is there is changed to it."""
    _apply(**arguments, exists=False)


@schedule.command()
@PIPELINE
@NAME
@CRON
@CATCH_UP
@PAUSED
@DRY_RUN
@explains_errors
def update(**arguments: Any) -> None:
    """Change a schedule to CONFIG and the options; one that is paused stays so."""
    _apply(**arguments, exists=True)


@schedule.command()
@PLACE
@NAME
@DRY_RUN
@explains_errors
def pause(**arguments: Any) -> None:
    """Let a schedule start no more runs."""
    _switch("pause", **arguments)


@schedule.command()
@PLACE
@NAME
@click.option("--catch-up", is_flag=True, help="Make up for runs that were missed (Vertex only).")
@DRY_RUN
@explains_errors
def resume(**arguments: Any) -> None:
    """Let a schedule that is paused start runs again."""
    _switch("resume", **arguments)


@schedule.command()
@PLACE
@NAME
@DRY_RUN
@explains_errors
def delete(**arguments: Any) -> None:
    """Remove a schedule; runs that it has started go on."""
    _switch("delete", **arguments)


@schedule.command("list")
@PLACE
@click.option("--json", "as_json", is_flag=True, help="Print them as a JSON list.")
@explains_errors
def list_(as_json: bool, **place: Any) -> None:
    """List the schedules there are."""
    from tfx_rebalance.pipeline.schedules.inputs import connect

    backend = connect(_inputs(**place).settings)
    found = sorted(backend.schedules(), key=lambda one: (one.name, one.id))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        following = f", next {one.next_run}" if one.next_run else ""
        click.echo(f"{one.name}: {one.state}, {one.cron!r}{following} ({one.id})")
    if not found:
        click.echo("no schedules")


def _apply(
    *,
    name: str | None,
    cron: str,
    catch_up: bool,
    paused: bool,
    dry_run: bool,
    exists: bool,
    **pipeline: Any,
) -> None:
    from tfx_rebalance.pipeline.schedules.backend import named
    from tfx_rebalance.pipeline.schedules.cron import other_day
    from tfx_rebalance.pipeline.schedules.dry_run import schedule_calls
    from tfx_rebalance.pipeline.schedules.inputs import connect, plan_of

    inputs = _inputs(**pipeline)
    plan = plan_of(inputs, name=name, cron=cron, catch_up=catch_up, paused=paused)
    warning = other_day(plan.cron)
    if warning:
        click.echo(f"warning: {warning}", err=True)
    if dry_run:
        _print(schedule_calls(plan, inputs.settings, exists=exists))
        return
    backend = connect(inputs.settings)
    if exists:
        named(backend.schedules(), plan.name)
    _tell(plan.name, backend.apply(plan))


def _switch(
    switch: "Switch", *, name: str | None, dry_run: bool, catch_up: bool = False, **place: Any
) -> None:
    from tfx_rebalance.pipeline.schedules.dry_run import switch_calls
    from tfx_rebalance.pipeline.schedules.inputs import connect, switched_name

    inputs = _inputs(**place)
    name = switched_name(inputs, name=name, catch_up=catch_up)
    if dry_run:
        _print(switch_calls(switch, name, inputs.settings, catch_up=catch_up))
        return
    backend = connect(inputs.settings)
    if switch == "resume":
        _tell(name, backend.resume(name, catch_up=catch_up))
    else:
        _tell(name, backend.pause(name) if switch == "pause" else backend.delete(name))


def _inputs(config: Path, target: Any, overrides: Any, **pipeline: Any) -> "Inputs":
    from tfx_rebalance.pipeline.schedules.inputs import read_inputs

    return read_inputs(config, target, overrides=overrides, **pipeline)


def _print(calls: Any) -> None:
    click.echo(json.dumps(calls, indent=2))


def _tell(name: str, outcome: "Outcome") -> None:
    state = f", {outcome.state}" if outcome.state not in (None, outcome.words) else ""
    click.echo(f"schedule {name!r}: {outcome.words}{state} ({outcome.id})")
