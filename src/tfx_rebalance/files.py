"""Files that are whole or not there, and files elsewhere (gs:// and its like)."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPORT_FILE = "report.json"
"""Where the content of a RebalanceReport or an ImbalanceReport lies under its uri."""
TRAINING_FILE = "training.json"
"""Where the Trainer says, in its ModelRun, what it did."""
INGESTION_FILE = "ingestion.json"
"""Where ExampleGen says, beside the splits, what it read and how it dealt it."""
GATE_FILE = "gate.json"
"""What the release gate decided, in an evaluation."""
FINAL_FILE = "final.json"
"""How a run on Kubeflow or Vertex has ended, in its folder under `RUNS`."""
RUNS = "runs"
"""The folder of what is kept of each run, under the root."""
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


def newest_version(base: str) -> str | None:
    """Returns the folder of the newest whole SavedModel among numbered ones, or None.

    `saved_model.pb` is the last file of a version to be pushed: without it a version is cut off.
    """
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    if not tf.io.gfile.isdir(base):
        return None
    names = (name.rstrip("/") for name in tf.io.gfile.listdir(base))
    versions = [
        name
        for name in names
        if name.isdigit() and tf.io.gfile.exists(os.path.join(base, name, "saved_model.pb"))
    ]
    return os.path.join(base, max(versions, key=int)) if versions else None
