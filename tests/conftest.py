"""What every test shares: two threads at most, hypothesis profiles, data beside the checkout."""

import os
from pathlib import Path

import pytest

# Before anything imports TensorFlow or numpy: they read these once. A test is small; more threads
# than this only make it slower, and several suites often share one machine.
_PER_PROCESS = "1" if "PYTEST_XDIST_WORKER" in os.environ else "2"
for _threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_threads, _PER_PROCESS)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from hypothesis import settings  # noqa: E402  # It may import numpy.

ROOT = Path(__file__).resolve().parent.parent

# No deadline: the first example pays for imports, and a shared machine is slow at any moment.
settings.register_profile("dev", max_examples=30, deadline=None, print_blob=True)
settings.register_profile("ci", max_examples=200, deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Returns the folder of benchmark data sets beside the checkout, or skips."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the data sets in ../shared/data beside the checkout")
    return folder
