"""From counts to cells, verdict and sentences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.evaluator.gating.champion import Paired
from tfx_rebalance.components.evaluator.gating.counts import Counts, SliceCounts
from tfx_rebalance.components.evaluator.gating.decide import decide
from tfx_rebalance.components.evaluator.gating.holm import adjusted
from tfx_rebalance.components.evaluator.gating.shares import bounds, p_value
from tfx_rebalance.components.evaluator.settings import GateSettings

CLASSES = ("no", "yes")
BY_COUNTRY = {"features": ("country",), "min_recall": {"yes": 0.6}}


def matrix(no, yes):
    """Returns a confusion matrix from (hits, rows) of both classes."""
    return np.array([[no[0], no[1] - no[0]], [yes[1] - yes[0], yes[0]]])


def decision(yes=(190, 200), no=(980, 1000), *, slices=(), counts=None, **settings):
    """Returns what is decided of a model that is compared with no champion."""
    given_counts = {"cold_start": True, **(counts or {})}
    parts = [SliceCounts(where, matrix((90, 100), rows)) for where, rows in slices]
    settings = {"min_recall": {"yes": 0.8}, **settings}
    return decide(Counts(matrix(no, yes), parts, **given_counts), GateSettings(**settings), CLASSES)


def cell_of(found, label="yes", kind="recall", **where):
    [cell] = [c for c in found.shares if (c.label, c.kind, c.where) == (label, kind, where)]
    return cell


def test_a_class_that_is_shown_to_reach_its_bar_passes_with_a_sentence():
    found = decision()
    assert found.passed
    assert (cell_of(found).verdict, cell_of(found).needed) == ("pass", None)
    [reason] = found.reasons
    assert "the closest is recall of 'yes', at least 0.917 (bar 0.8)" in reason


def test_a_class_below_its_bar_blocks_with_everything_that_is_known_of_it():
    found = decision((130, 200))
    assert not found.passed
    assert found.reasons == (
        "recall of 'yes' is 0.650 (130 of 200 rows), between 0.591 and 0.706, each with 0.95 "
        "confidence: below its bar 0.8 (p = 5.5e-07)",
    )


def test_too_few_rows_block_a_class_and_say_how_many_more_would_settle_it():
    found = decision((17, 20))
    assert cell_of(found).verdict == "insufficient"
    assert cell_of(found).needed == 166
    [reason] = found.reasons
    assert "0.850 (17 of 20 rows)" in reason
    assert reason.endswith("its bar 0.8. 166 more would settle it if it stayed so")


@pytest.mark.parametrize("policy", ["pass", {"yes": "pass"}, {"default": "pass", "no": "fail"}])
def test_too_few_rows_pass_where_that_is_said_and_are_told(policy):
    found = decision((17, 20), insufficient=policy)
    assert found.passed
    assert found.reasons[0].endswith("; 1 without a verdict do not block")


def test_a_class_that_is_bad_blocks_whatever_is_said_of_too_few_rows():
    assert not decision((10, 20), insufficient="pass").passed


@pytest.mark.parametrize("bars", [{"yes": 0.8}, {"no": 0.8}])
def test_a_class_without_any_row_blocks_even_if_too_few_rows_pass(bars):
    found = decision((0, 0), min_recall=bars, insufficient="pass")
    assert not found.passed
    assert cell_of(found).verdict == "insufficient"
    assert cell_of(found).value is None
    assert found.reasons[0].startswith("the eval split has no row of 'yes'")


def test_an_empty_eval_split_blocks():
    assert len(decision((0, 0), (0, 0), insufficient="pass").reasons) == 2


def test_what_has_no_bar_is_measured_and_not_judged():
    cell = cell_of(decision(), "no")
    assert (cell.value, cell.bar, cell.verdict, cell.blocks) == (0.98, None, None, False)
    assert cell_of(decision(), kind="precision").rows == 190 + 20


def test_precision_is_judged_on_its_own_bounds():
    found = decision(min_precision={"yes": 0.95})
    cell = cell_of(found, kind="precision")
    assert (cell.hits, cell.rows, cell.verdict) == (190, 210, "fail")
    assert "precision of 'yes' is 0.905 (190 of 210 rows)" in found.reasons[0]


def test_a_class_that_is_never_decided_has_no_precision_and_blocks():
    found = decision((0, 200), (1000, 1000), min_recall={"no": 0.5}, min_precision={"yes": 0.1})
    assert found.reasons == ("no row was decided to be 'yes', so its precision is unknown",)


def test_a_small_slice_blocks_only_where_that_is_said():
    few = [({"country": "AT"}, (0, 19)), ({"country": "DE"}, (90, 100))]
    found = decide_slices(few, {"slices": [BY_COUNTRY]})
    assert found.passed
    assert cell_of(found, country="AT").verdict == "insufficient"
    assert cell_of(found, country="AT").p_value is None
    strict = decide_slices(few, {"slices": [{**BY_COUNTRY, "insufficient": "fail"}]})
    assert not strict.passed
    assert strict.reasons[0].startswith("where country is AT, recall of 'yes' is 0.000 (0 of 19")


def decide_slices(slices, settings):
    """Returns what is decided where the classes pass on the whole of eval."""
    parts = [SliceCounts(where, matrix((90, 100), rows)) for where, rows in slices]
    counts = Counts(matrix((980, 1000), (190, 200)), parts, cold_start=True)
    return decide(counts, GateSettings(min_recall={"yes": 0.8}, **settings), CLASSES)


def test_a_slice_without_a_row_of_the_class_is_insufficient_not_passed():
    found = decide_slices([({"country": "AT"}, (0, 0))], {"slices": [BY_COUNTRY]})
    assert cell_of(found, country="AT").verdict == "insufficient"
    assert cell_of(found, country="AT").needed == 20
    assert found.reasons[0].endswith("; 1 without a verdict do not block")


def test_slices_of_which_no_row_was_seen_block():
    found = decide_slices([], {"slices": [BY_COUNTRY]})
    assert not found.passed
    assert "no row of the eval split has a value of country" in found.reasons[0]


def test_holm_spares_a_slice_that_is_bad_by_chance_among_many():
    bad, good = ({"country": "AT"}, (22, 50)), [({"country": str(i)}, (45, 50)) for i in range(29)]
    alone = decide_slices([bad], {"slices": [BY_COUNTRY]})
    assert cell_of(alone, country="AT").verdict == "fail"
    among = decide_slices([bad, *good], {"slices": [BY_COUNTRY]})
    cell = cell_of(among, country="AT")
    assert (cell.verdict, cell.blocks, among.passed) == ("insufficient", False, True)
    assert cell.needed > 0
    uncorrected = decide_slices([bad, *good], {"slices": [BY_COUNTRY], "correction": "none"})
    assert cell_of(uncorrected, country="AT").verdict == "fail"


@given(
    rows=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=8),
    interval=st.sampled_from(["clopper_pearson", "wilson"]),
)
def test_a_slice_fails_if_bound_and_corrected_p_value_say_so(rows, interval):
    shares = [(hits, hits + misses) for hits, misses in rows]
    slices = [({"country": str(i)}, share) for i, share in enumerate(shares)]
    found = decide_slices(slices, {"slices": [BY_COUNTRY], "interval": interval})
    tested = [share for share in shares if share[1] >= 20]
    raised = iter(adjusted([p_value(*share, bar=0.6) for share in tested]))
    for i, share in enumerate(shares):
        cell = cell_of(found, country=str(i))
        if share[1] < 20:
            assert cell.verdict == "insufficient"
            continue
        p = next(raised)
        high = bounds(*share, confidence=0.95, interval=interval).high
        assert cell.p_value == pytest.approx(p)
        assert (cell.verdict == "fail") == (high < 0.6 and p <= 0.05)
    assert found.passed == all(not cell.blocks for cell in found.shares)


def test_every_class_is_compared_with_the_champion():
    paired = {"no": Paired(950, 20, 20, 10), "yes": Paired(100, 5, 60, 35)}
    found = decision(counts={"cold_start": False, "paired": paired})
    assert found.champion == "compared"
    assert [cell.verdict for cell in found.champions] == ["pass", "fail"]
    [reason] = found.reasons
    assert "recall of 'yes' differs by -0.275 from the champion's" in reason
    assert "(200 rows: 5 gained, 60 lost): more than 0.1 is lost" in reason


@pytest.mark.parametrize(("policy", "passed"), [("fail", False), ("pass", True)])
def test_too_few_rows_against_the_champion_do_what_is_said(policy, passed):
    paired = {"no": Paired(950, 20, 20, 10), "yes": Paired(20, 0, 0, 0)}
    counts = {"cold_start": False, "paired": paired}
    found = decision(counts=counts, champion={"insufficient": policy})
    assert found.passed == passed
    assert found.champions[1].verdict == "insufficient"
    assert found.champions[1].needed == 9


def test_a_class_of_which_all_rows_left_the_comparison_is_insufficient():
    paired = {"no": Paired(950, 20, 20, 10), "yes": Paired(0, 0, 0, 0)}
    found = decision(counts={"cold_start": False, "paired": paired})
    assert found.reasons == ("no row of 'yes' is left to compare with the champion's recall",)


def test_at_a_cold_start_or_without_a_wish_nothing_is_compared():
    assert decision().champion == "cold_start"
    assert decision().champions == ()
    off = decision(counts={"cold_start": False}, champion=None)
    assert (off.champion, off.champions, off.passed) == ("off", (), True)


def test_a_calibration_error_above_its_ceiling_blocks():
    errors = {"calibration_errors": {"no": 0.05, "yes": 0.06}}
    found = decision(counts=errors, max_calibration_error={"default": 0.05})
    assert [(c.label, c.verdict) for c in found.calibrations] == [("no", "pass"), ("yes", "fail")]
    assert found.reasons == (
        "expected calibration error of 'yes' is 0.0600, above its ceiling 0.05",
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"counts": {"cold_start": False}}, "paired has no rows counted for no, yes"),
        ({"max_calibration_error": {"yes": 0.1}}, "calibration_errors has none for 'yes'"),
        ({"slices": [({"county": "AT"}, (1, 2))]}, "a slice by county was counted"),
        ({"yes": (5, 3)}, "confusion matrix of the eval split must be 2 x 2 of numbers >= 0"),
    ],
)
def test_counts_that_do_not_fit_the_settings_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        decision(**wrong)
