"""Strategy name -> where it is; one line each."""

from collections.abc import Mapping
from typing import Any, cast

from tfx_rebalance.components.rebalance.strategy import Strategy
from tfx_rebalance.names import loaded

_HERE = "tfx_rebalance.components.rebalance.strategies"

STRATEGIES: Mapping[str, str] = {
    "none": f"{_HERE}.none:NoResampling",
    "undersample": f"{_HERE}.undersample:RandomUnderSampler",
    "oversample": f"{_HERE}.oversample:RandomOverSampler",
    "augment_images": f"{_HERE}.augment_images:ImageAugmentation",
    "smote": f"{_HERE}.smote:SMOTE",
    "smote_nc": f"{_HERE}.smote_nc:SMOTENC",
    "smote_n": f"{_HERE}.smote_n:SMOTEN",
    "borderline_smote": f"{_HERE}.borderline_smote:BorderlineSMOTE",
    "borderline_smote_2": f"{_HERE}.borderline_smote:BorderlineSMOTE2",
    "adasyn": f"{_HERE}.adasyn:ADASYN",
    "kmeans_smote": f"{_HERE}.kmeans_smote:KMeansSMOTE",
    "svm_smote": f"{_HERE}.svm_smote:SVMSMOTE",
    "polynom_fit_smote": f"{_HERE}.polynom_fit_smote:PolynomFitSMOTE",
    "prowsyn": f"{_HERE}.prowsyn:ProWSyn",
    "tomek_links": f"{_HERE}.tomek_links:TomekLinks",
    "edited_nearest_neighbours": f"{_HERE}.edited_nearest_neighbours:EditedNearestNeighbours",
    "near_miss": f"{_HERE}.near_miss:NearMiss",
    "one_sided_selection": f"{_HERE}.one_sided_selection:OneSidedSelection",
    "neighbourhood_cleaning": f"{_HERE}.neighbourhood_cleaning:NeighbourhoodCleaningRule",
    "smote_tomek": f"{_HERE}.smote_tomek:SMOTETomek",
    "smote_enn": f"{_HERE}.smote_enn:SMOTEENN",
}


def strategy_class(name: str) -> type[Strategy]:
    """Returns the class of the strategy of that name, one of `STRATEGIES`."""
    return cast(type[Strategy], loaded(STRATEGIES[name]))


def strategy_named(name: str, parameters: Mapping[str, Any] | None = None) -> Strategy:
    """Returns the strategy of that name, one of `STRATEGIES`.

    Raises:
        pydantic.ValidationError: If a parameter is unknown or out of range.
    """
    return strategy_class(name)(**(parameters or {}))
