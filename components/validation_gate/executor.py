"""Reads what ExampleValidator published and stops the run on an anomaly."""

import os

from absl import logging
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from tfx_rebalance.errors import StopRun

SHOWN = 10
FILE = "SchemaDiff.pb"

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """Raises `StopRun`, or only logs what it found under `warn`."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Writes nothing: a node that raises would lose its own outputs."""
        self._log_startup(input_dict, output_dict, exec_properties)
        anomalies = artifact_utils.get_single_instance(input_dict["anomalies"])
        found = anomalies_in(anomalies)
        for sentence in found:
            logging.warning("anomaly in %s", sentence)
        if found and exec_properties["on_anomaly"] == "stop":
            more = f" (and {len(found) - SHOWN} more)" if len(found) > SHOWN else ""
            raise StopRun(
                f"the data does not fit the schema: {'; '.join(found[:SHOWN])}{more}. Correct the "
                "data or the reviewed schema, or set validate.anomalies: warn to go on regardless."
            )


def anomalies_in(artifact: types.Artifact) -> list[str]:
    """Returns a sentence per anomaly: split, column, what is wrong."""
    found = []
    for split in artifact_utils.decode_split_names(artifact.split_names):
        path = os.path.join(artifact_utils.get_split_uri([artifact], split), FILE)
        with fileio.open(path, "rb") as file:
            anomalies = anomalies_pb2.Anomalies.FromString(file.read())
        found += [
            f"{split}: column {name!r}: {_sentence(info.description or info.short_description)}"
            for name, info in sorted(anomalies.anomaly_info.items())
        ]
        if anomalies.HasField("dataset_anomaly_info"):
            found.append(f"{split}: {_sentence(anomalies.dataset_anomaly_info.description)}")
    return found


def _sentence(description: str) -> str:
    return description.strip().rstrip(".")
