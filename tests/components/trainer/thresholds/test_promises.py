"""Hits needed for a promise, against the bounds and chances they stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.trainer.thresholds.promises import (
    Bar,
    chance_to_pass,
    hits_for_power,
    hits_to_pass,
    hits_to_promise,
)
from tfx_rebalance.intervals import clopper_pearson_lower, positives_to_prove


@given(rows=st.integers(0, 3000), recall=st.floats(0.05, 0.99), confidence=st.floats(0.6, 0.999))
def test_the_hits_promised_are_the_fewest_whose_clopper_pearson_bound_reaches_the_recall(
    rows, recall, confidence
):
    hits = hits_to_promise(recall, rows, confidence=confidence)
    if hits is None:
        assert rows < positives_to_prove(recall, confidence=confidence)
        return
    assert clopper_pearson_lower(hits, rows, confidence=confidence) >= recall - 1e-9
    assert clopper_pearson_lower(hits - 1, rows, confidence=confidence) < recall + 1e-9


@given(positives=st.integers(0, 300), recall=st.floats(0.1, 0.95), rows=st.integers(1, 400))
def test_power_needs_the_fewest_hits_and_more_hits_are_never_worse(positives, recall, rows):
    bar = Bar(recall=recall, positives=positives)
    chances = [chance_to_pass(k, rows, bar=bar) for k in range(1, rows + 1, 1 + rows // 20)]
    assert (np.diff(chances) >= -1e-9).all()
    hits = hits_for_power(rows, bar=bar, power=0.9)
    if hits is None:
        assert chance_to_pass(rows, rows, bar=bar) < 0.9
    else:
        assert chance_to_pass(hits, rows, bar=bar) >= 0.9
        assert chance_to_pass(hits - 1, rows, bar=bar) < 0.9


def test_the_gate_needs_the_hits_of_clopper_pearson():
    assert hits_to_pass(Bar(recall=0.8, positives=13)) is None
    assert hits_to_pass(Bar(recall=0.8, positives=14)) == 14
    assert hits_to_pass(Bar(recall=0.8, positives=500)) == 416


def test_the_chance_to_pass_is_that_of_two_samples_of_one_distribution():
    rng = np.random.default_rng(0)
    bar, rows, hits, draws = Bar(recall=0.6, positives=40), 50, 41, 20_000
    val, evaluated = rng.random((draws, rows)), rng.random((draws, bar.positives))
    cuts = np.sort(val, axis=1)[:, rows - hits]
    passed = (evaluated >= cuts[:, None]).sum(axis=1) >= hits_to_pass(bar)
    chance = chance_to_pass(hits, rows, bar=bar)
    assert 0.1 < chance < 0.9
    assert passed.mean() == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / draws))
