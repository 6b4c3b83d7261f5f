"""Calls to a service elsewhere: made again while it may help, their errors in one sentence."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tfx_rebalance.errors import ServiceError

Wait = Callable[[float], None]
T = TypeVar("T")

ATTEMPTS = 4
"""How often a call is made that may be made again."""
FIRST_WAIT = 0.5
"""Seconds before the second one; each later wait is twice as long."""
TIMEOUT = (10, 60)
"""Seconds to connect, and to answer."""
LONGEST = 400
"""Characters of a server's own words that are passed on."""


@dataclass(frozen=True)
class Service:
    """A service, for the sake of messages."""

    name: str
    address: str
    reach: str
    """What to do when it cannot be reached."""
    log_in: str
    """What to do when it does not take the credentials."""
    permit: str
    """What to do when they are not enough."""
    again: str = "The same command may be given again"
    """What to do when it failed by itself."""
    look: str = "Look with `schedule list`; the same command may be given again"
    """What to do when nobody knows whether it has done what it was asked."""


def failure(service: Service, doing: str, *, status: int, words: str) -> ServiceError:
    """Returns the error for an answer, or for none.

    Args:
        service: What was called.
        doing: What it was asked, such as "creating the schedule 'x'".
        status: As HTTP counts; 0: it was not reached, 408: it did not answer in time.
        words: What the server or the connection said.
    """
    words = " ".join(words.split())[:LONGEST].rstrip(". ") or "it does not say why"
    where = f"{service.name} at {service.address}"
    if status == 0:
        text = f"{where} cannot be reached ({words}). {service.reach}."
    elif status == 401:
        text = (
            f"{where} does not take the credentials (401) in {doing}: they are missing, wrong or "
        )
        text += f"have expired. {service.log_in}."
    elif status == 403:
        text = f"{where} forbids {doing} (403): {words}. {service.permit}."
    elif status in {408, 504}:
        text = f"{where} did not answer in time in {doing}. {service.look}."
    elif status == 429 or status >= 500:
        text = f"{where} failed in {doing} ({status}): {words}. {service.again}."
    else:
        text = f"{where} refused {doing} ({status}): {words}. Mend what it names; nothing was done."
    return ServiceError(text, status=status)


def after(error: ServiceError, addition: str) -> ServiceError:
    """Returns the error with a sentence about what is left where."""
    return ServiceError(f"{error} {addition}", status=error.status)


def repeated(
    call: Callable[[], T],
    wait: Wait = time.sleep,
    *,
    pauses: Sequence[float] | None = None,
    may_pass: Callable[[ServiceError], bool] = lambda error: error.passing,
) -> T:
    """Returns what `call` does, made again while it fails in a way that may pass.

    Only for calls that come to the same when they are made twice.

    Args:
        call: What is done.
        wait: Lets so many seconds pass.
        pauses: Seconds before each further call; None: `ATTEMPTS` in all, each pause twice as long.
        may_pass: Whether a failure is one to call again after.
    """
    if pauses is None:
        pauses = [FIRST_WAIT * 2**attempt for attempt in range(ATTEMPTS - 1)]
    for pause in pauses:
        try:
            return call()
        except ServiceError as error:
            if not may_pass(error):
                raise
        wait(pause)
    return call()
