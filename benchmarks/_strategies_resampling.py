"""The variants of `strategies.py`, and a training part resampled in memory by our strategies."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfx_rebalance.components.rebalance.records.rows import Floats, Rows
from tfx_rebalance.components.rebalance.registry import strategy_named
from tfx_rebalance.components.rebalance.strategy import (
    Chosen,
    Informed,
    Labels,
    Sampler,
    Split,
    Strategy,
    Synthesizer,
    Verdict,
    Wanted,
)
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    InformedOverSampler,
    around_class,
    class_draws,
    grown,
)
from tfx_rebalance.components.rebalance.synthesis.interpolation import born
from tfx_rebalance.components.rebalance.targets.plan import (
    SplitPlan,
    copies_per_row,
    resampled_class,
    row_draws,
    with_cuts,
)
from tfx_rebalance.components.rebalance.targets.quota import cut_of
from tfx_rebalance.components.rebalance.targets.sampling_strategy import SamplingStrategy
from tfx_rebalance.components.trainer.priors import class_weights


@dataclass(frozen=True)
class Variant:
    """What is done to the training part."""

    strategy: str = "none"
    upweight: bool = False
    class_weights: str = "none"
    times: int | None = None
    """Classes are cut to so many times the smallest instead of to its size."""


NONE = "none"
VARIANTS: Mapping[str, Variant] = {
    NONE: Variant(),
    "class weights": Variant(class_weights="balanced"),
    "undersample": Variant("undersample"),
    "undersample + upweight": Variant("undersample", upweight=True),
    "undersample 10:1": Variant("undersample", times=10),
    "undersample 10:1 + upweight": Variant("undersample", upweight=True, times=10),
    "oversample": Variant("oversample"),
    "smote": Variant("smote"),
    "borderline_smote": Variant("borderline_smote"),
    "adasyn": Variant("adasyn"),
    "smote_tomek": Variant("smote_tomek"),
    "smote_enn": Variant("smote_enn"),
    "tomek_links": Variant("tomek_links"),
    "near_miss": Variant("near_miss"),
}
"""Towards equal classes, with default parameters, unless a variant says otherwise."""


@dataclass(frozen=True)
class Training:
    """What a model is fitted on."""

    rows: Rows
    labels: Labels
    weights: Floats
    """(n,): `example_weight` times class weight."""


def resampled(split: Split, variant: Variant, *, seed: int) -> Training:
    """Returns the training part as the variant leaves it."""
    wanted: SamplingStrategy = "auto"
    if variant.times:
        counts = class_counts(split.labels)
        most = variant.times * min(counts.values())
        wanted = {label: min(n, most) for label, n in counts.items()}
    training = resampled_to(split, variant, wanted, seed=seed)
    return _weighted(training, variant.class_weights)


def resampled_to(
    split: Split, variant: Variant, wanted: SamplingStrategy, *, seed: int
) -> Training:
    """Returns the training part as the variant's strategy leaves it, without class weights.

    Args:
        split: The training part.
        variant: The strategy, and whether it upweights.
        wanted: The strategy's `sampling_strategy`; classes are named by their index.
        seed: Of the draws.
    """
    strategy, counts = strategy_named(variant.strategy), class_counts(split.labels)
    targets = {int(label): n for label, n in strategy.targets(counts, wanted).items()}
    if isinstance(strategy, Sampler):
        return _sampled(split, targets, upweight=variant.upweight, seed=seed)
    cleaned = strategy.chosen(counts, wanted) if isinstance(strategy, Informed) else []
    return _judged(split, strategy, Wanted(targets, [int(label) for label in cleaned], seed))


def class_counts(labels: Labels) -> dict[str, int]:
    """Returns the rows of each class, which is named by its index."""
    return {str(c): n for c, n in enumerate(np.bincount(labels).tolist())}


def _sampled(split: Split, targets: Mapping[int, int], *, upweight: bool, seed: int) -> Training:
    """Returns the rows that the component emits, and their `example_weight`."""
    draws = row_draws(split.keys, seed=seed)
    counts = np.bincount(split.labels).tolist()
    plans = [resampled_class(n, targets[c], upweight=upweight) for c, n in enumerate(counts)]
    plan = SplitPlan(tuple(plans), unlabelled=0, pass_on=False, shards=1)
    cuts = {
        c: cut_of(draws[split.labels == c], one.extra) for c, one in enumerate(plans) if one.extra
    }
    copies = copies_per_row(split.labels, draws, with_cuts(plan, cuts))
    emitted = np.repeat(np.arange(len(split.labels)), copies)
    labels = split.labels[emitted]
    return Training(split.rows.take(emitted), labels, np.array([p.weight for p in plans])[labels])


def _judged(split: Split, strategy: Strategy, wanted: Wanted) -> Training:
    """Returns the rows that stay and the new ones behind them."""
    if isinstance(strategy, Synthesizer):
        verdict = _verdict(split, strategy, wanted)
    elif isinstance(strategy, Informed):
        verdict = strategy.judged(split, wanted)
    else:
        raise TypeError(f"strategy must be a Synthesizer or Informed, got {strategy!r}.")
    parts, labels = [split.rows.take(verdict.kept)], [split.labels[verdict.kept]]
    # Whose neighbours vote on the categories of new rows; the others make none.
    k = strategy.k_neighbors if isinstance(strategy, Synthesizer | InformedOverSampler) else 0
    for label, pairs in verdict.pairs.items():
        around = around_class(split, label, k=k)
        parts.append(born(around.rows, pairs, around.neighbours).rows)
        labels.append(np.full(len(pairs), label))
    rows = Rows(
        np.concatenate([part.numeric for part in parts]),
        np.concatenate([part.nominal for part in parts]),
    )
    return Training(rows, np.concatenate(labels), np.ones(len(rows)))


def _verdict(split: Split, strategy: Synthesizer, wanted: Wanted) -> Verdict:
    def choose(label: int, new: int) -> Chosen:
        around = around_class(split, label, k=strategy.k_neighbors, m=strategy.m)
        return strategy.pairs(around, new, class_draws(split, label, seed=wanted.seed))

    return grown(split, wanted, choose)


def _weighted(training: Training, scheme: str) -> Training:
    mass = np.bincount(training.labels, training.weights).astype(np.float64)
    names = tuple(map(str, range(len(mass))))
    weights = class_weights(mass, scheme, classes=names)[training.labels]
    return Training(training.rows, training.labels, training.weights * weights)
