"""The artifact types this project adds to TFX's own."""

from tfx.types.artifact import Artifact

ROWS_FILE = "rows.svg"
"""Where the picture of all splits' rows per class lies under an ImbalanceReport's uri."""

CHART_FILE = "counts-{split}.svg"
"""Where the picture of a split's rows per class lies under a RebalanceReport's uri."""


class RebalanceReport(Artifact):
    """What Rebalance did: `report.json` and a picture per split under the artifact's uri.

    Only the file carries content: on KFP v2 JSON properties come back wrapped, and a type named
    `module.Class` may declare no properties.
    """

    TYPE_NAME = "tfx_rebalance.RebalanceReport"


class ImbalanceReport(Artifact):
    """What ImbalanceValidator found: `report.json` and `rows.svg` under the artifact's uri.

    `tfx_rebalance.findings` reads it; it has no properties, as RebalanceReport.
    """

    TYPE_NAME = "tfx_rebalance.ImbalanceReport"
