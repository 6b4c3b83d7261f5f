"""The three parts of `quality.py`, each on one data set."""

import sys
import time
from collections.abc import Mapping

import numpy as np
from _quality_data import Table, dealt
from _quality_models import Resplit, Scores, Treatment, baseline, ours, served
from _quality_plans import (
    CHOSEN,
    PLANS,
    TREES,
    Job,
    Promised,
    compared,
    settings_of,
    treated,
)
from _quality_results import ByModel, Kept

from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.errors import ModelError
from tfx_rebalance.scores import confusion, recalls


def quality_of(name: str, table: Table, *, resplits: int, of_others: int) -> ByModel:
    """Returns the scores of the boosted trees and of ours.

    Args:
        name: Of the data set.
        table: The data set.
        resplits: How many; of the boosted trees and `chosen`.
        of_others: On how many of them the example and ensembles are measured.
    """
    scores: dict[str, list[Scores]] = {}
    for seed in range(resplits):
        resplit = Resplit.of(table, dealt(table.labels, seed=seed))
        scores.setdefault(TREES, []).append(baseline(resplit, seed=seed))
        jobs = compared(name, table)
        some = jobs if seed < of_others else {CHOSEN: jobs[CHOSEN]}
        _add(scores, resplit, some, seed=seed)
        _tell(f"{name}, quality, resplit {seed}", scores)
    return scores


def treatments_of(name: str, table: Table, *, resplits: int) -> ByModel:
    """Returns the scores after each treatment."""
    scores: dict[str, list[Scores]] = {}
    for seed in range(resplits):
        resplit = Resplit.of(table, dealt(table.labels, seed=seed))
        jobs = treated(name, table, resplit.labels(resplit.dealt.train))
        _add(scores, resplit, jobs, seed=seed)
        _tell(f"{name}, treatments, resplit {seed}", scores)
    return scores


def promise_of(name: str, table: Table, *, resplits: int) -> Kept:
    """Returns the recalls on `eval` where a recall was promised on `val`.

    Raises:
        ValueError: If the data set's plan has no promise.
    """
    promised = PLANS[name].promised
    if promised is None:
        raise ValueError(f"the plan of {name!r} promises nothing. Give it a promise.")
    reached = []
    for seed in range(resplits):
        started = time.monotonic()
        resplit = Resplit.of(table, dealt(table.labels, seed=seed))
        reached.append(_recall(resplit, promised, seed=seed))
        seconds = time.monotonic() - started
        line = f"{name}, promise, resplit {seed}: {reached[-1]:.3f}, {seconds:.1f} s"
        print(line, file=sys.stderr, flush=True)
    return Kept(promised.label, promised.recall, reached)


def _recall(resplit: Resplit, promised: Promised, *, seed: int) -> float:
    """Returns the promised class's recall on `eval`, NaN if no decision keeps it on `val`."""
    rule = {"min_recall": {promised.label: promised.recall}}
    given = {**promised.settings, "decision": "min_recall", "decision_parameters": rule}
    settings = _seeded(settings_of(resplit.table, given), seed=seed)
    try:
        model = served(resplit, settings, Treatment())
    except ModelError as error:
        print(f"refused: {error}", file=sys.stderr)
        return float("nan")
    rows, classes = resplit.dealt.eval, resplit.table.classes
    decisions = model.decisions(model.probabilities(resplit, rows))
    counts = confusion(resplit.labels(rows), decisions, classes=len(classes))
    return float(recalls(counts)[classes.index(promised.label)])


def _add(
    scores: dict[str, list[Scores]], resplit: Resplit, jobs: Mapping[str, Job], *, seed: int
) -> None:
    for model, job in jobs.items():
        found = ours(resplit, _seeded(job.settings, seed=seed), job.treatment)
        scores.setdefault(model, []).append(found)


def _seeded(settings: TrainerSettings, *, seed: int) -> TrainerSettings:
    return settings.model_copy(update={"seed": seed})


def _tell(what: str, scores: Mapping[str, list[Scores]]) -> None:
    """Says what the resplit just measured has taken, and how it went."""
    last = max(len(found) for found in scores.values())
    of_last = {model: found[-1] for model, found in scores.items() if len(found) == last}
    seconds = np.sum([found["seconds"] for found in of_last.values()])
    print(f"{what}: {seconds:.0f} s", file=sys.stderr)
    for model, found in of_last.items():
        values = ", ".join(f"{score} {value:.4f}" for score, value in found.items())
        print(f"  {model}: {values}", file=sys.stderr, flush=True)
