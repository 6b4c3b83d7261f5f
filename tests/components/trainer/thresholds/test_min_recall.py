"""What min_recall promises is kept where the truth is known, or refused with a reason.

Rows have one feature, normal per class; probabilities are its exact posterior. A class's true
recall is its mean over 1,001 equally probable points, within 1/1,001 for an interval.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm
from support.decisions import given_priors, simulated

from tfx_rebalance.components.trainer.thresholds.min_recall import MinRecall
from tfx_rebalance.components.trainer.thresholds.promises import Bar, hits_to_pass
from tfx_rebalance.components.trainer.thresholds.rule import Given, ReleaseGate
from tfx_rebalance.components.trainer.thresholds.validation import Validation
from tfx_rebalance.errors import ConfigError, ModelError

DRAWS = 2000
POINTS = norm.ppf((np.arange(1001) + 0.5) / 1001)
BINARY = {"means": (0.0, 2.0), "rows": (340, 60)}
THREE = {"means": (0.0, 2.5, -2.0), "rows": (300, 60, 80)}
CLOSE = {"means": (0.0, 1.2, 2.4), "rows": (300, 80, 80)}
APART = {"means": (0.0, 3.0, -3.0), "rows": (300, 60, 80)}


def kept_in(world, fit, holds):
    """Returns the share of draws of val in which `holds(true recalls)` for the fitted decision.

    A draw in which no decision is found counts as not held.
    """
    kept = 0.0
    truth = [simulated(world, x=POINTS + mean) for mean in world["means"]]
    for seed in range(DRAWS):
        try:
            decision = fit(simulated(world, seed=seed))
        except ModelError:  # Refused: no promise, and no model either.
            continue
        cuts = np.log(decision.thresholds)
        recalls = [np.mean((t.logs - cuts).argmax(axis=1) == c) for c, t in enumerate(truth)]
        kept += holds(recalls)
    return kept / DRAWS


@pytest.mark.parametrize(
    ("world", "promises"),
    [
        (BINARY, {"c1": 0.8}),
        (THREE, {"c1": 0.8}),
        (THREE, {"c1": 0.8, "c2": 0.7}),
        (CLOSE, {"c0": 0.4, "c1": 0.25, "c2": 0.5}),
    ],
    ids=["binary", "one of three", "two of three", "all of three that overlap"],
)
def test_the_promised_recall_is_reached_in_95_percent_of_2000_draws(world, promises):
    rule = MinRecall(min_recall=promises)
    share = kept_in(
        world,
        lambda val: rule.fit(val, given_priors(val)),
        lambda recalls: all(recalls[int(name[1])] >= r for name, r in promises.items()),
    )
    assert share >= 0.95


@pytest.mark.parametrize(
    ("world", "bars"),
    [
        (BINARY, {"c1": 0.7}),
        (THREE, {"c1": 0.7, "c2": 0.6}),
        (APART, {"c0": 0.6, "c1": 0.55, "c2": 0.55}),
    ],
    ids=["binary", "three classes, two bars", "three classes, a bar on each"],
)
def test_the_gate_passes_in_85_percent_of_2000_draws(world, bars):
    positives = dict(zip(("c0", "c1", "c2"), world["rows"], strict=False))
    gate = ReleaseGate(bars=bars, positives=positives)
    needed = {
        label: hits_to_pass(Bar(recall=bar, positives=positives[label]))
        for label, bar in bars.items()
    }

    def chance(recalls):
        """Given the true recalls, the classes' rows of eval are independent."""
        each = [
            binom.sf(needed[label] - 1, positives[label], recalls[int(label[1])]) for label in bars
        ]
        return np.prod(each)

    rule = MinRecall(min_recall="gate")
    share = kept_in(world, lambda val: rule.fit(val, given_priors(val, gate)), chance)
    assert share >= 0.85


