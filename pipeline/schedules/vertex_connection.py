"""The connection to Vertex AI's runs and schedules."""

import time

from tfx_rebalance.pipeline.targets.settings import VertexSettings
from tfx_rebalance.services import Service, Wait
from tfx_rebalance.vertex import Body, Connection, address_in

_LOG_IN = (
    "Log in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to "
    "the file of a service account"
)


def connect(settings: VertexSettings, *, wait: Wait = time.sleep) -> Connection:
    """Returns a connection with Google's default credentials.

    Raises:
        ServiceError: If there are none.
    """
    service = Service(
        name="Vertex AI",
        address=address_in(settings.location),
        reach="Check vertex.location, and that the network lets this machine there",
        log_in=_LOG_IN,
        permit=f"Ask for roles/aiplatform.user in the project {settings.project!r}, and for "
        "roles/iam.serviceAccountUser on vertex.service_account if that is set",
    )
    return Connection(service, "ScheduleServiceClient", "PipelineServiceClient", wait=wait)


def list_schedules(to: Connection, doing: str, parent: str) -> list[Body]:
    """Returns the schedules of pipelines; those of notebooks are none.

    Raises:
        ServiceError: If it fails.
    """
    found = to.listed(doing, "ListSchedules", {"parent": parent, "pageSize": 100})
    return [schedule for schedule in found if "createPipelineJobRequest" in schedule]
