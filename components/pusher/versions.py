"""Released versions and their manifests: adding one, which there are, going back to an earlier."""

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from tfx_rebalance.errors import ConfigError, StorageError
from tfx_rebalance.files import (
    MODEL_FILE,
    RELEASES,
    entries_of,
    files_under,
    newest_version,
    remove_there,
    versions_in,
    write_there,
)
from tfx_rebalance.releases import manifest_of

LONGEST_WAIT = 5
"""Seconds that a version may lie in the future before the clock counts as wrong."""


def origin_of(version: str, *, manifest_of: Callable[[str], Mapping[str, Any]]) -> str:
    """Returns the version that one was first released as: copies of copies are followed."""
    seen = {version}
    while (source := manifest_of(version).get("rollback_of")) and source not in seen:
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
        manifest_of: Start of a path -> the manifest; what that names may be written there, with
            an ending of its own.

    Raises:
        ConfigError: If there is a version from the future.
        StorageError: If nobody can say which there are, or somebody else has released another one
            meanwhile: the model was not held against that.
    """
    import tensorflow as tf

    new_version(base)  # Would be refused at the end, too.
    tf.io.gfile.makedirs(os.path.join(base, RELEASES))
    beside, version = path_beside(base), ""
    try:
        manifest = manifest_of(beside)
        version = _claimed(base, beside)
        target = os.path.join(base, version)
        tf.io.gfile.makedirs(target)
        for name in files_under(model):
            if name != MODEL_FILE:
                tf.io.gfile.makedirs(os.path.dirname(os.path.join(target, name)))
                tf.io.gfile.copy(os.path.join(model, name), os.path.join(target, name))
        write_manifest(base, version, manifest)
        last = os.path.join(target, MODEL_FILE)
        tf.io.gfile.copy(os.path.join(model, MODEL_FILE), f"{last}.writing", overwrite=True)
        _check_newest(base, version)
        tf.io.gfile.rename(f"{last}.writing", last, overwrite=True)
    except BaseException:
        with suppress(tf.errors.OpError, OSError, StorageError):  # The first cause is what is told.
            _remove(base, version, beside)
        raise
    with suppress(tf.errors.OpError):  # It is in nobody's way.
        tf.io.gfile.remove(_claim(base, version, beside))
    return version


def path_beside(base: str) -> str:
    """Returns the start of a path beside the manifests that nothing else begins with."""
    return os.path.join(base, RELEASES, f"{int(time.time())}-{uuid4().hex[:8]}")


def write_manifest(base: str, version: str, manifest: Mapping[str, Any]) -> None:
    """Writes the manifest of a version, whole or not at all."""
    path = os.path.join(base, RELEASES, f"{version}.json")
    write_there(path, json.dumps({**manifest, "version": version}, indent=2))


def copy_version(base: str, source: str, *, said: Mapping[str, Any]) -> str:
    """Makes a copy of a version the newest one and returns its number.

    Args:
        base: The destination.
        source: The version to copy.
        said: What the new manifest says besides what the old one does.
    """
    manifest = {**manifest_of(base, source), **said}
    return publish(base, os.path.join(base, source), manifest_of=lambda _: manifest)


def _claim(base: str, version: str, beside: str) -> str:
    """Returns the file that says that a version's number is taken."""
    return os.path.join(base, RELEASES, f"{version}.{os.path.basename(beside)}.claim")


def _claimed(base: str, beside: str) -> str:
    """Returns a number that nobody else has and writes that it is taken.

    Who sees another's claim to a number gives it up, so two at once never both keep it: one of
    them has written before the other looked.
    """
    import tensorflow as tf

    folder = os.path.join(base, RELEASES)
    while True:
        version = new_version(base)
        claim = _claim(base, version, beside)
        with tf.io.gfile.GFile(claim, "w") as file:
            file.write(version)
        named = [name for name in entries_of(folder) if name.startswith(f"{version}.")]
        if named == [os.path.basename(claim)] and version not in versions_in(base):
            return version
        tf.io.gfile.remove(claim)
        time.sleep(random.uniform(0, LONGEST_WAIT))  # Not the same wait for both.


def _check_newest(base: str, version: str) -> None:
    newest = newest_version(base)
    if newest is not None and int(os.path.basename(newest)) > int(version):
        raise StorageError(
            f"version {os.path.basename(newest)} was released to {base!r} while this model was "
            "being copied there, so it was not pushed: nobody has compared the two. Run again."
        )


def _remove(base: str, version: str, beside: str) -> None:
    """Removes a version that is not whole yet, and what lies beside its manifest."""
    folder = os.path.join(base, RELEASES)
    starts = (os.path.basename(beside), *([f"{version}."] if version else []))
    paths = [os.path.join(folder, name) for name in entries_of(folder) if name.startswith(starts)]
    remove_there([*([os.path.join(base, version)] if version else []), *paths])
