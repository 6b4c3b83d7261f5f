"""The stock executor measures; then the gate judges, and alone writes the blessing."""

import os

from tfx import types
from tfx.components.evaluator import constants
from tfx.components.evaluator.executor import Executor as StockExecutor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from tfx_rebalance.components.evaluator.gating.decide import decide
from tfx_rebalance.components.evaluator.measured import read_measured
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.errors import ModelError
from tfx_rebalance.features import FEATURES_FILE, Features
from tfx_rebalance.files import GATE_FILE
from tfx_rebalance.gate import Gate
from tfx_rebalance.settings import Settings

Artifacts = dict[str, list[types.Artifact]]


class Judged(Settings):
    """What the gate needs beside the measurements."""

    settings: GateSettings
    classes: tuple[str, ...]


class Executor(StockExecutor):
    """TFMA names a class by its index, and gives both models the same rows."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Evaluates as the stock executor does, without thresholds, and judges."""
        baseline = input_dict.get("baseline_model")
        if baseline:
            check_comparable(_features(input_dict["model"]), champion=_features(baseline))
        super().Do(input_dict, output_dict, exec_properties)
        uri = artifact_utils.get_single_uri(output_dict["evaluation"])
        judged = Judged.model_validate_json(exec_properties["gate"])
        gate = gate_of(uri, judged, cold_start=not baseline)
        io_utils.write_string_file(os.path.join(uri, GATE_FILE), gate.model_dump_json(indent=2))
        _bless(output_dict["blessing"], input_dict, passed=gate.passed)


def gate_of(uri: str, judged: Judged, *, cold_start: bool) -> Gate:
    """Returns the verdict over the metrics that lie in an evaluation artifact.

    Raises:
        DataError: If the eval split had no row.
    """
    measured = read_measured(uri, classes=judged.classes, cold_start=cold_start)
    decision = decide(measured.counts, judged.settings, judged.classes)
    return Gate(
        passed=decision.passed,
        reasons=decision.reasons,
        classes=judged.classes,
        confidence=judged.settings.confidence,
        champion=decision.champion,
        shares=decision.shares,
        champions=decision.champions,
        calibrations=decision.calibrations,
        quality=measured.quality,
        overall=measured.overall,
        confusion=tuple(map(tuple, measured.counts.confusion.tolist())),
        settings=judged.settings.model_dump(mode="json"),
    )


def _bless(blessings: list[types.Artifact], inputs: Artifacts, *, passed: bool) -> None:
    """Writes what Pusher and Resolver look for, as the stock executor does."""
    blessing = artifact_utils.get_single_instance(blessings)
    model = artifact_utils.get_single_instance(inputs["model"])
    named = {
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY: model.uri,
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY: model.id,
    }
    if inputs.get("baseline_model"):
        baseline = artifact_utils.get_single_instance(inputs["baseline_model"])
        named[constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY] = baseline.uri
        named[constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY] = baseline.id
    for key, value in named.items():
        if isinstance(value, int):
            blessing.set_int_custom_property(key, value)
        else:
            blessing.set_string_custom_property(key, value)
    file = constants.BLESSED_FILE_NAME if passed else constants.NOT_BLESSED_FILE_NAME
    io_utils.write_string_file(os.path.join(blessing.uri, file), "")
    verdict = constants.BLESSED_VALUE if passed else constants.NOT_BLESSED_VALUE
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, verdict)


