"""The roles of a schema's columns."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import MAX_INT_CLASSES, Features, features_of

COLUMNS = """
feature {
  name: "price" type: FLOAT shape { dim { size: 1 } }
  presence { min_fraction: 1.0 min_count: 1 }
}
feature { name: "age" type: INT presence { min_fraction: 1.0 } value_count { min: 1 max: 1 } }
feature { name: "hour" type: INT int_domain { min: 0 max: 23 is_categorical: true } }
feature { name: "country" type: BYTES value_count { max: 1 } }
"""
LABEL = 'feature { name: "y" type: BYTES string_domain { value: "no" value: "yes" } }'


def schema_of(text):
    return text_format.Parse(text, schema_pb2.Schema())


def roles(text=COLUMNS + LABEL, **arguments):
    return features_of(schema_of(text), **{"label": "y", **arguments})


def label_of(text, columns=COLUMNS):
    return roles(columns + f'feature {{ name: "y" {text} }}')


def test_numbers_are_numeric_and_text_and_marked_integers_are_categorical():
    features = roles()
    assert [f.name for f in features.numeric] == ["price", "age"]
    assert [f.name for f in features.categorical] == ["hour", "country"]
    assert [f.dtype for f in features.inputs] == ["float", "int", "int", "string"]


def test_a_column_is_optional_unless_every_row_must_have_it():
    optional = {f.name: f.optional for f in roles().inputs}
    assert optional == {"price": False, "age": False, "hour": True, "country": True}


def test_the_label_and_excluded_columns_are_no_inputs():
    assert [f.name for f in roles(exclude=("age", "country")).inputs] == ["price", "hour"]


def test_excluding_the_label_changes_nothing():
    assert roles(exclude=("y",)) == roles()


def test_it_survives_the_way_as_json():
    assert Features.model_validate_json(roles().model_dump_json()) == roles()
    short = roles().model_dump_json(exclude_defaults=True)
    assert Features.model_validate_json(short) == roles()
    assert "false" not in short


@pytest.mark.parametrize(
    ("label", "dtype", "classes"),
    [
        ('type: BYTES string_domain { value: "b" value: "a" }', "string", ("b", "a")),
        ("type: INT int_domain { min: 0 max: 1 }", "int", ("0", "1")),
        ("type: INT int_domain { min: -2 max: 1 }", "int", ("-2", "-1", "0", "1")),
        ("type: INT int_domain { max: 2 }", "int", ("0", "1", "2")),
    ],
)
def test_classes_are_the_labels_domain_in_its_order(label, dtype, classes):
    features = label_of(label)
    assert features.classes == classes
    assert features.label_dtype == dtype


def test_the_label_may_share_a_domain_of_the_schema():
    shared = 'string_domain { name: "answers" value: "no" value: "yes" }'
    assert label_of('type: BYTES domain: "answers"', COLUMNS + shared).classes == ("no", "yes")


def test_as_many_integer_classes_as_allowed_and_no_more():
    most = f"type: INT int_domain {{ min: 1 max: {MAX_INT_CLASSES} }}"
    assert len(label_of(most).classes) == MAX_INT_CLASSES
    with pytest.raises(ConfigError, match=rf"int_domain \[0, {MAX_INT_CLASSES}\]; allowed are 2"):
        label_of(f"type: INT int_domain {{ max: {MAX_INT_CLASSES} }}")


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("type: BYTES", r"needs a domain of at least 2 values in the schema, got \[\]"),
        ('type: BYTES string_domain { value: "a" }', r"at least 2 values .* got \['a'\]"),
        ('type: BYTES domain: "nowhere"', r"needs a domain of at least 2 values"),
        ("type: INT int_domain { min: 3 max: 3 }", r"int_domain \[3, 3\]; allowed are 2 to"),
        ("type: FLOAT", r"the label 'y' is FLOAT in the schema; allowed are INT and BYTES"),
        ("type: STRUCT", r"column 'y' .*STRUCT.* allowed are FLOAT, INT and BYTES"),
    ],
)
def test_a_label_that_is_no_choice_of_classes_is_refused(label, message):
    with pytest.raises(ConfigError, match=message):
        label_of(label)


@pytest.mark.parametrize("arguments", [{"label": "z"}, {"exclude": ("z",)}])
def test_a_column_the_schema_lacks_is_refused_with_those_it_has(arguments):
    with pytest.raises(
        ConfigError, match="column 'z' is not in the schema, which has age, country"
    ):
        roles(**arguments)


def test_a_model_without_inputs_is_refused():
    with pytest.raises(ConfigError, match="leaves no model input"):
        roles(exclude=("price", "age", "hour", "country"))


@pytest.mark.parametrize(
    "many", ["value_count { max: 3 }", "shape { dim {size: 1} dim {size: 2} }"]
)
def test_several_values_per_cell_are_refused_unless_excluded(many):
    text = COLUMNS + LABEL + f'feature {{ name: "tags" type: BYTES {many} }}'
    with pytest.raises(ConfigError, match="column 'tags' has several values per cell"):
        roles(text)
    assert "tags" not in [f.name for f in roles(text, exclude=("tags",)).inputs]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ('name: "z" type: INT shape { dim { size: 1 } }', "has a shape in the schema"),
        ('name: "price" type: INT', "the schema has price more than once"),
        ('name: "z" type: INT shape { dim { size: 3 } }', "several values per cell"),
    ],
)
def test_a_schema_that_would_fail_in_transform_is_refused_here(column, words):
    schema = text_format.Parse(COLUMNS + LABEL + f"feature {{ {column} }}", schema_pb2.Schema())
    with pytest.raises(ConfigError, match=words):
        features_of(schema, label="y")


IMAGE = """
feature {
  name: "photo" type: BYTES image_domain {} shape { dim { size: 1 } }
  presence { min_fraction: 1.0 min_count: 1 }
}
"""


def test_bytes_with_an_image_domain_are_an_image_and_nothing_else():
    features = roles(IMAGE + COLUMNS + LABEL)
    assert [f.name for f in features.images] == ["photo"]
    assert [f.name for f in features.numeric] == ["price", "age"]
    assert [f.name for f in features.categorical] == ["hour", "country"]
    assert features.images[0].dtype == "string"
    assert not roles().images


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (IMAGE.replace("min_fraction: 1.0", "min_fraction: 0.5").replace("shape", "#"), "0.5"),
        ('feature { name: "photo" type: BYTES image_domain {} }', "min_fraction 0"),
        (IMAGE.replace("BYTES", "FLOAT"), "is FLOAT"),
    ],
)
def test_an_image_is_bytes_in_every_row(wrong, says):
    with pytest.raises(ConfigError, match=rf"the image 'photo' .*{says}.* must be BYTES and in"):
        roles(wrong + LABEL)


def test_one_image_is_enough_and_others_can_be_excluded():
    two = IMAGE + IMAGE.replace("photo", "scan") + LABEL
    with pytest.raises(ConfigError, match="has the images photo, scan; a model takes one"):
        roles(two)
    assert [f.name for f in roles(two, exclude=("scan",)).images] == ["photo"]
