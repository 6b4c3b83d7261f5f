"""Tallies and what is made of them against scikit-learn, however rows are parted."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from tfx_rebalance.components.evaluator import measures, tallies
from tfx_rebalance.components.evaluator.tallies import Confusion, Paired, Probabilities
from tfx_rebalance.scores import calibration_lines, ece

CLASSES = 3
PARTS = st.lists(st.integers(0, 60), min_size=1, max_size=5)


def simulated(rows, seed=0):
    random = np.random.default_rng(seed)
    labels = random.choice(CLASSES, size=rows, p=[0.7, 0.2, 0.1]).astype(np.int64)
    logits = random.normal(size=(rows, CLASSES)) + 1.5 * np.eye(CLASSES)[labels] + [1, 0, -1]
    p = np.exp(logits)
    return (p / p.sum(axis=1, keepdims=True)).astype(np.float32), labels


def tallied(kind, labels, *said, parts=()):
    """Counts rows one by one in tallies of `parts` rows and the rest, and merges them."""
    bounds = np.minimum(np.cumsum([0, *parts, len(labels)]), len(labels))
    whole = kind()
    for start, end in pairwise(bounds):
        tally = kind()
        for row in range(start, end):
            tally.add(labels[row : row + 1], *(part[row] for part in said))
        whole.merge(tally)
    return whole.settle()


@given(PARTS)
def test_a_confusion_is_scikit_learns_however_rows_are_parted(parts):
    p, labels = simulated(200)
    found = tallied(Confusion, labels, p, parts=parts)
    theirs = metrics.confusion_matrix(labels, p.argmax(axis=1), labels=range(CLASSES))
    assert (found.counts == theirs).all()


@given(PARTS)
def test_pairs_are_counted_by_who_finds_the_row(parts):
    (first, labels), (second, _) = simulated(200), simulated(200, seed=1)
    rows = np.array([b"%d\x00" % n for n in range(len(labels))], dtype=object)
    fitted_on = np.arange(len(labels)) % 7 == 0
    kind = partial(Paired, lambda said: np.isin(said, rows[fitted_on]))
    found = tallied(kind, labels, first, second, rows, parts=parts)
    one, other = (p.argmax(axis=1) == labels for p in (first, second))
    for c in range(CLASSES):
        of_class = (labels == c) & ~fitted_on
        assert found.counts[c, 4] == ((labels == c) & fitted_on).sum()
        wanted = [one & other, one & ~other, ~one & other, ~one & ~other]
        assert found.counts[c, :4].tolist() == [int((kind & of_class).sum()) for kind in wanted]


def test_probabilities_give_scikit_learns_numbers(monkeypatch):
    monkeypatch.setattr(tallies, "BATCH", 1_000)  # Several batches, and one that is not full.
    p, labels = simulated(4_500)
    tally = tallied(Probabilities, labels, p, parts=[1_700])
    assert tally.rows == 4_500
    assert tally.log_loss / tally.rows == pytest.approx(metrics.log_loss(labels, p), rel=1e-6)
    assert measures.eces(tally) == pytest.approx(ece(p.astype(float), labels), abs=1e-6)
    lines = calibration_lines(p.astype(float), labels)
    for c in range(CLASSES):
        is_class = labels == c
        found = measures.ranking(tally, c)
        theirs = metrics.average_precision_score(is_class, p[:, c])
        assert found.pr_auc == pytest.approx(theirs, abs=2e-3)
        assert found.roc_auc == pytest.approx(metrics.roc_auc_score(is_class, p[:, c]), abs=1e-3)
        squares = metrics.brier_score_loss(is_class, p[:, c])
        assert measures.briers(tally)[c] == pytest.approx(squares, rel=1e-5)
        slope, intercept = measures.calibration_line(tally, c)
        assert slope == pytest.approx(lines.slopes[c], abs=0.01)
        assert intercept == pytest.approx(lines.intercepts[c], abs=0.01)


@given(PARTS)
def test_probabilities_do_not_hang_on_how_rows_are_parted(parts):
    p, labels = simulated(200)
    one, other = (tallied(Probabilities, labels, p, parts=x) for x in ([], parts))
    assert (one.ranks == other.ranks).all()
    assert one.bins == pytest.approx(other.bins)
    assert one.squares == pytest.approx(other.squares)


def test_curves_end_where_they_should_and_are_short():
    p, labels = simulated(4_000)
    tally = tallied(Probabilities, labels, p)
    curve = measures.ranking(tally, 2).curve
    assert len(curve) <= measures.POINTS
    assert (np.diff(curve[:, 0]) >= 0).all()
    assert curve[-1] == pytest.approx([1, (labels == 2).mean()])
    bins = measures.reliability(tally, 2)
    assert bins[:, 2].sum() == 4_000
    assert (bins[:, 0] @ bins[:, 2]) / 4_000 == pytest.approx(p[:, 2].mean(), rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_of_a_confusion_are_scikit_learns(seed):
    p, labels = simulated(500, seed)
    decided = p.argmax(axis=1)
    counts = metrics.confusion_matrix(labels, decided)
    assert measures.matthews(counts) == pytest.approx(metrics.matthews_corrcoef(labels, decided))
    theirs = metrics.precision_recall_fscore_support(labels, decided)
    assert measures.precisions(counts) == pytest.approx(theirs[0])
    assert measures.f1s(counts) == pytest.approx(theirs[2])
    assert measures.g_mean(counts) == pytest.approx(np.prod(theirs[1]) ** (1 / 3))


def test_the_g_mean_is_0_where_a_class_is_never_found():
    from imblearn.metrics import geometric_mean_score

    labels, decided = [0, 0, 1, 1, 2], [0, 0, 1, 0, 1]
    counts = metrics.confusion_matrix(labels, decided)
    assert measures.g_mean(counts) == geometric_mean_score(labels, decided) == 0


def test_a_tally_of_no_rows_merges_with_any():
    p, labels = simulated(10)
    some = tallied(Probabilities, labels, p)
    assert Probabilities().merge(some).rows == 10
    assert some.merge(Probabilities()).rows == 10
