"""What every command shares: errors as messages and exit codes, and silence from third parties."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from tfx_rebalance.errors import RebalanceError

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


def quiet() -> None:
    """Keeps third-party notices from people; has to happen before TensorFlow is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", category=FutureWarning)
