"""The subcommand `power`."""

from collections.abc import Sequence
from pathlib import Path

import click

from tfx_rebalance.pipeline.command import CONFIG, SETTINGS, explains_errors, load


@click.command()
@CONFIG
@SETTINGS
@click.option(
    "--positives",
    multiple=True,
    metavar="CLASS=N",
    help="Rows of a class in eval, e.g. fraud=50, in place of counting the data. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@explains_errors
def power(config: Path, overrides: Sequence[str], positives: Sequence[str], as_json: bool) -> None:
    """Tell how often the gate of CONFIG would release good and bad models, before any training."""
    from rich.console import Console

    from tfx_rebalance.pipeline.power import positives_of, power_report, print_power

    loaded, features = load(config, overrides)
    report = power_report(loaded, features, positives_of(positives, features.classes))
    if as_json:
        click.echo(report.as_json())
    else:
        print_power(report, Console())
