"""What the command exits with when a run ends by an expected error."""

import pickle

import pytest

from tfx_rebalance import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RebalanceError, 1),
        (errors.CorruptArtifactError, 1),
        (errors.ModelError, 1),
        (errors.StorageError, 1),
        (errors.ConfigError, 2),
        (errors.DataError, 3),
        (errors.StopRun, 3),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error, code):
    assert error.exit_code == code
    assert issubclass(error, errors.RebalanceError)


def test_an_error_survives_the_way_through_a_worker():
    error = pickle.loads(pickle.dumps(errors.DataError("class 'a' has no row")))
    assert isinstance(error, errors.DataError)
    assert str(error) == "class 'a' has no row"
