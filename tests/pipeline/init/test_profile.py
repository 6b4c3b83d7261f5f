import gzip
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.example_gen.sources.csv import read_file
from tfx_rebalance.components.example_gen.wanted import wanted_of
from tfx_rebalance.errors import ConfigError, DataError
from tfx_rebalance.features import SCHEMA_TYPES
from tfx_rebalance.pipeline.init import column_scan
from tfx_rebalance.pipeline.init.column_scan import DistinctCounter, dtype_of
from tfx_rebalance.pipeline.init.columns import Kind
from tfx_rebalance.pipeline.init.leaks import sample_shares, separation
from tfx_rebalance.pipeline.init.profile import profile_csv

DIGITS = random.Random(0)


def write(folder, columns, *, name="data.csv"):
    """Columns by name, each a list of cells as text; all of one length."""
    rows = [",".join(columns), *(",".join(row) for row in zip(*columns.values(), strict=True))]
    path = folder / name
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def labels(rows=60, *, values=("no", "no", "yes")):
    return [values[i % len(values)] for i in range(rows)]


def noise(rows=60):
    return [f"{DIGITS.uniform(0, 9):.1f}" for _ in range(rows)]


def profile_of(folder, columns, *, label="y"):
    return profile_csv(write(folder, columns), label=label)


def column_of(folder, cells, *, name="x", values=("no", "no", "yes")):
    profile = profile_of(folder, {name: cells, "y": labels(len(cells), values=values)})
    return profile.columns[0]


CELLS = st.one_of(
    st.just(""),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(width=32).map(str),
    st.dates().map(str),
    st.from_regex(r"[ \t]?[0-9+-]{1,4}[ \t]?", fullmatch=True),
    st.from_regex(r"0[xX0-9][0-9a-f]{0,3}", fullmatch=True),
    st.sampled_from(["true", "NaN", "-inf", "NA", "é", "1e5", "1.", "-0"]),
)


@given(st.lists(st.lists(CELLS, min_size=12, max_size=12), min_size=1, max_size=3))
def test_example_gen_reads_any_table_with_the_inferred_types(tmp_path_factory, table):
    columns = {f"c{i}": cells for i, cells in enumerate(table)}
    path = write(tmp_path_factory.mktemp("any"), {**columns, "y": labels(12)})
    profile = profile_csv(path, label="y")
    schema = schema_pb2.Schema()
    for column in profile.columns:
        schema.feature.add(name=column.name, type=SCHEMA_TYPES[column.dtype])
    [batch] = read_file(str(path), wanted_of(schema, label="y"))
    for column in profile.columns:
        cells = columns[column.name]
        read = batch.column(batch.schema.get_field_index(column.name))
        assert column.missing == read.null_count == cells.count("")
        assert column.distinct == len({cell for cell in cells if cell})
        if column.dtype == "int":
            assert read.to_pylist() == [int(cell) if cell else None for cell in cells]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([], None),
        (["1", "-2", " 3"], "int"),
        (["1", "2.5"], "float"),
        (["1", "nan", "-inf", "1e5"], "float"),
        (["1", "x"], "string"),
        (["007", "8"], "string"),
        (["0x1F"], "string"),
        (["12345678901234567890"], "string"),
        (["9007199254740993"], "string"),
        (["1700000000000000"], "int"),
        (["true", "false"], "string"),
        (["0", "-0", "0.5"], "float"),
    ],
)
def test_type_is_the_narrowest_that_keeps_the_meaning(values, dtype):
    assert dtype_of(column_scan.pa.array(values, type=column_scan.pa.string())) == dtype


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr("tfx_rebalance.components.example_gen.sources.csv.BLOCK_BYTES", 64)


@pytest.mark.usefixtures("small_blocks")
def test_last_batch_decides_as_much_as_the_first(tmp_path):
    assert column_of(tmp_path, [*map(str, range(99)), "x"]).dtype == "string"
    assert column_of(tmp_path, [*["1", "2"] * 50, "2.5"]).dtype == "float"
    assert column_of(tmp_path, ["", "3", *["1", "2"] * 50]).dtype == "int"
    assert column_of(tmp_path, ["", *["2024-01-31"] * 98, "2024-02-01"]).kind is Kind.DATE
    assert column_of(tmp_path, ["2023", *["2024-01-31"] * 98, "2024-02-01"]).kind is not Kind.DATE


