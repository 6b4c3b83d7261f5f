"""What Rebalance is told about its examples: every way to tell it, and every way to be wrong."""

import json

import pytest

from tfx_rebalance.components.rebalance.inputs import RAW, TRANSFORMED, Described, described
from tfx_rebalance.components.rebalance.records.labels import LabelFeature
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.errors import ConfigError, CorruptArtifactError
from tfx_rebalance.features import Feature, Features

pytestmark = pytest.mark.tfx

ONE = "value_count { min: 1 max: 1 }"
DENSE = "shape {} presence { min_fraction: 1 }"
WORDS = 'string_domain { value: "no" value: "yes" }'
SAMPLER = {"strategy": "oversample"}
SMOTE = {"strategy": "smote"}


def features(*inputs, dtype="string"):
    return Features(inputs=inputs, label="y", label_dtype=dtype, classes=("no", "yes"))


X = Feature(name="x", dtype="float", categorical=False, optional=True)


@pytest.fixture
def tell(tmp_path):
    """Returns a function from what is told to what is understood."""

    def told(settings, *, schema=None, graph=None, features=None, label="", classes=()):
        for text, name in ((schema, f"schema/{RAW}"), (graph, f"graph/{TRANSFORMED}")):
            if text is not None:
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        properties = {
            "features": features.model_dump_json() if features else "",
            "label": label,
            "classes": json.dumps(list(classes)) if classes else "",
        }
        return described(
            properties,
            RebalanceSettings(**settings),
            schema_uri=None if schema is None else str(tmp_path / "schema"),
            transform_graph_uri=None if graph is None else str(tmp_path / "graph"),
        )

    return told


def schema(y=f"type: BYTES {WORDS}", **more):
    told = {"y": f"{y} {ONE}", **more}
    return "".join(f'feature {{ name: "{name}" {said} }}' for name, said in told.items())


def test_the_schemas_domain_gives_the_classes_of_raw_examples(tell):
    found = tell(SAMPLER, schema=schema(), label="y")
    label = LabelFeature("y", "string", ("no", "yes"))
    assert found == Described(RebalanceSettings(**SAMPLER), label, None)


def test_an_integer_label_has_its_domains_values(tell):
    found = tell(SAMPLER, schema=schema(y="type: INT int_domain { min: -1 max: 1 }"), label="y")
    assert found.label == LabelFeature("y", "int", ("-1", "0", "1"))


@pytest.mark.parametrize("classes", [("2", "7"), (2, 7)])
def test_classes_that_are_told_come_before_the_domains(tell, classes):
    domain = schema(y="type: INT int_domain { min: 0 max: 9 }")
    assert tell(SAMPLER, schema=domain, label="y", classes=classes).label.classes == ("2", "7")


def test_a_float_label_needs_classes_that_are_whole_numbers(tell):
    found = tell(SAMPLER, schema=schema(y="type: FLOAT"), label="y", classes=("0", "1"))
    assert found.label == LabelFeature("y", "float", ("0", "1"))
    with pytest.raises(
        ConfigError, match="'y' is FLOAT in the schema; allowed are INT and BYTES, "
    ):
        tell(SAMPLER, schema=schema(y="type: FLOAT"), label="y")


@pytest.mark.parametrize("kind", ["INT", "FLOAT"])
@pytest.mark.parametrize("classes", [("no", "yes"), ("0.5", "1"), ("1", " 2")])
def test_classes_of_a_number_that_are_no_whole_numbers_are_refused(tell, kind, classes):
    with pytest.raises(ConfigError, match=r"allowed are at least 2 different whole numbers\. Corr"):
        tell(SAMPLER, schema=schema(y=f"type: {kind}"), label="y", classes=classes)


@pytest.mark.parametrize("classes", [("no",), ("no", "no")])
def test_fewer_than_two_different_classes_are_refused(tell, classes):
    with pytest.raises(ConfigError, match=r"classes of the label 'y' are no.*at least 2 different"):
        tell(SAMPLER, schema=schema(), label="y", classes=classes)


def test_a_label_without_domain_needs_classes(tell):
    with pytest.raises(ConfigError, match="the label 'y' needs a domain of at least 2 values"):
        tell(SAMPLER, schema=schema(y="type: INT"), label="y")


def test_after_a_transform_classes_name_the_indices_if_the_label_is_no_text(tell):
    graph = schema(y="type: INT")
    found = tell(SAMPLER, graph=graph, label="y", classes=("no", "yes"))
    assert found.label == LabelFeature("y", "index", ("no", "yes"))
    assert tell(SAMPLER, graph=schema(), label="y").label.kind == "string"


