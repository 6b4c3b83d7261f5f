"""Files elsewhere (gs:// and its like), for libraries that read only files of this machine."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


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
