"""Tells somebody how a run has ended; the address is a secret."""

import http.client
import urllib.error
import urllib.request

TIMEOUT = 20
"""Seconds."""


class PostError(Exception):
    """It could not be posted; the message does not hold the address."""


def post(address: str, body: str) -> None:
    """Posts JSON.

    Args:
        address: http:// or https://.
        body: The JSON.

    Raises:
        PostError: If it was not taken. What the libraries say is left out, as it may hold the
            address.
    """
    if not address.startswith(("https://", "http://")):
        raise PostError("its value begins neither with https:// nor with http://")
    try:
        request = urllib.request.Request(
            address,
            data=body.encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            return
    except urllib.error.HTTPError as error:
        problem = f"the server answered {error.code}"
    except urllib.error.URLError as error:
        problem = f"the server cannot be reached ({type(error.reason).__name__})"
    except (OSError, ValueError, http.client.HTTPException) as error:
        problem = f"it failed with {type(error).__name__}"
    raise PostError(problem)
