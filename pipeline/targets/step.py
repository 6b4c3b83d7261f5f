"""What the container of a step runs: TFX's entry, and word of an expected failure for the report.

Backends tell the exit handler little of why a step failed, Kubeflow nothing. So the message that a
person would read on this machine is left beside the step's outputs.
"""

import argparse
import os

from absl import app, logging
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.dsl.io import fileio
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor as entry

from tfx_rebalance.errors import RebalanceError
from tfx_rebalance.failures import Failure, known_failure
from tfx_rebalance.files import FAILURE_FILE


def main(parsed: tuple[argparse.Namespace, list[str]]) -> None:
    """Runs the executor that the arguments name; what it raises is raised on."""
    path = os.path.join(_folder(parsed[0].json_serialized_invocation_args), FAILURE_FILE)
    _remove_old(path)
    try:
        entry.main(parsed)
    except Exception as error:
        expected = error if isinstance(error, RebalanceError) else known_failure(error)
        if expected is not None:
            _leave(expected, path)
        raise


def _folder(invocation: str) -> str:
    """Returns where the folders of the step's outputs are, which has the run's id in it."""
    message = pipeline_spec_pb2.ExecutorInput()
    json_format.Parse(invocation, message, ignore_unknown_fields=True)
    uris = [a.uri for given in message.outputs.artifacts.values() for a in given.artifacts]
    first = str((uris or [message.outputs.output_file])[0])
    return os.path.dirname(first.rstrip("/"))


def _remove_old(path: str) -> None:
    """Removes what an attempt before this one left; that it cannot be does not fail the step."""
    try:
        if fileio.exists(path):
            fileio.remove(path)
    except Exception:
        logging.exception("%r could not be removed.", path)


def _leave(error: RebalanceError, path: str) -> None:
    """Writes what went wrong; that it cannot be written does not hide it."""
    failure = Failure(error=type(error).__name__, message=str(error))
    try:
        fileio.makedirs(os.path.dirname(path))
        with fileio.open(path, "w") as file:
            file.write(failure.model_dump_json(indent=1))
    except Exception:
        logging.exception("%r could not be written.", path)


if __name__ == "__main__":
    app.run(main, flags_parser=entry._parse_flags)