@given(seed=st.integers(0, 10_000), recall=st.floats(0.3, 0.9))
def test_val_shows_what_is_promised_and_argmax_of_scores_is_the_decision(seed, recall):
    val = simulated(THREE, seed=seed)
    decision = MinRecall(min_recall={"c1": recall}).fit(val, given_priors(val))
    [outcome] = [o for o in decision.outcomes if o.promise]
    assert outcome.label == "c1"
    assert outcome.recall_low >= recall
    decided = decision.scores(np.exp(val.logs)).argmax(axis=1)
    assert np.mean(decided[val.labels == 1] == 1) == outcome.recall
    assert np.mean(val.labels[decided == 1] == 1) == pytest.approx(outcome.precision)


def test_no_higher_precision_is_left_where_one_class_has_a_promise():
    val = simulated(BINARY, seed=3)
    decision = MinRecall(min_recall={"c1": 0.8}).fit(val, given_priors(val))
    odds = val.logs[:, 1] - val.logs[:, 0]
    own = val.labels == 1
    cuts = np.sort(odds[own])[: 60 - 54 + 1] - 1e-9  # 54 hits in 60 show 0.8.
    best = max(own[odds > cut].mean() for cut in cuts)
    assert decision.outcomes[1].precision == pytest.approx(best)


def test_equal_probabilities_are_cut_together_and_keep_the_promise():
    probabilities = np.repeat([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], 40, axis=0)
    labels = np.repeat([0, 1, 1], 40)
    val = Validation.of(probabilities, labels, classes=("c0", "c1"))
    decision = MinRecall(min_recall={"c1": 0.9}).fit(val, given_priors(val))
    assert (decision.outcomes[1].recall, decision.outcomes[1].precision) == (1, 1)


def test_too_few_rows_are_told_with_the_recall_they_would_show():
    val = simulated({"means": (0.0, 2.0), "rows": (200, 12)}, seed=0)
    with pytest.raises(ModelError, match=r"'c1': a recall of 0.8 cannot .* all 12 .* 0\.779"):
        MinRecall(min_recall={"c1": 0.8}).fit(val, given_priors(val))


def test_a_gate_no_cut_can_pass_is_told_with_the_precision_at_full_recall():
    val = simulated(BINARY, seed=0)
    gate = ReleaseGate(bars={"c1": 0.8}, positives={"c1": 10.7})
    with pytest.raises(ModelError, match=r"about 10 rows of eval .* recall 1\.000 at precision 0"):
        MinRecall(min_recall="gate").fit(val, given_priors(val, gate))


def test_promises_that_exclude_each_other_name_a_class_and_what_it_can_reach():
    val = simulated({"means": (0.0, 0.3, 4.0), "rows": (200, 200, 50)}, seed=1)
    with pytest.raises(ModelError, match=r"class 'c[01]': \d+ of its 200 .* best recall 0\.[1-4]"):
        MinRecall(min_recall={"c0": 0.6, "c1": 0.6, "c2": 0.5}).fit(val, given_priors(val))


def test_rows_without_probability_of_their_class_are_beyond_any_cut():
    probabilities = np.array([[1.0, 0.0]] * 50 + [[0.5, 0.5]] * 50)
    val = Validation.of(probabilities, np.repeat([0, 1, 1, 1], 25), classes=("c0", "c1"))
    with pytest.raises(ModelError, match=r"at best recall 0\.667"):
        MinRecall(min_recall={"c1": 0.8}).fit(val, given_priors(val))


def test_an_unknown_class_and_a_missing_gate_are_errors_of_the_config():
    val = simulated(BINARY, seed=0)
    with pytest.raises(ConfigError, match=r"class of min_recall must be one of c0, c1, got 'c3'"):
        MinRecall(min_recall={"c3": 0.8}).fit(val, given_priors(val))
    with pytest.raises(
        ConfigError, match="needs a release gate with bars and splits by shares, got none"
    ):
        MinRecall(min_recall="gate").fit(val, Given(natural=np.array([0.5, 0.5])))
