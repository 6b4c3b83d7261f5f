"""One run of one variant in a process of its own; `end_to_end.py` starts it and holds the clock.

Tells the parent, a JSON object per line on stdout, when everything is imported, each node's
seconds, when the pipeline is through, and what it did. All other output goes to stderr.
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Job = Mapping[str, Any]
Tell = Callable[[str, Any], None]

PLAIN_NAMES = {"CsvExampleGen": "ExampleGen", "latest_blessed_model_resolver": "Champion"}
"""Nodes that have the same work as one of ours."""


def main() -> None:
    """Runs the job in the file that is the only argument; leaves without TensorFlow's teardown."""
    job = json.loads(Path(sys.argv[1]).read_text())
    tell = _channel()
    variant = run_ours if job["variant"] == "ours" else run_plain
    variant(job, tell)
    os._exit(0)


def run_ours(job: Job, tell: Tell) -> None:
    """The built-in config through our local runner, as `tfx-rebalance run --no-cache` does it."""
    from tfx_rebalance.pipeline.checks import check_config
    from tfx_rebalance.pipeline.config_file import BUILT_IN, load_config

    config = load_config(BUILT_IN, overrides=job["overrides"])
    features = check_config(config)
    from tfx_rebalance.pipeline.console import PlainDisplay
    from tfx_rebalance.pipeline.run import Place, run

    tell("imported", None)
    place = Place(root=Path(job["root"]), run_id="benchmark")
    place.folder.mkdir(parents=True)
    result = run(config, features, place, use_cache=False, display=PlainDisplay(sys.stderr))
    tell("ran", None)
    if result.verdict == "stopped":
        sys.exit(result.reason)
    training = json.loads(_read_one(place.root, "pipeline/Trainer/model_run/*/training.json"))
    facts = {
        "steps": training["members"][0]["epochs"] * config.trainer.steps_per_epoch,
        "eval_rows": sum(c.support for c in result.classes.values()),
        "recalls": [c.recall for c in result.classes.values()],
        "pushed": result.verdict == "released",
    }
    tell("nodes", result.seconds)
    tell("facts", facts)


def run_plain(job: Job, tell: Tell) -> None:
    """The stock DAG through the stock `LocalDagRunner`."""
    import _plain_dag as plain
    import tensorflow_model_analysis as tfma
    from tfx import v1 as tfx

    seconds = _time_nodes()
    tell("imported", None)
    known = {*plain.NUMERIC, *plain.CATEGORICAL}
    if known != set(job["inputs"]):
        sys.exit(f"the built-in config has the inputs {job['inputs']}, _plain_dag {sorted(known)}")
    root = Path(job["root"])
    pipeline = plain.create_pipeline(
        job, root=str(root), transform_statistics=job["variant"] == "plain"
    )
    tfx.orchestration.LocalDagRunner().run(pipeline)
    tell("ran", None)
    result = tfma.load_eval_result(str(next(root.glob("Evaluator/evaluation/*"))))
    [overall] = [metrics[""] for key, metrics in result.slicing_metrics if key == ()]
    facts = {
        "steps": int(_read_one(root, f"Trainer/model_run/*/{plain.STEPS_FILE}")),
        "eval_rows": round(overall[""]["example_count"]["doubleValue"]),
        "recalls": [
            overall[f"classId:{i}"]["recall"].get("doubleValue", math.nan)
            for i in range(len(job["bars"]))
        ],
        "pushed": any(root.glob("serving/*")),
    }
    tell("nodes", seconds)
    tell("facts", facts)


def _channel() -> Tell:
    """Returns how to tell the parent something; from now on what prints goes to stderr."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def tell(event: str, value: Any) -> None:
        channel.write(json.dumps({"event": event, "value": value}) + "\n")
        channel.flush()

    return tell


def _time_nodes() -> dict[str, float]:
    """Returns a mapping that fills with the seconds of each node `LocalDagRunner` launches."""
    from tfx.orchestration.local import local_dag_runner

    launcher = local_dag_runner.launcher.Launcher
    launch, seconds = launcher.launch, {}

    def timed(self: Any) -> Any:
        started = time.monotonic()
        info = launch(self)
        name = self._pipeline_node.node_info.id
        seconds[PLAIN_NAMES.get(name, name)] = time.monotonic() - started
        return info

    launcher.launch = timed
    return seconds


def _read_one(root: Path, pattern: str) -> str:
    """Returns the text of the only file that matches."""
    [path] = root.glob(pattern)
    return path.read_text()


if __name__ == "__main__":
    main()
