"""TFX calls `run_fn` in the Trainer."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from tfx_rebalance.components.trainer.deciding import Decided, decide
from tfx_rebalance.components.trainer.inputs import Columns, Split, read_split
from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.components.trainer.serving import ServedModel
from tfx_rebalance.components.trainer.settings import GateToPass, TrainerSettings
from tfx_rebalance.components.trainer.training import Learned, learn
from tfx_rebalance.features import VOCABULARY, Features

REPORT = "training.json"
NATURAL_PRIORS = "natural_priors"


def run_fn(fn_args: FnArgs) -> None:
    """Trains on `train`, stops by `val`, exports the model and writes what it did.

    Raises:
        DataError: If a class has no row.
        ModelError: If the loss is not finite, or no decision keeps what the rule promises.
    """
    job = Job.of(fn_args)
    keras.utils.set_random_seed(job.settings.seed)
    classes = job.features.classes
    train = read_split(fn_args.train_files, job.columns, classes=classes)
    val = read_split(fn_args.eval_files, job.columns, classes=classes)
    learned = learn(train, val, job.settings, classes=classes)
    decided = decide(
        learned,
        val,
        job.settings,
        natural=_natural(train, job),
        classes=classes,
        gate=job.gate,
    )
    served = ServedModel(
        learned.model, decided, features=job.features, columns=job.columns, transform=job.transform
    )
    served.save(fn_args.serving_model_dir)
    report = _report(job, train, learned, decided)
    _write_json(os.path.join(fn_args.model_run_dir, REPORT), report)


@dataclass(frozen=True)
class Job:
    """What TFX handed over, typed."""

    settings: TrainerSettings
    features: Features
    columns: Columns
    transform: tft.TFTransformOutput
    natural_priors: dict[str, float] | None
    gate: GateToPass | None

    @classmethod
    def of(cls, fn_args: FnArgs) -> "Job":
        """Reads `custom_config` and the transform graph."""
        custom = fn_args.custom_config
        features = Features.model_validate_json(custom["features"])
        transform = tft.TFTransformOutput(fn_args.transform_output)
        return cls(
            settings=TrainerSettings.model_validate_json(custom["settings"]),
            features=features,
            columns=_columns(features, transform),
            transform=transform,
            natural_priors=_natural_priors(custom.get("rebalance_report")),
            gate=GateToPass.model_validate_json(custom["gate"]) if custom.get("gate") else None,
        )


def _columns(features: Features, transform: tft.TFTransformOutput) -> Columns:
    spec = transform.transformed_feature_spec()
    numeric = [name for name in sorted(spec) if spec[name].dtype == tf.float32]
    categorical = [feature.name for feature in features.categorical]
    size = transform.vocabulary_size_by_name(VOCABULARY) + 1 if categorical else 0
    return Columns(
        numeric=tuple(numeric),
        categorical=tuple(categorical),
        vocabulary_size=size,
        label=features.label,
    )


def _natural_priors(report_path: str | None) -> dict[str, float] | None:
    if report_path is None:
        return None
    with tf.io.gfile.GFile(report_path) as file:
        priors: dict[str, float] = json.load(file)["splits"]["train"][NATURAL_PRIORS]
    return priors


def _natural(train: Split, job: Job) -> Floats:
    if job.natural_priors:
        return np.array([job.natural_priors[name] for name in job.features.classes])
    natural: Floats = train.mass / train.mass.sum()
    return natural


def _report(job: Job, train: Split, learned: Learned, decided: Decided) -> dict[str, Any]:
    def by_class(numbers: Sequence[float] | Floats) -> dict[str, float]:
        return dict(zip(job.features.classes, map(float, numbers), strict=True))

    thresholds = decided.decision.thresholds
    return {
        "class_weights": by_class(learned.weights),
        "train_mass": by_class(train.mass),
        "natural_priors": by_class(decided.natural),
        "loss": job.settings.loss,
        "logits_prior": by_class(learned.prior),
        "calibration": decided.calibration.model_dump(),
        "thresholds": None if thresholds is None else by_class(thresholds),
        "decision": decided.decision.model_dump(),
        "devices": list(learned.devices.names),
        "replicas": learned.devices.replicas,
        "precision": learned.devices.precision,
        "batch_size": learned.batch_size,
        "epochs": len(learned.history["loss"]),
        "history": learned.history,
    }


def _write_json(path: str, content: dict[str, Any]) -> None:
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(content, indent=2))
