"""What `quality.py` trains on each data set.

What differs from the examples was chosen by `val` and `eval` of resplits 100 and 101, which are
none of those that are measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from _quality_data import Table
from _quality_models import Treatment
from _strategies_resampling import class_counts

from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.scores import Ints

Given = Mapping[str, Any]
"""Keys of `TrainerSettings` -> values."""

EXAMPLE, CHOSEN, TREES = "example", "chosen", "boosted trees"
MEMBERS = 3
ENSEMBLES: Mapping[str, Given] = {
    "bagging": {"method": "bagging"},
    "easy_ensemble": {"method": "easy_ensemble"},
    "self_paced": {"method": "self_paced"},
}
NONE = "none"
RATIO = 10
"""Resampling goes so far, or to equal classes where the data are within it already."""
HONEST: Given = {"stop_on": "log_loss", "class_weights": "none"}
"""What leaves the probabilities to the data."""


@dataclass(frozen=True)
class Promised:
    """A recall that is promised on a data set."""

    label: str
    recall: float
    settings: Given


@dataclass(frozen=True)
class Plan:
    """What is trained on a data set."""

    chosen: Given
    """Over the example's settings; nothing is resampled."""
    member: Given
    """Of ensembles, over `chosen`."""
    treated: Given
    """What all treatments share, over the example's settings."""
    promised: Promised | None = None
    others: int = 1
    """Resplits on which the example and ensembles are measured, from the first on."""
    ratio: int = 10
    """Rows of a class that a member sees at most / of the rarest."""


def _mlp(*units: int, dropout: float) -> Given:
    return {"model": "mlp", "model_parameters": {"hidden_units": units, "dropout": dropout}}


PLANS: Mapping[str, Plan] = {
    "mammography": Plan(
        chosen=HONEST,
        member={"epochs": 30},
        others=3,
        treated={**HONEST, "epochs": 30},
        promised=Promised("1", 0.8, {**HONEST, "epochs": 12}),
    ),
    "adult": Plan(
        chosen={
            **HONEST,
            **_mlp(128, 64, dropout=0.3),
            "batch_size": 256,
            "learning_rate": 5e-4,
            "epochs": 40,
        },
        member={"epochs": 20},
        treated={**HONEST, "epochs": 12},
        promised=Promised(">50K", 0.85, {**HONEST, "epochs": 5}),
        ratio=1,
    ),
    "nsl_kdd": Plan(
        chosen={
            **HONEST,
            "model": "residual_mlp",
            "model_parameters": {"width": 128},
            "epochs": 30,
        },
        member={"epochs": 6},
        treated={**HONEST, "epochs": 10},
    ),
    "covertype": Plan(
        chosen={
            **HONEST,
            **_mlp(512, 256, dropout=0.05),
            "batch_size": 1024,
            "learning_rate": 2e-3,
            "epochs": 40,
        },
        member={**_mlp(256, 128, dropout=0.0), "epochs": 15},
        treated={
            **HONEST,
            **_mlp(256, 128, dropout=0.0),
            "batch_size": 1024,
            "learning_rate": 2e-3,
            "epochs": 15,
        },
    ),
}


@dataclass(frozen=True)
class Job:
    """A model to be trained."""

    settings: TrainerSettings
    treatment: Treatment = field(default_factory=Treatment)


def compared(name: str, table: Table) -> dict[str, Job]:
    """Returns the rows of ours in the table of quality."""
    plan, rebalance = PLANS[name], table.config.rebalance
    example = Treatment(rebalance.strategy, rebalance.sampling_strategy)
    jobs = {
        EXAMPLE: Job(table.config.trainer, example),
        CHOSEN: Job(settings_of(table, plan.chosen)),
    }
    shared = {"members": MEMBERS, "ratio": plan.ratio}
    for method, ensemble in ENSEMBLES.items():
        given = {**plan.chosen, **plan.member, "ensemble": {**ensemble, **shared}}
        jobs[method] = Job(settings_of(table, given))
    return jobs


def treated(name: str, table: Table, train: Ints) -> dict[str, Job]:
    """Returns the treatments, `none` first.

    Args:
        name: Of the data set.
        table: The data set.
        train: Class indices of the training rows, (n,).
    """
    given = PLANS[name].treated
    plain = settings_of(table, given)
    losses = {
        "class weights": {"class_weights": "balanced"},
        "focal": {"loss": "focal"},
        "logit_adjusted": {"loss": "logit_adjusted"},
    }
    jobs = {NONE: Job(plain)}
    jobs |= {label: Job(settings_of(table, {**given, **more})) for label, more in losses.items()}
    grown, cut = grown_rows(train), cut_rows(train)
    jobs |= {
        label: Job(plain, Treatment(label, _named(rows, table.classes)))
        for label, rows in (("oversample", grown), ("smote", grown), ("undersample", cut))
    }
    return jobs


def settings_of(table: Table, given: Given) -> TrainerSettings:
    """Returns the example's settings with some in their place."""
    return TrainerSettings.model_validate({**table.config.trainer.model_dump(), **given})


def grown_rows(labels: Ints) -> list[int]:
    """Returns rows per class when small classes grow to a tenth of the largest, or to its size."""
    rows = np.array(list(class_counts(labels).values()))
    share = RATIO if rows.max() > RATIO * rows.min() else 1
    return np.maximum(rows, rows.max() // share).tolist()


def cut_rows(labels: Ints) -> list[int]:
    """Returns rows per class when large classes are cut to ten times the smallest, or its size."""
    rows = np.array(list(class_counts(labels).values()))
    times = RATIO if rows.max() > RATIO * rows.min() else 1
    return np.minimum(rows, rows.min() * times).tolist()


def _named(rows: list[int], classes: tuple[str, ...]) -> dict[str, int | float]:
    return dict(zip(classes, rows, strict=True))
