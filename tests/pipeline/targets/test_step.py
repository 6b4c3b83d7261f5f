"""What a step on Kubeflow or Vertex leaves when it fails."""

import json

import pytest

pytestmark = pytest.mark.tfx

EXECUTOR = "tfx.dsl.components.base.base_executor.EmptyExecutor"


def run(folder, *, outputs=("examples", "report")):
    """Runs a step that has its outputs in a folder."""
    from tfx_rebalance.pipeline.targets import step

    kind = {"schemaTitle": "tfx.Examples"}
    artifacts = {
        key: {"artifacts": [{"name": key, "uri": str(folder / key), "type": kind}]}
        for key in outputs
    }
    told = {"outputs": {"artifacts": artifacts, "outputFile": str(folder / "told" / "output.json")}}
    words = [
        "--executor_class_path", EXECUTOR, "--json_serialized_invocation_args", json.dumps(told),
        "--json_serialized_inputs_spec_args", "{}",
    ]  # fmt: skip
    step.main(step.entry._parse_flags(["step", *words]))


@pytest.fixture
def failing(monkeypatch):
    """Lets the step fail with what the test says, or end well again with None."""
    from tfx.dsl.components.base.base_executor import EmptyExecutor

    def fail(error):
        def do(*_):
            if error is not None:
                raise error

        monkeypatch.setattr(EmptyExecutor, "Do", do)

    return fail


def test_an_expected_failure_is_left_beside_the_outputs_and_raised(tmp_path, failing):
    from tfx_rebalance.errors import DataError
    from tfx_rebalance.failures import Failure

    failing(DataError("no file of 2026-03-01."))
    with pytest.raises(DataError, match="no file of 2026-03-01"):
        run(tmp_path)
    failure = Failure.model_validate_json((tmp_path / "failure.json").read_text())
    assert failure == Failure(error="DataError", message="no file of 2026-03-01.")
    assert failure.exit_code == 3


def test_one_that_went_through_beam_is_left_too(tmp_path, failing):
    from tfx_rebalance.failures import Failure

    failing(RuntimeError("Traceback ...\ntfx_rebalance.errors.DataError: a cell.\n[while running]"))
    with pytest.raises(RuntimeError):
        run(tmp_path)
    failure = Failure.model_validate_json((tmp_path / "failure.json").read_text())
    assert (failure.error, failure.message) == ("DataError", "a cell.")


def test_of_a_step_without_outputs_it_lies_beside_what_the_step_says(tmp_path, failing):
    from tfx_rebalance.errors import ServiceError

    failing(ServiceError("403"))
    with pytest.raises(ServiceError):
        run(tmp_path, outputs=())
    assert json.loads((tmp_path / "told" / "failure.json").read_text())["message"] == "403"


def test_what_nobody_expected_is_left_to_the_backends_log(tmp_path, failing):
    failing(KeyError("x"))
    with pytest.raises(KeyError):
        run(tmp_path)
    assert not (tmp_path / "failure.json").exists()


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(137)])
def test_what_an_attempt_before_it_left_is_not_taken_for_the_cause(tmp_path, failing, error):
    from tfx_rebalance.errors import StorageError

    failing(StorageError("No space left on device"))
    with pytest.raises(StorageError):
        run(tmp_path)
    failing(error)
    with pytest.raises(type(error)):
        run(tmp_path)
    assert not (tmp_path / "failure.json").exists()


def test_an_attempt_that_ends_well_takes_back_what_one_before_it_left(tmp_path, failing):
    from tfx_rebalance.errors import DataError

    failing(DataError("m"))
    with pytest.raises(DataError):
        run(tmp_path)
    failing(None)
    run(tmp_path)
    assert not (tmp_path / "failure.json").exists()
    assert (tmp_path / "told" / "output.json").exists()


def test_where_it_cannot_be_written_the_failure_is_still_the_steps_own(tmp_path, failing):
    from tfx_rebalance.errors import DataError

    failing(DataError("m"))
    (tmp_path / "failure.json").mkdir()
    with pytest.raises(DataError, match="m"):
        run(tmp_path)


@pytest.mark.parametrize("call", ["exists", "remove"])
def test_a_step_that_ends_well_does_so_where_what_was_left_cannot_be_taken_back(
    tmp_path, failing, monkeypatch, call
):
    from tfx_rebalance.pipeline.targets import step

    left, allowed = tmp_path / "failure.json", getattr(step.fileio, call)

    def refused(path):
        if path == str(left):
            raise OSError("503")
        return allowed(path)

    failing(None)
    left.write_text("{}")
    monkeypatch.setattr(step.fileio, call, refused)
    run(tmp_path)
    assert (tmp_path / "told" / "output.json").exists()
