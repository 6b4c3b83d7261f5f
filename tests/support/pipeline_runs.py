"""Whole runs through the command, in this one process: importing TFX again costs 10 s a time."""

import csv
import gzip
import json
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples"


@dataclass(frozen=True)
class Outcome:
    """What `tfx-rebalance run --json` said."""

    exit_code: int
    result: dict[str, Any]
    stderr: str


def tfx_rebalance(*args: str | Path) -> Outcome:
    """Runs the command; `result` is empty when it printed no JSON."""
    from tfx_rebalance.pipeline.cli import main

    ended = CliRunner().invoke(main, [str(arg) for arg in args])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    return Outcome(ended.exit_code, json.loads(lines[-1]) if lines else {}, ended.stderr)


def run(config: Path, root: Path, *settings: str, cache: bool = True) -> Outcome:
    """Runs the pipeline of a config with `settings` such as `trainer.epochs=3`."""
    overrides = [word for setting in settings for word in ("--set", setting)]
    no_cache = [] if cache else ["--no-cache"]
    return tfx_rebalance("run", config, "--root", root, "--json", *overrides, *no_cache)


def sample_csv(source: Path, target: Path, *, label: str, rows: int, keep: int) -> Path:
    """Writes about `rows` rows of a .csv.gz, at least `keep` of each label value that has them."""
    with gzip.open(source, "rt", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        by_label = defaultdict(list)
        for row in reader:
            by_label[row[header.index(label)]].append(row)
    chance = random.Random(0)
    total = sum(map(len, by_label.values()))
    chosen = [
        row
        for value in sorted(by_label)
        for row in chance.sample(
            by_label[value],
            min(len(by_label[value]), max(keep, rows * len(by_label[value]) // total)),
        )
    ]
    chance.shuffle(chosen)
    with gzip.open(target, "wt", newline="", compresslevel=1) as file:
        csv.writer(file).writerows([header, *chosen])
    return target
