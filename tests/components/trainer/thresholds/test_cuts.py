"""The highest cuts give every class its hits, and no others would where they do not."""

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st
from support.decisions import simulated

from tfx_rebalance.components.trainer.thresholds.cuts import (
    SHADE,
    highest_cuts,
    hits,
    most_precise_cut,
)

WORLD = {"means": (0.0, 1.5, -1.5), "rows": (40, 12, 20)}
SEEDS = st.integers(0, 10_000)


@st.composite
def needs(draw):
    """Returns the hits needed of one to three of the classes."""
    chosen = draw(st.sets(st.integers(0, 2), min_size=1))
    return {c: draw(st.integers(1, WORLD["rows"][c])) for c in sorted(chosen)}


def hits_at(val, cuts):
    decided = (val.logs - cuts).argmax(axis=1)
    return [int((decided[val.labels == c] == c).sum()) for c in range(3)]


def random_cuts(seed, needed):
    """Returns cuts near and far, (5000, 3); 0 for a class without a need."""
    rng = np.random.default_rng(seed)
    cuts = rng.normal(size=(5000, 3)) * rng.choice([0.3, 2, 8], (5000, 1))
    free = [c for c in range(3) if c not in needed]
    cuts[:, free] = 0
    return cuts


def enough(val, cuts, needed):
    """Returns at which of the cuts, (m, 3), every class has the hits it needs, (m,)."""
    decided = (val.logs[None] - cuts[:, None]).argmax(axis=2)
    right = [((decided == c) & (val.labels == c)).sum(axis=1) for c in range(3)]
    return np.all([right[c] >= n for c, n in needed.items()], axis=0)


@example(seed=1241, needed={0: 1, 1: 5})  # They push each other down by nearly nothing.
@given(seed=SEEDS, needed=needs())
def test_every_class_has_its_hits_or_no_cuts_tried_at_random_give_them(seed, needed):
    val = simulated(WORLD, seed=seed)
    found = highest_cuts(val, needed)
    if found.blocked is None:
        at = hits_at(val, found.cuts)
        assert all(at[c] >= n for c, n in needed.items())
        assert at == [hits(val, found.cuts, of=c) for c in range(3)]
    else:
        assert found.blocked in needed
        assert not enough(val, random_cuts(seed, needed), needed).any()


@given(seed=SEEDS, needed=needs())
def test_no_cuts_that_are_enough_are_higher_anywhere(seed, needed):
    """For cuts tried at random around the found ones; the class without a moving cut stays at 0."""
    val = simulated(WORLD, seed=seed)
    found = highest_cuts(val, needed)
    assume(found.blocked is None)
    moving = [c for c in needed if len(needed) < 3 or c != 0]
    tried = np.tile(found.cuts, (2000, 1))
    noise = np.random.default_rng(seed).normal(size=(2000, len(moving)))
    tried[:, moving] += noise
    good = tried[enough(val, tried, needed)]
    assert (good <= found.cuts + 4 * SHADE + found.slack).all()


@given(seed=SEEDS, needed=st.integers(1, 12))
def test_the_most_precise_cut_is_no_higher_and_no_less_precise(seed, needed):
    val = simulated(WORLD, seed=seed)
    cuts = highest_cuts(val, {1: needed}).cuts

    def precision(values):
        decided = (val.logs - values).argmax(axis=1)
        return np.mean(val.labels[decided == 1] == 1)

    before, moved = precision(cuts), cuts.copy()
    moved[1] = most_precise_cut(val, cuts, of=1)
    assert moved[1] <= cuts[1]
    assert precision(moved) >= before
    for lower in np.linspace(0, 6, 40):
        assert precision(cuts - lower * np.eye(3)[1]) <= precision(moved) + 1e-12
