"""Reads what ImbalanceValidator published and stops the run on its verdict."""

from absl import logging
from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from tfx_rebalance.errors import StopRun
from tfx_rebalance.findings import SHOWN, read_findings

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """Raises `StopRun`, or only logs what there is to warn of."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Writes nothing: a node that raises would lose its own outputs."""
        self._log_startup(input_dict, output_dict, exec_properties)
        findings = read_findings(artifact_utils.get_single_uri(input_dict["imbalance_report"]))
        for sentence in findings.told("warn"):
            logging.warning("%s", sentence)
        if findings.verdict == "stop":
            told = findings.told("stop")
            more = f" (and {len(told) - SHOWN} more)" if len(told) > SHOWN else ""
            raise StopRun(" ".join(told[:SHOWN]) + more)
