"""The class of each row: whatever the label's type, present, missing or wrong."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from support.resampling import example

from tfx_rebalance.components.rebalance.records.labels import UNLABELLED, LabelFeature, labels_in
from tfx_rebalance.errors import ConfigError, DataError

pytestmark = pytest.mark.tfx

STRINGS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5)
INTEGERS = st.integers(-(2**62), 2**62)
WHOLE_FLOATS = st.integers(-(2**24), 2**24)


def labels_of(values, label):
    """Returns the classes of rows with these values, read in two batches."""
    records = np.array([example(y=value) for value in values] or [], dtype=object)
    return labels_in(np.array_split(records, 2), label, path="shard-3").tolist()


def expected(picked):
    return [UNLABELLED if place is None else place for place in picked]


@st.composite
def picks(draw, values):
    """Returns (classes, which class each row has, None for no label)."""
    classes = draw(st.lists(values, min_size=1, max_size=6, unique=True))
    place = st.none() | st.integers(0, len(classes) - 1)
    return classes, draw(st.lists(place, max_size=20))


@given(drawn=picks(STRINGS))
def test_text_in_any_order_of_classes(drawn):
    classes, picked = drawn
    label = LabelFeature("y", "string", tuple(classes))
    values = [None if p is None else classes[p].encode() for p in picked]
    assert labels_of(values, label) == expected(picked)


@given(drawn=picks(INTEGERS))
def test_integers_in_any_order_of_classes(drawn):
    classes, picked = drawn
    label = LabelFeature("y", "int", tuple(map(str, classes)))
    values = [None if p is None else classes[p] for p in picked]
    assert labels_of(values, label) == expected(picked)


@given(drawn=picks(WHOLE_FLOATS))
def test_floats_that_are_whole_numbers(drawn):
    classes, picked = drawn
    label = LabelFeature("y", "float", tuple(map(str, classes)))
    values = [None if p is None else float(classes[p]) for p in picked]
    assert labels_of(values, label) == expected(picked)


@given(drawn=picks(STRINGS))
def test_a_class_index_is_the_class(drawn):
    classes, picked = drawn
    label = LabelFeature("y", "index", tuple(classes))
    assert labels_of(picked, label) == expected(picked)


def test_nan_is_no_label():
    label = LabelFeature("y", "float", ("0", "1"))
    assert labels_of([1.0, float("nan"), 0.0, None], label) == [1, UNLABELLED, 0, UNLABELLED]


def test_a_feature_that_rows_do_not_have_is_no_label():
    records = [np.array([example(x=1.0), example(x=2.0, y=1)], dtype=object)]
    assert labels_in(records, LabelFeature("y", "int", ("0", "1")), path="p").tolist() == [
        UNLABELLED,
        1,
    ]


def test_a_shard_without_rows_has_no_labels():
    found = labels_in([], LabelFeature("y", "int", ("0", "1")), path="p")
    assert (found.shape, found.dtype) == ((0,), np.int64)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("string", b"maybe", "maybe"),
        ("string", b"n", "n"),
        ("string", b"\xff", "\ufffd"),
        ("int", 2, "2"),
        ("float", 0.5, "0.5"),
        ("float", float("inf"), "inf"),
        ("float", 2.0, "2.0"),
        ("index", 2, "2"),
        ("index", -1, "-1"),
    ],
)
def test_a_label_outside_the_domain_is_named_with_shard_and_classes(kind, value, shown):
    classes = ("no", "yes") if kind in ("string", "index") else ("0", "1")
    good = {"string": b"no", "float": 1.0}.get(kind, 1)
    with pytest.raises(DataError) as error:
        labels_of([good, value, good, value], LabelFeature("y", kind, classes))
    for words in (
        "'shard-3'",
        "2 of 4 rows",
        "'y'",
        f": {shown}.",
        f"Allowed: {', '.join(classes)}",
    ):
        assert words in str(error.value)
    assert ("whole number" in str(error.value)) == (kind == "float")


def test_only_some_of_many_wrong_labels_are_shown():
    with pytest.raises(DataError, match=r": 10, 11, .*, 19 and 15 more\. Allowed: 0, 1\."):
        labels_of(range(10, 35), LabelFeature("y", "int", ("0", "1")))


@pytest.mark.parametrize("value", [1.5, 1, [b"no", b"yes"]], ids=["float", "int", "two"])
def test_a_label_of_another_type_or_number_is_refused_by_name(value):
    with pytest.raises(DataError, match=r"'shard-3'.*Key: y.*Correct the schema or the data"):
        labels_of([value], LabelFeature("y", "string", ("no", "yes")))


def test_bytes_that_are_no_example_are_refused():
    for record in (b"\xff\xff", b"id,amount\n"):
        batch = np.array([example(y=0), record], dtype=object)
        with pytest.raises(DataError, match="'p': a"):
            labels_in([batch], LabelFeature("y", "int", ("0",)), path="p")


@pytest.mark.parametrize("kind", ["int", "float"])
def test_classes_of_a_number_are_whole_numbers(kind):
    with pytest.raises(ConfigError, match=rf"the label 'y' is {kind}.* they name 'no', '1.5'\."):
        LabelFeature("y", kind, ("0", "no", "1.5", "-3"))


@pytest.mark.parametrize(("kind", "name"), [("int", str(2**63)), ("float", str(2**24 + 1))])
def test_classes_of_a_number_are_numbers_that_its_type_holds(kind, name):
    with pytest.raises(ConfigError, match=f"they name '{name}'"):
        LabelFeature("y", kind, ("0", name))


def test_there_are_no_more_classes_than_two_bytes_can_count():
    names = tuple(map(str, range(2**15)))
    assert LabelFeature("y", "string", names[:-1]).classes
    with pytest.raises(ConfigError, match="'y' has 32768 classes; allowed are up to 32767"):
        LabelFeature("y", "string", names)


def test_tensorflow_reads_the_same_labels():
    """An independent reader: tf.train.Example, row by row."""
    classes = ("b", "a", "ä")
    picked = np.random.default_rng(0).integers(0, 3, 500).tolist()
    records = [example(x=1.0, y=classes[p].encode()) for p in picked]
    found = labels_in(
        [np.array(records, dtype=object)], LabelFeature("y", "string", classes), path="p"
    )
    read = [tf.train.Example.FromString(r).features.feature["y"] for r in records]
    assert [classes[i] for i in found] == [f.bytes_list.value[0].decode() for f in read]
