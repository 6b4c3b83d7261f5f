"""Released versions and their manifests: which there are, and making an earlier one the newest."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.files import RELEASES, newest_version
from tfx_rebalance.releases import manifests_of

LONGEST_WAIT = 5
"""Seconds that a version may lie in the future before the clock counts as wrong."""
LAST_FILE = "saved_model.pb"
"""Without it a folder is no version for those who serve it."""


def origin_of(version: str, manifests: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns the version that one was first released as: copies of copies are followed."""
    seen = {version}
    while (source := manifests.get(version, {}).get("rollback_of")) and source not in seen:
        seen.add(source)
        version = source
    return version


def new_version(base: str) -> str:
    """Returns the number of a version that is newer than all there are: the time in seconds.

    Raises:
        ConfigError: If there is one from the future.
    """
    newest = newest_version(base)
    last = int(os.path.basename(newest)) if newest else 0
    if last > time.time() + LONGEST_WAIT:
        raise ConfigError(
            f"version {last} in {base!r} is newer than the clock of this machine says it can be. "
            "Set the clock, or remove that version."
        )
    while int(time.time()) <= last:
        time.sleep(0.1)
    return str(int(time.time()))


def copy_version(base: str, source: str, *, said: Mapping[str, Any]) -> str:
    """Makes a copy of a version the newest one and returns its number.

    Args:
        base: The destination.
        source: The version to copy.
        said: What the new manifest says besides what the old one does.
    """
    import tensorflow as tf

    manifest = manifests_of(base)[source]
    version = new_version(base)
    origin, target = os.path.join(base, source), os.path.join(base, version)
    for parent, _, files in tf.io.gfile.walk(origin):
        folder = os.path.normpath(os.path.join(target, os.path.relpath(parent, origin)))
        tf.io.gfile.makedirs(folder)
        for name in files:
            if os.path.join(parent, name) != os.path.join(origin, LAST_FILE):
                tf.io.gfile.copy(os.path.join(parent, name), os.path.join(folder, name))
    path = os.path.join(base, RELEASES, f"{version}.json")
    with tf.io.gfile.GFile(f"{path}.writing", "w") as file:
        file.write(json.dumps({**manifest, **said, "version": version}, indent=2))
    tf.io.gfile.rename(f"{path}.writing", path, overwrite=True)
    # Last: from now on it is served, and there is no moment in which the manifest is missing.
    tf.io.gfile.copy(os.path.join(origin, LAST_FILE), os.path.join(target, LAST_FILE))
    return version
