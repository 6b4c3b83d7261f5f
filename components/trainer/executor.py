"""The stock generic executor, told where Rebalance's report lies."""

import os

from tfx import types
from tfx.components.trainer.executor import GenericExecutor
from tfx.types import artifact_utils
from tfx.utils import json_utils

from tfx_rebalance.files import REPORT_FILE

Artifacts = dict[str, list[types.Artifact]]


def with_report(input_dict: Artifacts, exec_properties: dict[str, str]) -> dict[str, str]:
    """Returns the properties with the path of `rebalance_report`, if there is one."""
    if not input_dict.get("rebalance_report"):
        return exec_properties
    custom = json_utils.loads(exec_properties["custom_config"])
    uri = artifact_utils.get_single_uri(input_dict["rebalance_report"])
    custom["rebalance_report"] = os.path.join(uri, REPORT_FILE)
    return {**exec_properties, "custom_config": json_utils.dumps(custom)}


class Executor(GenericExecutor):
    """Adds `rebalance_report`, a path, to `custom_config`."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Trains as the stock executor does."""
        super().Do(input_dict, output_dict, with_report(input_dict, exec_properties))
