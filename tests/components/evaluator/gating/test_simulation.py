"""The gate's errors, drawn: 2,000 eval splits each, one seed."""

import numpy as np
import pytest
from scipy.stats import binom

from tfx_rebalance.components.evaluator.gating.champion import (
    Paired,
    judge_difference,
    p_value,
)
from tfx_rebalance.components.evaluator.gating.counts import Counts, SliceCounts
from tfx_rebalance.components.evaluator.gating.decide import decide
from tfx_rebalance.components.evaluator.gating.power import hits_to_fail
from tfx_rebalance.components.evaluator.gating.shares import Rule
from tfx_rebalance.components.evaluator.settings import ChampionSettings, GateSettings

DRAWS = 2_000
CLASSES = ("no", "yes")
ALPHA = 0.05
TWO_SIGMA = 2 * np.sqrt(ALPHA * (1 - ALPHA) / DRAWS)
BY_COUNTRY = {"features": ("country",), "min_recall": {"yes": 0.8}}
DEFAULT_MARGIN = ChampionSettings().margin


def counts_of(hits, rows, *, slices=()):
    """Returns what was counted: the other class is found as it should be."""
    return Counts(matrix(hits, rows), slices, cold_start=True)


def matrix(hits, rows):
    return np.array([[990, 10], [rows - hits, hits]])


def share_released(recall, rows, **settings):
    """Returns how often a model of that true recall is released at a bar of 0.80."""
    gate = GateSettings(min_recall={"yes": 0.8}, **settings)
    drawn = np.random.default_rng(6).binomial(rows, recall, DRAWS)
    values, times = np.unique(drawn, return_counts=True)
    passed = [decide(counts_of(int(v), rows), gate, CLASSES).passed for v in values]
    return float(times[passed].sum() / DRAWS)


@pytest.mark.parametrize("interval", ["clopper_pearson", "wilson"])
def test_of_models_with_a_recall_of_070_and_20_rows_few_are_released(interval):
    assert share_released(0.70, 20, interval=interval) <= 0.05


@pytest.mark.parametrize("interval", ["clopper_pearson", "wilson"])
def test_of_models_with_a_recall_of_095_and_200_rows_nearly_all_are_released(interval):
    assert share_released(0.95, 200, interval=interval) >= 0.95


def test_a_small_slice_never_blocks_by_itself():
    gate = GateSettings(
        min_recall={"yes": 0.8},
        slices=[{**BY_COUNTRY, "insufficient": "pass"}],
    )
    for rows in range(20):
        for hits in range(rows + 1):
            part = SliceCounts({"country": "AT"}, matrix(hits, rows))
            assert decide(counts_of(195, 200, slices=[part]), gate, CLASSES).passed


def share_blocked_by_slices(recall, rows):
    """Returns how often a model of that true recall in 30 slices is blocked by one."""
    gate = GateSettings(min_recall={"no": 0.5}, slices=[BY_COUNTRY])
    drawn = np.random.default_rng(6).binomial(rows, recall, (DRAWS, 30))
    # Holm's first step is the worst slice's: draws with the same worst one end the same.
    blocked, worst = 0, drawn.min(axis=1)
    for hits, times in zip(*np.unique(worst, return_counts=True), strict=True):
        row = drawn[worst == hits][0]
        parts = [SliceCounts({"country": str(i)}, matrix(int(h), rows)) for i, h in enumerate(row)]
        counts = counts_of(195, 200, slices=parts)
        blocked += int(times) * (not decide(counts, gate, CLASSES).passed)
    return blocked / DRAWS


@pytest.mark.parametrize("rows", [25, 60, 200])
@pytest.mark.parametrize("recall", [0.82, 0.85, 0.9])
def test_over_30_slices_a_model_that_meets_every_bar_is_hardly_ever_blocked(rows, recall):
    assert share_blocked_by_slices(recall, rows) <= ALPHA


@pytest.mark.parametrize("rows", [25, 60, 200])
def test_nor_is_one_whose_recall_is_the_bar_in_each_of_them(rows):
    most = int(hits_to_fail(rows, Rule(0.8, factor=30)))
    assert 1 - (1 - binom.cdf(most, rows, 0.8)) ** 30 <= ALPHA
    assert share_blocked_by_slices(0.8, rows) <= ALPHA + TWO_SIGMA


def share_passed(rows, gained, lost, *, margin):
    """Returns how often the paired test passes where rows are gained and lost so often."""
    drawn = np.random.default_rng(6).multinomial(rows, [gained, lost, 1 - gained - lost], DRAWS)
    kinds, times = np.unique(drawn, axis=0, return_counts=True)
    passed = [
        p_value(Paired(n, g, m, 0), difference=-margin) <= ALPHA for g, m, n in kinds.tolist()
    ]
    return float(times[passed].sum() / DRAWS)


@pytest.mark.parametrize("rows", [20, 50, 200, 500])
@pytest.mark.parametrize("discordant", [0.1, 0.15, 0.3])
@pytest.mark.parametrize("margin", [0.05, 0.1])
def test_a_model_that_lost_the_margin_passes_at_most_as_often_as_said(rows, discordant, margin):
    gained, lost = (discordant - margin) / 2, (discordant + margin) / 2
    assert share_passed(rows, gained, lost, margin=margin) <= ALPHA + TWO_SIGMA


def test_an_equal_model_with_500_rows_passes_at_a_margin_of_005():
    assert share_passed(500, 0.05, 0.05, margin=0.05) >= 0.95


@pytest.mark.parametrize("discordant", [0.1, 0.15, 0.2])
def test_an_equally_good_retrain_with_200_rows_is_seldom_blocked(discordant):
    half = discordant / 2
    assert share_passed(200, half, half, margin=DEFAULT_MARGIN) >= 0.80
    assert judge_difference(Paired(180, 10, 10, 0), margin=0.1, confidence=0.95) == "pass"
