"""The reviewed schemas, the example configs over them, and the data they describe."""

import csv
from pathlib import Path

import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.example_gen.columns import as_lists
from tfx_rebalance.components.example_gen.demo_data import write_demo_data
from tfx_rebalance.components.example_gen.sources.csv import read_file
from tfx_rebalance.components.example_gen.wanted import wanted_of
from tfx_rebalance.pipeline.checks import check_config, read_schema
from tfx_rebalance.pipeline.config_file import load_config

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = sorted((ROOT / "examples").glob("*.yaml"))
IMAGES = ROOT / "examples" / "mnist-longtail.yaml"
TABLES = [path for path in CONFIGS if path != IMAGES]
NAMES = [path.stem for path in CONFIGS]


@pytest.fixture(params=TABLES, ids=[path.stem for path in TABLES])
def config(request):
    return load_config(request.param)


@pytest.fixture
def source(config, request, tmp_path):
    """Returns the file with the example's rows; skips where the data sets are absent."""
    if not config.data.is_demo:
        request.getfixturevalue("shared_data")
        return Path(config.data.source.path)
    path = tmp_path / "demo.csv"
    write_demo_data(str(path), config.data.demo)
    return path


def features_of_example(name):
    """Returns the features of an example whose source need not exist."""
    config = load_config(ROOT / "examples" / f"{name}.yaml", overrides=["data.source=demo"])
    return check_config(config)


def test_each_example_has_its_schema_and_each_schema_its_example():
    schemas = sorted(map(str, (ROOT / "schemas").glob("*/schema.pbtxt")))
    assert schemas == sorted(load_config(path).data.schema_file for path in CONFIGS)
    assert [path.stem for path in TABLES] == [
        "adult",
        "card_fraud",
        "covertype",
        "mammography",
        "nsl_kdd",
    ]


@pytest.mark.parametrize(
    "name", [path.parent.name for path in (ROOT / "schemas").glob("*/schema.pbtxt")]
)
def test_a_schema_gives_every_column_a_type_and_a_presence(name):
    for feature in read_schema(str(ROOT / "schemas" / name / "schema.pbtxt")).feature:
        assert feature.type in (schema_pb2.INT, schema_pb2.FLOAT, schema_pb2.BYTES), feature.name
        assert feature.presence.min_count == 1, feature.name
        required = feature.presence.min_fraction == 1
        assert feature.HasField("shape") == required, feature.name
        assert feature.HasField("value_count") != required, feature.name


@pytest.mark.parametrize("name", NAMES)
def test_an_example_fits_its_schema(name):
    features = features_of_example(name)
    assert features.label not in {feature.name for feature in features.inputs}
    assert len(features.classes) >= 2


def test_an_example_loads_and_its_source_is_found(config, source):
    assert source.is_file()
    check_config(config)


def test_the_examples_show_every_kind_of_column_between_them():
    features = [features_of_example(name) for name in NAMES]
    inputs = [feature for one in features for feature in one.inputs]
    assert any(feature.image for feature in inputs)
    assert any(not feature.categorical for feature in inputs)
    assert any(feature.categorical and feature.dtype == "int" for feature in inputs)
    assert any(feature.categorical and feature.dtype == "string" for feature in inputs)
    assert any(feature.optional and feature.categorical for feature in inputs)
    assert any(feature.optional and not feature.categorical for feature in inputs)
    assert {one.label_dtype for one in features} == {"int", "string"}
    assert any("-1" in one.classes for one in features)
    assert any(len(one.classes) > 2 for one in features)


def test_what_is_no_property_of_a_row_is_no_input():
    assert load_config(ROOT / "examples" / "adult.yaml").data.exclude == ("fnlwgt",)
    assert "difficulty_level" in load_config(ROOT / "examples" / "nsl_kdd.yaml").data.exclude
    assert load_config(IMAGES).data.exclude == ("path",)
    excluded = load_config(ROOT / "examples" / "card_fraud.yaml").data.exclude
    assert set(excluded) == {"card_id", "timestamp"}


def test_the_groups_of_nsl_kdd_are_those_of_its_table(shared_data):
    groups = load_config(ROOT / "examples" / "nsl_kdd.yaml").data.label_groups
    with (shared_data / "nsl_kdd" / "attack_category.csv").open() as file:
        expected = {row["label"]: row["category"] for row in csv.DictReader(file)}
    assert {value: name for name, values in groups.items() for value in values} == expected


@pytest.mark.tfx
def test_example_validator_finds_nothing_wrong_with_the_data(config, source):
    schema = read_schema(config.data.schema_file)
    assert anomalies_of(rows_of(source, config, schema), schema) == {}


@pytest.mark.tfx
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("hour", 24),
        ("amount", -1.0),
        ("amount", float("nan")),
        ("amount", None),
        ("device", "abacus"),
        ("merchant_category", 10_000),
        ("is_fraud", 2),
    ],
)
def test_example_validator_finds_one_wrong_cell(column, value, tmp_path):
    config = load_config(ROOT / "examples" / "card_fraud.yaml", overrides=["data.demo.rows=1000"])
    write_demo_data(str(tmp_path / "demo.csv"), config.data.demo)
    schema = read_schema(config.data.schema_file)
    rows = rows_of(tmp_path / "demo.csv", config, schema)
    place = rows.schema.get_field_index(column)
    cells = rows.column(place).to_pylist()
    cells[0] = value
    wrong = pa.array(cells, rows.column(place).type)
    arrays = [*rows.columns[:place], wrong, *rows.columns[place + 1 :]]
    wrong_rows = pa.RecordBatch.from_arrays(arrays, names=rows.schema.names)
    assert set(anomalies_of(wrong_rows, schema)) == {column}


def rows_of(source, config, schema):
    """Returns the rows as ExampleGen writes them: typed, the label grouped."""
    data = config.data
    batches = list(read_file(str(source), wanted_of(schema, label=data.label)))
    rows = pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
    place = rows.schema.get_field_index(data.label)
    labels = rows.column(place)
    if data.label_groups:
        groups = {v: name for name, values in data.label_groups.items() for v in values}
        labels = pa.array([groups[label] for label in labels.to_pylist()])
    if {f.name: f.type for f in schema.feature}[data.label] == schema_pb2.INT:
        labels = labels.cast(pa.int64())
    arrays = [*rows.columns[:place], labels, *rows.columns[place + 1 :]]
    return pa.RecordBatch.from_arrays(arrays, names=rows.schema.names)


def anomalies_of(rows, schema):
    import tensorflow_data_validation as tfdv
    from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory

    options = tfdv.StatsOptions(schema=schema)
    statistics = generate_statistics_in_memory(as_lists(rows), options)
    found = tfdv.validate_statistics(statistics, schema).anomaly_info
    return {name: anomaly.description for name, anomaly in found.items()}
