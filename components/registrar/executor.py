"""Registers what was pushed; nothing else."""

import os

from absl import logging
from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from tfx_rebalance.components.registrar.registry import register
from tfx_rebalance.components.registrar.request import Release, check_run
from tfx_rebalance.components.registrar.settings import RegistrarSettings
from tfx_rebalance.gate import read_gate
from tfx_rebalance.releases import manifest_of

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """It may be run again at any time: a version is registered once."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Registers the version that Pusher pushed or found; nothing where it did neither.

        Raises:
            RebalanceError: If the backend does not say the run's name.
            CorruptArtifactError: If the version's manifest or the evaluation cannot be read.
            ServiceError: If Vertex does not take it; the release stays.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed = artifact_utils.get_single_instance(input_dict["pushed_model"])
        if not pushed.get_int_custom_property("pushed"):
            logging.info("Nothing was pushed, so nothing is registered.")
            return
        settings = RegistrarSettings.model_validate_json(exec_properties["settings"])
        uri = pushed.get_string_custom_property("pushed_destination").rstrip("/")
        base, version = os.path.split(uri)
        release = Release(
            version=version,
            uri=uri,
            sha256=str(manifest_of(base, version)["model_sha256"]),
            pipeline=exec_properties["pipeline"],
            run=check_run(exec_properties["run"]),
            gate=read_gate(artifact_utils.get_single_uri(input_dict["evaluation"])),
        )
        name = register(release, settings)
        logging.info("The released version %s is %s in the registry.", uri, name)
