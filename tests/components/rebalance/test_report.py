"""What the report says of a plan that was carried out, and of new rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.report import (
    Growth,
    Report,
    SplitReport,
    growth_of,
    split_report,
)
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.strategy import Chosen
from tfx_rebalance.components.rebalance.synthesis.pairs import Pairs
from tfx_rebalance.components.rebalance.targets.plan import SplitPlan, grown_class, resampled_class

pytestmark = pytest.mark.tfx

SIZES = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 3000)), min_size=1, max_size=4)
AUGMENT = {"image": "img", "shape": [2, 2, 1], "operations": {"horizontal_flip": True}}


def report_of(classes, *, growths=None, strategy="undersample", parameters=None, unlabelled=0):
    settings = RebalanceSettings(strategy=strategy, parameters=parameters or {})
    plan = SplitPlan(tuple(classes), unlabelled, pass_on=False, shards=2)
    return split_report("abcd"[: len(classes)], plan, growths or {}, settings=settings)


@given(sizes=SIZES.filter(lambda sizes: any(n and target for n, target in sizes)))
def test_the_numbers_of_a_class_add_up(sizes):
    classes = [resampled_class(n, t if n else 0, upweight=False) for n, t in sizes]
    for found, plan in zip(report_of(classes).classes.values(), classes, strict=True):
        assert found.kept + found.duplicated + found.synthetic == found.after == plan.after
        assert found.kept <= found.before == plan.before
        assert found.rate == (plan.after / plan.before if plan.before else 1)


@given(before=st.integers(1, 1000), new=st.integers(0, 1000), copies=st.integers(0, 1000))
def test_new_rows_are_synthetic_or_duplicates(before, new, copies):
    copies = min(copies, new)
    growth = Growth(new - copies, copies, k_neighbors=4, recall=0.9, notes=("said",))
    plan = grown_class(before, before + new)
    found = report_of([plan], growths={0: growth}, strategy="smote").classes["a"]
    assert (found.kept, found.duplicated, found.synthetic) == (before, copies, new - copies)
    assert (found.k_neighbors, found.neighbour_recall, found.notes) == (4, 0.9, ("said",))


def test_copies_whose_image_is_changed_are_synthetic():
    plan = resampled_class(10, 35, upweight=False)
    found = report_of([plan], strategy="augment_images", parameters=AUGMENT).classes["a"]
    assert (found.kept, found.duplicated, found.synthetic) == (10, 0, 25)
    assert report_of([plan], strategy="oversample").classes["a"].duplicated == 25


def test_priors_are_of_rows_before_and_of_mass_after():
    classes = [resampled_class(90, 30, upweight=True), resampled_class(10, 10, upweight=True)]
    upweighted = report_of(classes)
    assert upweighted.natural_priors == pytest.approx({"a": 0.9, "b": 0.1})
    assert upweighted.resulting_priors == pytest.approx({"a": 0.9, "b": 0.1})
    plain = report_of([resampled_class(90, 30, upweight=False), classes[1]])
    assert plain.resulting_priors == pytest.approx({"a": 0.75, "b": 0.25})


def test_rows_without_a_label_are_counted():
    assert report_of([resampled_class(9, 3, upweight=False)], unlabelled=7).unlabelled == 7


def pairs_of(partners):
    m = len(partners)
    return Pairs(np.zeros(m, dtype=np.int64), np.array(partners), np.zeros(m))


def test_a_new_row_without_a_partner_is_a_duplicate():
    neighbours = np.array([[1, 2], [0, 2], [0, 1]])
    growth = growth_of(
        Chosen(pairs_of([1, NOBODY, 2, NOBODY, 1])), neighbours, recall=None, wanted_k=2
    )
    assert (growth.synthetic, growth.duplicated) == (3, 2)
    assert (growth.k_neighbors, growth.recall, growth.notes) == (2, None, ())


def test_fewer_neighbours_than_asked_are_reported():
    neighbours = np.array([[1, 2, NOBODY], [0, 2, NOBODY], [NOBODY] * 3])
    growth = growth_of(Chosen(pairs_of([1]), ("first",)), neighbours, recall=0.5, wanted_k=3)
    assert growth.k_neighbors == 2
    first, said = growth.notes
    assert first == "first"
    assert "k_neighbors is 0 to 2 instead of 3: of 3 rows" in said


def test_a_class_of_one_row_is_said_to_be_repeated():
    growth = growth_of(
        Chosen(pairs_of([NOBODY] * 4)), np.full((1, 5), NOBODY), recall=None, wanted_k=5
    )
    assert (growth.synthetic, growth.duplicated, growth.k_neighbors) == (0, 4, 0)
    assert growth.notes == (
        "It has one row, which is repeated: there is nothing to interpolate towards.",
    )


def test_a_report_survives_the_way_through_its_file():
    split = report_of([resampled_class(90, 30, upweight=True)])
    settings = RebalanceSettings(strategy="undersample", sampling_strategy={"a": 30}, upweight=True)
    report = Report(settings=settings, splits={"train": split}, seconds=0.5, rows_per_second=240)
    assert Report.model_validate_json(report.model_dump_json()) == report
    assert SplitReport.model_validate_json(split.model_dump_json()) == split
