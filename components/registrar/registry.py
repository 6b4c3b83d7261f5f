"""Vertex AI Model Registry, through the client that its SDK is made on."""

import time
from functools import partial

from tfx_rebalance.components.registrar.request import (
    Body,
    Release,
    is_same,
    upload_request,
    version_name,
)
from tfx_rebalance.components.registrar.settings import RegistrarSettings
from tfx_rebalance.errors import ServiceError
from tfx_rebalance.services import Service, Wait, after, repeated
from tfx_rebalance.vertex import Connection, address_in

PAUSES = (20.0, 60.0, 120.0)
"""Seconds before an upload is made again. Vertex may have taken one that it did not answer, so they
are long enough for that one to be there when it is looked for."""
PATIENCE = 1800.0
"""Seconds for an upload that was taken: Vertex copies the image."""
_AGAIN = "Run the pipeline again: a version that is released already is then registered, once"


def register(release: Release, settings: RegistrarSettings, *, wait: Wait = time.sleep) -> str:
    """Makes a released version a version of the model, unless it is one, and returns its name.

    Credentials are Google's default ones. What failed in a way that may pass is tried again, but no
    upload without a look whether the last one was done all the same.

    Raises:
        ServiceError: If it cannot be told or made.
    """
    try:
        registered = partial(_Registry(settings, wait).registered, release)
        return repeated(registered, wait, pauses=PAUSES, may_pass=_may_pass)
    except ServiceError as error:
        raise after(error, f"The release stays as it is, in {release.uri}.") from None


def _may_pass(error: ServiceError) -> bool:
    """Returns whether to try again: not where the server may still be at it.

    409: a run beside this one has just made the model, so this is no first version any more.
    """
    return error.status == 409 or (error.passing and error.status != 408)


class _Registry:
    """One model in the registry of a project and region."""

    def __init__(self, settings: RegistrarSettings, wait: Wait) -> None:
        self._settings = settings
        service = Service(
            name="Vertex AI",
            address=address_in(settings.location),
            reach="Check vertex.location, and that the network lets this step there; then run the "
            "pipeline again",
            log_in="On Vertex a step has those of vertex.service_account: set it to an account "
            "that there is; elsewhere set GOOGLE_APPLICATION_CREDENTIALS",
            permit="Give the account of the steps (vertex.service_account) roles/aiplatform.user "
            f"in the project {settings.project!r}, and run the pipeline again",
            again=_AGAIN,
            look=_AGAIN,
        )
        self._to = Connection(service, "ModelServiceClient", patience=PATIENCE, wait=wait)

    def registered(self, release: Release) -> str:
        """Returns the name of the version in the registry, made if it is not there."""
        there = self._versions()
        same = next((found for found in there if is_same(found, release)), None)
        if same is not None:
            return version_name(same)
        doing = f"registering version {release.version} of {self._settings.model!r}"
        request = upload_request(release, self._settings, there=there)
        made = self._to.call(doing, "UploadModel", request)
        return version_name({"name": made["model"], "versionId": made["modelVersionId"]})

    def _versions(self) -> list[Body]:
        """Returns the versions of the model; none where there is no model."""
        doing = f"listing the versions of {self._settings.model!r}"
        request = {"name": self._settings.name, "pageSize": 100}
        try:
            return self._to.listed(doing, "ListModelVersions", request)
        except ServiceError as error:
            if error.status != 404:
                raise
        if self._settings.is_numbered:
            raise ServiceError(
                f"there is no model {self._settings.name}, and only Vertex gives models numbers. "
                "Set vertex.registry.model to the number of one that is there, or to a name: that "
                "model is made.",
                status=404,
            )
        return []
