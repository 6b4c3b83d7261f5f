"""From what the first pass found to splits, and what is said where that cannot be."""

from collections import Counter

import numpy as np
import pytest

from tfx_rebalance.components.example_gen.dealing import Dealer, Tally, deviation
from tfx_rebalance.components.example_gen.labels import Labels
from tfx_rebalance.components.example_gen.report import Moved
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.components.example_gen.sources.source import BadRows
from tfx_rebalance.components.example_gen.splitting.assign import Assignment, KeyedPart
from tfx_rebalance.components.example_gen.splitting.keyfile import KEY, write_keys
from tfx_rebalance.draws import mix
from tfx_rebalance.errors import DataError
from tfx_rebalance.features import Features

pytestmark = pytest.mark.tfx

CLASSES = ("neg", "pos")
SECOND = 1_000_000


@pytest.fixture
def tally(tmp_path):
    """Returns a function that makes a part of rows; a row is (content, class, group, second)."""

    def make(rows, *, split="", span=0, by="content", bad=0):
        keys = np.zeros(len(rows), dtype=KEY)
        if rows:
            content, label, group, seconds = np.array(rows).T
            keys["content"] = mix(content.astype(np.uint64))
            keys["group"] = mix(group.astype(np.uint64))
            keys["label"], keys["time"] = label, seconds * SECOND
            keys["row"] = np.arange(len(rows))
        file = write_keys(str(tmp_path / f"{len(list(tmp_path.iterdir()))}"), keys, by=by)
        counts = Counter({CLASSES[i]: n for i, n in Counter(keys["label"].tolist()).items()})
        seen = BadRows(allowed=99, count=bad, examples=[f"'f', row {n}: x" for n in range(bad)])
        newest = int(keys["time"].max()) if rows else None
        return Tally(KeyedPart(file, len(rows), split), span, counts, seen, newest)

    return make


def dealer(*, is_serving=False, **given):
    features = Features(inputs=(), label="y", label_dtype="string", classes=CLASSES)
    settings = DataSettings.model_validate(
        {"source": given.pop("source", "f.csv"), "schema": "s", "label": "y", **given}
    )
    return Dealer(settings, Labels(features, None, is_serving), "f.csv")


