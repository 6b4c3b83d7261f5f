"""Argmax, balanced, F1 and cost against exhaustive search and scikit-learn."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, recall_score
from support.decisions import given_priors, simulated

from tfx_rebalance.components.trainer.priors import decision_thresholds
from tfx_rebalance.components.trainer.thresholds.cost import Cost, equivalent_cuts
from tfx_rebalance.components.trainer.thresholds.f1 import F1
from tfx_rebalance.components.trainer.thresholds.plain import Argmax, Balanced
from tfx_rebalance.components.trainer.thresholds.registry import RULES, rule_named
from tfx_rebalance.components.trainer.thresholds.rule import FittedDecision, Rule
from tfx_rebalance.components.trainer.thresholds.validation import Validation, confusion, lead
from tfx_rebalance.errors import ConfigError

WORLD = {"means": (0.0, 1.5, -1.5), "rows": (200, 20, 40)}
SEEDS = st.integers(0, 10_000)
PARAMETERS = {
    "min_recall": {"min_recall": {"c1": 0.3}},
    "cost": {"cost": [[0, 1, 2], [3, 0, 1], [1, 5, 0]]},
}


def decisions(decision, val):
    return decision.scores(np.exp(val.logs)).argmax(axis=1)


@pytest.mark.parametrize("name", RULES)
@given(seed=SEEDS)
def test_every_rule_is_plain_numbers_that_tell_what_they_do_to_val(name, seed):
    val = simulated(WORLD, seed=seed)
    rule = rule_named(name, PARAMETERS.get(name))
    assert isinstance(rule, Rule)
    decision = rule.fit(val, given_priors(val))
    assert decision.rule == name
    assert FittedDecision.model_validate_json(decision.model_dump_json()) == decision
    scores = decision.scores(np.exp(val.logs))
    assert scores.min() >= 0
    decided = scores.argmax(axis=1)
    recalls = recall_score(val.labels, decided, average=None, labels=range(3), zero_division=0)
    assert [o.recall for o in decision.outcomes] == pytest.approx(recalls)
    assert [o.rows for o in decision.outcomes] == [200, 20, 40]
    argmax = Argmax().fit(val, given_priors(val)).outcomes
    assert [o.argmax_precision for o in decision.outcomes] == [o.precision for o in argmax]
    assert [o.argmax_recall for o in decision.outcomes] == [o.recall for o in argmax]
    assert len(decision.told.splitlines()) == 3
    if decision.thresholds:
        assert max(decision.thresholds) == 1
        divided = np.exp(val.logs) / decision.thresholds
        np.testing.assert_array_equal(divided.argmax(axis=1), decided)


@pytest.mark.parametrize("name", RULES)
def test_no_rule_takes_what_it_does_not_know(name):
    with pytest.raises(ValidationError):
        rule_named(name, {**PARAMETERS.get(name, {}), "treshold": 1})  # codespell:ignore


@given(seed=SEEDS)
def test_balanced_is_todays_rule_and_argmax_the_most_probable_class(seed):
    val = simulated(WORLD, seed=seed)
    given_ = given_priors(val)
    thresholds = decision_thresholds(given_.natural, "balanced")
    assert Balanced().fit(val, given_).thresholds == pytest.approx(thresholds)
    assert (decisions(Argmax().fit(val, given_), val) == val.logs.argmax(axis=1)).all()


@given(seed=SEEDS)
def test_of_two_classes_no_cut_has_a_higher_f1_of_the_rare_one(seed):
    val = simulated({"means": (0.0, 1.0), "rows": (60, 12)}, seed=seed)
    odds = val.logs[:, 1] - val.logs[:, 0]
    decided = odds >= np.sort(odds)[:, None]
    best = (2 * (decided & (val.labels == 1)).sum(1) / (decided.sum(1) + 12)).max()
    found = f1_score(val.labels, decisions(F1().fit(val, given_priors(val)), val))
    assert found == pytest.approx(best)


@given(seed=SEEDS)
def test_macro_f1_is_not_below_argmax_or_balanced_and_no_one_cut_improves_it(seed):
    val = simulated(WORLD, seed=seed)
    given_ = given_priors(val)

    def macro(decided):
        return f1_score(val.labels, decided, average="macro")

    found = F1().fit(val, given_)
    best = macro(decisions(found, val))
    for other in (Argmax(), Balanced()):
        assert best >= macro(decisions(other.fit(val, given_), val)) - 1e-9
    cuts = np.log(found.thresholds)
    for c, shift in itertools.product(range(3), np.linspace(-1, 1, 9)):
        moved = cuts + shift * (np.arange(3) == c)
        assert macro((val.logs - moved).argmax(axis=1)) <= best + 1e-6


@given(
    costs=arrays(float, (3, 3), elements=st.floats(0.5, 20)),
    probabilities=arrays(float, (20, 3), elements=st.floats(0.01, 1)),
)
def test_the_cost_rule_decides_for_the_least_expected_cost(costs, probabilities):
    costs = costs * (1 - np.eye(3))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    val = Validation.of(probabilities, np.zeros(20, int), classes=("a", "b", "c"))
    decision = Cost(cost=costs.tolist()).fit(val, given_priors(val))
    expected = np.exp(val.logs) @ costs
    chosen = np.take_along_axis(expected, decisions(decision, val)[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(chosen, expected.min(axis=1), rtol=1e-9)


@given(
    misses=arrays(float, 4, elements=st.floats(0.5, 20)),
    hits=arrays(float, 4, elements=st.floats(-1, 0.4)),
)
def test_where_a_miss_costs_the_same_whatever_it_is_taken_for_thresholds_do_it(misses, hits):
    costs = np.where(np.eye(4, dtype=bool), hits[:, None], misses[:, None])
    assert np.exp(equivalent_cuts(costs)) == pytest.approx(1 / (misses - hits))
    costs[0, 1] += 1
    assert equivalent_cuts(costs) is None


def test_two_classes_always_have_thresholds_and_they_are_elkans():
    val = simulated({"means": (0.0, 1.0), "rows": (100, 15)})
    decision = Cost(cost=((0, 1), (9, 0))).fit(val, given_priors(val))
    p = np.exp(val.logs[:, 1])
    assert ((decisions(decision, val) == 1) == (p > 0.1)).all()


def test_cost_matrices_that_make_no_sense_are_refused():
    with pytest.raises(ValidationError, match="must be square"):
        Cost(cost=((0, 1), (1,)))
    with pytest.raises(ValidationError, match="must cost more than the right one, row 1"):
        Cost(cost=((0, 1), (1, 1)))
    val = simulated(WORLD)
    with pytest.raises(ConfigError, match="a row for each of the 3 classes, got 2"):
        Cost(cost=((0, 1), (1, 0))).fit(val, given_priors(val))


@given(seed=SEEDS)
def test_a_class_is_decided_exactly_where_its_lead_is_above_its_cut(seed):
    val = simulated(WORLD, seed=seed)
    cuts = np.random.default_rng(seed).normal(size=3)
    decided = (val.logs - cuts).argmax(axis=1)
    for c in range(3):
        ahead = lead(val.logs, cuts, of=c)
        assert ((ahead.margins > cuts[c]) == (decided == c)).all()
        assert (ahead.rivals[decided != c] == decided[decided != c]).all()
    theirs = confusion_matrix(val.labels, decided, labels=range(3))
    assert (confusion(val, val.logs - cuts) == theirs).all()


def test_rows_that_are_no_distribution_or_of_no_class_are_refused():
    with pytest.raises(ValueError, match=r"sum to 1, got .* in row 1"):
        Validation.of(np.array([[0.5, 0.5], [0.5, np.nan]]), np.zeros(2, int), classes=("a", "b"))
    with pytest.raises(ValueError, match=r"labels must be in \[0, 2\), got 0 to 2"):
        Validation.of(np.full((2, 2), 0.5), np.array([0, 2]), classes=("a", "b"))
    with pytest.raises(ValueError, match=r"must be \(2, 2\), got \(3, 2\)"):
        Validation.of(np.full((3, 2), 0.5), np.array([0, 1]), classes=("a", "b"))


def test_twenty_classes_and_50000_rows_take_seconds():
    rng = np.random.default_rng(0)
    labels = np.minimum(rng.geometric(0.25, 50_000) - 1, 19)
    logits = rng.normal(size=(50_000, 20)) + 3 * np.eye(20)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    val = Validation.of(probabilities, labels, classes=tuple(f"c{i}" for i in range(20)))
    began = time.process_time()
    promised = {f"c{i}": 0.4 for i in range(10)}
    rule_named("min_recall", {"min_recall": promised}).fit(val, given_priors(val))
    assert time.process_time() - began < 15
    found = F1().fit(val, given_priors(val))
    balanced = balanced_accuracy_score(val.labels, decisions(found, val))
    assert balanced > 0.3
    assert time.process_time() - began < 30
