"""What people do to what is served: release what the gate did not bless, go back; never silent."""

import tempfile
from datetime import datetime, timezone
from pathlib import Path

from tfx_rebalance.components.pusher.versions import copy_version, origin_of
from tfx_rebalance.components.report.facts import Event, RunFacts
from tfx_rebalance.errors import ConfigError, CorruptArtifactError
from tfx_rebalance.files import is_whole, newest_version
from tfx_rebalance.pipeline.pages import facts_in, readable_facts, write_report
from tfx_rebalance.releases import manifest_of, tree_digest, versions_of


class NothingToReleaseError(ConfigError):
    """A run ended before it had a model."""


def release(root: Path, run_id: str, *, by: str, reason: str) -> Event:
    """Pushes the model of a run that the gate did not bless; manifest and report say who and why.

    Raises:
        ConfigError: If `by` or `reason` is blank, the run is not there or was released, or its
            model is what is served.
        NothingToReleaseError: If the run ended before a model was trained.
        CorruptArtifactError: If the model is gone or no longer what was trained.
    """
    said = _said(by, reason)
    facts = facts_in(root, run_id)
    if facts.verdict == "released":
        raise ConfigError(
            f"run {facts.run_id!r} was blessed and released as version {facts.released_version}; "
            "--override is for what was not. To make it the newest again: tfx-rebalance rollback "
            f"--to {facts.released_version}."
        )
    version = _push(facts, {**said, "run": facts.run_id})
    event = Event(kind="override", version=version, destination=facts.destination, **said)
    _record(root, facts, event)
    return event


def rollback(root: Path, *, to: str | None, pipeline: str | None, by: str, reason: str) -> Event:
    """Makes an earlier released version the newest again, as a copy of it.

    Args:
        root: Where the runs are.
        to: The version; None: the one before what is served.
        pipeline: Whose versions, if several pipelines release from this root.
        by: Who wants it.
        reason: Why.

    Raises:
        ConfigError: If `by` or `reason` is blank, or there is no such version or pipeline.
        CorruptArtifactError: If the version's files are not what was released.
    """
    said = _said(by, reason)
    runs = readable_facts(root)
    base = _destination(runs, pipeline, root=root)
    source = _source(base, to)
    if tree_digest(f"{base}/{source}") != manifest_of(base, source)["model_sha256"]:
        raise CorruptArtifactError(
            f"version {source} in {base!r} is not what was released: its SHA-256 is another one "
            "than its manifest says. Choose another version with --to."
        )
    version = copy_version(base, source, said={"rollback_of": source, "rollback": said})
    event = Event(
        kind="rollback", version=version, rollback_of=source, destination=base, **said
    )  # fmt: skip
    _record(root, _run_of({_origin(base, source), source}, runs, base=base), event)
    return event


def _said(by: str, reason: str) -> dict[str, str]:
    for name, value in (("--by", by), ("--reason", reason)):
        if not value.strip():
            raise ConfigError(f"{name} is blank. Say who wants this and why: it is recorded.")
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"by": by.strip(), "reason": reason.strip(), "at": now}


def _push(facts: RunFacts, override: dict[str, str]) -> str:
    """Returns the version as which Pusher's executor pushed the model of a run."""
    uri = _releasable(facts)
    from tfx.types import artifact_utils, standard_artifacts

    from tfx_rebalance.components.pusher.executor import FITTED, OverridingExecutor

    model, pushed = standard_artifacts.Model(), standard_artifacts.PushedModel()
    model.uri = uri
    inputs = {"model": [model]}
    if facts.statistics_uri:
        statistics = standard_artifacts.ExampleStatistics()
        statistics.uri = facts.statistics_uri
        inputs["statistics"] = [statistics]
    if facts.examples_uri:
        examples = standard_artifacts.Examples()
        examples.uri = facts.examples_uri
        examples.split_names = artifact_utils.encode_split_names(list(FITTED))
        inputs["examples"] = [examples]
    with tempfile.TemporaryDirectory() as folder:
        pushed.uri = folder  # Where TFX keeps a copy for the metadata, in which this push is not.
        context = OverridingExecutor.Context(tmp_dir=folder, unique_id="override")
        executor = OverridingExecutor(context, override=override)
        executor.Do(inputs, {"pushed_model": [pushed]}, _properties(facts.destination))
    return str(pushed.get_string_custom_property("pushed_version"))


