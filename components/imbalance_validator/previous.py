"""Where the statistics lie that the newest release was trained on."""

import os
from dataclasses import dataclass

from tfx_rebalance.errors import CorruptArtifactError, StorageError
from tfx_rebalance.files import RELEASES
from tfx_rebalance.releases import STATISTICS, newest_release

CHAMPION, NONE = "champion", "none"


@dataclass(frozen=True)
class Previous:
    """A uri to read, or why there is none."""

    uri: str = ""
    why: str = ""
    broken: bool = False
    """Whether there should be one."""


def previous_of(setting: str, *, released: str) -> Previous:
    """Returns what a setting means.

    Args:
        setting: `champion`, `none` or a uri.
        released: Where models are released to, or "".
    """
    if setting == NONE:
        return Previous(why="validate.previous is none")
    if setting != CHAMPION:
        return Previous(uri=setting)
    if not released:
        return Previous(why="there is no folder of releases")
    try:
        manifest = newest_release(released)
    except (CorruptArtifactError, StorageError) as error:
        return Previous(why=str(error), broken=True)
    if manifest is None:
        return Previous(why="nothing has been released yet")
    if isinstance(copy := manifest.get(STATISTICS), str):
        return Previous(uri=os.path.join(released, RELEASES, copy))
    uri = manifest.get(
        "statistics_uri"
    )  # All there is of what was released before there were copies.
    if not isinstance(uri, str) or not uri:
        version = manifest["version"]
        return Previous(why=f"the manifest of version {version} names none", broken=True)
    return Previous(uri=uri)
