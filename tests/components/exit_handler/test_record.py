"""How a run has ended, from what the backends say."""

import pytest

from tfx_rebalance.components.exit_handler.record import final_record
from tfx_rebalance.errors import RebalanceError

NOW = "2026-01-31T03:00:00+00:00"


def record(text, run_id="run-1"):
    return final_record(text, pipeline="fraud", run_id=run_id, ended=NOW)


def test_a_run_that_ended_well_has_no_error():
    found = record('{"state": "SUCCEEDED", "pipelineTaskName": "tfx-dag"}')
    assert found.succeeded
    assert (found.state, found.error, found.job) == ("SUCCEEDED", None, None)
    assert (found.pipeline, found.run_id, found.ended) == ("fraud", "run-1", NOW)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("COMPLETE", "SUCCEEDED"),  # ML Metadata's word, so that of Kubeflow's driver.
        ("COMPLETED", "SUCCEEDED"),
        ("CACHED", "SUCCEEDED"),
        ("Succeeded", "SUCCEEDED"),  # Argo's.
        ("PIPELINE_STATE_SUCCEEDED", "SUCCEEDED"),
        ("CANCELED", "CANCELLED"),
        ("PIPELINE_STATE_CANCELLED", "CANCELLED"),
        ("PIPELINE_STATE_UNSPECIFIED", "UNKNOWN"),
        ("", "UNKNOWN"),
        ("FAILED", "FAILED"),
        ("RUNNING", "RUNNING"),
    ],
)
def test_backends_have_other_words_for_the_same_end(said, state):
    found = record(f'{{"state": "{said}", "error": {{}}}}')
    assert (found.state, found.succeeded) == (state, state == "SUCCEEDED")


@pytest.mark.parametrize("key", ["pipelineJobResourceName", "pipeline_job_resource_name"])
def test_a_failed_run_has_the_backends_words_whatever_its_case(key):
    found = record(f'{{"state": "FAILED", "error": {{"code": 9, "message": "m"}}, "{key}": "p/1"}}')
    assert not found.succeeded
    assert (found.state, found.error, found.job) == ("FAILED", "m", "p/1")


@pytest.mark.parametrize("text", ['{"error": null}', '{"error": {}}', "{}"])
def test_what_is_not_said_is_unknown(text):
    assert (record(text).state, record(text).error) == ("UNKNOWN", None)


@pytest.mark.parametrize("text", ["", "{{$.x}}", "[]", "done"])
def test_a_status_that_was_not_filled_in_is_an_error(text):
    with pytest.raises(RebalanceError, match=r"no JSON object: the backend did not fill it in"):
        record(text)


@pytest.mark.parametrize("run_id", ["{{$.pipeline_job_uuid}}", "", "../other", "a b"])
def test_a_run_without_a_name_that_can_be_a_folder_is_an_error(run_id):
    with pytest.raises(RebalanceError, match=r"the run's name is .* did not fill it in"):
        record("{}", run_id)
