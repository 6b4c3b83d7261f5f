"""The stock executor, once candidate and champion are known to speak of the same classes."""

import os

from tfx import types
from tfx.components.evaluator.executor import Executor as StockExecutor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import path_utils

from tfx_rebalance.errors import ModelError
from tfx_rebalance.features import FEATURES_FILE, Features

Artifacts = dict[str, list[types.Artifact]]


class Executor(StockExecutor):
    """TFMA names a class by its index, and gives both models the same rows."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Evaluates as the stock executor does."""
        if input_dict.get("baseline_model"):
            check_comparable(
                _features(input_dict["model"]), champion=_features(input_dict["baseline_model"])
            )
        super().Do(input_dict, output_dict, exec_properties)


def check_comparable(candidate: Features, *, champion: Features) -> None:
    """Raises unless both models can be scored on the same rows and mean the same by a class.

    Raises:
        ModelError: If label or classes differ, or the champion needs an input that there is not.
    """
    now = {feature.name: feature.dtype for feature in candidate.inputs}
    gone = [f"{f.name} ({f.dtype})" for f in champion.inputs if now.get(f.name) != f.dtype]
    difference = ""
    if (champion.label, champion.label_dtype) != (candidate.label, candidate.label_dtype):
        difference = f"its label is {champion.label!r}, now it is {candidate.label!r}"
    elif champion.classes != candidate.classes:
        difference = (
            f"its classes are {', '.join(champion.classes)}, now they are "
            f"{', '.join(candidate.classes)}"
        )
    elif gone:
        difference = f"it needs the inputs {', '.join(gone)}, which this run does not have"
    if difference:
        raise ModelError(
            f"the last blessed model cannot be compared with this one: {difference}. Release once "
            "with evaluate.champion: null, or give the pipeline another name."
        )


def _features(model: list[types.Artifact]) -> Features:
    artifact = artifact_utils.get_single_instance(model)
    folder = path_utils.serving_model_path(artifact.uri)
    with fileio.open(os.path.join(folder, FEATURES_FILE)) as file:
        return Features.model_validate_json(file.read())
