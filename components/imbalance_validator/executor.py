"""Statistics in, anomalies and a report out; the wiring only."""

import json
import os
from typing import Any

import tensorflow_data_validation as tfdv
from google.protobuf.message import DecodeError
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tfx import types
from tfx.components.example_validator.executor import (
    ARTIFACT_PROPERTY_BLESSED_KEY,
    BLESSED_VALUE,
    DEFAULT_FILE_NAME,
    NOT_BLESSED_VALUE,
)
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils, writer_utils

from tfx_rebalance.artifacts import ROWS_FILE
from tfx_rebalance.charts import counts_chart
from tfx_rebalance.components.imbalance_validator.anomalies import merged
from tfx_rebalance.components.imbalance_validator.checks import all_checks
from tfx_rebalance.components.imbalance_validator.evidence import TRAIN, Evidence, counts_of
from tfx_rebalance.components.imbalance_validator.ingestion import (
    Ingestion,
    ingestion_of,
)
from tfx_rebalance.components.imbalance_validator.previous import CHAMPION, Previous, previous_of
from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.components.imbalance_validator.statistics import Split, split_of
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features
from tfx_rebalance.files import INGESTION_FILE, REPORT_FILE
from tfx_rebalance.findings import Findings, findings_of

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """Publishes what is wrong with the data; stopping on it is the ValidationGate's."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Writes both outputs, whatever the verdict."""
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = ValidateSettings.model_validate_json(exec_properties["settings"])
        features = Features.model_validate_json(exec_properties["features"])
        evidence = _evidence(
            input_dict, settings, features, released=exec_properties.get("released") or ""
        )
        checks = all_checks(
            evidence,
            settings,
            bars=json.loads(exec_properties["bars"]),
            confidence=float(json.loads(exec_properties["confidence"])),
        )
        findings = findings_of(
            checks, classes=dict(evidence.counts), settings=settings.model_dump(mode="json")
        )
        statistics = artifact_utils.get_single_instance(input_dict["statistics"])
        target = artifact_utils.get_single_instance(output_dict["anomalies"])
        target.span = statistics.span
        _write_anomalies(target, evidence, findings)
        _write_report(artifact_utils.get_single_uri(output_dict["imbalance_report"]), findings)


def _evidence(
    inputs: Artifacts, settings: ValidateSettings, features: Features, *, released: str
) -> Evidence:
    statistics = artifact_utils.get_single_instance(inputs["statistics"])
    splits = _splits(statistics, features)
    ingestion = _ingestion(_one(inputs, "examples"))
    anomalies = _one(inputs, "stock_anomalies")
    previous, state = _previous(inputs, settings, features, released=released)
    schema = artifact_utils.get_single_uri(inputs["schema"])
    return Evidence(
        features=features,
        schema=io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema)),
        splits=splits,
        counts=counts_of(splits, ingestion, features),
        dependence=ingestion.dependence if ingestion else "",
        anomalies=None if anomalies is None else _read_anomalies(anomalies),
        previous=previous,
        previous_state=state,
        serving=_serving(_one(inputs, "serving_statistics"), features),
    )


def _one(inputs: Artifacts, key: str) -> types.Artifact | None:
    return artifact_utils.get_single_instance(inputs[key]) if inputs.get(key) else None


def _splits(artifact: types.Artifact, features: Features) -> dict[str, Split]:
    return {
        split: split_of(
            stats_artifact_utils.load_statistics(artifact, split).proto(), label=features.label
        )
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }


def _ingestion(examples: types.Artifact | None) -> Ingestion | None:
    path = os.path.join(examples.uri, INGESTION_FILE) if examples else ""
    if not path or not fileio.exists(path):
        return None
    with fileio.open(path, "r") as file:
        return ingestion_of(file.read(), path=path)


def _read_anomalies(artifact: types.Artifact) -> dict[str, anomalies_pb2.Anomalies]:
    found = {}
    for split in artifact_utils.decode_split_names(artifact.split_names):
        path = os.path.join(artifact_utils.get_split_uri([artifact], split), DEFAULT_FILE_NAME)
        with fileio.open(path, "rb") as file:
            found[split] = anomalies_pb2.Anomalies.FromString(file.read())
    return found


def _serving(artifact: types.Artifact | None, features: Features) -> Split | None:
    if artifact is None:
        return None
    splits = _splits(artifact, features)
    if len(splits) != 1:
        raise ConfigError(
            f"the serving statistics have the splits {', '.join(splits) or 'none'}; one is "
            "allowed. Let the serving ExampleGen write one split."
        )
    [split] = splits.values()
    return split


def _previous(
    inputs: Artifacts, settings: ValidateSettings, features: Features, *, released: str
) -> tuple[Split | None, Previous]:
    artifact = _one(inputs, "previous_statistics")
    if artifact is not None:
        splits = _splits(artifact, features)
        if TRAIN in splits:
            return splits[TRAIN], Previous()
        return None, Previous(why="the previous statistics have no split 'train'", broken=True)
    state = previous_of(settings.previous, released=released)
    if not state.uri:
        return None, state
    path = os.path.join(state.uri, f"Split-{TRAIN}", stats_artifact_utils.BINARY_PB_BASENAME)
    try:
        if fileio.exists(path):
            return split_of(tfdv.load_stats_binary(path), label=features.label), state
        why = f"{path!r} is not there"
    except (DecodeError, OSError):
        why = f"{path!r} cannot be read"
    if settings.previous != CHAMPION:
        raise ConfigError(
            f"validate.previous is {settings.previous!r}, but {why}. Give the uri of an "
            "ExampleStatistics artifact, champion, or none."
        )
    return None, Previous(why=f"the statistics of the newest release are gone: {why}", broken=True)


def _write_anomalies(target: types.Artifact, evidence: Evidence, findings: Findings) -> None:
    stock = evidence.anomalies or {}
    splits = list(dict.fromkeys([*evidence.splits, *stock]))
    target.split_names = artifact_utils.encode_split_names(splits)
    blessed: dict[str, Any] = {}
    for split in splits:
        anomalies = merged(
            stock.get(split) or _nothing_wrong(evidence.schema),
            findings.checks,
            split=split,
            label=evidence.features.label,
        )
        folder = artifact_utils.get_split_uri([target], split)
        writer_utils.write_anomalies(os.path.join(folder, DEFAULT_FILE_NAME), anomalies)
        wrong = anomalies.anomaly_info or anomalies.HasField("dataset_anomaly_info")
        blessed[split] = NOT_BLESSED_VALUE if wrong else BLESSED_VALUE
    target.set_json_value_custom_property(ARTIFACT_PROPERTY_BLESSED_KEY, blessed)


def _nothing_wrong(schema: schema_pb2.Schema) -> anomalies_pb2.Anomalies:
    return anomalies_pb2.Anomalies(baseline=schema)


def _write_report(uri: str, findings: Findings) -> None:
    fileio.makedirs(uri)
    labels = list(dict.fromkeys(name for counts in findings.classes.values() for name in counts))
    chart = counts_chart(
        {label: [n.get(label, 0) for n in findings.classes.values()] for label in labels},
        series=list(findings.classes),
        title="rows per class and split",
        about="Rows of each class in each split",
    )
    io_utils.write_string_file(os.path.join(uri, ROWS_FILE), chart)
    io_utils.write_string_file(os.path.join(uri, REPORT_FILE), findings.model_dump_json(indent=2))
