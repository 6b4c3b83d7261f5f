"""Looks for the newest whole release and gives a copy of it, or a marked cold start."""

import os

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.releases import COLD_START, RELEASED_VERSION, newest_release, tree_digest

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """A pushed model counts if it is whole and has a manifest; one put there by hand does not."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Copies the model, which may be replaced while the run goes on.

        Raises:
            CorruptArtifactError: If a manifest cannot be read, or the model is not that of its own.
            StorageError: If nobody can say what has been released: that is no cold start.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        model = artifact_utils.get_single_instance(output_dict["model"])
        released = exec_properties["released"]
        release = newest_release(released)
        model.set_int_custom_property(COLD_START, int(release is None))
        if release is None:
            return
        version = release["version"]
        model.set_string_custom_property(RELEASED_VERSION, version)
        copy = path_utils.serving_model_path(model.uri)
        io_utils.copy_dir(os.path.join(released, version), copy)
        if tree_digest(copy) != release["model_sha256"]:
            raise CorruptArtifactError(
                f"version {version} in {released!r} is not what was released: its SHA-256 is "
                "another one than its manifest says. Release it anew, or go back: tfx-rebalance "
                "rollback."
            )
