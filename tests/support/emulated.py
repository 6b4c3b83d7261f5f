"""The built-in example, small, compiled for a bucket that is a folder here; what its runs left."""

import json
from pathlib import Path
from typing import Any

from support.ir_runner.backend import Run
from support.ir_runner.loading import Compiled, load
from support.pipeline_runs import EXAMPLES, tfx_rebalance

CARD_FRAUD = EXAMPLES / "card_fraud.yaml"
BUCKET = "gs://emulated"
SECTIONS = {
    "kubeflow": f"kubeflow={{root: {BUCKET}, image: 'rebalance:1', minimum_backend: '2.17'}}",
    "vertex": f"vertex={{project: p, location: here, root: {BUCKET}, image: 'rebalance:1'}}",
}
SMALL = (
    "data.demo.rows=3000",
    "trainer.epochs=3",
    "evaluate.slices=[]",
    "evaluate.min_recall={'1': 0.01, '0': 0.05}",
    "evaluate.champion.insufficient=pass",  # Three frauds in eval rule no loss out.
)


def compiled(target: str, folder: Path, *settings: str) -> Compiled:
    """Returns what the command compiles, with `folder` in place of the bucket."""
    path = folder.with_suffix(".yaml")
    words = [
        word for setting in (SECTIONS[target], *SMALL, *settings) for word in ("--set", setting)
    ]
    ended = tfx_rebalance("compile", CARD_FRAUD, "--target", target, "--output", path, *words)
    assert ended.exit_code == 0, ended.stderr
    return load(path.read_text(), bucket=BUCKET, folder=folder)


def pushed(root: Path) -> list[str]:
    """Returns the versions that were released under a root."""
    return sorted(path.name for path in (root / "serving" / "card-fraud").glob("[0-9]*"))


def content(path: Path) -> Any:
    return json.loads(path.read_text())


def gate_of(ended: Run) -> dict[str, Any]:
    return content(ended.uri("Evaluator", "evaluation") / "gate.json")


def final_of(ended: Run, root: Path) -> dict[str, Any]:
    return content(root / "runs" / ended.id / "final.json")


def report_of(ended: Run, root: Path) -> tuple[dict[str, Any], str]:
    """Returns what the exit handler's report says, and its page."""
    folder = root / "runs" / ended.id
    return content(folder / "report.json"), (folder / "report.html").read_text()


def logs_of(ended: Run) -> str:
    """Returns the ends of the logs of what failed."""
    failing = {
        n: e.log.read_text()[-3000:]
        for n, e in ended.tasks.items()
        if e.state == "FAILED" and e.log
    }
    return "\n\n".join(f"{name}: {text}" for name, text in failing.items())
