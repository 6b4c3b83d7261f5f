"""Rows of three classes and small models of them, for the Evaluator."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from support.evaluator_runs import Evaluated, features_of, rows_of, run_evaluator, save_model
from tfx.types import Artifact

from tfx_rebalance.components.evaluator.settings import GateSettings

CLASSES = ("a", "b", "c")
ROWS = 300


def _simulated(rows: int = ROWS) -> pd.DataFrame:
    """Returns rows; of class c there is none where sex is x, and some have no sex."""
    random = np.random.default_rng(5)
    labels = random.choice(3, size=rows, p=[0.5, 0.3, 0.2])
    hints = 2 * np.eye(3)[labels] + random.normal(size=(rows, 3))
    sex = random.choice(["f", "m"], size=rows).astype(object)
    sex[(labels != 2) & (np.arange(rows) % 5 == 0)] = "x"
    sex[np.arange(rows) % 11 == 0] = None
    frame = pd.DataFrame(hints.astype(np.float32), columns=["u", "v", "w"])
    age = random.integers(18, 90, size=rows)
    return frame.assign(age=age, sex=sex, y=np.array(CLASSES)[labels])


FRAME = _simulated()
LABELS = FRAME["y"].map(CLASSES.index).to_numpy()
FEATURES = features_of(FRAME, "u", "v", "w", label="y")
GOOD = np.vstack([np.zeros(3), 3 * np.eye(3)])
WEIGHTS = {
    "good": GOOD,
    "never_c": np.subtract(GOOD, [[0, 0, 50], [0] * 3, [0] * 3, [0] * 3]),
    "other": np.add(GOOD, [[0] * 3, [0, 1, 0], [0, 0, 1], [1, 0, 0]]),
}


@dataclass(frozen=True)
class World:
    """Artifacts on disk."""

    rows: dict[str, Artifact]
    """`examples` and `schema`."""
    models: dict[str, Artifact]

    def evaluate(
        self,
        folder: Path,
        settings: GateSettings,
        *,
        model: str,
        baseline_model: Artifact | None = None,
        released: str = "",
        **other_rows: Artifact,
    ) -> Evaluated:
        """Runs the Evaluator on a model, against a champion if there is one."""
        inputs = {**self.rows, **other_rows, "model": self.models[model]}
        if baseline_model:
            inputs["baseline_model"] = baseline_model
        return run_evaluator(folder, settings, classes=CLASSES, released=released, **inputs)


def make_world(folder: Path) -> World:
    """Writes the rows and the models; their ids are 11 and on."""
    models = {
        name: save_model(folder / name, FEATURES, weights=weights, thresholds=[1, 1, 0.5])
        for name, weights in WEIGHTS.items()
    }
    for number, model in enumerate(models.values(), start=11):
        model.id = number
    return World(rows_of(folder, FRAME, label="y"), models)


def files_of(artifact: Artifact) -> list[str]:
    """Returns the names of an artifact's files."""
    return sorted(path.name for path in Path(artifact.uri).glob("*"))


def properties_of(artifact: Artifact) -> dict[str, str | int]:
    """Returns an artifact's custom properties."""
    found = artifact.mlmd_artifact.custom_properties
    return {key: value.string_value or value.int_value for key, value in found.items()}