def test_what_transform_made_is_described_by_its_graph_not_by_the_raw_schema(tell):
    raw, graph = schema(x="type: FLOAT"), schema(y="type: INT", z=f"type: FLOAT {DENSE}")
    for settings in (SAMPLER, SMOTE):
        found = tell(settings, schema=raw, graph=graph, label="y", classes=("no", "yes"))
        assert found.label.kind == "index"
    assert [c.name for c in found.layout.columns] == ["y", "z"]
    assert found.layout.scaled


def test_features_tell_the_label_of_raw_and_of_transformed_examples(tell):
    raw = tell(SAMPLER, features=features(X))
    label = LabelFeature("y", "string", ("no", "yes"))
    assert raw == Described(RebalanceSettings(**SAMPLER), label, None)
    graph = schema(y="type: INT", x=f"type: FLOAT {DENSE}", x_missing=f"type: FLOAT {DENSE}")
    found = tell(SMOTE, features=features(X), graph=graph)
    assert found.label == LabelFeature("y", "index", ("no", "yes"))
    assert [c.flag for c in found.layout.of("numeric")] == ["x_missing"]


def test_who_has_features_and_looks_at_labels_alone_needs_no_readable_graph(tell):
    found = tell(SAMPLER, features=features(X), graph="no schema {")
    assert found.label.kind == "index"


def test_raw_examples_with_features_and_a_schema_have_a_layout(tell):
    found = tell(SMOTE, features=features(X), schema=schema(x=f"type: FLOAT {ONE}", z="type: INT"))
    roles = {c.name: c.role for c in found.layout.columns}
    assert roles == {"y": "copied", "x": "numeric", "z": "copied"}
    assert (found.label.kind, found.layout.scaled) == ("string", False)


def test_what_is_copied_and_the_group_are_not_compared(tell):
    settings = {**SMOTE, "copied": ["id"], "group_key": "who"}
    found = tell(
        settings, schema=schema(id="type: INT", who="type: BYTES", x="type: FLOAT"), label="y"
    )
    assert [c.name for c in found.layout.of("copied")] == ["y", "id", "who"]


@pytest.mark.parametrize("told", [{"label": "y"}, {}, {"label": "y", "classes": ("a", "b")}])
def test_without_a_schema_a_label_is_not_enough(tell, told):
    with pytest.raises(ConfigError) as error:
        tell(SAMPLER, **told)
    assert str(error.value) == (
        f"label {told.get('label', '')!r} is not described. Give Rebalance `label` and the channel "
        "`schema` or `transform_graph`, or `features`."
    )


@pytest.mark.parametrize("given", ["schema", "graph"])
def test_a_label_that_is_not_in_the_schema_is_refused_with_what_is(tell, given):
    with pytest.raises(ConfigError, match="label 'Y' is not in the schema, which has x, y"):
        tell(SAMPLER, **{given: schema(x="type: INT")}, label="Y")


def test_a_strategy_that_compares_rows_needs_a_schema(tell):
    with pytest.raises(ConfigError) as error:
        tell(SMOTE, features=features(X))
    assert str(error.value) == (
        "rebalance.strategy smote has to know every feature of the examples. Give Rebalance the "
        "channel `schema` (raw examples) or `transform_graph`."
    )


@pytest.mark.parametrize("rows", [{"yess": 5}, {"no": 5, "yess": 9}, {"yess": 0.5}])
def test_an_unknown_class_is_refused_with_the_nearest(tell, rows):
    with pytest.raises(ConfigError) as error:
        tell({**SAMPLER, "sampling_strategy": rows}, features=features(X))
    assert str(error.value) == (
        "rebalance.sampling_strategy names the class 'yess', which the label 'y' does not have "
        "(did you mean 'yes'?). Allowed: no, yes."
    )
    assert tell({**SAMPLER, "sampling_strategy": {"yes": 5}}, features=features(X)).layout is None


NUMBER, WORD = {"x": "type: FLOAT"}, {"w": "type: BYTES"}


@pytest.mark.parametrize(
    ("strategy", "columns", "takes", "has"),
    [
        ("smote_n", {**NUMBER, **WORD}, "nominal", "1 numeric and 1 categorical"),
        ("smote_nc", NUMBER, "mixed", "1 numeric and 0 categorical"),
        ("smote_nc", WORD, "mixed", "0 numeric and 1 categorical"),
    ],
)
def test_a_variant_of_smote_refuses_features_it_is_not_for(tell, strategy, columns, takes, has):
    with pytest.raises(ConfigError) as error:
        tell({"strategy": strategy}, schema=schema(**columns), label="y")
    assert str(error.value) == (
        f"rebalance.strategy {strategy} is for {takes} features; the examples have {has} ones. Use "
        "strategy: smote, which takes any mix."
    )


