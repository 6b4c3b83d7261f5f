"""TFDV's statistics as counts: exact, or said to be unknown."""

import pandas as pd
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from tfx_rebalance.components.imbalance_validator.statistics import label_counts, split_of
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx

FRAME = pd.DataFrame(
    {
        "label": ["a"] * 5 + ["b_c"] * 3,
        "number": [0, 1, 2, 3, 0, 1, 1, 0],
        "text": ["x", None, "y", "x", None, "x", "x", "x"],
    }
)


def test_columns_and_slices_are_found(statistics_of):
    split = split_of(statistics_of(FRAME, label="label"), label="label")
    assert split.table.rows == 8
    assert {name: table.rows for name, table in split.classes.items()} == {"a": 5, "b_c": 3}
    text = split.table.column("text")
    assert (dict(text.values), text.missing, text.unique) == ({"x": 5, "y": 1}, 2, 2)
    assert (split.table.column("number").curve.total, split.table.column("number").zeros) == (8, 3)
    nothing = split.table.column("elsewhere")
    assert (nothing.missing, nothing.empty) == (8, True)


def test_statistics_of_one_data_set_need_no_name(statistics_of):
    split = split_of(statistics_of(FRAME), label="label")
    assert (split.table.rows, dict(split.classes)) == (8, {})


def test_slices_without_the_whole_are_refused():
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    statistics.datasets.add(name="label_a")
    statistics.datasets.add(name="label_b")
    with pytest.raises(DataError, match="no slice 'All Examples', only label_a, label_b"):
        split_of(statistics, label="label")


def test_labels_are_counted_in_the_order_of_the_classes_then_the_others(statistics_of):
    table = split_of(statistics_of(FRAME), label="label").table
    assert list(label_counts(table, "label", ["b_c", "z"]).items()) == [
        ("b_c", 3),
        ("z", 0),
        ("a", 5),
    ]


@pytest.mark.parametrize("rows", [[0, 1, 1, 0, 0], [1, 1], [0]])
def test_a_whole_number_label_is_counted_if_it_is_zero_or_one(statistics_of, rows):
    table = split_of(statistics_of(pd.DataFrame({"y": rows})), label="y").table
    expected = {"0": rows.count(0), "1": rows.count(1)}
    assert label_counts(table, "y", ["0", "1"]) == expected


def test_other_whole_numbers_are_counted_only_as_categories(statistics_of):
    frame = pd.DataFrame({"y": [1, 2, 2, 3]})
    schema = schema_pb2.Schema()
    feature = schema.feature.add(name="y", type=schema_pb2.INT)
    plain = split_of(statistics_of(frame, schema=schema), label="y").table
    feature.int_domain.is_categorical = True
    named = split_of(statistics_of(frame, schema=schema), label="y").table
    assert label_counts(plain, "y", ["1", "2", "3"]) is None
    assert label_counts(named, "y", ["1", "2", "3"]) == {"1": 1, "2": 2, "3": 1}
    assert label_counts(plain, "y", ["0", "1"]) is None
