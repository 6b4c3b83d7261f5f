"""Whole graphs through Beam's job service, with workers that are not the process that asks.

The flags are those of the preset flink with a job server. What a run writes is held
against DirectRunner's, byte for byte.
"""

import csv
import random
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from support.ingestion import Ingest
from support.job_service import job_service, worker_pool
from support.pipeline_runs import EXAMPLES
from support.rebalance_bench import Bench
from support.resampling import example

from tfx_rebalance.errors import DataError
from tfx_rebalance.pipeline.beam_presets import beam_args
from tfx_rebalance.pipeline.beam_settings import BeamSettings
from tfx_rebalance.pipeline.config_file import load_config
from tfx_rebalance.records import read_records

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

WORKER = f"{sys.executable} -m apache_beam.runners.worker.sdk_worker_main"
SUBPROCESS = "beam:env:harness_subprocess_python:v1"

RAW = """
feature { name: "x" type: FLOAT presence { min_fraction: 1 } }
feature { name: "z" type: FLOAT presence { min_fraction: 1 } }
feature { name: "y" type: BYTES string_domain { value: "no" value: "yes" } }
"""
COLUMNS = """
feature { name: "x" type: FLOAT }
feature { name: "g" type: INT }
feature { name: "y" type: BYTES string_domain { value: "neg" value: "pos" } }
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with job_service(tmp_path_factory.mktemp("jobs")) as running:
        yield running


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    with worker_pool(tmp_path_factory.mktemp("pool")) as running:
        yield running


def flags(service, **settings):
    """Returns the flags of the preset flink with a job server."""
    beam = BeamSettings(preset="flink", job_server=service.address, **settings)
    config = load_config(EXAMPLES / "card_fraud.yaml")
    return beam_args(config.model_copy(update={"beam": beam}), "local")


@pytest.fixture(params=["loopback", "external", "processes"])
def elsewhere(request, service, pool, tmp_path):
    """Returns the preset's flags, and looks afterwards where the work was done."""
    started = tmp_path / "started"
    processes = (
        f"--environment_type={SUBPROCESS}",
        f"--environment_config=touch {started} && exec {WORKER}",
    )
    completed, pooled = service.count, pool.count
    yield {
        "loopback": flags(service, environment="loopback"),
        "external": flags(service, environment="external", worker_pool=pool.address),
        "processes": flags(service, environment="loopback", args=processes),
    }[request.param]
    assert service.count > completed
    assert (pool.count > pooled) == (request.param == "external")
    assert started.exists() == (request.param == "processes")


def split_of(rows, seed):
    """Returns rows of two classes in three shards."""
    draw = random.Random(seed)
    made = [
        example(x=draw.gauss(0, 1), z=draw.gauss(0, 1), y=b"yes" if i % 6 == 0 else b"no")
        for i in range(rows)
    ]
    return [made[shard::3] for shard in range(3)]


def resampled(folder, *, beam=(), **settings):
    """Returns what Rebalance writes of each split: file name -> bytes."""
    bench = Bench(folder).write({"train": split_of(90, 0), "val": split_of(12, 1)})
    bench.told(label="y", schema=RAW).run(beam=beam, **settings)
    return {split: bench.files(bench.target, split) for split in ("train", "val")}


def test_rebalance_writes_the_same_bytes(elsewhere, tmp_path):
    settings = {"strategy": "smote", "sampling_strategy": {"yes": 40}, "seed": 3}
    here = resampled(tmp_path / "here", **settings)
    assert resampled(tmp_path / "there", beam=elsewhere, **settings) == here
    assert len(here["train"]) == 3
    assert resampled(tmp_path / "other", **settings | {"seed": 4}) != here


@pytest.fixture
def ingest(tmp_path):
    return Ingest(tmp_path, COLUMNS, label="y")


def write_csv(folder, *, broken=False):
    """Writes four files of rows, some in groups; returns their pattern."""
    rows = [(i / 8, i // 3, "pos" if i % 9 == 0 else "neg") for i in range(360)]
    if broken:
        rows[200] = (1.0, 2, "neither")
    folder.mkdir()
    for number in range(4):
        with (folder / f"{number}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("x", "g", "y"), *rows[number::4]])
    return str(folder / "*.csv")


def files_of(examples):
    """Returns file name -> what ExampleGen wrote: the rows in their order, the report's bytes.

    Rows are written anew with their features in order: tfx-bsl's encoder takes any order, another
    one in each run of the same runner.
    """
    folder = Path(examples.uri)
    return {
        str(path.relative_to(folder)): [in_order(row) for row in rows_of(path)]
        if path.suffix == ".gz"
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(path):
    return [bytes(row) for batch in read_records(str(path)) for row in batch]


def in_order(row):
    return tf.train.Example.FromString(row).SerializeToString(deterministic=True)


def test_example_gen_writes_the_same_rows_into_the_same_files(elsewhere, ingest, tmp_path):
    source = write_csv(tmp_path / "data")
    splits = {"group_by": "g"}
    here, there = ingest(source, splits=splits), ingest(source, splits=splits, beam=elsewhere)
    assert files_of(there) == files_of(here)
    assert sum(len(rows) for name, rows in files_of(here).items() if name.endswith(".gz")) == 360
    assert files_of(ingest(source, splits=splits, seed=1)) != files_of(here)


def test_an_error_of_a_worker_elsewhere_is_still_our_message(service, ingest, tmp_path):
    source = write_csv(tmp_path / "data", broken=True)
    processes = (f"--environment_type={SUBPROCESS}", f"--environment_config={WORKER}")
    with pytest.raises(DataError) as error:
        ingest(source, beam=flags(service, environment="loopback", args=processes))
    assert "neither" in str(error.value)
    [folder] = tmp_path.glob("ingest-*/examples")
    assert list(folder.iterdir()) == []
