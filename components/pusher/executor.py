"""Pushes a blessed model with its manifest, unless the newest version is this very model."""

import os
from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.components.pusher.executor import Executor as StockExecutor
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils, proto_utils

from tfx_rebalance.components.pusher.versions import path_beside, publish, write_manifest
from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.files import RELEASES, newest_version
from tfx_rebalance.releases import FITTED_ROWS, STATISTICS, tree_digest, write_row_keys

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
        """Marks the version that is there, or adds one; the model is kept in the artifact as well.

        Raises:
            ConfigError: If the destination has a version from the future.
            CorruptArtifactError: If the statistics or the rows of the training data are gone.
            StorageError: If the destination cannot be listed.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(exec_properties["push_destination"], destination)
        base = destination.filesystem.base_directory
        version = self._version(base, self.GetModelPath(input_dict), input_dict)
        io_utils.copy_dir(self.GetModelPath(input_dict), pushed.uri)
        self._MarkPushed(
            pushed, pushed_destination=os.path.join(base, version), pushed_version=version
        )

    def _version(self, base: str, model: str, inputs: Artifacts) -> str:
        """Returns the version of a model that is the newest one from now on."""
        digest = tree_digest(model)

        def manifest_of(beside: str) -> dict[str, Any]:
            return {
                "model_sha256": digest,
                **_statistics(inputs.get("statistics") or [], f"{beside}.stats"),
                **_fitted_rows(inputs.get("examples") or [], f"{beside}.rows"),
                **self.said,
            }

        newest = newest_version(base)
        if newest is None or tree_digest(newest) != digest:
            return publish(base, model, manifest_of=manifest_of)
        version = os.path.basename(newest)
        if not fileio.exists(os.path.join(base, RELEASES, f"{version}.json")):
            fileio.makedirs(os.path.join(base, RELEASES))
            # Somebody put it there by hand.
            write_manifest(base, version, manifest_of(path_beside(base)))
        return version


class OverridingExecutor(Executor):
    """Pushes what the gate did not bless; who wanted it and why is in the manifest."""

    def __init__(self, context: StockExecutor.Context, *, override: Mapping[str, str]) -> None:
        super().__init__(context)
        self.said = {"override": dict(override)}


def _statistics(statistics: list[types.Artifact], copy: str) -> dict[str, Any]:
    """Copies them to where they stay as long as the version does, and names both places."""
    if not statistics:
        return {"statistics_uri": None, STATISTICS: None}
    uri = artifact_utils.get_single_uri(statistics)
    if not fileio.isdir(uri):
        raise CorruptArtifactError(
            f"the statistics of the training data are gone from {uri!r}, and a release without "
            "them could not be told from data that has changed. Run again with --no-cache."
        )
    io_utils.copy_dir(uri, copy)
    return {"statistics_uri": uri, STATISTICS: os.path.basename(copy)}


def _fitted_rows(examples: list[types.Artifact], path: str) -> dict[str, Any]:
    """Writes the keys of the rows the model was fitted on, and names the file."""
    if not examples:
        return {FITTED_ROWS: None}
    write_row_keys(path, [artifact_utils.get_split_uri(examples, split) for split in FITTED])
    return {FITTED_ROWS: os.path.basename(path)}
