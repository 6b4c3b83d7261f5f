"""Files that are whole or not there, and files elsewhere (gs:// and its like)."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tfx_rebalance.errors import StorageError

REPORT_FILE = "report.json"
"""Where the content of a RebalanceReport or an ImbalanceReport lies under its uri."""
TRAINING_FILE = "training.json"
"""Where the Trainer says, in its ModelRun, what it did."""
INGESTION_FILE = "ingestion.json"
"""Where ExampleGen says, beside the splits, what it read and how it dealt it."""
GATE_FILE = "gate.json"
"""What the release gate decided, in an evaluation."""
FAILURE_FILE = "failure.json"
"""Why a step on Kubeflow or Vertex failed, beside its outputs."""
FINAL_FILE = "final.json"
"""How a run on Kubeflow or Vertex has ended, in its folder under `RUNS`."""
RUNS = "runs"
"""The folder of what is kept of each run, under the root."""
MODEL_FILE = "saved_model.pb"
"""Without it a folder is no version for those who serve it."""
RELEASES = "releases"
"""The folder of manifests, `<version>.json`, beside the released versions."""


@contextmanager
def local_copy(path: str) -> Iterator[str]:
    """Yields the path itself if it is on this machine, else that of a copy for the while."""
    if "://" not in path:
        yield path
        return
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, os.path.basename(path))
        tf.io.gfile.copy(path, copy)
        yield copy


def write_whole(path: Path, text: str) -> None:
    """Writes a file of this machine, UTF-8; its name is there only once it is whole."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.writing")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def entries_of(folder: str) -> list[str]:
    """Returns the names in a folder, here or elsewhere; none where there is no such folder.

    `tf.io.gfile.isdir` and `listdir` take a folder that they may not read for one that is not
    there, and so would an outage look like an empty bucket.

    Raises:
        StorageError: If nobody can say.
    """
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    try:
        if "://" not in folder:
            return sorted(os.listdir(folder))
        there = tf.io.gfile.listdir(folder) if tf.io.gfile.exists(folder) else []
        return sorted(name.rstrip("/") for name in there)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, tf.errors.OpError) as error:
        raise StorageError(
            f"{folder!r} cannot be listed: {error}. Let this account read it, or try again when "
            "it can be reached; without it nobody knows what has been released."
        ) from None


def files_under(folder: str) -> list[str]:
    """Returns the paths of all files under a folder, relative to it, in an order of their own.

    The order is the same wherever the files are: buckets end the names of folders in "/".
    """
    import tensorflow as tf

    found = [
        (os.path.relpath(parent.rstrip("/"), folder), name)
        for parent, _, names in tf.io.gfile.walk(folder)
        for name in names
    ]
    places = [("" if parent == "." else parent, name) for parent, name in found]
    return [os.path.join(parent, name) for parent, name in sorted(places)]


def write_there(path: str, content: str | bytes) -> None:
    """Writes a file, here or elsewhere, text as UTF-8; its name is there only once it is whole."""
    import tensorflow as tf

    data = content.encode() if isinstance(content, str) else content
    with tf.io.gfile.GFile(f"{path}.writing", "wb") as file:
        file.write(data)
    tf.io.gfile.rename(f"{path}.writing", path, overwrite=True)


def remove_there(paths: Iterable[str]) -> None:
    """Removes files and folders, here or elsewhere; those that are not there are no error."""
    import tensorflow as tf

    for path in paths:
        if tf.io.gfile.isdir(path):
            tf.io.gfile.rmtree(path)
        elif tf.io.gfile.exists(path):
            tf.io.gfile.remove(path)


def newest_version(base: str) -> str | None:
    """Returns the folder of the newest whole SavedModel among numbered ones, or None.

    `MODEL_FILE` is the last file of a version to be pushed: without it a version is cut off.

    Raises:
        StorageError: If `base` or a version cannot be listed.
    """
    for version in reversed(versions_in(base)):
        if is_whole(os.path.join(base, version)):
            return os.path.join(base, version)
    return None


def versions_in(base: str) -> list[str]:
    """Returns the numbered names in a folder, whole or not, by their numbers."""
    return sorted((name for name in entries_of(base) if name.isdigit()), key=int)


def is_whole(version: str) -> bool:
    """Returns whether the folder of a version has all of a SavedModel."""
    return MODEL_FILE in entries_of(version)
