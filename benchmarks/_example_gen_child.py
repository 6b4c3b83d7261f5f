"""One run of ExampleGen in a process of its own; `example_gen.py` starts it and compares.

    python _example_gen_child.py job.json

The only line on stdout is JSON with what was measured. All other output goes to stderr.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from _process import cpu_seconds, peak_bytes, rows_in

Job = Mapping[str, Any]


def main() -> None:
    """Runs the job in the file; leaves without TensorFlow's teardown."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = json.loads(Path(sys.argv[1]).read_text())
    work = {"ours": _ours, "stock": _stock}[job["who"]](job)
    started, cpu = time.monotonic(), cpu_seconds()
    work()
    measured = {
        "seconds": time.monotonic() - started,
        "cpu": cpu_seconds() - cpu,
        "peak_bytes": peak_bytes(),
        "rows": rows_in(Path(job["target"])),
    }
    channel.write(json.dumps(measured) + "\n")
    channel.flush()
    os._exit(0)


def _ours(job: Job) -> Callable[[], None]:
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import standard_artifacts

    from tfx_rebalance.components.example_gen.executor import Executor
    from tfx_rebalance.components.example_gen.settings import DataSettings

    settings = DataSettings.model_validate(
        {"source": job["source"], "schema": job["schema"], "label": job["label"]}
    )
    schema, examples = standard_artifacts.Schema(), standard_artifacts.Examples()
    schema.uri, examples.uri = str(Path(job["schema"]).parent), job["target"]
    context = BaseBeamExecutor.Context(beam_pipeline_args=job["beam_args"], unique_id="1")
    executor = Executor(context)
    properties = {"settings": settings.model_dump_json(by_alias=True), "serving": 0}
    return lambda: executor.Do({"schema": [schema]}, {"examples": [examples]}, properties)


def _stock(job: Job) -> Callable[[], None]:
    """What `CsvExampleGen` does once its driver has found the files; it has no schema."""
    from tfx.components.example_gen import utils
    from tfx.components.example_gen.csv_example_gen.executor import Executor
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.proto import example_gen_pb2
    from tfx.types import standard_artifacts
    from tfx.utils import proto_utils

    given = example_gen_pb2.Input(splits=[{"name": "single_split", "pattern": "*.csv"}])
    shares = [("train", 6), ("val", 2), ("eval", 2)]
    buckets = [{"name": name, "hash_buckets": n} for name, n in shares]
    output = example_gen_pb2.Output(split_config={"splits": buckets})
    examples = standard_artifacts.Examples()
    examples.uri = job["target"]
    properties = {
        "input_base": job["source"],
        "input_config": proto_utils.proto_to_json(given),
        "output_config": proto_utils.proto_to_json(output),
        "output_data_format": example_gen_pb2.FORMAT_TF_EXAMPLE,
        "output_file_format": example_gen_pb2.FORMAT_UNSPECIFIED,
        utils.FINGERPRINT_PROPERTY_NAME: "",
        utils.SPAN_PROPERTY_NAME: 0,
    }
    context = BaseBeamExecutor.Context(beam_pipeline_args=job["beam_args"], unique_id="1")
    return lambda: Executor(context).Do({}, {"examples": [examples]}, properties)


if __name__ == "__main__":
    main()
