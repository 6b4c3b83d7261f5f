"""What a backend remembers from run to run: names of artifacts, and what steps gave."""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from support.ir_runner.inputs import Ended
from support.ir_runner.loading import Container


class Store:
    """Stands for the metadata store and the cache; lives as long as the tests."""

    def __init__(self) -> None:
        self._artifacts = 0
        self._cache: dict[str, Ended] = {}

    def named(self, artifacts: Mapping[str, list[pb.RuntimeArtifact]]) -> None:
        """Gives each artifact its name; the Evaluator's blessing fails on models without one."""
        for artifact in (one for of_key in artifacts.values() for one in of_key):
            self._artifacts += 1
            artifact.name = f"projects/1/locations/here/artifacts/{self._artifacts}"

    def remembered(self, key: str) -> Ended | None:
        """Returns what a step with the same key has given."""
        found = deepcopy(self._cache.get(key))
        return None if found is None else Ended("CACHED", found.artifacts, found.values)

    def remember(self, key: str, ended: Ended) -> None:
        self._cache[key] = ended


def key_of(message: pb.ExecutorInput, component: pb.ComponentSpec, container: Container) -> str:
    """Returns what the cache knows a step by, as Kubeflow's does.

    These are the parameters, the names (not the contents) of its artifacts, what it promises to
    give, and the container.
    """
    artifacts = message.inputs.artifacts.items()
    values = message.inputs.parameter_values.items()
    told = {
        "parameters": {key: json_format.MessageToDict(value) for key, value in values},
        "artifacts": {key: [one.name for one in found.artifacts] for key, found in artifacts},
        "outputs": json_format.MessageToDict(component.output_definitions),
        "container": [container.image, list(container.command), list(container.args)],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