def rows_of(neg, pos, *, first=0, per_group=1):
    labels = [0] * neg + [1] * pos
    return [(first + i, label, (first + i) // per_group, i) for i, label in enumerate(labels)]


def test_no_row_at_all_is_refused(tally):
    for tallies in ([], [tally([])]):
        with pytest.raises(DataError, match=r"'f.csv' has no row. Give data with rows"):
            dealer().deal(tallies)


def test_bad_rows_of_all_parts_are_held_against_the_bound_together(tally):
    tallies = [tally(rows_of(20, 10), bad=2), tally(rows_of(20, 10, first=50), bad=1)]
    assert dealer(max_bad_rows=3).deal(tallies).counts.sum() == 60
    with pytest.raises(DataError, match=r"row 0: x \(and 2 before it\).*which is 2"):
        dealer(max_bad_rows=2).deal(tallies)


def test_a_class_that_is_too_small_is_told_with_what_is_missing_where(tally):
    tallies = [tally(rows_of(100, 20))]
    with pytest.raises(DataError) as error:
        dealer(splits={"min_rows": 10}).deal(tallies)
    assert "class 'pos' has 20 rows and needs 10 in each of the splits" in str(error.value)
    assert "train has 12, val has 4, eval has 4; 12 missing. Bring more rows" in str(error.value)
    assert dealer(splits={"min_rows": 4}).deal(tallies).counts[:, 1].tolist() == [12, 4, 4]


def test_a_class_that_sits_in_one_group_is_refused_unless_no_row_is_asked_for(tally):
    rows = [*rows_of(60, 0, per_group=3), *[(100 + i, 1, 99, i) for i in range(9)]]
    tallies = [tally(rows, by="group")]
    with pytest.raises(DataError, match=r"class 'pos' has 9 rows .* within whole groups of 'g'"):
        dealer(splits={"group_by": "g"}).deal(tallies)
    found = dealer(splits={"group_by": "g", "min_rows": 0}).deal(tallies)
    assert sorted(found.counts[:, 1].tolist()) == [0, 0, 9]


def test_a_split_without_rows_is_refused(tally):
    cuts = {"time": {"val_from": "1970-01-01T00:00:30Z", "eval_from": "2000-01-01"}}
    with pytest.raises(DataError, match=r"leaves no row for the split 'eval'. Bring more rows"):
        dealer(time_column="t", splits=cuts).deal([tally(rows_of(40, 20))])


def test_a_class_that_comes_too_late_for_a_split_by_time_is_told(tally):
    cuts = {"time": {"val_from": "1970-01-01T00:00:20Z", "eval_from": "1970-01-01T00:00:30Z"}}
    with pytest.raises(
        DataError, match=r"class 'pos' has 20 rows .*: train has 0, val has 0, eval"
    ):
        dealer(time_column="t", splits=cuts).deal([tally(rows_of(40, 20))])


def test_parts_without_rows_tell_no_time(tally):
    rows = [(n, n % 2, n, n - 10**6) for n in range(60)]
    cuts = {"time": {"val_days": 10 / 86_400, "eval_days": 10 / 86_400}}
    found = dealer(time_column="t", splits=cuts).deal([tally([]), tally(rows)])
    assert found.counts.sum(axis=1).tolist() == [40, 10, 10]


def test_val_is_cut_from_train_in_the_ratio_of_their_shares(tally):
    tallies = [tally(rows_of(80, 20), split="train"), tally([], split="train"),
               tally(rows_of(7, 3, first=200), split="eval")]  # fmt: skip
    files = {"files": {"train": "t", "eval": "e"}, "train": 0.4, "val": 0.1, "eval": 0.5}
    found = dealer(splits=files).deal(tallies)
    assert found.counts.tolist() == [[64, 16], [16, 4], [7, 3]]
    assert set(found.splits[2].tolist()) == {2}


@pytest.mark.parametrize(("shared", "says"), [(0, None), (1, "1 group of 'g' is"), (3, "3 groups")])
def test_groups_in_files_of_several_splits_are_refused(tally, shared, says):
    tallies = [
        tally(rows_of(40, 10), split="train", by="group"),
        tally(rows_of(40, 10, first=50 - shared), split="eval", by="group"),
        tally(rows_of(40, 10, first=200), split="val", by="group"),
    ]
    files = {"train": "t", "val": "v", "eval": "e"}
    how = dealer(splits={"files": files, "group_by": "g"})
    if says is None:
        assert how.deal(tallies).torn_groups == 0
        return
    with pytest.raises(DataError, match=f"{says}.*in more than one split of data.splits.files"):
        how.deal(tallies)


def test_serving_rows_all_stay_whatever_class_they_are_of(tally):
    found = dealer(is_serving=True).deal([tally(rows_of(3, 0), split="serving")])
    assert found.counts.tolist() == [[3, 0]]


def test_what_moved_is_what_the_window_before_dealt_otherwise(tally):
    """The copies in the older span come first in both windows, as when that was dealt."""
    how = dealer(source="{SPAN}.csv", window=2)
    spans = [tally(rows_of(60, 30, first=100 * (n - n // 2)), span=n) for n in (1, 2, 3)]
    old, new = how.deal(spans[:2]), how.deal(spans[1:])
    moved = int((old.splits[1] != new.splits[0]).sum())
    assert how.moved(spans[1:], spans[:1], new) == Moved(rows=90, moved=moved)
    assert moved > 20  # Span 2 repeats span 1, so all its rows have other keys now.


@pytest.mark.parametrize(
    ("counts", "largest"),
    [
        ([[6, 60], [2, 20], [2, 20]], 0.0),
        ([[7, 60], [1, 20], [2, 20]], 0.1),
        ([[6, 0], [2, 0], [2, 0]], 0.0),
        ([[0, 0], [0, 0], [0, 0]], 0.0),
    ],
)
def test_the_deviation_is_that_of_the_class_that_is_furthest_off(counts, largest):
    assignment = Assignment((), np.array(counts), 0, 0, None)
    assert deviation(assignment, (0.6, 0.2, 0.2)) == pytest.approx(largest)
