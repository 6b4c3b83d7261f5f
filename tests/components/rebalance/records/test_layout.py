"""What a schema makes of each feature: compared, interpolated, voted on or copied."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.rebalance.records.layout import Column, Layout, layout_of_schema
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Feature, Features

ONE = "value_count { min: 1 max: 1 }"
DENSE = "shape { dim { size: 1 } } presence { min_fraction: 1.0 }"


def schema(**features):
    """Returns a schema of features, given as text, and of a label."""
    text = "".join(f'feature {{ name: "{name}" {said} }}\n' for name, said in features.items())
    return text_format.Parse(f'{text}feature {{ name: "y" type: INT }}', schema_pb2.Schema())


def layout(*, copied=(), inputs=None, transformed=False, **features):
    return layout_of_schema(
        schema(**features), label="y", copied=copied, inputs=inputs, transformed=transformed
    )


def column(said, **more):
    return layout(x=said, **more).columns[0]


def features_of(*inputs):
    return Features(inputs=inputs, label="y", label_dtype="int", classes=("0", "1"))


def numeric(name, *, optional=False):
    return Feature(name=name, dtype="float", categorical=False, optional=optional)


@pytest.mark.parametrize(
    ("said", "dtype", "role"),
    [
        ("type: FLOAT", "float", "numeric"),
        ("type: INT", "int", "numeric"),
        ("type: INT int_domain { min: 0 max: 9 }", "int", "numeric"),
        ("type: INT int_domain { is_categorical: true }", "int", "nominal"),
        ("type: INT bool_domain {}", "int", "nominal"),
        ("type: BYTES", "string", "nominal"),
    ],
)
def test_a_type_and_a_domain_say_what_a_feature_is(said, dtype, role):
    assert column(said) == Column("x", dtype, role, size=1, optional=True)


def test_an_encoded_image_is_copied():
    found = layout(x="type: BYTES image_domain {}", z="type: FLOAT")
    assert found.columns[0] == Column("x", "string", "copied", optional=True, encoded=True)
    assert found.skipped == {"x": "an encoded image", "y": "no model input"}


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("", 1),
        (ONE, 1),
        ("value_count { max: 1 }", 1),
        ("value_count { min: 0 max: 1 }", 1),
        ("value_count { min: 3 max: 3 }", 3),
        ("value_count { min: 1 max: 3 }", None),
        ("value_count { max: 3 }", None),
        # What TensorFlow Data Validation infers of a feature with several values.
        ("value_count { min: 1 }", None),
        ("value_counts { value_count { max: 1 } value_count { max: 1 } }", None),
        ("shape {}", 1),
        ("shape { dim { size: 1 } }", 1),
        ("shape { dim { size: 2 } dim { size: 3 } }", 6),
    ],
)
def test_shape_and_value_count_say_how_many_values_a_row_has(said, size):
    found = column(f"type: FLOAT {said}")
    assert found.size == size
    assert found.role == ("copied" if size is None else "numeric")


def test_after_transform_a_feature_without_shape_has_any_number_of_values():
    assert column("type: FLOAT", transformed=True).role == "copied"
    assert column(f"type: FLOAT {DENSE}", transformed=True).role == "numeric"


@pytest.mark.parametrize("said", ["type: BYTES", "type: INT int_domain { is_categorical: true }"])
def test_several_categories_in_a_row_are_copied(said):
    found = column(f"{said} shape {{ dim {{ size: 2 }} }}")
    assert (found.role, found.size) == ("copied", None)


@pytest.mark.parametrize(
    ("said", "optional"),
    [
        ("", True),
        ("presence { min_count: 1 }", True),
        ("presence { min_fraction: 0.5 }", True),
        ("presence { min_fraction: 1.0 }", False),
        ("shape {}", False),
    ],
)
def test_presence_and_shape_say_whether_rows_may_lack_a_feature(said, optional):
    assert column(f"type: FLOAT {said}").optional == optional


def test_the_label_and_what_is_listed_are_copied():
    found = layout(id="type: INT", x="type: FLOAT", group="type: BYTES", copied=["id", "group"])
    roles = {c.name: c.role for c in found.columns}
    assert roles == {"id": "copied", "x": "numeric", "group": "copied", "y": "copied"}
    assert set(found.skipped) == {"id", "group", "y"}


def test_model_inputs_are_compared_and_the_rest_is_copied():
    said = {"a": f"type: INT {ONE}", "b": f"type: INT {ONE}", "c": f"type: FLOAT {ONE}"}
    b = Feature(name="b", dtype="int", categorical=True, optional=False)
    found = layout(**said, d="type: BYTES", inputs=features_of(numeric("a"), b))
    assert {c.name: c.role for c in found.columns} == {
        "a": "numeric",
        "b": "nominal",
        "c": "copied",
        "d": "copied",
        "y": "copied",
    }


def test_a_model_input_that_is_listed_is_copied():
    inputs = features_of(numeric("a"), numeric("b"))
    found = layout(a="type: FLOAT", b="type: FLOAT", copied=["b"], inputs=inputs)
    assert [c.name for c in found.of("numeric")] == ["a"]


def test_after_our_transform_a_companion_says_where_a_number_was_missing():
    said = dict.fromkeys(("a", "a_missing", "b"), f"type: FLOAT {DENSE}")
    inputs = features_of(numeric("a", optional=True), numeric("b"))
    found = layout(**said, inputs=inputs, transformed=True)
    a, companion, b, _ = found.columns
    assert (a.flag, a.optional, companion.role, b.flag) == ("a_missing", False, "copied", None)
    assert found.optional == (a,)
    raw = layout(**said, inputs=inputs)
    assert [c.flag for c in raw.columns] == [None] * 4


def test_what_transform_made_is_scaled_already():
    assert layout(x=f"type: FLOAT {DENSE}", transformed=True).scaled
    assert not layout(x="type: FLOAT").scaled


def test_the_width_is_that_of_the_numeric_columns():
    columns = (
        Column("a", "float", "numeric", size=3),
        Column("b", "string", "nominal"),
        Column("c", "int", "numeric"),
        Column("d", "float", "copied", size=9),
    )
    found = Layout(columns, scaled=False)
    assert found.width == 4
    assert found.of("nominal") == (columns[1],)
    assert Layout((), scaled=False).width == 0


def test_what_is_skipped_has_a_reason():
    found = layout(x="type: FLOAT value_count { min: 1 }", i="type: INT", copied=["i"])
    assert found.skipped["x"] == "any number of values per row"
    assert found.skipped["i"] == "no model input"


@pytest.mark.parametrize(("label", "copied"), [("z", []), ("y", ["z"])])
def test_a_name_that_is_not_in_the_schema_is_refused(label, copied):
    with pytest.raises(ConfigError) as error:
        layout_of_schema(
            schema(x="type: INT"), label=label, copied=copied, inputs=None, transformed=False
        )
    assert str(error.value) == (
        "feature 'z' is not in the schema, which has x, y. Correct the name."
    )


def test_a_type_that_examples_cannot_have_is_refused():
    with pytest.raises(ConfigError, match="'x' is STRUCT in the schema; allowed are FLOAT, INT an"):
        layout(x="type: STRUCT")
