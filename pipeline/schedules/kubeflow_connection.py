"""A connection to Kubeflow Pipelines through `kfp.Client`; its errors in our own words."""

import json
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tfx_rebalance.errors import ConfigError, ServiceError
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings
from tfx_rebalance.services import TIMEOUT, Service, Wait, failure, repeated

T = TypeVar("T")
HOST, TOKEN, TOKEN_FILE = "KFP_HOST", "KFP_TOKEN", "KF_PIPELINES_SA_TOKEN_PATH"
"""Environment variables; the last is kfp's own, for what runs in the cluster."""

_PAGE = 100


class Connection:
    """Kubeflow Pipelines at one address, with the credentials of the environment."""

    def __init__(
        self,
        settings: KubeflowSettings,
        *,
        environment: Mapping[str, str] = os.environ,
        wait: Wait = time.sleep,
    ) -> None:
        self._wait = wait
        self._token = environment.get(TOKEN)
        address = _address(settings, environment)
        self._service = Service(
            name="Kubeflow Pipelines",
            address=address,
            reach=f"Check kubeflow.host or {HOST}, and that the network lets this machine there",
            log_in=f"Set {TOKEN} to a fresh token",
            permit=f"Ask for the rights to it in the namespace {settings.namespace!r}",
        )
        token_file = None if self._token else _token_file(environment)
        self.client: Any = self.call(
            "connecting",
            lambda: _connect(address, settings.namespace, self._token, token_file=token_file),
            again=True,
        )
        health = self.call("connecting", self.client.get_kfp_healthz, again=True)
        self.namespace = {"namespace": settings.namespace} if health.multi_user else {}
        """What calls are told of it: servers for one user refuse a namespace."""

    def call(self, doing: str, function: Callable[..., T], *args: Any, again: bool = False) -> T:
        """Returns what a function of the client does.

        Args:
            doing: What that is, such as "creating the schedule 'x'".
            function: The function.
            args: Its arguments.
            again: Whether it is called again after a failure that may pass.

        Raises:
            ServiceError: If it fails.
        """

        def once() -> T:
            try:
                return function(*args)
            except Exception as error:
                raise self._failure(error, doing) from None

        return repeated(once, self._wait) if again else once()

    def pages(
        self, doing: str, function: Callable[..., Any], key: str, **options: Any
    ) -> Iterator[Any]:
        """Yields what a function lists page by page under `key`."""
        token = ""
        while True:

            def page(token: str = token) -> Any:
                return function(
                    page_token=token, page_size=_PAGE, _request_timeout=TIMEOUT, **options
                )

            found = self.call(doing, page, again=True)
            yield from getattr(found, key) or ()
            token = found.next_page_token
            if not token:
                return

    def new_id(self, found: str | None, doing: str) -> str:
        """Returns the id of what was made.

        Raises:
            ServiceError: If the answer has none.
        """
        if not found:
            words = "its answer has no id, as that of a login page has none"
            raise failure(self._service, doing, status=401, words=words)
        return found

    def _failure(self, error: Exception, doing: str) -> ServiceError:
        status, words = _status(error)
        if self._token:
            words = words.replace(self._token, "***")
        return failure(self._service, doing, status=status, words=words)


def equal(name: str) -> str:
    """Returns the filter that lists only what is called so."""
    return json.dumps(
        {"predicates": [{"operation": 1, "key": "display_name", "stringValue": name}]}
    )


def _address(settings: KubeflowSettings, environment: Mapping[str, str]) -> str:
    address = (settings.host or environment.get(HOST) or "").strip()
    if not address:
        raise ConfigError(
            f"neither kubeflow.host nor the environment variable {HOST} says where Kubeflow "
            f"Pipelines is. Set one, such as {HOST}=https://kubeflow.example.com/pipeline."
        )
    address = address if "://" in address else f"https://{address}"
    address = address.rstrip("/") if urlsplit(address).hostname else address
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(f"kubeflow.host or {HOST} must be an http(s) address, got {address!r}.")
    if "@" in parts.netloc:
        raise ConfigError(
            f"kubeflow.host or {HOST} has a password in it. Leave it away and set {TOKEN}."
        )
    return address


def _token_file(environment: Mapping[str, str]) -> str | None:
    path = environment.get(TOKEN_FILE)
    if path and not os.access(path, os.R_OK):
        raise ConfigError(
            f"{TOKEN_FILE} names {path!r}, which cannot be read. Mount the token there, or set "
            f"{TOKEN}."
        )
    return path


def _connect(address: str, namespace: str, token: str | None, *, token_file: str | None) -> Any:
    """Returns a `kfp.Client` that tries once: trying again is for whoever knows whether it may."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kfp warns of its own age at every start.
        import kfp
        import urllib3
        from kfp.client.set_volume_credentials import ServiceAccountTokenVolumeCredentials

        class Client(kfp.Client):
            def _load_config(self, *args: Any, **options: Any) -> Any:
                config = super()._load_config(*args, **options)
                config.retries = urllib3.Retry(0)
                return config

            def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
                del sleep_duration
                return self._healthz_api.get_healthz(_request_timeout=TIMEOUT)

        return Client(
            host=address,
            namespace=namespace,
            existing_token=token,
            credentials=ServiceAccountTokenVolumeCredentials(token_file) if token_file else None,
        )


def _status(error: Exception) -> tuple[int, str]:
    """Returns the status of a failed call as HTTP counts, and the server's words.

    Raises:
        Exception: `error` itself, if it is none of the network.
    """
    import kfp_server_api
    import urllib3.exceptions as http

    if isinstance(error, kfp_server_api.ApiException):
        return error.status or 0, _words(error)
    reason = error.reason if isinstance(error, http.MaxRetryError) else error
    match reason:
        case http.ConnectTimeoutError() | http.NewConnectionError() | http.SSLError():
            return 0, str(reason).partition(": ")[2] or type(reason).__name__
        case http.TimeoutError():
            return 408, ""
        case http.ProtocolError():
            return 502, "the connection broke off"
        case http.HTTPError() | OSError():
            return 0, str(reason)
    raise error


def _words(error: Any) -> str:
    """Returns what a server's answer says, without its headers."""
    body = error.body or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        content = json.loads(text)
        return str(content.get("message") or content.get("error") or error.reason)
    except (ValueError, AttributeError):
        return str(error.reason)
