"""The commands about runs that have ended: `report`, `release`, `rollback`."""

import webbrowser
from pathlib import Path

import click

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.command import DEFAULT_ROOT, explains_errors, quiet

ROOT = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_ROOT,
    show_default=True,
    help="Where the runs are.",
)
REASON = click.option("--reason", required=True, metavar="TEXT", help="Why; it is recorded.")
BY = click.option("--by", required=True, metavar="NAME", help="Who wants it; it is recorded.")


@click.command()
@click.argument("run", required=False)
@ROOT
@click.option("--open", "opened", is_flag=True, help="Show the page in a browser.")
@explains_errors
def report(run: str | None, root: Path, opened: bool) -> None:
    """Write the page of RUN (default: the latest) anew and print where it is."""
    from tfx_rebalance.pipeline.pages import facts_in, write_report

    root = root.resolve()
    page = write_report(root, facts_in(root, run))
    click.echo(page)
    if opened and not webbrowser.open(page.as_uri()):
        raise ConfigError(f"--open: no browser could be started. Open {str(page)!r} yourself.")


@click.command()
@click.argument("run")
@click.option("--override", is_flag=True, help="Yes, although the gate did not bless it.")
@REASON
@BY
@ROOT
@explains_errors
def release(run: str, override: bool, reason: str, by: str, root: Path) -> None:
    """Release the model of RUN that the gate did not bless; its manifest and report say so."""
    if not override:
        raise ConfigError(
            "what the gate blesses is released by the run itself. To release what it did not "
            "bless, add --override."
        )
    quiet()
    from tfx_rebalance.pipeline.releasing import release as push

    event = push(root.resolve(), run, by=by, reason=reason)
    click.echo(f"released without blessing: {event.destination}/{event.version} (by {event.by})")


@click.command()
@click.option("--to", metavar="VERSION", help="Default: the version before what is served.")
@click.option("--pipeline", metavar="NAME", help="Whose, if several pipelines run under --root.")
@REASON
@BY
@ROOT
@explains_errors
def rollback(to: str | None, pipeline: str | None, reason: str, by: str, root: Path) -> None:
    """Make an earlier released version the newest again, as a copy of it."""
    quiet()
    from tfx_rebalance.pipeline.releasing import rollback as roll_back

    event = roll_back(root.resolve(), to=to, pipeline=pipeline, by=by, reason=reason)
    click.echo(
        f"rolled back: {event.destination}/{event.version} is a copy of {event.rollback_of} "
        f"(by {event.by})"
    )
