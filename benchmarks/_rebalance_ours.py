"""Our side of `rebalance.py`: the component through its executor, and its pure parts."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from _rebalance_data import minority_rows
from _rebalance_jobs import CLASSES, LABEL, NAMES, Job
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import artifact_utils, standard_artifacts

from tfx_rebalance.artifacts import RebalanceReport
from tfx_rebalance.components.rebalance.executor import Executor
from tfx_rebalance.components.rebalance.registry import STRATEGIES
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.features import Feature, Features


def executor(job: Job) -> Callable[[], None]:
    """Returns what resamples the data of the job as a pipeline runs the component.

    Raises:
        NotImplementedError: If there is no such strategy.
    """
    if job.strategy not in STRATEGIES:
        raise NotImplementedError(f"there is no strategy {job.strategy!r}")
    target = Path(job.target)
    examples, rebalanced = standard_artifacts.Examples(), standard_artifacts.Examples()
    report, graph = RebalanceReport(), standard_artifacts.TransformGraph()
    examples.uri = job.data
    examples.split_names = artifact_utils.encode_split_names(["train"])
    examples.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
    examples.set_string_custom_property("file_format", "tfrecords_gzip")
    for name, artifact in (("examples", rebalanced), ("report", report), ("graph", graph)):
        artifact.uri = str(target / name)
        Path(artifact.uri).mkdir(parents=True)
    _write_schema(Path(graph.uri, "transformed_metadata", "schema.pbtxt"))
    context = Executor.Context(
        beam_pipeline_args=list(job.beam_args), tmp_dir=str(target / "temporary"), unique_id="1"
    )
    return partial(
        Executor(context).Do,
        {"examples": [examples], "transform_graph": [graph]},
        {"rebalanced_examples": [rebalanced], "rebalance_report": [report]},
        {
            "settings": RebalanceSettings(strategy=job.strategy).model_dump_json(),
            "features": _features().model_dump_json(),
        },
    )


def _write_schema(path: Path) -> None:
    """Writes what Transform says of its output: that part of a TransformGraph is read."""
    kinds = dict.fromkeys(NAMES, schema_pb2.FLOAT) | {LABEL: schema_pb2.INT}
    features = [
        schema_pb2.Feature(name=name, type=kind, shape=schema_pb2.FixedShape())
        for name, kind in kinds.items()
    ]
    path.parent.mkdir()
    path.write_text(text_format.MessageToString(schema_pb2.Schema(feature=features)))


def _features() -> Features:
    return Features(
        inputs=tuple(
            Feature(name=name, dtype="float", categorical=False, optional=False) for name in NAMES
        ),
        label=LABEL,
        label_dtype="int",
        classes=CLASSES,
    )


def synthesis(job: Job) -> Callable[[], None]:
    """Returns what adds SMOTE rows to a class in memory until it has 49 times `job.rows`.

    TO BE FILLED (issue 3): `work` is to call the pure functions on `rows`, (n, 30), float32: the
    `NEIGHBOURS` nearest of each row of the class, then `wanted` new rows, (wanted, 30), float32.
    """
    rows, wanted = minority_rows(job.rows), 48 * job.rows

    def work() -> None:
        raise NotImplementedError(f"no pure function yet for {wanted:,} new rows of {len(rows):,}")

    return work


def neighbours(job: Job) -> Callable[[], None]:
    """Returns what finds the neighbours of each row of a class of `job.rows` within the class.

    TO BE FILLED (issue 3): `work` is to call the neighbour search on `rows`, (n, 30), float32, the
    way the component does for a class of this size.
    """
    rows = minority_rows(job.rows)

    def work() -> None:
        raise NotImplementedError(f"no neighbour search yet for a class of {len(rows):,} rows")

    return work