@pytest.mark.usefixtures("small_blocks")
def test_running_number_is_an_id_in_any_number_of_batches(tmp_path):
    rising = [str(10**15 + i) for i in range(60)]
    assert column_of(tmp_path, rising).kind is Kind.ID
    assert column_of(tmp_path, rising[::-1]).kind is Kind.ID
    assert column_of(tmp_path, [*rising[:-1], "5"]).kind is Kind.NUMERIC
    assert column_of(tmp_path, [*rising[:-1], rising[-2]]).kind is Kind.NUMERIC


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("x", [f"u{i}" for i in range(60)], Kind.ID),
        ("customerId", [str(i * 7919 % 101) for i in range(60)], Kind.ID),
        ("store_id", [str(i % 3) for i in range(60)], Kind.CATEGORY),
        ("mcc code", [str(5400 + i % 4) for i in range(60)], Kind.CATEGORY),
        ("soil_type_1", [str(i % 2) for i in range(60)], Kind.NUMERIC),
        ("paid", [str(i * 7919 % 101) for i in range(60)], Kind.NUMERIC),
        ("x", ["2024-05-01T10:00:00Z"] * 30 + ["2024-05-02 10:00"] * 30, Kind.DATE),
        ("x", ["2024-13-01"] * 60, Kind.CONSTANT),
        ("x", ["2024-13-01", "2024-12-01"] * 30, Kind.CATEGORY),
        ("created_at", [str(1_700_000_000 + i % 7) for i in range(60)], Kind.DATE),
        ("eventTime", [f"{1.7e9 + i % 7:.1f}" for i in range(60)], Kind.DATE),
        ("order date", [str(20240101 + i % 7) for i in range(60)], Kind.DATE),
        ("amount", [str(1_700_000_000 + i % 7) for i in range(60)], Kind.NUMERIC),
        ("x", ["5"] * 60, Kind.CONSTANT),
        ("x", ["5", ""] * 30, Kind.NUMERIC),
        ("x", [""] * 60, Kind.EMPTY),
        ("x", [*["5", "6"] * 9, *[""] * 42], Kind.SELDOM),
        ("x", ["a", "b", "c"] * 20, Kind.CATEGORY),
    ],
)
def test_kind_of_a_column(tmp_path, name, cells, kind):
    assert column_of(tmp_path, cells, name=name).kind is kind


def test_domain_only_where_the_values_look_exhausted(tmp_path):
    assert column_of(tmp_path, ["b", "a", ""] * 20).domain == ("a", "b")
    assert column_of(tmp_path, ["b", "a"] * 30 + ["c"] * 9).domain == ()
    assert column_of(tmp_path, [f"v{i % 21}" for i in range(630)]).domain == ()


@given(st.lists(st.integers(0, 10**6), max_size=300), st.integers(1, 300))
def test_distinct_values_are_counted_exactly_while_they_fit(values, cut):
    counter = DistinctCounter()
    texts = np.array([str(v) for v in values], dtype=object)
    counter.add(texts[:cut])
    counter.add(texts[cut:])
    assert counter.count() == len(set(values))


def test_distinct_values_beyond_are_estimated_within_4_sigma():
    counter = DistinctCounter()
    for start in range(0, 200_000, 50_000):
        counter.add(np.array([str(i) for i in range(start, start + 60_000)], dtype=object))
    assert counter.count() == pytest.approx(210_000, rel=4 / np.sqrt(DistinctCounter.SIZE))


@pytest.mark.parametrize(
    ("values", "classes", "dtype"),
    [
        (("no", "no", "yes"), ["no", "yes"], "string"),
        (("-1", "1"), ["-1", "1"], "string"),
        (("10", "9", "8"), ["8", "9", "10"], "int"),
        (("01", "00"), ["00", "01"], "string"),
        (("0.0", "1.0", "1.0"), ["1.0", "0.0"], "string"),
        (("b", "a"), ["a", "b"], "string"),
    ],
)
def test_classes_are_ordered_and_typed(tmp_path, values, classes, dtype):
    profile = profile_of(tmp_path, {"x": noise(), "y": labels(values=values)})
    assert list(profile.classes) == classes
    assert profile.label_dtype == dtype
    assert profile.rows == 60


def test_rows_without_a_label_count_for_types_only(tmp_path):
    y = [*labels(60), "", ""]
    profile = profile_of(tmp_path, {"x": [*(["1", "2"] * 30), "z", ""], "y": y})
    [x] = profile.columns
    assert (profile.rows, profile.unlabelled) == (60, 2)
    assert (x.dtype, x.missing, x.distinct) == ("string", 0, 2)


def test_label_written_otherwise_is_a_leak_and_so_is_a_value_only_one_class_has(tmp_path):
    y = labels(120)
    columns = {
        "as_number": ["1" if v == "yes" else "0" for v in y],
        "as_text": ["P" if v == "yes" else "N" for v in y],
        "refund": ["9.5" if v == "yes" else "" for v in y],
        "amount": [f"{DIGITS.uniform(0, 1) + (v == 'yes') * 2:.3f}" for v in y],
        "good": [v if i % 15 != 2 else "no" for i, v in enumerate(y)],
        "honest": noise(120),
        "y": y,
    }
    profile = profile_of(tmp_path, columns)
    assert [c.name for c in profile.leaks] == ["as_number", "as_text", "refund", "amount"]
    assert set(profile.excluded()) == {c.name for c in profile.leaks}


def test_many_classes_written_otherwise_are_a_leak(tmp_path):
    y = labels(900, values=[f"c{i}" for i in range(30)])
    code = [str((int(v[1:]) * 7) % 30) for v in y]
    profile = profile_of(tmp_path, {"n": code, "t": [f"k{c}" for c in code], "y": y})
    assert [c.name for c in profile.leaks] == ["n", "t"]


