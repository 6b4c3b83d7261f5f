"""The command `tfx-rebalance`; TFX and TensorFlow are imported only by what needs them."""

import os
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfx_rebalance import __version__
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.command import (
    CONFIG,
    DEFAULT_ROOT,
    SETTINGS,
    explains_errors,
    load,
    quiet,
)
from tfx_rebalance.pipeline.compile_commands import check_spec, compile_
from tfx_rebalance.pipeline.power_command import power
from tfx_rebalance.pipeline.release_commands import release, report, rollback
from tfx_rebalance.pipeline.schedules.commands import schedule, submit

if TYPE_CHECKING:
    from tfx_rebalance.pipeline.config import PipelineConfig
    from tfx_rebalance.pipeline.results import RunResult


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tfx-rebalance")
def main() -> None:
    """A TFX pipeline for imbalanced classification.

    Exit codes: 0 released; 2 wrong config or usage; 3 stopped by data validation; 4 not blessed; 1
    anything else.
    """


@main.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_ROOT,
    show_default=True,
    help="Where artifacts, metadata, logs and released models go.",
)
@SETTINGS
@click.option("--no-cache", is_flag=True, help="Run every node, also where nothing has changed.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@explains_errors
def run(
    config: Path | None, root: Path, overrides: Sequence[str], no_cache: bool, as_json: bool
) -> None:
    """Run the pipeline that CONFIG describes (default: the built-in example) on this machine."""
    loaded, features = load(config, overrides)
    _workers_see_this_disk(loaded)
    run_id = _new_run_id()
    root = root.resolve()
    _make_writable(root / "runs" / run_id)

    from tfx_rebalance.pipeline.console import display_on, noise_to

    with noise_to(root / "runs" / run_id / "log.txt") as terminal, display_on(terminal) as display:
        quiet()
        display.start("loading TFX", 0, 0)
        started = time.monotonic()
        from tfx_rebalance.pipeline.outcome import Place
        from tfx_rebalance.pipeline.run import run as run_pipeline

        display.end("loading TFX", time.monotonic() - started)
        place = Place(root=root, run_id=run_id)
        result = run_pipeline(
            loaded,
            features,
            place,
            use_cache=not no_cache,
            display=display,
            command=_again(config, root, overrides),
        )
    _tell(result, as_json=as_json)
    if result.verdict == "stopped":
        _tell_why(result, place.traceback)
    sys.exit(result.exit_code)


@main.command()
@CONFIG
@SETTINGS
@explains_errors
def check(config: Path, overrides: Sequence[str]) -> None:
    """Check CONFIG against its schema without running anything."""
    from tfx_rebalance.pipeline.beam_presets import beam_needs

    loaded, features = load(config, overrides)
    beam = beam_needs(loaded)
    click.echo(f"{config}: ok. Pipeline {loaded.name!r}, label {features.label!r} with the classes")
    click.echo(f"  {', '.join(features.classes)}")
    kinds = (("numeric", features.numeric), ("categorical", features.categorical))
    for kind, inputs in (*kinds, *([("image", features.images)] if features.images else [])):
        click.echo(f"{kind} inputs ({len(inputs)}): {', '.join(f.name for f in inputs)}")
    for line in beam:
        click.echo(line)


for command in (power, report, release, rollback, compile_, check_spec, submit, schedule):
    main.add_command(command)


@main.command()
@click.argument("data", metavar="FILE.CSV", type=click.Path(path_type=Path))
@click.option("--label", required=True, help="The column that holds the class.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="The directory for the config and the schema.",
)
@click.option("--force", is_flag=True, help="Overwrite a config and a schema that are there.")
@explains_errors
def init(data: Path, label: str, output: Path, force: bool) -> None:
    """Write a config and a schema for FILE.CSV that `run` takes unedited."""
    from tfx_rebalance.pipeline.init.infer_config import config_name
    from tfx_rebalance.pipeline.init.profile import profile_csv
    from tfx_rebalance.pipeline.init.scaffold import scaffold
    from tfx_rebalance.pipeline.init.summary import summary

    profile = profile_csv(data, label=label)
    name = config_name(data)
    config, schema = output / f"{name}.yaml", output / "schemas" / name / "schema.pbtxt"
    scaffold(profile, csv=data, config=config, schema=schema, force=force)
    for line in summary(profile):
        click.echo(line)
    click.echo(f"wrote {config} and {schema}; now: tfx-rebalance run {config}")


@main.command("demo-data")
@click.option("--rows", type=click.IntRange(min=1000), default=60_000, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--drift-day", type=click.IntRange(min=0), help="Fraud changes from this day on.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A CSV file."
)
@explains_errors
def demo_data(output: Path, **settings: int | None) -> None:
    """Write simulated card transactions as CSV."""
    from tfx_rebalance.components.example_gen.demo_data import write_demo_data
    from tfx_rebalance.components.example_gen.settings import DemoSettings

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_demo_data(str(output), DemoSettings.model_validate(settings))
    except OSError as error:
        raise ConfigError(
            f"--output {str(output)!r} cannot be written: {error.strerror}. Choose another file."
        ) from None
    click.echo(f"{output}: {settings['rows']:,} simulated transactions")


@main.command()
@click.argument("model")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT.CSV", type=click.Path(path_type=Path))
@explains_errors
def predict(model: str, source: Path, target: Path) -> None:
    """Score IN, a CSV file or a folder of images, with a released MODEL into OUT.CSV.

    MODEL may be in a bucket, such as gs://BUCKET/serving/NAME.
    """
    quiet()
    from tfx_rebalance.pipeline.predict import predict as score

    rows = score(model, source, target)
    click.echo(f"{target}: {rows:,} rows scored")


def entry() -> None:
    """Runs `main` and leaves without tearing TensorFlow down, which prints noise for a second."""
    try:
        main()
    except SystemExit as end:
        if "tensorflow" not in sys.modules:
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


def _tell(result: "RunResult", *, as_json: bool) -> None:
    if as_json:
        click.echo(result.model_dump_json())
        return
    from rich.console import Console

    from tfx_rebalance.pipeline.results import print_table

    print_table(result, Console())


def _tell_why(result: "RunResult", traceback: Path) -> None:
    if click.get_current_context().params.get("debug") and traceback.exists():
        click.echo(traceback.read_text(), err=True)
    click.echo(f"error: {result.reason}", err=True)


def _again(config: Path | None, root: Path, overrides: Sequence[str]) -> str:
    """Returns the command of a run as a person types it."""
    settings = [word for override in overrides for word in ("--set", override)]
    return shlex.join(
        ["tfx-rebalance", "run", *([str(config)] if config else []), "--root", str(root), *settings]
    )


def _workers_see_this_disk(config: "PipelineConfig") -> None:
    from tfx_rebalance.pipeline.beam_presets import beam_args

    beam_args(config, "local")


def _new_run_id() -> str:
    from tfx_rebalance.components.report.facts import RUN_ID

    return datetime.now(timezone.utc).strftime(RUN_ID)


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / "log.txt"
        probe.touch()
    except OSError as error:
        raise ConfigError(
            f"--root: {str(folder)!r} cannot be written: {error.strerror}. Choose a directory that "
            "can."
        ) from None
