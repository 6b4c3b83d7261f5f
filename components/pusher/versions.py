"""Released versions and their manifests: adding one, which there are, going back to an earlier."""

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.files import MODEL_FILE, RELEASES, entries_of, files_under, versions_in
from tfx_rebalance.releases import manifests_of

LONGEST_WAIT = 5
"""Seconds that a version may lie in the future before the clock counts as wrong."""


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
        StorageError: If nobody can say which there are.
    """
    versions = versions_in(base)
    last = int(versions[-1]) if versions else 0
    if last > time.time() + LONGEST_WAIT:
        raise ConfigError(
            f"version {last} in {base!r} is newer than the clock of this machine says it can be. "
            "Set the clock, or remove that version."
        )
    while int(time.time()) <= last:
        time.sleep(0.1)
    return str(int(time.time()))


def publish(base: str, model: str, *, manifest_of: Callable[[str], Mapping[str, Any]]) -> str:
    """Makes a copy of a model the newest version and returns its number.

    Its last file is copied once all else and the manifest are there: a version is served from then
    on, and there is no moment in which nobody knows what it is. If anything fails, nothing stays.

    Args:
        base: The destination.
        model: The folder of a SavedModel.
        manifest_of: Version -> its manifest; what that names may be written beside it then.

    Raises:
        ConfigError: If there is a version from the future.
        StorageError: If nobody can say which there are.
    """
    import tensorflow as tf

    version = new_version(base)
    target = os.path.join(base, version)
    try:
        tf.io.gfile.makedirs(os.path.join(base, RELEASES))
        manifest = manifest_of(version)
        for name in files_under(model):
            if name != MODEL_FILE:
                tf.io.gfile.makedirs(os.path.dirname(os.path.join(target, name)))
                tf.io.gfile.copy(os.path.join(model, name), os.path.join(target, name))
        write_manifest(base, version, manifest)
        tf.io.gfile.makedirs(target)
        last = os.path.join(target, MODEL_FILE)
        tf.io.gfile.copy(os.path.join(model, MODEL_FILE), f"{last}.writing", overwrite=True)
        tf.io.gfile.rename(f"{last}.writing", last, overwrite=True)
    except BaseException:
        with suppress(tf.errors.OpError, OSError):  # What went wrong before is what is told.
            _remove(base, version)
        raise
    return version


def write_manifest(base: str, version: str, manifest: Mapping[str, Any]) -> None:
    """Writes the manifest of a version, whole or not at all."""
    import tensorflow as tf

    path = os.path.join(base, RELEASES, f"{version}.json")
    with tf.io.gfile.GFile(f"{path}.writing", "w") as file:
        file.write(json.dumps({**manifest, "version": version}, indent=2))
    tf.io.gfile.rename(f"{path}.writing", path, overwrite=True)


def copy_version(base: str, source: str, *, said: Mapping[str, Any]) -> str:
    """Makes a copy of a version the newest one and returns its number.

    Args:
        base: The destination.
        source: The version to copy.
        said: What the new manifest says besides what the old one does.
    """
    manifest = {**manifests_of(base)[source], **said}
    return publish(base, os.path.join(base, source), manifest_of=lambda _: manifest)


def _remove(base: str, version: str) -> None:
    """Removes a version and what lies beside its manifest."""
    import tensorflow as tf

    folder = os.path.join(base, RELEASES)
    beside = [os.path.join(folder, n) for n in entries_of(folder) if n.startswith(f"{version}.")]
    for path in (os.path.join(base, version), *beside):
        if tf.io.gfile.isdir(path):
            tf.io.gfile.rmtree(path)
        elif tf.io.gfile.exists(path):
            tf.io.gfile.remove(path)
