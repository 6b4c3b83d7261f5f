"""What Rebalance did, as it lies in `report.json` of the RebalanceReport artifact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from tfx_rebalance.components.rebalance.images.settings import AugmentSettings
from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.records.children import synthetic
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.strategy import Chosen
from tfx_rebalance.components.rebalance.synthesis.pairs import Indices
from tfx_rebalance.components.rebalance.targets.plan import ClassPlan, SplitPlan, priors


class ClassReport(BaseModel):
    """One class of one split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: int
    after: int
    kept: int
    """Rows of the input that are in the output at least once."""
    duplicated: int
    """Rows of the output that are copies beyond a row's first."""
    synthetic: int
    """Rows of the output that are in the input in no form."""
    rate: float
    """after / before; 1 for a class without rows."""
    mean_weight: float
    k_neighbors: int | None = None
    """Neighbours that a new row's seed could go towards, where neighbours were looked for."""
    neighbour_recall: float | None = None
    """Share of the exact nearest neighbours that were found; null where the search was exact."""
    notes: tuple[str, ...] = ()


class SplitReport(BaseModel):
    """One resampled split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: dict[str, ClassReport]
    natural_priors: dict[str, float]
    """Shares of the rows before; they sum to 1."""
    resulting_priors: dict[str, float]
    """Shares of the mass that training sees, rows times `example_weight`; they sum to 1."""
    unlabelled: int = 0
    """Rows without a label, dropped or passed on as the settings say."""
    shards: int
    skipped_features: dict[str, str] = {}
    """Feature -> why new rows have it from one parent and distances leave it out."""


class Report(BaseModel):
    """All resampled splits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: RebalanceSettings
    splits: dict[str, SplitReport]
    seconds: float
    """From the start of the Beam graph to its end."""
    rows_per_second: float
    """Rows read and rows written in these seconds."""


@dataclass(frozen=True)
class Growth:
    """How the new rows of a class came to be."""

    synthetic: int
    duplicated: int
    k_neighbors: int
    recall: float | None
    notes: tuple[str, ...]


def growth_of(
    chosen: Chosen, neighbours: Indices, *, recall: float | None, wanted_k: int
) -> Growth:
    """Returns what is to be said of the new rows of a class.

    Args:
        chosen: Their parents.
        neighbours: (n, wanted_k), NOBODY after the last.
        recall: Of the neighbours, if they were not searched exactly.
        wanted_k: The neighbours that the settings ask for.
    """
    new = int(synthetic(chosen.pairs).sum())
    known = (neighbours != NOBODY).sum(axis=1)
    k, rows, notes = int(np.median(known)), len(neighbours), list(chosen.notes)
    if rows == 1:
        notes.append("It has one row, which is repeated: there is nothing to interpolate towards.")
    elif known.min() < wanted_k:
        notes.append(
            f"k_neighbors is {known.min()} to {known.max()} instead of {wanted_k}: of {rows} rows "
            "not every one has more that it may go towards."
        )
    return Growth(new, len(chosen.pairs) - new, k, recall, tuple(notes))


def split_report(
    classes: Sequence[str],
    plan: SplitPlan,
    growths: Mapping[int, Growth],
    *,
    settings: RebalanceSettings,
) -> SplitReport:
    """Returns the report of a plan that was carried out.

    Args:
        classes: The classes' names.
        plan: Of the split.
        growths: Class index -> its growth, for each class with new rows.
        settings: What was asked for.
    """
    changed = isinstance(settings.chosen, AugmentSettings)
    plans = dict(zip(classes, plan.classes, strict=True))
    return SplitReport(
        classes={
            name: _class_report(of_class, growths.get(i), changed=changed)
            for i, (name, of_class) in enumerate(plans.items())
        },
        natural_priors=priors({name: p.before for name, p in plans.items()}),
        resulting_priors=priors({name: p.after * p.weight for name, p in plans.items()}),
        unlabelled=plan.unlabelled,
        shards=plan.shards,
    )


def _class_report(plan: ClassPlan, growth: Growth | None, *, changed: bool) -> ClassReport:
    again = plan.after - plan.born - plan.kept
    new, copies = (again, 0) if changed else (0, again)
    return ClassReport(
        before=plan.before,
        after=plan.after,
        kept=plan.kept,
        duplicated=copies + (growth.duplicated if growth else 0),
        synthetic=new + (growth.synthetic if growth else 0),
        rate=plan.after / plan.before if plan.before else 1.0,
        mean_weight=plan.weight,
        k_neighbors=growth.k_neighbors if growth else None,
        neighbour_recall=growth.recall if growth else None,
        notes=(*plan.notes, *(growth.notes if growth else ())),
    )
