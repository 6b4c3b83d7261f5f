"""What the tests of the SMOTE family share: random splits, and what any choice of pairs keeps."""

import numpy as np
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from support.splits import split_of, wanted_of

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.strategy import Split
from tfx_rebalance.components.rebalance.synthesis.in_memory import around_class, class_draws
from tfx_rebalance.components.rebalance.synthesis.interpolation import born

SEEDS = st.integers(0, 2**40)
KINDS = ("numbers", "missing", "mixed", "equal")


@st.composite
def splits(draw, *, kinds=KINDS):
    """Returns a split: class 0 is the largest, class 1 has 1 to 25 rows, there may be a class 2."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = [draw(st.integers(25, 40)), draw(st.integers(1, 25)), draw(st.integers(0, 10))]
    labels = rng.permutation(np.repeat(np.arange(3), sizes))
    numeric = rng.normal(size=(len(labels), 3)) + labels[:, np.newaxis] * draw(st.floats(0, 3))
    nominal = None
    kind = draw(st.sampled_from(kinds))
    if kind == "missing":
        numeric[rng.random(numeric.shape) < 0.3] = np.nan
    if kind == "mixed":
        nominal = rng.integers(0, 3, (len(labels), 2))
    if kind == "equal":
        numeric[labels == 1] = 0.1
    return split_of(numeric, labels, nominal)


def overlapping(*, rows=200, share=0.2, width=2, distance=1.5, seed=0):
    """Returns numbers, (rows, width), and labels of two normal clouds that overlap; 1 is rare."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(rows) < share).astype(np.int64)
    return rng.normal(size=(rows, width)) + distance * labels[:, np.newaxis], labels


def taken(split, order):
    """Returns the split with its rows in another order."""
    return Split(
        rows=split.rows.take(order),
        labels=split.labels[order],
        keys=split.keys[order],
        scale=split.scale,
        space=split.space.take(order),
    )


def others_shuffled(split, label, *, seed=1):
    """Returns the split with the rows of all other classes in another order."""
    order = np.arange(len(split.labels))
    others = np.flatnonzero(split.labels != label)
    order[others] = np.random.default_rng(seed).permutation(others)
    return taken(split, order)


def streamed(strategy, split, new, *, label=1, seed=0):
    """Returns what a streaming strategy chooses for a class."""
    around = around_class(split, label, k=strategy.k_neighbors, m=strategy.m)
    return strategy.pairs(around, new, class_draws(split, label, seed=seed))


def informed(strategy, split, new, *, label=1, seed=0):
    """Returns an informed strategy's pairs and notes for a class that grows by `new` rows."""
    target = int(np.count_nonzero(split.labels == label)) + new
    verdict = strategy.judged(split, wanted_of(split, targets={label: target}, seed=seed))
    assert verdict.kept.all()
    return verdict.pairs.get(label), verdict.notes.get(label, ())


def assert_sound(pairs, split, new, *, label=1, longest=1.0):
    """Asserts what any pairs of a class keep: how many there are, whom they name, how far."""
    rows = int(np.count_nonzero(split.labels == label))
    assert len(pairs) == len(pairs.partner) == len(pairs.gap) == new
    assert ((pairs.seed >= 0) & (pairs.seed < rows)).all()
    assert ((pairs.partner >= NOBODY) & (pairs.partner < rows)).all()
    assert (pairs.partner != pairs.seed).all()
    assert ((pairs.gap >= 0) & (pairs.gap < longest)).all()
    for more in (pairs.toward, pairs.foreign):
        assert more is None or len(more) == new


def assert_same(one, other):
    """Asserts that two Pairs are equal."""
    for name in ("seed", "partner", "gap", "toward", "foreign"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def points(split, pairs, *, label=1, k=5):
    """Returns the numbers of the new rows, (m, d)."""
    around = around_class(split, label, k=k)
    return born(around.rows, pairs, around.neighbours).rows.numeric


def with_new_rows(split, pairs, *, label=1, k=5):
    """Returns numbers, (n + m, d), and labels of the split and the new rows behind."""
    numeric = np.concatenate([split.rows.numeric, points(split, pairs, label=label, k=k)])
    return numeric, np.append(split.labels, np.full(len(pairs), label))


def assert_distributed_alike(ours, theirs):
    """Asserts that the columns of two arrays of new rows have the same distributions."""
    # Kolmogorov-Smirnov at the level of 4 sigma: 6e-5, two-sided.
    critical = np.sqrt(-np.log(6e-5 / 2) / 2 * (1 / len(ours) + 1 / len(theirs)))
    for column in range(ours.shape[1]):
        assert ks_2samp(ours[:, column], theirs[:, column]).statistic <= critical
