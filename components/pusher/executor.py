"""The stock executor, unless the newest version at the destination is this very model."""

import hashlib
import os

from tfx import types
from tfx.components.pusher.executor import Executor as StockExecutor
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import proto_utils

from tfx_rebalance.files import newest_version

Artifacts = dict[str, list[types.Artifact]]


class Executor(StockExecutor):
    """Every run pushes or finds its model pushed; a model is not pushed twice in a row."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Marks the version that is there, or pushes a new one as the stock executor does."""
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
            return
        super().Do(input_dict, output_dict, exec_properties)


def tree_digest(folder: str) -> str:
    """Returns the SHA-256 over the names and contents of all files under `folder`."""
    digest = hashlib.sha256()
    for parent, _, files in sorted(fileio.walk(folder)):
        for name in sorted(files):
            path = os.path.join(parent, name)
            digest.update(os.path.relpath(path, folder).encode())
            with fileio.open(path, "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()
