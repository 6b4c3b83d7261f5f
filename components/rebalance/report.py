"""What Rebalance did, as it lies in `report.json` of the RebalanceReport artifact."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from tfx_rebalance.components.rebalance.plan import ClassPlan, priors
from tfx_rebalance.components.rebalance.settings import RebalanceSettings


class ClassReport(BaseModel):
    """One class of one split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: int
    after: int
    kept: int
    """Rows of the input that are in the output at least once."""
    duplicated: int
    """Rows of the output beyond a row's first copy."""
    rate: float
    """after / before; 1 for a class without rows."""
    mean_weight: float


class SplitReport(BaseModel):
    """One resampled split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: dict[str, ClassReport]
    natural_priors: dict[str, float]
    """Shares of the rows before; they sum to 1."""
    resulting_priors: dict[str, float]
    """Shares of the mass that training sees, rows times `example_weight`; they sum to 1."""


class Report(BaseModel):
    """All resampled splits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: RebalanceSettings
    splits: dict[str, SplitReport]


def report_of(
    plans: Mapping[str, Sequence[ClassPlan]],
    *,
    settings: RebalanceSettings,
    classes: Sequence[str],
) -> Report:
    """Returns the report of the plans that were carried out, one list per split."""
    return Report(
        settings=settings,
        splits={
            split: _split_report(dict(zip(classes, of_split, strict=True)))
            for split, of_split in plans.items()
        },
    )


def _split_report(plans: Mapping[str, ClassPlan]) -> SplitReport:
    return SplitReport(
        classes={name: _class_report(plan) for name, plan in plans.items()},
        natural_priors=priors({name: plan.before for name, plan in plans.items()}),
        resulting_priors=priors({name: plan.after * plan.weight for name, plan in plans.items()}),
    )


def _class_report(plan: ClassPlan) -> ClassReport:
    kept = min(plan.before, plan.after)
    return ClassReport(
        before=plan.before,
        after=plan.after,
        kept=kept,
        duplicated=plan.after - kept,
        rate=plan.after / plan.before if plan.before else 1.0,
        mean_weight=plan.weight,
    )
