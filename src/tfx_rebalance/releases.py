"""What lies beside released models: manifests, and the keys of the rows a model was fitted on."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from tfx_rebalance.content import keys_of
from tfx_rebalance.draws import Keys
from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.files import RELEASES, entries_of, files_under, is_whole, write_there

COLD_START = "cold_start"
"""A property of the Champion's model: 1 where nothing was released yet, and there are no files."""
RELEASED_VERSION = "released_version"
"""Another one: which version it is a copy of."""
STATISTICS = "statistics"
"""In a manifest: the folder beside it with the statistics of the data of the model."""
FITTED_ROWS = "fitted_rows"
"""In a manifest: the file beside it with the keys of the rows the model was fitted on."""


def manifests_of(base: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the versions with a manifest at a destination and its content, newest first.

    Each is read when it is asked for, so that a damaged one is in nobody's way who needs a newer.

    Raises:
        CorruptArtifactError: If one cannot be read.
        StorageError: If nobody can say which there are.
    """
    for version in reversed(versions_of(base)):
        yield version, manifest_of(base, version)


def versions_of(base: str) -> list[str]:
    """Returns the versions with a manifest at a destination, whole or not, oldest first.

    Raises:
        StorageError: If nobody can say which there are.
    """
    stems = [os.path.splitext(name) for name in entries_of(os.path.join(base, RELEASES))]
    versions = [stem for stem, extension in stems if extension == ".json" and stem.isdigit()]
    return sorted(versions, key=int)


def manifest_of(base: str, version: str) -> dict[str, Any]:
    """Returns the manifest of one version at a destination.

    Raises:
        CorruptArtifactError: If it cannot be read.
    """
    return _manifest(os.path.join(base, RELEASES, f"{version}.json"))


def newest_release(base: str) -> dict[str, Any] | None:
    """Returns the manifest of the newest version that has one and is whole, or None.

    Raises:
        CorruptArtifactError: If that manifest cannot be read.
        StorageError: If nobody can say what has been released.
    """
    for version in reversed(versions_of(base)):
        if is_whole(os.path.join(base, version)):
            return {**manifest_of(base, version), "version": version}
    return None


def tree_digest(folder: str) -> str:
    """Returns the SHA-256 over the names and contents of all files under `folder`."""
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    digest = hashlib.sha256()
    for name in files_under(folder):
        digest.update(name.encode())
        with tf.io.gfile.GFile(os.path.join(folder, name), "rb") as file:
            digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()


def write_row_keys(path: str, folders: Iterable[str]) -> None:
    """Writes the keys of all rows of some splits, each once, ascending.

    Args:
        path: The file.
        folders: Of the splits.
    """
    write_there(path, np.unique(keys_of(folders)).tobytes())


@lru_cache(maxsize=2)
def read_row_keys(path: str) -> Keys:
    """Returns the keys that `write_row_keys` wrote, (n,), ascending."""
    import tensorflow as tf

    with tf.io.gfile.GFile(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint64)


def fitted_rows_of(base: str, *, digest: str) -> str | None:
    """Returns where the keys lie of the rows that a released model was fitted on.

    Args:
        base: Where models are released to.
        digest: The model's `tree_digest`.

    Returns:
        None where no release of this model says it.

    Raises:
        CorruptArtifactError: If a manifest cannot be read, or names keys that are gone.
    """
    named = (
        manifest[FITTED_ROWS]
        for _, manifest in manifests_of(base)
        if manifest["model_sha256"] == digest and manifest.get(FITTED_ROWS)
    )
    name = next(named, None)
    if name is None:
        return None
    import tensorflow as tf

    path = os.path.join(base, RELEASES, name)
    if not tf.io.gfile.exists(path):
        raise CorruptArtifactError(
            f"{path!r} is gone: the rows that the champion was fitted on. Restore it, or remove "
            f"{FITTED_ROWS!r} from its manifest: those rows then stay in the comparison."
        )
    return path


def _manifest(path: str) -> dict[str, Any]:
    import tensorflow as tf

    try:
        with tf.io.gfile.GFile(path) as file:
            content = json.load(file)
    except (tf.errors.OpError, ValueError) as error:
        raise CorruptArtifactError(
            f"{path!r} cannot be read: {error}. Restore it, or remove it and its version."
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("model_sha256"), str):
        raise CorruptArtifactError(
            f"{path!r} has no model_sha256, so it is no manifest. Restore it, or remove "
            "it and its version."
        )
    return content
