"""SMOTE-N: SMOTE where every feature is a category.

Chawla et al. 2002, section 6.2: the distance of two values is how differently the classes occur
with them (the value difference metric of Stanfill and Waltz 1986, modified by Cost and Salzberg
1993); a new row takes the category that is most frequent among its seed and the seed's neighbours.
"""

from typing import ClassVar, Literal

from tfx_rebalance.components.rebalance.strategies.smote import SMOTE


class SMOTEN(SMOTE):
    """SMOTE that insists on categorical features alone."""

    takes: ClassVar[Literal["any", "mixed", "nominal"]] = "nominal"