def _releasable(facts: RunFacts) -> str:
    """Returns where the model of a run lies, once it is sure that it can be released."""
    if facts.model_uri is None:
        where = f" in {facts.failed_node}" if facts.failed_node else ""
        raise NothingToReleaseError(
            f"run {facts.run_id!r} ended{where} before it had trained a model, so there is nothing "
            f"to release: {facts.reason}"
        )
    from tfx.utils import path_utils

    served = path_utils.serving_model_path(facts.model_uri)
    digest = tree_digest(served)
    if digest != facts.fingerprints.model:
        raise CorruptArtifactError(
            f"{served!r} is not the model that run {facts.run_id!r} trained: its SHA-256 is "
            f"{digest}, that of the run {facts.fingerprints.model}. Run again with --no-cache."
        )
    newest = newest_version(facts.destination)
    if newest and tree_digest(newest) == digest:
        raise ConfigError(
            f"the model of run {facts.run_id!r} is served already, as {newest!r}. There is "
            "nothing to do."
        )
    return facts.model_uri


def _properties(destination: str) -> dict[str, str]:
    from google.protobuf import json_format
    from tfx.proto import pusher_pb2

    where = pusher_pb2.PushDestination()
    where.filesystem.base_directory = destination
    return {"push_destination": json_format.MessageToJson(where), "custom_config": "null"}


def _record(root: Path, facts: RunFacts, event: Event) -> None:
    write_report(root, facts.model_copy(update={"events": (*facts.events, event)}))


def _run_of(versions: set[str], runs: list[RunFacts], *, base: str) -> RunFacts:
    """Returns the run that released one of the versions; if it is gone, the last of its pipeline.

    Args:
        versions: Of the same model.
        runs: Oldest first; one at least releases to `base`.
        base: The destination.
    """
    there = [facts for facts in runs if facts.destination == base]
    return next((facts for facts in reversed(there) if versions & _versions_of(facts)), there[-1])


def _versions_of(facts: RunFacts) -> set[str | None]:
    return {facts.released_version, *(event.version for event in facts.events)}


def _destination(runs: list[RunFacts], pipeline: str | None, *, root: Path) -> str:
    known = {facts.pipeline: facts.destination for facts in runs}
    if pipeline is None and len(known) == 1:
        return next(iter(known.values()))
    if pipeline in known:
        return known[str(pipeline)]
    names = ", ".join(sorted(known)) or "none"
    asked = "several pipelines run" if pipeline is None and known else f"no pipeline {pipeline!r}"
    raise ConfigError(
        f"{asked} under {str(root)!r} (known: {names}). Name one of them with --pipeline, or "
        "another --root."
    )


def _source(base: str, to: str | None) -> str:
    """Returns the version to copy."""
    newest = newest_version(base)
    if newest is None:
        raise ConfigError(f"nothing has been released to {base!r}, so there is nothing to go to.")
    current = Path(newest).name
    released = [version for version in versions_of(base) if is_whole(f"{base}/{version}")]
    told = ", ".join(released) or "none"
    if to is not None:
        if to not in released:
            raise ConfigError(f"--to {to!r} is no released version of {base!r}. There are: {told}.")
        if to == current:
            raise ConfigError(f"--to {to!r} is what is served already. There are: {told}.")
        return to
    first = _origin(base, current)
    earlier = [version for version in released if int(version) < int(first)]
    if not earlier:
        raise ConfigError(
            f"no version of {base!r} is older than {first}, which is served. Name one with --to: "
            f"{told}."
        )
    origin = _origin(base, earlier[-1])
    return origin if origin in released else earlier[-1]


def _origin(base: str, version: str) -> str:
    there = set(versions_of(base))
    return origin_of(version, manifest_of=lambda v: manifest_of(base, v) if v in there else {})
