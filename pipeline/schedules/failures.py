"""What went wrong between here and a backend, in one sentence with the remedy."""

from dataclasses import dataclass

from tfx_rebalance.errors import ServiceError

LONGEST = 400
"""Characters of a server's own words that are passed on."""


@dataclass(frozen=True)
class Service:
    """A backend, for the sake of messages."""

    name: str
    address: str
    reach: str
    """What to do when it cannot be reached."""
    log_in: str
    """What to do when it does not take the credentials."""
    permit: str
    """What to do when they are not enough."""


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
        text = f"{where} did not answer in time in {doing}. Look with `schedule list`; the same "
        text += "command may be given again."
    elif status == 429 or status >= 500:
        text = (
            f"{where} failed in {doing} ({status}): {words}. The same command may be given again."
        )
    else:
        text = f"{where} refused {doing} ({status}): {words}. Mend what it names; nothing was done."
    return ServiceError(text, status=status)


def after(error: ServiceError, addition: str) -> ServiceError:
    """Returns the error with a sentence about what is left where."""
    return ServiceError(f"{error} {addition}", status=error.status)
