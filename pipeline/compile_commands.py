"""The commands `compile` and `check-spec`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.command import CONFIG, SETTINGS, explains_errors, load, quiet
from tfx_rebalance.pipeline.targets.settings import Target

TARGET = click.option("--target", type=click.Choice(get_args(Target)), required=True)


@click.command("compile")
@CONFIG
@SETTINGS
@TARGET
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The pipeline spec (schema 2.1, YAML).",
)
@explains_errors
def compile_(config: Path, overrides: Sequence[str], target: Target, output: Path) -> None:
    """Compile CONFIG for Kubeflow Pipelines or Vertex AI Pipelines.

    Needs no network and no credentials. What the target would refuse is not written.
    """
    loaded, features = load(config, overrides)
    from tfx_rebalance.pipeline.targets.checks import check_target

    check_target(loaded, target)  # Before TFX is imported, which takes seconds.
    quiet()
    from tfx_rebalance.pipeline.targets.compiling import compile_pipeline

    compile_pipeline(loaded, features, target=target, output=output)
    click.echo(f"{output}: compiled for {target}")


@click.command("check-spec")
@click.argument("spec", metavar="FILE", type=click.Path(path_type=Path))
@TARGET
@click.option(
    "--minimum-backend",
    default="2.0",
    show_default=True,
    help="The oldest API server of Kubeflow that has to run it.",
)
@explains_errors
def check_spec(spec: Path, target: Target, minimum_backend: str) -> None:
    """Check a compiled pipeline, anybody's, against what the target takes; exit code 1: faults."""
    try:
        text = spec.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"spec {str(spec)!r} cannot be read: {error}. Give the YAML file that "
            "`tfx-rebalance compile` wrote."
        ) from None
    try:
        major, minor = map(int, minimum_backend.split("."))
    except ValueError:
        raise ConfigError(
            f"--minimum-backend must be a version such as 2.14, got {minimum_backend!r}."
        ) from None
    from tfx_rebalance.pipeline.targets.contract import faults_of

    faults = faults_of(text, target, backend=(major, minor))
    for fault in faults:
        click.echo(str(fault))
    if faults:
        click.echo(f"error: {spec}: {target} would not take or run it", err=True)
        sys.exit(1)
    click.echo(f"{spec}: ok for {target}")
