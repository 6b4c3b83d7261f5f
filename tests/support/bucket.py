"""A bucket in this process: TensorFlow's `ram://`, which lists folders as `gs://` does."""

from uuid import uuid4

import pytest


def bucket(monkeypatch: pytest.MonkeyPatch) -> str:
    """Returns an empty bucket; until the test ends the names of its folders end in "/"."""
    import tensorflow as tf
    from tensorflow.python.lib.io import file_io

    plain, isdir = file_io.list_directory_v2, tf.io.gfile.isdir

    def listed(path: str) -> list[str]:
        if "://" not in path:
            return plain(path)
        folder = path.rstrip("/")
        # `ram://` gives for "a" also ".b" where there is an "a.b".
        names = [name for name in plain(folder) if tf.io.gfile.exists(f"{folder}/{name}")]
        return [f"{name}/" if isdir(f"{folder}/{name}") else name for name in names]

    monkeypatch.setattr(file_io, "list_directory_v2", listed)  # What `walk` asks.
    monkeypatch.setattr(tf.io.gfile, "listdir", listed)
    return f"ram://{uuid4().hex}"


def tree(folder: str) -> dict[str, bytes]:
    """Returns path under a folder -> content."""
    import tensorflow as tf

    found = {}
    for parent, _, names in tf.io.gfile.walk(folder):
        for name in names:
            path = f"{parent.rstrip('/')}/{name}"
            with tf.io.gfile.GFile(path, "rb") as file:
                found[path.removeprefix(f"{folder}/")] = file.read()
    return found
