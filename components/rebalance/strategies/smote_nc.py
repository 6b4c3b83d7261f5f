"""SMOTE-NC: SMOTE where some features are categories.

Chawla et al. 2002, section 6.1: two categories that differ add the square of the median of the
numeric features' deviations in the class to the squared distance; a new row takes the category that
is most frequent among its seed's neighbours.
"""

from typing import ClassVar, Literal

from tfx_rebalance.components.rebalance.strategies.smote import SMOTE


class SMOTENC(SMOTE):
    """SMOTE that insists on a mix of numeric and categorical features."""

    takes: ClassVar[Literal["any", "mixed", "nominal"]] = "mixed"
