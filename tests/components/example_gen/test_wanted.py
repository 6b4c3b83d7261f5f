"""From a schema to the types of columns."""

import pyarrow as pa
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.example_gen.wanted import wanted_of

LABEL = 'feature { name: "y" type: INT }'


def wanted_for(feature):
    schema = text_format.Parse(f'feature {{ name: "c" {feature} }} {LABEL}', schema_pb2.Schema())
    return wanted_of(schema, label="y")


def types_of(feature):
    return wanted_for(feature).types


@pytest.mark.parametrize(
    ("feature", "kind"),
    [
        ("type: INT", pa.int64()),
        ("type: FLOAT", pa.float64()),
        ("type: BYTES", pa.string()),
        ("type: BYTES image_domain {}", pa.binary()),
        ("type: INT value_count { min: 1 max: 1 }", pa.int64()),
        ("type: INT value_count { min: 0 max: 3 }", pa.list_(pa.int64())),
        ("type: FLOAT shape { dim { size: 1 } }", pa.float64()),
        ("type: FLOAT shape { dim { size: 28 } dim { size: 28 } }", pa.list_(pa.float64())),
        ("type: BYTES image_domain {} value_count { min: 2 max: 2 }", pa.list_(pa.binary())),
    ],
)
def test_a_column_has_the_type_and_number_of_values_of_the_schema(feature, kind):
    assert types_of(feature) == {"c": kind, "y": pa.string()}


def test_one_image_per_cell_is_looked_at():
    assert wanted_for("type: BYTES image_domain {}").images == {"c"}
    assert not wanted_for("type: BYTES").images
    assert not wanted_for("type: BYTES image_domain {} value_count { min: 2 max: 2 }").images


def test_a_column_of_no_such_type_is_left_to_the_data():
    assert types_of("type: STRUCT") == {"y": pa.string()}


def test_the_label_is_text_and_required_unless_it_is_said():
    schema = text_format.Parse(LABEL, schema_pb2.Schema())
    assert wanted_of(schema, label="y").label_required
    assert not wanted_of(schema, label="y", label_required=False).label_required
