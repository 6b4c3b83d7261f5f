"""Chances before any training, against the verdicts themselves and against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from tfx_rebalance.components.evaluator.gating.champion import Paired, p_value, score
from tfx_rebalance.components.evaluator.gating.champion_power import champion_powers, rejection
from tfx_rebalance.components.evaluator.gating.power import (
    SliceRows,
    cell_power,
    class_powers,
    fewest_rows,
    hits_to_fail,
    hits_to_pass,
    released,
    slice_powers,
)
from tfx_rebalance.components.evaluator.gating.shares import Rule, judge
from tfx_rebalance.components.evaluator.settings import ChampionSettings, GateSettings

RULES = st.builds(
    Rule,
    bar=st.integers(1, 20).map(lambda n: n / 20),
    confidence=st.sampled_from([0.9, 0.95, 0.99]),
    interval=st.sampled_from(["clopper_pearson", "wilson"]),
    fewest=st.integers(1, 30),
    factor=st.none() | st.floats(1, 30),
)


@given(rows=st.integers(0, 150), rule=RULES)
def test_the_hits_are_those_at_which_the_verdict_changes(rows, rule):
    least, most = int(hits_to_pass(rows, rule)), int(hits_to_fail(rows, rule))
    verdicts = [judge(hits, rows, rule) for hits in range(rows + 1)]
    expected = [
        "pass" if hits >= least else "fail" if hits <= most else "insufficient"
        for hits in range(rows + 1)
    ]
    assert verdicts == expected


@given(
    rows=st.integers(1, 100),
    rule=RULES,
    recall=st.floats(0, 1).map(lambda share: round(share, 12)),  # SciPy overflows at 1e-308.
    policy=st.sampled_from(["pass", "fail"]),
)
def test_a_chance_is_the_sum_over_what_is_let_through(rows, rule, recall, policy):
    through = {"pass"} if policy == "fail" else {"pass", "insufficient"}
    hits = [h for h in range(rows + 1) if judge(h, rows, rule) in through]
    expected = binom.pmf(hits, rows, recall).sum()
    assert released(recall, rows, rule, insufficient=policy) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("interval", "hits", "at_070", "at_080", "at_090"),
    [("wilson", 19, 0.008, 0.069, 0.39), ("clopper_pearson", 20, 0.001, 0.012, 0.12)],
)
def test_twenty_rows_at_a_bar_of_eight_tenths(interval, hits, at_070, at_080, at_090):
    rule = Rule(0.8, interval=interval)
    assert int(hits_to_pass(20, rule)) == hits
    for recall, chance in ((0.7, at_070), (0.8, at_080), (0.9, at_090)):
        found = released(recall, 20, rule, insufficient="fail")
        assert found == pytest.approx(chance, abs=0.005)


@given(
    rule=st.builds(Rule, bar=st.sampled_from([0.5, 0.8, 0.9])),
    above=st.sampled_from([0.05, 0.1]),
    chance=st.sampled_from([0.8, 0.95]),
)
def test_the_fewest_rows_suffice_and_one_fewer_do_not(rule, above, chance):
    recall = rule.bar + above
    rows = fewest_rows(recall, rule, chance=chance)
    assert released(recall, rows, rule, insufficient="fail") >= chance
    fewer = [released(recall, n, rule, insufficient="fail") for n in range(1, rows)]
    assert max(fewer) < chance


def test_no_number_of_rows_shows_what_is_not_above_the_bar():
    assert fewest_rows(0.8, Rule(0.8), chance=0.8) is None
    assert fewest_rows(1.0, Rule(1.0), chance=0.8) is None


def test_a_bar_of_one_can_never_pass_and_too_few_rows_never_fail():
    assert cell_power("yes", 50, Rule(1.0), insufficient="fail").hits_to_pass is None
    few = cell_power("yes", 19, Rule(0.8, fewest=20), insufficient="pass")
    assert (few.hits_to_pass, few.hits_to_fail) == (None, None)
    assert {chance.released for chance in few.chances} == {1.0}


def test_recalls_around_the_bar_are_shares():
    cell = cell_power("yes", 50, Rule(0.95), insufficient="fail")
    assert [c.recall for c in cell.chances] == [0.85, 0.9, 0.95, 1.0, 1.0]


def test_only_classes_with_a_bar_have_a_cell():
    settings = GateSettings(min_recall={"yes": 0.8}, insufficient={"yes": "pass"})
    [cell] = class_powers(settings, {"no": 500, "yes": 50})
    assert (cell.label, cell.rows, cell.bar, cell.insufficient) == ("yes", 50, 0.8, "pass")


def test_slices_are_harder_to_fail_the_more_of_them_are_tested():
    part = {"features": ("country",), "min_recall": {"yes": 0.8}}
    slices = [SliceRows(0, {"country": str(i)}, {"no": 900, "yes": 50}) for i in range(10)]

    def cells(count, **settings):
        return slice_powers(GateSettings(slices=[part], **settings), slices[:count])

    assert [cell.where for cell in cells(2)] == [{"country": "0"}, {"country": "1"}]
    assert cells(10)[0].hits_to_fail < cells(1)[0].hits_to_fail
    assert cells(10, correction="none")[0] == cells(1, correction="none")[0]


@given(rows=st.integers(1, 60), margin=st.sampled_from([0.05, 0.1, 0.2]), data=st.data())
def test_the_region_against_the_champion_is_that_of_its_test(rows, margin, data):
    least = rejection(rows, difference=-margin, confidence=0.95)
    discordant = data.draw(st.integers(0, rows))
    for gained in range(discordant + 1):
        paired = Paired(rows - discordant, gained, discordant - gained, 0)
        p = p_value(paired, difference=-margin)
        if abs(p - 0.05) > 1e-3:
            assert (gained >= least[discordant]) == (p <= 0.05)


@pytest.mark.parametrize("policy", ["fail", "pass"])
def test_an_equally_good_retrain_is_let_through_as_often_as_draws_say(policy):
    settings = ChampionSettings(insufficient=policy)
    [power] = champion_powers(settings, {"yes": 100})
    rng = np.random.default_rng(0)
    for share, chance in power.released:
        gained, lost, _ = rng.multinomial(100, [share / 2, share / 2, 1 - share], 20_000).T
        way = (gained, lost, -0.1) if policy == "fail" else (lost, gained, 0.1)
        least = rejection(100, difference=way[2], confidence=0.95)
        region = way[0] >= least[gained + lost]
        drawn = region.mean() if policy == "fail" else 1 - region.mean()
        assert chance == pytest.approx(drawn, abs=4 * np.sqrt(0.25 / 20_000))  # 4 sigma.
    assert score(0, 0, 100, difference=-0.1) > 0


def test_without_rows_the_policy_decides_against_the_champion():
    for policy, chance in (("fail", 0.0), ("pass", 1.0)):
        [power] = champion_powers(ChampionSettings(insufficient=policy), {"yes": 0})
        assert {c for _, c in power.released} == {chance}
    assert champion_powers(None, {"yes": 100}) == ()
