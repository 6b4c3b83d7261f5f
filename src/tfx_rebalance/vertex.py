"""A connection to Vertex AI: requests and answers are plain data, errors in our own words."""

import time
import warnings
from typing import Any

from tfx_rebalance.errors import ServiceError
from tfx_rebalance.services import TIMEOUT, Service, Wait, failure, repeated

Body = dict[str, Any]

_NOT_REACHED = "failed to connect", "DNS resolution failed", "Name resolution failure"
"""What gRPC says, under a status of its own, where nothing has been sent."""
_NO_TOKEN = "Getting metadata from plugin failed"
"""What it says where there was no token to send."""


def address_in(location: str) -> str:
    """Returns where the API of a region is."""
    return f"{location}-aiplatform.googleapis.com"


class Connection:
    """Some services of Vertex AI in a region, with Google's default credentials."""

    def __init__(
        self,
        service: Service,
        *clients: str,
        patience: float = TIMEOUT[1],
        wait: Wait = time.sleep,
    ) -> None:
        """Makes the clients; nothing is sent yet.

        Args:
            service: What messages say; its address is where it is.
            clients: Names of clients in `google.cloud.aiplatform_v1`.
            patience: Seconds for what the server goes on with after its answer.
            wait: Lets so many seconds pass.
        """
        self._service, self._patience, self._wait = service, patience, wait
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of the age of Python and grpcio.
            self._clients = self._connected(clients)

    def call(self, doing: str, method: str, request: Body, *, again: bool = False) -> Body:
        """Returns the answer to a request.

        Args:
            doing: What that is, such as "creating the schedule 'x'".
            method: Such as `CreateSchedule`.
            request: The method's request, in the names of JSON.
            again: Whether it is made again after a failure that may pass.

        Raises:
            ServiceError: If it fails.
        """
        message = self._message(method, request)

        def once() -> Body:
            try:
                answer = self._method(method)(message, retry=None, timeout=TIMEOUT[1])
                if hasattr(answer, "result"):  # Something the server is still at.
                    answer = answer.result(timeout=self._patience)
            except Exception as error:
                raise self._failure(error, doing) from None
            return {} if answer is None else as_data(answer)

        return repeated(once, self._wait) if again else once()

    def listed(self, doing: str, method: str, request: Body) -> list[Body]:
        """Returns what a method lists, over all pages.

        Raises:
            ServiceError: If it fails.
        """
        message = self._message(method, request)

        def once() -> list[Body]:
            try:
                found = list(self._method(method)(message, retry=None, timeout=TIMEOUT[1]))
            except Exception as error:
                raise self._failure(error, doing) from None
            return [as_data(item) for item in found]

        return repeated(once, self._wait)

    def _connected(self, names: tuple[str, ...]) -> tuple[Any, ...]:
        from google.cloud import aiplatform_v1

        options = {"api_endpoint": self._service.address}
        try:
            return tuple(getattr(aiplatform_v1, name)(client_options=options) for name in names)
        except Exception as error:
            raise self._failure(error, "connecting") from None

    def _method(self, name: str) -> Any:
        """Returns the function of the client that has it."""
        function = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
        return next(getattr(c, function) for c in self._clients if hasattr(c, function))

    def _message(self, method: str, request: Body) -> Any:
        from google.cloud import aiplatform_v1
        from google.protobuf import json_format

        message = getattr(aiplatform_v1, f"{method}Request")()
        json_format.ParseDict(request, type(message).pb(message))
        return message

    def _failure(self, error: Exception, doing: str) -> ServiceError:
        status, words = _status(error)
        return failure(self._service, doing, status=status, words=words)


def as_data(message: Any) -> Body:
    """Returns a message of Google's as plain data, in the names of JSON."""
    from google.protobuf import json_format

    plain = type(message).pb(message) if hasattr(type(message), "pb") else message
    found: Body = json_format.MessageToDict(plain)
    return found


def _status(error: Exception) -> tuple[int, str]:
    """Returns the status of a failed call as HTTP counts, and the server's words.

    Raises:
        Exception: `error` itself, if it is none of Google's.
    """
    import concurrent.futures

    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    words = str(getattr(error, "message", error))
    if isinstance(error, auth.TransportError):
        return 0, words
    if isinstance(error, auth.GoogleAuthError) or _NO_TOKEN in words:
        return 401, ""
    if isinstance(error, api.ServiceUnavailable) and any(said in words for said in _NOT_REACHED):
        return 0, words
    if isinstance(error, api.RetryError | concurrent.futures.TimeoutError):
        return 408, words
    if isinstance(error, api.GoogleAPICallError) and error.code is not None:
        return int(error.code), words
    raise error
