"""TFX calls `run_fn` in the Trainer."""

import json
import os
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from tfx_rebalance.components.trainer.devices import devices_of
from tfx_rebalance.components.trainer.inputs import Columns, Split, read_split
from tfx_rebalance.components.trainer.model import build_mlp
from tfx_rebalance.components.trainer.priors import (
    Floats,
    class_weights,
    decision_thresholds,
    prior_correction,
    weights_for_mix,
)
from tfx_rebalance.components.trainer.serving import Decision, ServedModel
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.errors import ModelError
from tfx_rebalance.features import VOCABULARY, Features

REPORT = "training.json"
NATURAL_PRIORS = "natural_priors"
VAL_BATCH = 4096


def run_fn(fn_args: FnArgs) -> None:
    """Trains on `train`, stops by `val`, exports the model and writes what it did.

    Raises:
        DataError: If a class has no row.
        ModelError: If the loss is not finite.
    """
    job = Job.of(fn_args)
    keras.utils.set_random_seed(job.settings.seed)
    classes = job.features.classes
    train = read_split(fn_args.train_files, job.columns, classes=classes)
    val = read_split(fn_args.eval_files, job.columns, classes=classes)
    weights = class_weights(train.mass, job.settings.class_weights, classes=classes)
    devices = devices_of(job.settings.accelerator, mixed_precision=job.settings.mixed_precision)
    with devices.scope():
        model = _compiled(job)
    batch_size = job.settings.batch_size * devices.replicas
    trained = train.mass * weights / (train.mass * weights).sum()
    val_weights = weights_for_mix(val.mass, trained)
    history = _fit(
        model,
        train.batches(weights, batch_size=batch_size, seed=job.settings.seed),
        val.batches(val_weights, batch_size=VAL_BATCH, seed=None),
        steps=max(1, train.rows // batch_size),
        settings=job.settings,
    )
    decision, natural = _decision(train, trained, job)
    served = ServedModel(
        model, decision, features=job.features, columns=job.columns, transform=job.transform
    )
    served.save(fn_args.serving_model_dir)
    report = {
        "class_weights": dict(zip(classes, weights.tolist(), strict=True)),
        "train_mass": dict(zip(classes, train.mass.tolist(), strict=True)),
        "natural_priors": dict(zip(classes, natural.tolist(), strict=True)),
        "thresholds": dict(zip(classes, decision.thresholds.tolist(), strict=True)),
        "devices": list(devices.names),
        "replicas": devices.replicas,
        "precision": devices.precision,
        "batch_size": batch_size,
        "epochs": len(history["loss"]),
        "history": history,
    }
    _write_json(os.path.join(fn_args.model_run_dir, REPORT), report)


@dataclass(frozen=True)
class Job:
    """What TFX handed over, typed."""

    settings: TrainerSettings
    features: Features
    columns: Columns
    transform: tft.TFTransformOutput
    natural_priors: dict[str, float] | None

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


def _compiled(job: Job) -> keras.Model:
    settings = job.settings
    model = build_mlp(job.columns, settings, classes=len(job.features.classes))
    model.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=settings.xla,
    )
    return model


def _fit(
    model: keras.Model,
    train: tf.data.Dataset,
    val: tf.data.Dataset,
    *,
    steps: int,
    settings: TrainerSettings,
) -> dict[str, list[float]]:
    """Weights go in as a weight per row: `class_weight=` is ignored for some kinds of dataset."""
    history = model.fit(
        train,
        validation_data=val,
        epochs=settings.epochs,
        steps_per_epoch=settings.steps_per_epoch or steps,
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.EarlyStopping(
                "val_loss", patience=settings.patience, restore_best_weights=True
            ),
        ],
        verbose=2,
    ).history
    if not np.isfinite(history["loss"]).all():
        raise ModelError(
            f"the loss became {history['loss'][-1]} in epoch {len(history['loss'])}. Lower "
            f"trainer.learning_rate (now {settings.learning_rate:g}) or the largest of "
            "trainer.class_weights."
        )
    return {name: [float(v) for v in values] for name, values in history.items()}


def _decision(train: Split, trained: Floats, job: Job) -> tuple[Decision, Floats]:
    natural = train.mass / train.mass.sum()
    if job.natural_priors:
        natural = np.array([job.natural_priors[name] for name in job.features.classes])
    decision = Decision(
        correction=prior_correction(natural, trained),
        thresholds=decision_thresholds(natural, job.settings.decision),
    )
    return decision, natural


def _write_json(path: str, content: dict[str, Any]) -> None:
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(content, indent=2))
