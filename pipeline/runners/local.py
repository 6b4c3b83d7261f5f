"""Drives the nodes of a pipeline in this process, with a word to the caller before and after each.

TFX's `LocalDagRunner` has no hooks and cannot leave single nodes uncached; this does what it does,
node by node, through the same compiler and launcher.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.dsl.compiler.compiler import Compiler
from tfx.dsl.compiler.constants import PIPELINE_RUN_ID_PARAMETER_NAME
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable.launcher import Launcher
from tfx.orchestration.portable.runtime_parameter_utils import substitute_runtime_parameter
from tfx.proto.orchestration import pipeline_pb2

from tfx_rebalance.errors import ConfigError, RebalanceError


@dataclass(frozen=True)
class NodeRun:
    """A node that ended well."""

    name: str
    seconds: float
    cached: bool
    outputs: Mapping[str, mlmd.Artifact] = field(default_factory=dict)
    """The first artifact of each output key."""


class NodeFailedError(RebalanceError):
    """A node failed without saying more than its log does."""


def run_nodes(
    pipeline: Pipeline,
    *,
    metadata_path: str,
    run_id: str,
    use_cache: bool,
    never_cached: Collection[str],
    not_found: Mapping[str, str],
    on_start: Callable[[str, int, int], None],
    on_end: Callable[[NodeRun], None],
) -> None:
    """Runs every node in topological order; the first exception ends the run.

    Args:
        pipeline: What `dag.create_pipeline` made.
        metadata_path: The sqlite file of ML Metadata.
        run_id: The run's name in the metadata; a new one for each run.
        use_cache: Whether a node with the same inputs as before is skipped.
        never_cached: Nodes that run whatever `use_cache` says.
        not_found: Node -> what to say when it has nothing to start from.
        on_start: Called with (node, its number from 1, how many there are).
        on_end: Called when a node ended well.

    Raises:
        ConfigError: If a node of `not_found` has nothing to start from.
        NodeFailedError: If any other has not.
    """
    ir = Compiler().compile(pipeline)
    substitute_runtime_parameter(ir, {PIPELINE_RUN_ID_PARAMETER_NAME: run_id})
    deployment = runner_utils.extract_local_deployment_config(ir)
    connection = metadata.sqlite_metadata_connection_config(metadata_path)
    store = MetadataStore(connection)
    nodes = [node.pipeline_node for node in ir.nodes]
    for number, node in enumerate(nodes, start=1):
        name = node.node_info.id
        caching = node.execution_options.caching_options
        caching.enable_cache = use_cache and name not in never_cached
        on_start(name, number, len(nodes))
        started = time.monotonic()
        info = _launcher(ir, node, deployment, connection).launch()
        execution = store.get_executions_by_id([info.execution_id])[0] if info else None
        if execution is None or execution.last_known_state == mlmd.Execution.FAILED:
            if name in not_found:
                raise ConfigError(not_found[name])
            raise NodeFailedError(
                f"{name} could not be started: an input of it is missing from "
                f"{metadata_path!r}. Run again with --no-cache."
            )
        on_end(
            NodeRun(
                name=name,
                seconds=time.monotonic() - started,
                cached=execution.last_known_state == mlmd.Execution.CACHED,
                outputs=_outputs(store, execution.id),
            )
        )


def _launcher(
    ir: pipeline_pb2.Pipeline,
    node: pipeline_pb2.PipelineNode,
    deployment: "runner_utils.local_deployment_config_pb2.LocalDeploymentConfig",
    connection: mlmd.ConnectionConfig,
) -> Launcher:
    name = node.node_info.id
    return Launcher(
        pipeline_node=node,
        mlmd_connection=metadata.Metadata(connection),
        pipeline_info=ir.pipeline_info,
        pipeline_runtime_spec=ir.runtime_spec,
        executor_spec=runner_utils.extract_executor_spec(deployment, name),
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
    )


def _outputs(store: MetadataStore, execution_id: int) -> dict[str, mlmd.Artifact]:
    events = [
        event
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type in {mlmd.Event.OUTPUT, mlmd.Event.INTERNAL_OUTPUT}
    ]
    artifacts = {a.id: a for a in store.get_artifacts_by_id([e.artifact_id for e in events])}
    return {
        event.path.steps[0].key: artifacts[event.artifact_id]
        for event in events
        if event.path.steps[1].index == 0
    }
