"""`kfp.Client` as we use it: it tries once, follows nothing and takes no page for an answer."""

import json
import re
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.services import TIMEOUT


class LoginPageError(Exception):
    """The answer is not the API's: a page, or the way to one."""


def usable_token(text: str, variable: str) -> str:
    """Returns a token without the space around it.

    Raises:
        ConfigError: If no header can hold it; it is not shown.
    """
    token = text.strip()
    if not re.fullmatch(r"[!-~]*", token):
        raise ConfigError(
            f"{variable} has something in it that no token has, such as a space, a line break or a "
            "typographic quote; it is not shown here. Set it to the token alone, without 'Bearer'."
        )
    return token


def connected(
    address: str, namespace: str, token: str | None, *, token_file: str | None, variable: str
) -> Any:
    """Returns a client; nothing is asked of the server yet.

    Args:
        address: The API's.
        namespace: What kfp takes for its own; else it asks the server for one.
        token: What is sent; None: none, or what is in the file.
        token_file: Read before every call; None: there is none.
        variable: What names the file, for the sake of messages.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kfp warns of its own age at every start.
        import kfp
        import urllib3
        from kfp.client.set_volume_credentials import ServiceAccountTokenVolumeCredentials

        class Credentials(ServiceAccountTokenVolumeCredentials):
            def _get_token(self) -> str:
                return usable_token(super()._get_token(), f"the file that {variable} names")

        class Client(kfp.Client):
            def _load_config(self, *args: Any, **options: Any) -> Any:
                config = super()._load_config(*args, **options)
                config.retries = urllib3.Retry(0)  # Who calls knows whether it may be tried again.
                return config

            def _load_context_setting_or_default(self) -> None:
                super()._load_context_setting_or_default()
                self._context_setting["namespace"] = namespace

            def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
                del sleep_duration
                return self._healthz_api.get_healthz(_request_timeout=TIMEOUT)

        credentials = Credentials(token_file) if token_file else None
        client = Client(address, existing_token=token, credentials=credentials)
    rest = client._healthz_api.api_client.rest_client  # All of its APIs have the same one.
    rest.pool_manager.request = partial(rest.pool_manager.request, redirect=False)
    rest.request = partial(_answer, rest.request, address)
    return client


def status_of(error: Exception) -> tuple[int, str] | None:
    """Returns the status of a failed call as HTTP counts, and the server's words.

    None: the error is none of the network.
    """
    import kfp_server_api
    import urllib3.exceptions as http
    from google.auth.exceptions import GoogleAuthError

    if isinstance(error, kfp_server_api.ApiException):
        return error.status or 0, _words(error)
    reason = error.reason if isinstance(error, http.MaxRetryError) else error
    match reason:
        case LoginPageError() | GoogleAuthError():
            return 401, ""
        case http.ConnectTimeoutError() | http.NewConnectionError() | http.SSLError():
            return 0, str(reason).partition(": ")[2] or type(reason).__name__
        case http.TimeoutError():
            return 408, ""
        case http.ProtocolError():
            return 502, "the connection broke off"
        case http.HTTPError() | OSError():
            return 0, str(reason)
    return None


def _answer(request: Callable[..., Any], address: str, *args: Any, **options: Any) -> Any:
    """Returns the answer to a request.

    Raises:
        LoginPageError: If it is none of the API.
    """
    import kfp_server_api

    try:
        found = request(*args, **options)
    except kfp_server_api.ApiException as error:
        if not 300 <= (error.status or 0) < 400:
            raise
        place = urlsplit(urljoin(address, (error.headers or {}).get("Location", "")))
        where = f"{place.scheme}://{place.netloc.rpartition('@')[2]}"
        raise LoginPageError(f"It sends whoever asks on to {where}") from None
    try:
        if isinstance(json.loads(found.data), dict):
            return found
    except ValueError:
        pass
    raise LoginPageError("It answers with a page, not with the API's JSON")


def _words(error: Any) -> str:
    """Returns what a server's answer says, without its headers."""
    body = error.body or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        content = json.loads(text)
        return str(content.get("message") or content.get("error") or error.reason)
    except (ValueError, AttributeError):
        return str(error.reason)
