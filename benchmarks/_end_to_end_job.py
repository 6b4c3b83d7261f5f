"""What each run of `end_to_end.py` gets: the data, and the built-in config in plain words."""

import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfx_rebalance.components.evaluator.settings import bar_of
from tfx_rebalance.components.example_gen.settings import SPLITS
from tfx_rebalance.pipeline.checks import check_config
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.config_file import BUILT_IN, load_config

EPOCHS = 15
"""After which the built-in config stops early on 60,000 rows; here all variants make them."""

DATA_COMMAND = "from tfx_rebalance.pipeline.cli import entry; entry()"


def write_data(path: Path, *, rows: int) -> None:
    """Makes the built-in data as CSV."""
    path.parent.mkdir(parents=True)
    command = [sys.executable, "-c", DATA_COMMAND, "demo-data", "--rows", str(rows)]
    subprocess.run([*command, "--output", str(path)], check=True, stdout=subprocess.DEVNULL)
    header, _, body = path.read_text().partition("\n")
    # CsvExampleGen takes quotes in the header as part of the names.
    path.write_text(header.replace('"', "") + "\n" + body)


def make_job(variant: str, data: Path, *, root: Path, rows: int) -> dict[str, Any]:
    """Returns what a child is to do: our DAG reads the config, the stock one the rest."""
    built_in = load_config(BUILT_IN)
    shares, trainer = built_in.data.splits, built_in.trainer
    steps = max(1, int(rows * shares.train) // trainer.batch_size)  # One pass over train.
    overrides = [
        f"data.source={data}",
        f"trainer.epochs={EPOCHS}",
        f"trainer.patience={EPOCHS}",
        f"trainer.steps_per_epoch={steps}",
    ]
    config = load_config(BUILT_IN, overrides=overrides)
    features = check_config(config)
    return {
        "variant": variant,
        "root": str(root),
        "overrides": overrides,
        "csv": str(data),
        "schema": config.data.schema_file,
        "inputs": [feature.name for feature in features.inputs],
        "splits": {name: round(100 * getattr(shares, name)) for name in SPLITS},
        "steps_per_epoch": steps,
        "val_steps": math.ceil(rows * shares.val / (4 * trainer.batch_size)),
        "model": _model(config, classes=len(features.classes)),
        **_bars(config, features.classes),
    }


def _model(config: PipelineConfig, *, classes: int) -> dict[str, Any]:
    trainer = config.trainer
    network = trainer.chosen_model.model_dump()
    return {
        "epochs": EPOCHS,
        "batch_size": trainer.batch_size,
        "val_batch_size": 4 * trainer.batch_size,  # As our run_fn validates.
        "hidden_units": list(network["hidden_units"]),
        "embedding": network["embedding_dim"],
        "dropout": network["dropout"],
        "learning_rate": trainer.learning_rate,
        "classes": classes,
    }


def _bars(config: PipelineConfig, classes: Sequence[str]) -> dict[str, Any]:
    slices = [
        {
            "features": list(part.features),
            "bars": [bar_of(part.min_recall, name) for name in classes],
        }
        for part in config.evaluate.slices
    ]
    return {"bars": [config.evaluate.bar(name) for name in classes], "slices": slices}
