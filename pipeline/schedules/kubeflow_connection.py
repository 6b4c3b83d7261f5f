"""A connection to Kubeflow Pipelines through `kfp.Client`; its errors in our own words."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tfx_rebalance.errors import ConfigError, RebalanceError, ServiceError
from tfx_rebalance.pipeline.schedules.kubeflow_client import (
    LoginPageError,
    connected,
    status_of,
    usable_token,
)
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
        self._token = usable_token(environment.get(TOKEN, ""), TOKEN) or None
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
            lambda: connected(
                address,
                settings.namespace,
                self._token,
                token_file=token_file,
                variable=TOKEN_FILE,
            ),
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
            except RebalanceError:
                raise
            except Exception as error:
                failed = self._failure(error, doing)
                raise failed.with_traceback(error.__traceback__) from None

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
        found = status_of(error)
        if found is None:
            return ServiceError(
                f"kfp failed in {doing} with {type(error).__name__}, whose words are not shown as "
                "they may hold the token. --debug shows where it was.",
                status=500,
            )
        status, words = found
        for token in self._tokens():
            words = words.replace(token, "***").replace(repr(token)[1:-1], "***")
        service = self._service
        if isinstance(error, LoginPageError):
            service = replace(
                service,
                log_in=f"{error}, as where a login is wanted. {service.log_in}, or kubeflow.host "
                f"or {HOST} to the API's own address, which ends in /pipeline in full Kubeflow",
            )
        return failure(service, doing, status=status, words=words)

    def _tokens(self) -> set[str]:
        """Returns what no message may show."""
        client = getattr(self, "client", None)
        sent = client._existing_config.api_key.values() if client is not None else ()
        return {token for token in (self._token, *sent) if token}


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
    if "@" in address:  # Before all else, as the other messages show the address.
        raise ConfigError(
            f"kubeflow.host or {HOST} has an @ in it, and before that a name or a password. Leave "
            f"them away and set {TOKEN}."
        )
    address = address if "://" in address else f"https://{address}"
    if not _is_web(address):
        raise ConfigError(f"kubeflow.host or {HOST} must be an http(s) address, got {address!r}.")
    return address.rstrip("/")


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:  # Such as of brackets that are not closed.
        return False


def _token_file(environment: Mapping[str, str]) -> str | None:
    path = environment.get(TOKEN_FILE)
    if path and not os.access(path, os.R_OK):
        raise ConfigError(
            f"{TOKEN_FILE} names {path!r}, which cannot be read. Mount the token there, or set "
            f"{TOKEN}."
        )
    return path
