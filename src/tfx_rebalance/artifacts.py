"""The artifact types this project adds to TFX's own."""

from tfx.types.artifact import Artifact

REPORT_FILE = "report.json"
"""Where the content of a RebalanceReport lies under its uri."""


class RebalanceReport(Artifact):
    """What Rebalance did, as `report.json` under the artifact's uri.

    Only the file carries content: on KFP v2 JSON properties come back wrapped, and a type named
    `module.Class` may declare no properties.
    """

    TYPE_NAME = "tfx_rebalance.RebalanceReport"