@pytest.mark.parametrize(
    ("strategy", "columns"),
    [
        ("smote", NUMBER),
        ("smote", WORD),
        ("smote_nc", {**NUMBER, **WORD}),
        ("smote_n", WORD),
    ],
)
def test_a_strategy_takes_the_features_it_is_for(tell, strategy, columns):
    found = tell({"strategy": strategy}, schema=schema(**columns), label="y")
    assert len(found.layout.columns) == 1 + len(columns)


def test_nothing_to_compare_rows_by_is_refused_with_the_reasons(tell):
    many = "type: FLOAT value_count { min: 1 }"
    with pytest.raises(ConfigError) as error:
        tell(SMOTE, schema=schema(x=many), label="y")
    assert str(error.value).startswith(
        "rebalance.strategy smote compares rows, but every feature is only copied: "
    )
    assert "'x': 'any number of values per row'" in str(error.value)


@pytest.mark.parametrize("setting", [{"copied": ["idd"]}, {"group_key": "idd"}])
def test_a_name_that_the_schema_does_not_have_is_refused(tell, setting):
    with pytest.raises(ConfigError, match="feature 'idd' is not in the schema, which has id, x, y"):
        tell({**SMOTE, **setting}, schema=schema(x="type: INT", id="type: INT"), label="y")


@pytest.mark.parametrize("name", ["synthetic", "parents"])
def test_provenance_does_not_write_over_a_feature(tell, name):
    told = {"schema": schema(x="type: INT", **{name: "type: BYTES"}), "label": "y"}
    with pytest.raises(ConfigError) as error:
        tell({**SMOTE, "provenance": True}, **told)
    assert str(error.value) == (
        "rebalance.provenance adds the features synthetic and parents, but the examples have "
        f"{name} already. Rename the feature, or turn provenance off."
    )
    assert tell(SMOTE, **told).layout is not None


def test_a_schema_that_is_not_there_or_broken_is_refused(tell, tmp_path):
    with pytest.raises(CorruptArtifactError, match=r"schema.pbtxt' cannot be read: .*--no-cache"):
        tell(SMOTE, schema="feature {", label="y")
    uris = {"schema_uri": str(tmp_path / "elsewhere"), "transform_graph_uri": None}
    with pytest.raises(CorruptArtifactError, match=r"schema.pbtxt' is not there"):
        described({"label": "y"}, RebalanceSettings(**SMOTE), **uris)


PHOTO = Feature(name="photo", dtype="string", categorical=False, optional=False, image=True)
AUGMENT = {"strategy": "augment_images", "parameters": {"operations": {"rotation": 10}}}
DECODED = "type: FLOAT shape { dim { size: 5 } dim { size: 4 } dim { size: 3 } }"


def augmentation(found):
    how = found.settings.chosen
    return how.image, how.shape, how.value_range, how.operations.rotation


def test_an_image_that_transform_decoded_is_augmented_without_being_described(tell):
    graph = schema(y="type: INT", photo=DECODED, x=f"type: FLOAT {DENSE}")
    found = tell(AUGMENT, features=features(PHOTO, X), graph=graph)
    assert augmentation(found) == ("photo", (5, 4, 3), (0, 1), 10)
    assert found.settings == RebalanceSettings.model_validate_json(found.settings.model_dump_json())


def test_an_encoded_image_is_found_by_its_domain(tell):
    raw = schema(photo="type: BYTES image_domain {}", x="type: FLOAT")
    expected = ("photo", None, (0, 255), 10)
    assert augmentation(tell(AUGMENT, schema=raw, label="y")) == expected
    assert augmentation(tell(AUGMENT, schema=raw, features=features(PHOTO, X))) == expected


def test_without_an_image_or_with_several_it_must_be_named(tell):
    raw = schema(x="type: FLOAT")
    with pytest.raises(ConfigError, match=r"image is null, and the schema has 0 images. Name the"):
        tell(AUGMENT, schema=raw, label="y")
    several = schema(a="type: BYTES image_domain {}", b="type: BYTES image_domain {}")
    with pytest.raises(ConfigError, match=r"the schema has 2 images: a, b. Name the feature"):
        tell(AUGMENT, schema=several, label="y")


def test_rows_are_not_compared_by_the_bytes_of_an_image(tell):
    raw = schema(photo=f"type: BYTES image_domain {{}} {ONE}", x=f"type: FLOAT {ONE}")
    found = tell(SMOTE, schema=raw, label="y", classes=("no", "yes"))
    assert [c.name for c in found.layout.of("numeric")] == ["x"]
    assert found.layout.skipped["photo"] == "an encoded image"
    alone = schema(photo=f"type: BYTES image_domain {{}} {ONE}")
    with pytest.raises(ConfigError, match=r"'photo': 'an encoded image'.* Use a random strategy"):
        tell(SMOTE, features=features(PHOTO), schema=alone)
