"""From a label as it is written to its class."""

from collections import Counter

import pyarrow as pa
import pytest

from tfx_rebalance.components.example_gen.labels import MISSING, Labels, counts_of
from tfx_rebalance.errors import DataError
from tfx_rebalance.features import Features

GROUPS = {"neg": ("low", "mid"), "pos": ("high",)}
WRITTEN = ["low", None, "high", "new", "mid"]


def labels_of(classes=("neg", "pos"), *, groups=None, dtype="string", is_serving=False):
    features = Features(inputs=(), label="y", label_dtype=dtype, classes=classes)
    return Labels(features, groups, is_serving)


def batch_of(values, name="y"):
    names = ["n", name]
    arrays = [pa.array(range(len(values))), pa.array(values, pa.string())]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def test_a_class_is_its_place_in_the_domain_and_what_is_none_is_missing():
    found = labels_of().indices(batch_of(["pos", "neg", None, "Pos", ""]))
    assert found.tolist() == [1, 0, MISSING, MISSING, MISSING]


def test_of_groups_the_class_counts_and_its_own_name_is_no_value():
    labels = labels_of(groups=GROUPS)
    assert labels.indices(batch_of([*WRITTEN, "neg"])).tolist() == [0, -1, 1, -1, 0, -1]


def test_a_group_takes_the_place_of_its_values_and_the_rest_stays():
    batch = batch_of(WRITTEN)
    replaced = labels_of(groups=GROUPS).replaced(batch)
    assert replaced.column(1).to_pylist() == ["neg", None, "pos", "new", "neg"]
    assert replaced.column(0) == batch.column(0)
    assert labels_of().replaced(batch) == batch


@pytest.mark.parametrize(
    ("groups", "written", "replaced"),
    [
        (None, ["1", "-1", None, "1.5", "one", ""], [1, -1, None, None, None, None]),
        ({"-1": ("ok",), "1": ("bad", "1")}, ["ok", "1", "bad", "?", "7"], [-1, 1, 1, None, 7]),
    ],
)
def test_an_integer_label_is_an_integer_or_missing(groups, written, replaced):
    labels = labels_of(("-1", "0", "1"), groups=groups, dtype="int", is_serving=True)
    column = labels.replaced(batch_of(written)).column(1)
    assert column.type == pa.int64()
    assert column.to_pylist() == replaced


@pytest.mark.parametrize("groups", [None, GROUPS])
@pytest.mark.parametrize("dtype", ["int", "string"])
def test_serving_rows_may_have_no_label_at_all(groups, dtype):
    labels = labels_of(groups=groups, dtype=dtype, is_serving=True)
    batch = batch_of(["a", "b"], name="z")
    assert labels.replaced(batch) is batch
    assert labels.indices(batch).tolist() == [MISSING, MISSING]
    assert counts_of(labels.values(batch)) == Counter({None: 2})
    assert labels.split_names == ("serving",)
    labels.check(Counter({None: 2, "new": 1}), source="f", missing_label="fail")


def test_missing_labels_are_refused_with_their_number_or_dropped():
    counts = counts_of(pa.array(["neg", None, None, "pos"]))
    with pytest.raises(DataError, match=r"'f': 2 of 4 rows have no label 'y'.*missing_label: drop"):
        labels_of().check(counts, source="f", missing_label="fail")
    labels_of().check(counts, source="f", missing_label="drop")


def test_unknown_values_are_refused_the_most_frequent_first():
    counts = Counter({"neg": 9, "rare": 1, "often": 5, **{f"x{i}": 2 for i in range(10)}})
    with pytest.raises(DataError) as error:
        labels_of().check(counts, source="f", missing_label="drop")
    message = str(error.value)
    assert "the schema does not know: 'often' (5 rows), 'x0' (2 rows)" in message
    assert "and 2 more. Known: neg, pos." in message


def test_groups_know_their_values_alone():
    with pytest.raises(DataError, match=r"label_groups do not know: 'neg' \(1 rows\). Known: low,"):
        labels_of(groups=GROUPS).check(Counter({"neg": 1}), source="f", missing_label="fail")