def test_nearly_a_leak_is_named_and_stays(tmp_path):
    y = labels(600, values=("no", "yes"))
    x = [v if i % 38 > 1 else "no" for i, v in enumerate(y)]
    profile = profile_of(tmp_path, {"x": x, "y": y})
    assert [c.name for c in profile.suspects] == ["x"]
    assert profile.leaks == []
    assert profile.excluded() == {}


def test_id_of_a_sorted_file_is_an_id_and_not_a_leak(tmp_path):
    profile = profile_of(tmp_path, {"n": [str(i) for i in range(90)], "y": sorted(labels(90))})
    assert profile.leaks == []
    assert [c.name for c in profile.of_kind(Kind.ID)] == ["n"]


def test_too_few_rows_say_nothing_about_leaks():
    classes = np.arange(38) % 2
    assert separation(classes, classes, ordered=True) is None
    assert separation(np.arange(40) % 2, np.arange(40) % 2, ordered=True) == 1


def test_all_different_values_tell_nothing():
    classes = np.arange(400) % 2
    assert separation(np.arange(400), classes, ordered=False) == 0


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 10**7), min_size=1, max_size=30))
def test_sample_is_bounded_and_takes_the_rare_classes_whole(rows):
    shares = sample_shares(rows, rows=1000)
    assert sum(shares[c] * n for c, n in rows.items()) <= 1000 + 1e-6
    assert all(shares[c] == 1 for c, n in rows.items() if n <= 1000 // len(rows))


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", DataError, "empty"),
        ("a,y\n", DataError, "no row|Empty CSV"),
        ("a,a,y\n1,2,3\n", DataError, "a more than once"),
        (",y\n0,1\n", DataError, "column 1 of the header has no name"),
        ("a,Y\n1,2\n", ConfigError, "did you mean 'Y'|It has: a, Y"),
        ("a;y\n1;2\n", ConfigError, "commas"),
        ("a,y\n1,no\n2,no\n", DataError, "1 different values"),
        ("a,y\n1,\n2,\n", DataError, "every cell is empty"),
        ("a,y\n1,no\n2\n", DataError, "cannot be read"),
    ],
)
def test_file_that_cannot_be_used_is_refused_with_the_reason(tmp_path, text, error, says):
    path = tmp_path / "data.csv"
    path.write_text(text)
    with pytest.raises(error, match=says):
        profile_csv(path, label="y")


def test_missing_file_and_misspelt_label_are_usage_errors(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        profile_csv(tmp_path / "none.csv", label="y")
    path = write(tmp_path, {"age": noise(), "income": labels()})
    with pytest.raises(ConfigError, match=r"did you mean 'income'\?\)\. It has: age, income"):
        profile_csv(path, label="incme")


@pytest.mark.parametrize(
    ("y", "looks"),
    [
        ([f"{i / 7:.3f}" for i in range(30)], "regression"),
        ([str(i) for i in range(1200)], "regression"),
        ([f"u{i}" for i in range(1200)], "id or free text"),
    ],
)
def test_label_with_too_many_values_is_refused(tmp_path, y, looks):
    with pytest.raises(DataError, match=looks):
        profile_of(tmp_path, {"x": noise(len(y)), "y": y})


def test_broken_gzip_is_refused(tmp_path):
    path = write(tmp_path, {"x": noise(3000), "y": labels(3000)})
    zipped = gzip.compress(path.read_bytes())
    assert profile_csv_of(tmp_path, zipped).rows == 3000
    with pytest.raises(DataError):
        profile_csv_of(tmp_path, zipped[:-100])
    with pytest.raises(DataError):
        profile_csv_of(tmp_path, zipped[:2000] + bytes(200) + zipped[2200:])


def profile_csv_of(folder, content):
    path = folder / "data.csv.gz"
    path.write_bytes(content)
    return profile_csv(path, label="y")


def test_adult(shared_data):
    profile = profile_csv(shared_data / "adult" / "adult.csv.gz", label="income")
    assert dict(profile.classes) == {"<=50K": 37155, ">50K": 11687}
    assert sum(c.missing for c in profile.columns) == 6465
    assert len(profile.of_kind(Kind.CATEGORY)) == 8
    assert profile.excluded() == {}


def test_nsl_kdd_has_a_constant_and_a_column_known_only_afterwards_that_no_rule_finds(shared_data):
    profile = profile_csv(shared_data / "nsl_kdd" / "nsl_kdd.csv.gz", label="label")
    assert len(profile.classes) == 23
    assert list(profile.excluded()) == ["num_outbound_cmds"]
    by_name = {c.name: c.separation for c in profile.columns}
    assert by_name["difficulty_level"] < by_name["src_bytes"] < 0.7


def test_forest_cover_has_an_honest_column_that_looks_like_a_leak(shared_data):
    profile = profile_csv(shared_data / "cover_anomaly" / "cover_anomaly.csv.gz", label="label")
    assert [c.name for c in profile.suspects] == ["Elevation"]
    assert profile.excluded() == {}
