"""Writes the final record of a run, posts it, and has the report written."""

import os
from datetime import datetime, timezone

from absl import logging
from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.io import fileio
from tfx.utils import import_utils

from tfx_rebalance.components.exit_handler.record import FinalRecord, final_record
from tfx_rebalance.components.exit_handler.webhook import PostError, post
from tfx_rebalance.files import FINAL_FILE, RUNS, write_there

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """Never fails because somebody could not be told; fails where nothing could be recorded."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Writes `runs/<run id>/final.json`, and posts it even where that went wrong."""
        record = final_record(
            exec_properties["final_status"],
            pipeline=exec_properties["pipeline"],
            run_id=exec_properties["run_id"],
            ended=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )
        logging.info("run %s of %s: %s", record.run_id, record.pipeline, record.state)
        try:
            _write(record, os.path.join(exec_properties["root"], RUNS, record.run_id))
        finally:
            _tell(record, exec_properties.get("webhook_variable", ""))
        if exec_properties.get("report_fn"):
            _report(record, exec_properties)


def _write(record: FinalRecord, folder: str) -> None:
    fileio.makedirs(folder)
    write_there(os.path.join(folder, FINAL_FILE), record.model_dump_json(indent=2))


def _report(record: FinalRecord, properties: dict[str, str]) -> None:
    """Has the report written; a run that has ended is not failed for its page."""
    try:
        write = import_utils.import_class_by_path(properties["report_fn"])
        told = {key: properties[key] for key in ("planned", "root", "created")}
        page = write(record, **told)
    except Exception:
        logging.exception("the report of run %s could not be written.", record.run_id)
    else:
        logging.info("report: %s", page or "that of the run whose verdict was remembered")


def _tell(record: FinalRecord, variable: str) -> None:
    if not variable:
        return
    address = os.environ.get(variable, "").strip()
    if not address:
        logging.error("on_exit.webhook_variable: %s is not set in this step.", variable)
        return
    try:
        post(address, record.model_dump_json())
    except PostError as error:
        logging.error("the state was not posted to the address in %s: %s.", variable, error)
