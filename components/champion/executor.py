"""Looks for the newest whole release and gives a copy of it, or a marked cold start."""

import os

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.releases import COLD_START, RELEASED_VERSION, manifests_of, tree_digest

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """A pushed model counts once its manifest is there, which is written after it."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Copies the model, which may be replaced while the run goes on.

        Raises:
            CorruptArtifactError: If a manifest cannot be read, or the model is not that of its own.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        model = artifact_utils.get_single_instance(output_dict["model"])
        released = exec_properties["released"]
        version, digest = last_release(released)
        model.set_int_custom_property(COLD_START, int(version is None))
        if version is None:
            return
        model.set_string_custom_property(RELEASED_VERSION, version)
        copy = path_utils.serving_model_path(model.uri)
        io_utils.copy_dir(os.path.join(released, version), copy)
        if tree_digest(copy) != digest:
            raise CorruptArtifactError(
                f"version {version} in {released!r} is not what was released: its SHA-256 is "
                "another one than its manifest says. Release it anew, or go back: tfx-rebalance "
                "rollback."
            )


def last_release(released: str) -> tuple[str | None, str]:
    """Returns the newest version that is whole and its SHA-256, or (None, "") without one."""
    for version, manifest in reversed(manifests_of(released).items()):
        if fileio.exists(os.path.join(released, version, "saved_model.pb")):
            return version, str(manifest["model_sha256"])
    return None, ""
