"""A released version as Vertex AI Model Registry is told it: labels, alias, request, plain data."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

from tfx_rebalance.components.registrar.settings import RegistrarSettings
from tfx_rebalance.errors import RebalanceError
from tfx_rebalance.gate import Gate

Body = dict[str, Any]

DEFAULT = "default"
"""The alias of the version that is meant where nobody names one; Vertex moves it by itself."""
LONGEST_LABEL = 63
LONGEST_DESCRIPTION = 1000
DIGEST = 16
"""How much of the model's SHA-256 tells it from others."""


@dataclass(frozen=True)
class Release:
    """A version that was pushed, and by whom."""

    version: str
    uri: str
    """Its folder."""
    sha256: str
    pipeline: str
    run: str
    gate: Gate

    @property
    def verdict(self) -> str:
        """What the gate said."""
        return "passed" if self.gate.passed else "failed"

    @property
    def alias(self) -> str:
        """The alias of this version and no other; it is never moved."""
        return f"v{self.version}-{self.sha256[:DIGEST]}"


def check_run(run: str) -> str:
    """Returns a run's name, if the backend has said it.

    Raises:
        RebalanceError: If its placeholder is still there.
    """
    if not run or "{{" in run:
        raise RebalanceError(
            f"the run's name is {run!r}: the backend did not fill it in. Registrar needs Vertex AI."
        )
    return run


def label_value(text: str) -> str:
    """Returns a text as the value of a label: small letters, digits, - and _, 63 at most.

    The same text gives the same value; texts that are cut still differ.
    """
    value = re.sub(r"[^a-z0-9_-]", "-", text.lower())
    if len(value) <= LONGEST_LABEL:
        return value
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{value[: LONGEST_LABEL - len(digest) - 1]}-{digest}"


def labels_of(release: Release, others: Mapping[str, str]) -> dict[str, str]:
    """Returns the labels of a version; those that say what it is win over `others`."""
    said = {
        "pipeline": release.pipeline,
        "run": release.run,
        "verdict": release.verdict,
        "champion": release.gate.champion,
        "version": release.version,
        "model_sha256": release.sha256[:DIGEST],
    }
    return {**others, **{key: label_value(value) for key, value in said.items()}}


def is_same(found: Body, release: Release) -> bool:
    """Returns whether a version in the registry is the released one.

    The alias alone would do until somebody takes it away; labels alone would not, as Vertex gives
    them merged with the model's own.
    """
    labels = found.get("labels", {})
    wanted = labels_of(release, {})
    by_labels = all(labels.get(key) == wanted[key] for key in ("version", "model_sha256"))
    return release.alias in found.get("versionAliases", ()) or by_labels


def version_name(found: Body) -> str:
    """Returns the resource name of a version in the registry."""
    return f"{found['name'].partition('@')[0]}@{found['versionId']}"


def upload_request(release: Release, settings: RegistrarSettings, *, there: list[Body]) -> Body:
    """Returns an `UploadModelRequest`: the first version of a model, or one more.

    Args:
        release: The version.
        settings: Where, as what and with which image.
        there: The versions that there are.
    """
    place = {"parentModel": settings.name} if there else {"modelId": settings.model}
    # A model that somebody has given a name keeps it.
    display_name = there[0].get("displayName") if there else None
    return {
        "parent": settings.parent,
        **place,
        "model": {
            "displayName": display_name or settings.model,
            "versionAliases": [release.alias, DEFAULT],
            "versionDescription": _description(release),
            "containerSpec": {"imageUri": settings.serving_image},
            "artifactUri": release.uri,
            "labels": labels_of(release, settings.labels),
        },
    }


def _description(release: Release) -> str:
    text = f"Version {release.version} of {release.pipeline}, released by the run {release.run}."
    return shorten(" ".join([text, *release.gate.reasons]), LONGEST_DESCRIPTION)
