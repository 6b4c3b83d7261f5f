"""How a run has ended, in the words of whichever backend."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from tfx_rebalance.errors import RebalanceError

SUCCEEDED = "SUCCEEDED"
_PREFIX = "PIPELINE_STATE_"
_SAME: Mapping[str, str] = {
    "COMPLETE": SUCCEEDED,
    "COMPLETED": SUCCEEDED,
    "CACHED": SUCCEEDED,
    "CANCELED": "CANCELLED",
    "UNSPECIFIED": "UNKNOWN",
    "": "UNKNOWN",
}
"""What ML Metadata, and with it Kubeflow, says -> what Vertex says of the same."""


class FinalRecord(BaseModel):
    """The content of `final.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pipeline: str
    run_id: str
    state: str
    """`SUCCEEDED`, `FAILED`, `CANCELLED`, `UNKNOWN` or what else the backend says."""
    error: str | None
    """What the backend says of the first failure, if it does."""
    job: str | None
    """The backend's full name of the run, if it says it."""
    ended: str
    """When the exit handler ran: RFC 3339, UTC."""

    @property
    def succeeded(self) -> bool:
        """Whether every step ended well."""
        return self.state == SUCCEEDED


def final_record(final_status: str, *, pipeline: str, run_id: str, ended: str) -> FinalRecord:
    """Returns the record of a run.

    Args:
        final_status: `PipelineTaskFinalStatus` as JSON, its keys in camelCase or snake_case.
        pipeline: The pipeline's name.
        run_id: What the backend says the run is called.
        ended: When.

    Raises:
        RebalanceError: If it is no such JSON, or the backend did not say the run's name.
    """
    status = _status(final_status)
    if "{{" in run_id or not re.fullmatch(r"[\w.:-]+", run_id):
        raise RebalanceError(
            f"the run's name is {run_id!r}: the backend did not fill it in. The exit handler needs "
            "Vertex AI, or Kubeflow Pipelines from 2.14 on."
        )
    return FinalRecord(
        pipeline=pipeline,
        run_id=run_id,
        state=_state(status.get("state")),
        error=_error(status.get("error")),
        job=_text(status, "pipelineJobResourceName", "pipeline_job_resource_name"),
        ended=ended,
    )


def _status(text: str) -> Mapping[str, Any]:
    try:
        status = json.loads(text)
    except ValueError:
        status = None
    if not isinstance(status, dict):
        raise RebalanceError(
            f"the final status is {text!r}, no JSON object: the backend did not fill it in. The "
            "exit handler needs Vertex AI, or Kubeflow Pipelines from 2.14 on."
        )
    return status


def _state(state: Any) -> str:
    word = str(state or "").upper().removeprefix(_PREFIX)
    return _SAME.get(word, word)


def _error(error: Any) -> str | None:
    message = error.get("message") if isinstance(error, dict) else error
    return str(message) if message else None


def _text(status: Mapping[str, Any], *keys: str) -> str | None:
    return next((str(status[key]) for key in keys if status.get(key)), None)
