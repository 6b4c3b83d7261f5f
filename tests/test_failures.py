"""What ended a run, told from what Beam made of it."""

import pytest

from tfx_rebalance import errors
from tfx_rebalance.failures import known_failure

DATA = "'train/shard-2': 1 of 35 rows have a label 'y' outside the domain: 5. Correct the data."
FROM_A_THREAD = f"""Traceback (most recent call last):
  File "apache_beam/runners/common.py", line 1498, in apache_beam.runners.common.DoFnRunner.process
  File "components/rebalance/labels.py", line 73, in labels_in
    raise DataError(_complaint(labels[wrong], label, path=path, rows=len(labels)))
tfx_rebalance.errors.DataError: {DATA}

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "apache_beam/runners/common.py", line 1498, in apache_beam.runners.common.DoFnRunner.process
tfx_rebalance.errors.DataError: {DATA} [while running 'Resample[train]/Count/Read']
"""


def test_our_error_out_of_a_thread_or_process_is_our_error_again():
    found = known_failure(RuntimeError(FROM_A_THREAD))
    assert type(found) is errors.DataError
    assert str(found) == DATA


@pytest.mark.parametrize(
    ("error", "path"),
    [
        (
            RuntimeError(
                "tensorflow.python.framework.errors_impl.ResourceExhaustedError: /out/x.gz.writing;"
                " No space left on device [while running 'Resample[train]/Mix/Write']"
            ),
            "'/out/x.gz.writing' could not be written: No space left on device",
        ),
        (
            RuntimeError("errors_impl.OutOfRangeError: /out/rows-0; File too large [while running"),
            "'/out/rows-0' could not be written: File too large",
        ),
        (
            OSError(28, "No space left on device", "/out/chart.svg"),
            "'/out/chart.svg' could not be written: No space left on device",
        ),
        (
            OSError(122, "Disk quota exceeded"),
            "'a file' could not be written: Disk quota exceeded",
        ),
    ],
)
def test_a_disk_without_room_is_said_with_the_file_and_what_a_run_needs(error, path):
    found = known_failure(error)
    assert type(found) is errors.StorageError
    assert str(found).startswith(path)
    assert "Make room" in str(found)


@pytest.mark.parametrize("reason", ["Permission denied", "Read-only file system"])
def test_a_place_where_nothing_may_be_written_is_said(reason):
    found = known_failure(
        RuntimeError(f"errors_impl.PermissionDeniedError: /my root/x.gz; {reason} [while running")
    )
    assert type(found) is errors.StorageError
    assert str(found) == (
        f"'/my root/x.gz' could not be written: {reason}. Give this user the right to write there, "
        "or take another pipeline root, and run again."
    )


@pytest.mark.parametrize(
    "error", [errors.DataError("x"), RuntimeError("x"), KeyboardInterrupt(), OSError(2, "gone")]
)
def test_what_is_ours_already_or_unexpected_is_left_alone(error):
    assert known_failure(error) is None
