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

from tfx_rebalance import __version__
from tfx_rebalance.components.trainer.checkpoints import Checkpoints
from tfx_rebalance.components.trainer.columns import Columns, ImageColumn
from tfx_rebalance.components.trainer.deciding import decide
from tfx_rebalance.components.trainer.devices import log_devices
from tfx_rebalance.components.trainer.inputs import Split, read_split
from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.components.trainer.report import training_report
from tfx_rebalance.components.trainer.serving import ServedModel
from tfx_rebalance.components.trainer.settings import GateToPass, TrainerSettings
from tfx_rebalance.components.trainer.training import learn
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import VOCABULARY, Features
from tfx_rebalance.files import TRAINING_FILE

TENSORBOARD = "tensorboard"
NATURAL_PRIORS = "natural_priors"


def run_fn(fn_args: FnArgs) -> None:
    """Trains on `train`, stops by `val`, exports the model and writes what it did.

    Raises:
        ConfigError: If what a Tuner found does not fit the settings.
        DataError: If a class has no row.
        ModelError: If there is no GPU where one is asked for, the loss is not finite, or no
            decision keeps what the rule promises.
    """
    job = Job.of(fn_args)
    log_devices(job.settings.accelerator, mixed_precision=job.settings.mixed_precision)
    classes = job.features.classes
    train = read_split(fn_args.train_files, job.columns, classes=classes)
    val = read_split(fn_args.eval_files, job.columns, classes=classes)
    natural = job.natural(train)
    checkpoints = job.checkpoints(fn_args)
    logs = os.path.join(fn_args.model_run_dir, TENSORBOARD)
    learned = learn(
        train,
        val,
        job.settings,
        classes=classes,
        natural=natural,
        checkpoints=checkpoints,
        logs=logs,
    )
    decided = decide(learned, val, job.settings, natural=natural, classes=classes, gate=job.gate)
    served = ServedModel(
        learned.models, decided, features=job.features, columns=job.columns, transform=job.transform
    )
    served.save(fn_args.serving_model_dir)
    unfinished = checkpoints.others() if checkpoints else []
    report = training_report(train, learned, decided, job.settings, unfinished=unfinished)
    _write_json(os.path.join(fn_args.model_run_dir, TRAINING_FILE), report)
    if checkpoints is not None:
        checkpoints.remove()


@dataclass(frozen=True)
class Job:
    """What TFX handed over, typed."""

    settings: TrainerSettings
    features: Features
    columns: Columns
    transform: tft.TFTransformOutput
    natural_priors: dict[str, float] | None
    gate: GateToPass | None
    checkpoint_base: str | None

    @classmethod
    def of(cls, fn_args: FnArgs) -> "Job":
        """Reads `custom_config` and the transform graph."""
        custom = fn_args.custom_config
        features = Features.model_validate_json(custom["features"])
        transform = tft.TFTransformOutput(fn_args.transform_graph_path)
        return cls(
            settings=_settings(custom["settings"], fn_args.hyperparameters),
            features=features,
            columns=_columns(features, transform),
            transform=transform,
            natural_priors=_natural_priors(custom.get("rebalance_report")),
            gate=GateToPass.model_validate_json(custom["gate"]) if custom.get("gate") else None,
            checkpoint_base=custom.get("checkpoints"),
        )

    def natural(self, train: Split) -> Floats:
        """Returns the natural priors, (classes,): those of `train` where no report tells them."""
        if self.natural_priors:
            return np.array([self.natural_priors[name] for name in self.features.classes])
        natural: Floats = train.mass / train.mass.sum()
        return natural

    def checkpoints(self, fn_args: FnArgs) -> Checkpoints | None:
        """Opens the folder of this training; None: it is not to survive a kill."""
        if self.checkpoint_base is None:
            return None
        return Checkpoints.of(
            self.checkpoint_base,
            {
                "trainer": self.settings.model_dump(mode="json"),
                "inputs": self.features.model_dump(mode="json"),
                "data": [*fn_args.train_files, *fn_args.eval_files, fn_args.transform_output],
                "versions": {"tfx_rebalance": __version__, "keras": keras.__version__},
            },
        )


def _settings(text: str, hyperparameters: dict[str, Any] | None) -> TrainerSettings:
    """Returns the settings, with what a tuner found in the place of what it searched."""
    settings = TrainerSettings.model_validate_json(text)
    if hyperparameters is None:
        return settings
    try:
        return settings.with_hyperparameters(hyperparameters["values"])
    except ConfigError as error:
        text = str(error).rstrip(".")
        raise ConfigError(
            f"the hyperparameters of an earlier search do not fit trainer: {text}. Search again, "
            "or set tuner: null."
        ) from None


def _columns(features: Features, transform: tft.TFTransformOutput) -> Columns:
    spec = transform.transformed_feature_spec()
    images = [ImageColumn(f.name, tuple(spec[f.name].shape)) for f in features.images]
    pixels = {image.name for image in images}
    numeric = [n for n in sorted(spec) if spec[n].dtype == tf.float32 and n not in pixels]
    categorical = [feature.name for feature in features.categorical]
    size = transform.vocabulary_size_by_name(VOCABULARY) + 1 if categorical else 0
    return Columns(
        numeric=tuple(numeric),
        categorical=tuple(categorical),
        vocabulary_size=size,
        label=features.label,
        images=tuple(images),
    )


def _natural_priors(report_path: str | None) -> dict[str, float] | None:
    if report_path is None:
        return None
    with tf.io.gfile.GFile(report_path) as file:
        priors: dict[str, float] = json.load(file)["splits"]["train"][NATURAL_PRIORS]
    return priors


def _write_json(path: str, content: dict[str, Any]) -> None:
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(content, indent=2))
