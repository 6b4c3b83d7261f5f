"""Where the statistics lie that the newest release was trained on."""

import json
import os
from dataclasses import dataclass

from tfx_rebalance.files import RELEASES

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
    manifest = newest_manifest(released)
    if manifest is None:
        return Previous(why="nothing has been released yet")
    return _statistics_of(manifest)


def newest_manifest(released: str) -> str | None:
    """Returns the path of the manifest with the highest version, or None."""
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    folder = os.path.join(released, RELEASES)
    if not tf.io.gfile.isdir(folder):
        return None
    stems = [os.path.splitext(name) for name in tf.io.gfile.listdir(folder)]
    versions = [stem for stem, extension in stems if extension == ".json" and stem.isdigit()]
    return os.path.join(folder, f"{max(versions, key=int)}.json") if versions else None


def _statistics_of(manifest: str) -> Previous:
    import tensorflow as tf

    try:
        with tf.io.gfile.GFile(manifest) as file:
            content = json.load(file)
    except (tf.errors.OpError, ValueError):
        return Previous(why=f"{manifest!r} cannot be read", broken=True)
    uri = content.get("statistics_uri") if isinstance(content, dict) else None
    if not isinstance(uri, str) or not uri:
        return Previous(why=f"{manifest!r} names no statistics_uri", broken=True)
    return Previous(uri=uri)
