"""What the children that run one job tell of themselves, and what they are started with."""

import resource
import sys
from pathlib import Path

ENVIRONMENT = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYTHONWARNINGS": "ignore",
}


def cpu_seconds() -> float:
    """Returns user and system seconds of this process and its children."""
    usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_bytes() -> int:
    """The largest process counts: Linux begins a child's peak with its parent's, not with 0."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(w).ru_maxrss for w in whose)
    return peak if sys.platform == "darwin" else 1024 * peak


def rows_in(folder: Path) -> int:
    """Returns the number of records in all shards below a folder, 0 without one."""
    import numpy as np
    import tensorflow as tf

    paths = [str(path) for path in folder.rglob("*.gz")]
    batches = tf.data.TFRecordDataset(paths, compression_type="GZIP").batch(4096)
    rows = batches.reduce(np.int64(0), lambda n, batch: n + tf.size(batch, tf.int64))
    return int(rows) if paths else 0
