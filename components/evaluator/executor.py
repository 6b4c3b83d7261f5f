"""The stock executor measures; then the gate judges, and alone writes the blessing."""

import os
from textwrap import shorten

import tensorflow as tf
from tfx import types
from tfx.components.evaluator import constants
from tfx.components.evaluator.executor import Executor as StockExecutor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils, proto_utils

from tfx_rebalance.components.evaluator.eval_config import eval_config
from tfx_rebalance.components.evaluator.gating.decide import decide
from tfx_rebalance.components.evaluator.measured import read_measured
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.errors import ModelError
from tfx_rebalance.features import FEATURES_FILE, Features
from tfx_rebalance.files import GATE_FILE
from tfx_rebalance.gate import Gate
from tfx_rebalance.releases import COLD_START, fitted_rows_of, tree_digest
from tfx_rebalance.settings import Settings

Artifacts = dict[str, list[types.Artifact]]


class Judged(Settings):
    """What the gate needs beside the measurements."""

    settings: GateSettings
    classes: tuple[str, ...]
    released: str = ""
    """Where released models and their manifests are."""


class Executor(StockExecutor):
    """TFMA names a class by its index, and gives both models the same rows."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Evaluates as the stock executor does, without thresholds, and judges."""
        judged = Judged.model_validate_json(exec_properties["gate"])
        input_dict = _without_cold_start(input_dict)
        baseline, fitted_rows = input_dict.get("baseline_model"), None
        if baseline:
            champion = load_champion(_served(baseline))
            check_comparable(_features(_served(input_dict["model"])), champion=champion)
            fitted_rows = fitted_rows_of(judged.released, digest=tree_digest(_served(baseline)))
        config = eval_config(judged.settings, judged.classes, fitted_rows=fitted_rows)
        measured = {**exec_properties, "eval_config": proto_utils.proto_to_json(config)}
        super().Do(input_dict, output_dict, measured)
        uri = artifact_utils.get_single_uri(output_dict["evaluation"])
        gate = gate_of(uri, judged, cold_start=not baseline)
        if baseline and fitted_rows is None:
            gate = gate.model_copy(update={"excluded_rows": None})
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
        excluded_rows=measured.excluded_rows,
        confusion=tuple(map(tuple, measured.counts.confusion.tolist())),
        settings=judged.settings.model_dump(mode="json"),
    )


def _without_cold_start(inputs: Artifacts) -> Artifacts:
    """Returns the inputs without a baseline that only says that there is none."""
    baseline = inputs.get("baseline_model")
    if not baseline or not baseline[0].get_int_custom_property(COLD_START):
        return inputs
    return {key: value for key, value in inputs.items() if key != "baseline_model"}


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


def load_champion(path: str) -> Features:
    """Returns what a champion's inputs and classes are.

    Raises:
        ModelError: If it does not say it, or TensorFlow cannot load it: said here, for TFMA finds
            it out in the middle of a Beam graph.
    """
    try:
        features = _features(path)
        tf.saved_model.load(path)
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ModelError(
            f"the last released model, {path!r}, does not load ({shorten(str(error), 300)}). "
            "Restore its files, or release once with evaluate.champion: null: the next run "
            "compares with that release."
        ) from None
    return features


def check_comparable(candidate: Features, *, champion: Features) -> None:
    """Raises unless both models can be scored on the same rows and mean the same by a class.

    Raises:
        ModelError: If label or classes differ, or the champion needs an input that there is not,
            or in every row one that may be missing now.
    """
    now = {feature.name: feature.dtype for feature in candidate.inputs}
    gone = [f"{f.name} ({f.dtype})" for f in champion.inputs if now.get(f.name) != f.dtype]
    optional = {feature.name for feature in candidate.inputs if feature.optional}
    needed = [
        f"{f.name} ({f.dtype})" for f in champion.inputs if f.name in optional and not f.optional
    ]
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
    elif needed:
        difference = (
            f"it needs the inputs {', '.join(needed)} in every row, now they may be missing"
        )
    if difference:
        raise ModelError(
            f"the last released model cannot be compared with this one: {difference}. Release once "
            "with evaluate.champion: null, or give the pipeline another name."
        )


def _features(path: str) -> Features:
    with fileio.open(os.path.join(path, FEATURES_FILE)) as file:
        return Features.model_validate_json(file.read())


def _served(model: list[types.Artifact]) -> str:
    return str(path_utils.serving_model_path(artifact_utils.get_single_instance(model).uri))
