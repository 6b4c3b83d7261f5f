"""What every command shares: errors as messages and exit codes, and silence from third parties."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfx_rebalance.errors import RebalanceError

if TYPE_CHECKING:
    from tfx_rebalance.features import Features
    from tfx_rebalance.pipeline.config import PipelineConfig

DEFAULT_ROOT = "output"

CONFIG = click.argument("config", type=click.Path(path_type=Path))
SETTINGS = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the config, e.g. rebalance.strategy=undersample. May be repeated.",
)
DEBUG = click.option("--debug", is_flag=True, help="Show the traceback of an error.")


def explains_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turns an expected error into its message and exit code; `--debug` shows the traceback too."""

    @DEBUG
    @wraps(command)
    def wrapped(*, debug: bool, **arguments: Any) -> None:
        try:
            command(**arguments)
        except RebalanceError as error:
            if debug:
                traceback.print_exc()
            click.echo(f"error: {error}", err=True)
            sys.exit(error.exit_code)
        except (click.ClickException, click.Abort, KeyboardInterrupt):
            raise
        except Exception as error:
            if debug:
                traceback.print_exc()
            click.echo(f"error: {type(error).__name__}: {error} (--debug tells more)", err=True)
            sys.exit(1)

    return wrapped


def load(config: Path | None, overrides: Sequence[str]) -> "tuple[PipelineConfig, Features]":
    """Returns the checked config (default: the built-in example) and the roles of its columns.

    Raises:
        ConfigError: If either is wrong.
    """
    from tfx_rebalance.pipeline.checks import check_config
    from tfx_rebalance.pipeline.config_file import BUILT_IN, load_config

    loaded = load_config(config or BUILT_IN, overrides=overrides)
    return loaded, check_config(loaded)


def quiet() -> None:
    """Keeps third-party notices from people; has to happen before TensorFlow is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", category=FutureWarning)
