"""Our side of `rebalance.py`: the component through its executor, and its pure parts."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sklearn.neighbors  # noqa: F401  # Ours imports it at the first search.
from _rebalance_data import minority_rows
from _rebalance_jobs import CLASSES, LABEL, NAMES, NEIGHBOURS, Job
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import artifact_utils, standard_artifacts

from tfx_rebalance.artifacts import RebalanceReport
from tfx_rebalance.components.rebalance.executor import Executor
from tfx_rebalance.components.rebalance.neighbours.cells import neighbours_of, tasks_of
from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.records.rows import Rows
from tfx_rebalance.components.rebalance.registry import STRATEGIES
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.strategies.smote import SMOTE
from tfx_rebalance.components.rebalance.strategy import Around
from tfx_rebalance.components.rebalance.synthesis.interpolation import born
from tfx_rebalance.components.rebalance.synthesis.pairs import Draws
from tfx_rebalance.components.rebalance.transforms.grow import BLOCK_ROWS
from tfx_rebalance.draws import keyed_draws, shard_row_keys
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

    The parts of the component that do so: neighbours, pairs of parents, the rows between them.
    """
    rows, wanted = _rows(minority_rows(job.rows)), 48 * job.rows

    def work() -> None:
        neighbours = _neighbours(rows)
        draws = Draws(shard_row_keys(0, len(rows)), seed=0)
        pairs = SMOTE().pairs(Around(rows, neighbours, None), wanted, draws).pairs
        for start in range(0, wanted, BLOCK_ROWS):
            block = pairs.take(np.arange(start, min(start + BLOCK_ROWS, wanted)))
            born(rows, block, neighbours).rows.numeric.astype(np.float32)

    return work


def neighbours(job: Job) -> Callable[[], None]:
    """Returns what finds the neighbours of each row of a class of `job.rows` within the class."""
    return partial(_neighbours, _rows(minority_rows(job.rows)))


def _rows(numbers: npt.NDArray[np.float32]) -> Rows:
    return Rows(numbers.astype(np.float64), np.empty((len(numbers), 0), dtype=np.int64))


def _neighbours(rows: Rows) -> npt.NDArray[np.int64]:
    space = Space(rows.numeric, rows.nominal)
    draws = keyed_draws(shard_row_keys(0, len(rows)), seed=0, purpose="cells")
    found = np.full((len(rows), NEIGHBOURS), NOBODY)
    for task in tasks_of(space, draws=draws):
        found[task.queries] = neighbours_of(space, task, NEIGHBOURS)
    return found
