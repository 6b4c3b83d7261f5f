"""SMOTE, then the rows that their neighbours outvote taken out, old and new ones together.

Batista, Prati and Monard 2004, "A Study of the Behavior of Several Methods for Balancing Machine
Learning Training Data"; the rule is Wilson's edited nearest neighbours, for every class. It takes
more than Tomek links do.
"""

from typing import Literal

from pydantic import Field

from tfx_rebalance.components.rebalance.strategies.edited_nearest_neighbours import (
    EditedNearestNeighbours,
)
from tfx_rebalance.components.rebalance.strategies.smote_tomek import SMOTEThenCleaner
from tfx_rebalance.components.rebalance.strategy import Informed


class SMOTEENN(SMOTEThenCleaner):
    """Edits after SMOTE; `n_neighbors` and `kind_sel` are those of the editing."""

    n_neighbors: int = Field(default=3, ge=1)
    kind_sel: Literal["all", "mode"] = "all"

    def cleaner(self) -> Informed:
        """Returns what edits."""
        return EditedNearestNeighbours(n_neighbors=self.n_neighbors, kind_sel=self.kind_sel)
