"""New rows as tf.Examples, read back by protobuf: every feature from where it should come."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from support.resampling import example, values_of

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.records.children import children, synthetic, whole_numbers
from tfx_rebalance.components.rebalance.records.encoding import ragged_entries
from tfx_rebalance.components.rebalance.records.layout import Column, Layout
from tfx_rebalance.components.rebalance.records.parsing import parse, parsed
from tfx_rebalance.components.rebalance.records.seeds import Seeds
from tfx_rebalance.components.rebalance.synthesis.interpolation import born
from tfx_rebalance.components.rebalance.synthesis.pairs import Pairs
from tfx_rebalance.draws import shard_row_keys

pytestmark = pytest.mark.tfx

RAW = Layout(
    (
        Column("amount", "float", "numeric", optional=True),
        Column("word", "string", "nominal", optional=True),
        Column("vector", "float", "numeric", size=3, optional=True),
        Column("age", "int", "numeric", optional=True),
        Column("ratio", "float", "numeric"),
        Column("pair", "int", "numeric", size=2),
        Column("kind", "int", "nominal"),
        Column("id", "int", "copied"),
        Column("tags", "string", "copied", size=None),
        Column("y", "string", "copied"),
    ),
    scaled=False,
)
TRANSFORMED = Layout(
    (
        Column("x", "float", "numeric", flag="x_missing"),
        Column("x_missing", "float", "copied"),
        Column("z", "float", "numeric"),
        Column("y", "int", "copied"),
    ),
    scaled=True,
)
TYPES = {"float": tf.float32, "int": tf.int64, "string": tf.string}
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
INTS = st.integers(-(2**53) + 1, 2**53 - 1)
CELLS = st.fixed_dictionaries(
    {
        "ratio": FLOATS,
        "pair": st.lists(INTS, min_size=2, max_size=2),
        "kind": st.integers(0, 2),
        "id": st.integers(-(2**63), 2**63 - 1),
        "y": st.just(b"yes"),
    },
    optional={
        "amount": FLOATS,
        "vector": st.lists(FLOATS, min_size=3, max_size=3),
        "word": st.sampled_from([b"a", b"b", b"a longer one"]),
        "age": INTS,
        "tags": st.lists(st.binary(max_size=3), min_size=1, max_size=3),
    },
)


def seeds_of(records, layout):
    """Returns a class of serialized tf.Examples."""
    batch = np.array(records, dtype=object)
    others = [*layout.of("nominal"), *layout.of("copied")]
    spec = {c.name: tf.io.RaggedFeature(TYPES[c.dtype]) for c in others}
    values = parse(batch, spec, path="here")
    entries = {
        name: ragged_entries(name, v.values.numpy(), v.row_splits.numpy())
        for name, v in values.items()
    }
    return Seeds(parsed(batch, layout, path="here"), shard_row_keys(5, len(batch)), None, entries)


def made(records, pairs, *, layout=RAW, neighbours=None, provenance=False):
    """Returns the new rows, and what they were born as."""
    seeds = seeds_of(records, layout)
    if neighbours is None:
        neighbours = np.where(pairs.partner == NOBODY, NOBODY, pairs.partner)[:, np.newaxis]
        every = np.full((len(records), 1), NOBODY)
        every[pairs.seed] = neighbours
        neighbours = every
    new = born(seeds.rows, pairs, neighbours, whole=whole_numbers(layout))
    return children(seeds, new, pairs, layout=layout, provenance=provenance), new


def pairs_of(*drawn, **more):
    seed, partner, gap = (np.array(column) for column in zip(*drawn, strict=True))
    return Pairs(seed, partner, gap, **more)


@st.composite
def families(draw):
    """Returns the features of some rows, and pairs of them, each row with one partner."""
    rows = draw(st.lists(CELLS, min_size=2, max_size=5))
    drawn = []
    for seed in range(len(rows)):
        others = [NOBODY, *(other for other in range(len(rows)) if other != seed)]
        partner = draw(st.sampled_from(others))
        drawn += [(seed, partner, draw(st.floats(0, 1))) for _ in range(draw(st.integers(0, 2)))]
    return rows, pairs_of(*drawn or [(0, 1, 0.5)])


@given(family=families())
def test_a_new_row_has_every_feature_from_where_it_should_come(family):
    rows, pairs = family
    records, new = made([example(**cells) for cells in rows], pairs)
    starts = {"amount": 0, "vector": 1, "age": 4, "ratio": 5, "pair": 6}
    for place, record in enumerate(records):
        seed, partner = rows[pairs.seed[place]], pairs.partner[place]
        found = {name: values_of(record, name) for name in feature_names(record)}
        for column in RAW.of("numeric"):
            at = starts[column.name]
            values = new.rows.numeric[place, at : at + column.size]
            if np.isnan(values).any():
                assert column.name not in found
                assert column.name not in seed
            elif column.dtype == "int":
                assert found[column.name] == values.astype(np.int64).tolist()
            else:
                assert found[column.name] == values.astype(np.float32).tolist()
        for column in RAW.of("copied"):
            assert found.get(column.name) == listed(seed.get(column.name))
        voted = seed if partner == NOBODY else rows[partner]
        for column in RAW.of("nominal"):
            assert found.get(column.name) == listed(voted.get(column.name))
        assert set(found) <= {column.name for column in RAW.columns}


def listed(value):
    return value if value is None or isinstance(value, list) else [value]


def feature_names(record):
    return set(tf.train.Example.FromString(record).features.feature)


@given(rows=st.lists(CELLS, min_size=1, max_size=4), provenance=st.booleans())
def test_a_copy_is_its_seed_in_everything(rows, provenance):
    originals = [example(**cells) for cells in rows]
    pairs = pairs_of(*((row, NOBODY, 0.9) for row in range(len(rows))))
    neighbours = np.zeros((len(rows), 1), dtype=np.int64)  # Whatever they would vote for.
    records, _ = made(originals, pairs, neighbours=neighbours, provenance=provenance)
    for record, original in zip(records, originals, strict=True):
        assert tf.train.Example.FromString(record) == tf.train.Example.FromString(original)


def test_numbers_of_a_vector_are_interpolated_one_by_one():
    cells = {"ratio": 0.0, "kind": 1, "id": 7, "y": b"yes"}
    rows = [
        example(vector=[0.0, 10.0, 100.0], pair=[0, 10], **cells),
        example(vector=[1.0, 20.0, 100.0], pair=[10, 0], **cells),
    ]
    [record], _ = made(rows, pairs_of((0, 1, 0.25)))
    assert values_of(record, "vector") == [0.25, 12.5, 100.0]
    assert values_of(record, "pair") == [2, 8]  # 2.5 and 7.5, to the even one.


def test_after_transform_companion_and_fill_are_the_seeds():
    rows = [
        example(x=0.0, x_missing=1.0, z=0.0, y=1),
        example(x=4.0, x_missing=0.0, z=8.0, y=1),
    ]
    records, _ = made(rows, pairs_of((0, 1, 0.5), (1, 0, 0.5)), layout=TRANSFORMED)
    names = [c.name for c in TRANSFORMED.columns]
    found = [[values_of(record, name) for name in names] for record in records]
    # The mean that Transform fills in is not on the way to anywhere.
    assert found == [[[0.0], [1.0], [4.0], [1]], [[4.0], [0.0], [4.0], [1]]]


def test_only_rows_between_two_parents_carry_where_they_come_from():
    rows = [example(x=float(i), x_missing=0.0, z=0.0, y=1) for i in range(3)]
    pairs = pairs_of((0, 2, 0.5), (1, NOBODY, 0.5), (2, 1, 0.0))
    records, _ = made(rows, pairs, layout=TRANSFORMED, provenance=True)
    marks = [values_of(record, "synthetic") for record in records]
    parents = [values_of(record, "parents") for record in records]
    first = 5 << 40
    assert marks == [[1], [], [1]]
    assert parents == [[first, first + 2], [], [first + 2, first + 1]]
    plain, _ = made(rows, pairs, layout=TRANSFORMED)
    for record, other in zip(records, plain, strict=True):
        assert feature_names(record) - feature_names(other) <= {"synthetic", "parents"}
        assert {"synthetic", "parents"}.isdisjoint(feature_names(other))


def test_a_parent_of_another_class_has_its_key_and_one_that_is_no_row_minus_one():
    rows = [example(x=float(i), x_missing=0.0, z=0.0, y=1) for i in range(2)]
    toward = np.array([[3.0, 3.0], [3.0, 3.0], [np.nan] * 2, [3.0, 3.0]])
    drawn = ((0, NOBODY, 0.5), (0, 1, 0.5), (1, NOBODY, 0.5), (1, NOBODY, 0.5))
    neighbours = np.array([[1], [0]])
    parents = {}
    for foreign in (None, np.array([70, 80, 90, 100], dtype=np.uint64)):
        pairs = pairs_of(*drawn, toward=toward, foreign=foreign)
        records, _ = made(rows, pairs, layout=TRANSFORMED, neighbours=neighbours, provenance=True)
        parents[foreign is None] = [values_of(record, "parents") for record in records]
        assert synthetic(pairs).tolist() == [True, True, False, True]
    first = 5 << 40
    assert parents[True] == [[first, -1], [first, first + 1], [], [first + 1, -1]]
    assert parents[False] == [[first, 70], [first, first + 1], [], [first + 1, 100]]


def test_integers_are_told_from_other_numbers_value_by_value():
    assert whole_numbers(RAW).tolist() == [False] * 4 + [True, False, True, True]
    assert whole_numbers(Layout((), scaled=False)).tolist() == []


def test_rows_of_categories_alone_are_written():
    layout = Layout((Column("word", "string", "nominal", optional=True),), scaled=False)
    rows = [example(word=b"a"), example(word=b"b"), example(word=b"b"), example()]
    pairs = pairs_of((0, 1, 0.5), (3, 0, 0.5))
    neighbours = np.array([[1, 2], [0, 2], [0, 1], [NOBODY, NOBODY]])
    records, _ = made(rows, pairs, layout=layout, neighbours=neighbours)
    assert [values_of(record, "word") for record in records] == [[b"b"], []]


def test_no_pairs_are_no_records():
    rows = [example(x=0.0, x_missing=0.0, z=0.0, y=1)]
    nothing = np.empty(0, dtype=np.int64)
    pairs = Pairs(nothing, nothing, np.empty(0))
    for provenance in (False, True):
        records, _ = made(rows, pairs, layout=TRANSFORMED, provenance=provenance)
        assert records == []
