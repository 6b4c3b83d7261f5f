"""The stock executor, unless the newest version at the destination is this very model."""

import json
import os
from collections.abc import Mapping

from tfx import types
from tfx.components.pusher.executor import Executor as StockExecutor
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import proto_utils

from tfx_rebalance.files import RELEASES, newest_version
from tfx_rebalance.releases import FITTED_ROWS, tree_digest, write_row_keys

Artifacts = dict[str, list[types.Artifact]]

FITTED = ("train", "val")
"""Splits whose rows a model has seen: it learns from one, stops and decides by the other."""


class Executor(StockExecutor):
    """Every run pushes or finds its model pushed; a model is not pushed twice in a row."""

    said: Mapping[str, object] = {}
    """What the manifest of a new version says besides."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Marks the version that is there, or pushes a new one, and writes its manifest."""
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(exec_properties["push_destination"], destination)
        newest = newest_version(destination.filesystem.base_directory)
        if (
            newest
            and self.CheckBlessing(input_dict)
            and tree_digest(self.GetModelPath(input_dict)) == tree_digest(newest)
        ):
            self._MarkPushed(
                artifact_utils.get_single_instance(output_dict["pushed_model"]),
                pushed_destination=newest,
                pushed_version=os.path.basename(newest),
            )
        else:
            super().Do(input_dict, output_dict, exec_properties)
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        path = pushed.get_string_custom_property("pushed_destination")
        if path:
            write_manifest(
                path,
                statistics=input_dict.get("statistics") or [],
                examples=input_dict.get("examples") or [],
                said=self.said,
            )


class OverridingExecutor(Executor):
    """Pushes what the gate did not bless; who wanted it and why is in the manifest."""

    def __init__(self, context: StockExecutor.Context, *, override: Mapping[str, str]) -> None:
        super().__init__(context)
        self.said = {"override": dict(override)}


def write_manifest(
    pushed: str,
    *,
    statistics: list[types.Artifact],
    examples: list[types.Artifact],
    said: Mapping[str, object] | None = None,
) -> None:
    """Writes `releases/<version>.json` beside a version, if it is not there: what it came from.

    Args:
        pushed: The version's folder.
        statistics: Of the data the model was trained on; may be empty.
        examples: The raw ones, of which `FITTED` is what the model was fitted on; may be empty.
        said: What else it is to say, as JSON takes it.
    """
    base, version = os.path.split(pushed.rstrip("/"))
    path = os.path.join(base, RELEASES, f"{version}.json")
    if fileio.exists(path):
        return
    manifest = {
        "version": version,
        "model_sha256": tree_digest(pushed),
        "statistics_uri": statistics[0].uri if statistics else None,
        FITTED_ROWS: f"{version}.rows" if examples else None,
        **(said or {}),
    }
    fileio.makedirs(os.path.dirname(path))
    if examples:
        folders = [artifact_utils.get_split_uri(examples, split) for split in FITTED]
        write_row_keys(os.path.join(os.path.dirname(path), f"{version}.rows"), folders)
    with fileio.open(f"{path}.writing", "w") as file:
        file.write(json.dumps(manifest, indent=2))
    fileio.rename(f"{path}.writing", path, overwrite=True)
