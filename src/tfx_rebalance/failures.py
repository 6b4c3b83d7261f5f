"""What ended a run, as an error for a person.

Beam keeps the type of our own errors on its way through one thread. From other threads and
processes an error arrives as the text of a RuntimeError, and so do all errors of TensorFlow.
"""

import re
from collections.abc import Mapping

from tfx_rebalance import errors
from tfx_rebalance.errors import RebalanceError, StorageError
from tfx_rebalance.settings import Settings

EXPECTED: Mapping[str, type[RebalanceError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, RebalanceError)
}
_NO_ROOM = (
    "A run needs room for the rows it writes, and for all of them once "
    "more without compression. Make room, or put the pipeline root where there is some"
)
_NO_ACCESS = "Give this user the right to write there, or take another pipeline root"
_REMEDIES: Mapping[str, str] = {
    "No space left on device": _NO_ROOM,
    "Disk quota exceeded": _NO_ROOM,
    "File too large": _NO_ROOM,
    "Permission denied": _NO_ACCESS,
    "Read-only file system": _NO_ACCESS,
}
_REASON = "|".join(_REMEDIES)
_OURS = re.compile(r"^tfx_rebalance\.errors\.(\w+): (.+)$", re.MULTILINE)
_STORAGE = re.compile(
    rf"^(?:.*Error: )?([^\n;]+); ({_REASON})|\[Errno \d+\] ({_REASON})(?:: '(.+?)')?", re.MULTILINE
)


class Failure(Settings):
    """The content of a `failure.json`: an expected error that ended a step elsewhere."""

    error: str
    """The name of its class."""
    message: str

    @property
    def exit_code(self) -> int:
        """That of the same error in a run on this machine."""
        return EXPECTED.get(self.error, RebalanceError).exit_code


def known_failure(error: BaseException) -> RebalanceError | None:
    """Returns the error that `error` tells of, or None: it is one of ours, or unexpected.

    A file that the system would not write becomes a StorageError that names it.
    """
    if isinstance(error, RebalanceError):
        return None
    text = f"{type(error).__name__}: {error}"
    if found := _OURS.search(text):
        name, message = found.groups()
        return EXPECTED.get(name, RebalanceError)(message)
    if found := _STORAGE.search(text):
        path, reason = found[1] or found[4], found[2] or found[3]
        return StorageError(
            f"{path or 'a file'!r} could not be written: {reason}. {_REMEDIES[reason]}, and run "
            "again."
        )
    return None
