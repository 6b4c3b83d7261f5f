"""What only config, schema and data beside each other can tell."""

import pytest

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.checks import check_config, read_schema
from tfx_rebalance.pipeline.config import PipelineConfig

SCHEMA = """
feature { name: "amount" type: FLOAT }
feature { name: "country" type: BYTES }
feature { name: "y" type: BYTES string_domain { value: "legit" value: "fraud" } }
"""
THREE = SCHEMA.replace('value: "fraud"', 'value: "fraud" value: "unsure"')


@pytest.fixture
def check(tmp_path):
    """Returns a function that checks sections of a config against a schema."""

    def checked(schema=SCHEMA, data=None, **sections):
        (tmp_path / "schema.pbtxt").write_text(schema)
        (tmp_path / "data.csv").write_text("amount,country,y\n")
        files = {"source": str(tmp_path / "data.csv"), "schema": str(tmp_path / "schema.pbtxt")}
        given = {"name": "cards", "data": {**files, "label": "y", **(data or {})}, **sections}
        return check_config(PipelineConfig.model_validate(given))

    return checked


def slices(features, classes):
    return {"slices": [{"features": features, "min_recall": dict.fromkeys(classes, 0.5)}]}


def test_a_config_that_fits_gives_the_roles_of_the_columns(check):
    features = check(
        rebalance={"strategy": "undersample", "sampling_strategy": 0.5},
        trainer={"class_weights": {"fraud": 3}},
        evaluate={"min_recall": {"fraud": 0.9, "default": 0.5}, **slices(["country"], ["fraud"])},
        transform={"log": ["amount"]},
    )
    assert [f.name for f in features.inputs] == ["amount", "country"]
    assert features.classes == ("legit", "fraud")


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        ({"evaluate": {"min_recall": {"fruad": 0.9}}}, "evaluate.min_recall"),
        ({"trainer": {"class_weights": {"fruad": 3}}}, "trainer.class_weights"),
        (
            {"rebalance": {"strategy": "oversample", "sampling_strategy": {"fruad": 3}}},
            "rebalance.sampling_strategy",
        ),
        ({"evaluate": slices(["country"], ["fruad"])}, "evaluate.slices[0].min_recall"),
        ({"evaluate": {"min_precision": {"fruad": 0.9}}}, "evaluate.min_precision"),
        ({"evaluate": {"max_calibration_error": {"fruad": 0.9}}}, "evaluate.max_calibration_error"),
        ({"evaluate": {"insufficient": {"fruad": "pass"}}}, "evaluate.insufficient"),
        ({"data": {"label_groups": {"legit": ["0"], "fruad": ["1"]}}}, "data.label_groups"),
    ],
)
def test_an_unknown_class_is_refused_with_its_key_and_the_nearest(check, sections, key):
    with pytest.raises(ConfigError) as error:
        check(**sections)
    assert str(error.value).startswith(f"{key} names the class 'fruad'")
    assert "did you mean 'fraud'?" in str(error.value)
    assert "Allowed: legit, fraud." in str(error.value)


def test_an_unknown_column_of_a_slice_is_refused_with_the_nearest(check):
    with pytest.raises(
        ConfigError, match=r"slices\[0\].features names 'countri', .* mean 'country'"
    ):
        check(evaluate=slices(["countri"], ["fraud"]))


def test_a_slice_by_a_number_needs_buckets(check):
    with pytest.raises(ConfigError, match=r"names 'amount', which is FLOAT: .* buckets: {amount:"):
        check(evaluate=slices(["amount"], ["fraud"]))
    with pytest.raises(ConfigError, match="names 'amount', which is FLOAT"):
        check(data={"exclude": ["amount"]}, evaluate=slices(["amount"], ["fraud"]))
    check(evaluate=bucketed("amount"))


def test_buckets_are_for_numbers(check):
    with pytest.raises(
        ConfigError, match=r"slices\[0\].buckets names 'country', which is no number"
    ):
        check(evaluate=bucketed("country"))


def bucketed(column):
    return {
        "slices": [{"features": [column], "buckets": {column: [1]}, "min_recall": {"fraud": 0.5}}]
    }


def test_a_slice_may_be_by_a_column_that_is_no_input(check):
    check(data={"exclude": ["country"]}, evaluate=slices(["country"], ["fraud"]))


@pytest.mark.parametrize("column", ["amuont", "country", "y"])
def test_only_a_numeric_input_has_a_logarithm(check, column):
    with pytest.raises(ConfigError, match=f"transform.log names '{column}', .* Allowed: amount"):
        check(transform={"log": [column]})


def test_a_ratio_needs_two_classes(check):
    with pytest.raises(
        ConfigError, match=r"0.5 is a ratio, which needs 2 classes; the label has 3"
    ):
        check(THREE, rebalance={"strategy": "undersample", "sampling_strategy": 0.5})


def test_label_groups_name_every_class(check):
    with pytest.raises(ConfigError, match=r"data.label_groups has no values for fraud. Add them"):
        check(data={"label_groups": {"legit": ["0"]}})


def test_an_unknown_label_or_excluded_column_is_refused(check):
    with pytest.raises(ConfigError, match="column 'z' is not in the schema"):
        check(data={"label": "z"})
    with pytest.raises(ConfigError, match="column 'z' is not in the schema"):
        check(data={"exclude": ["z"]})


def test_a_missing_source_is_refused(check, tmp_path):
    with pytest.raises(
        ConfigError, match=r"data.source '.*none.csv' is not a file. Give a csv file"
    ):
        check(data={"source": str(tmp_path / "none.csv")})
    with pytest.raises(ConfigError, match="is not a file"):
        check(data={"source": str(tmp_path)})


@pytest.mark.parametrize("source", ["demo", "gs://bucket/data.csv"])
def test_the_demo_and_what_is_remote_need_no_file(check, source):
    check(data={"source": source})


def test_a_missing_schema_is_refused_with_the_way_to_one(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be read: No such file .* `tfx-rebalance init"):
        read_schema(str(tmp_path / "none.pbtxt"))


@pytest.mark.parametrize("content", [b"feature {", b"amount,country\n", b"\xff\xfe"])
def test_what_is_no_schema_is_refused(tmp_path, content):
    path = tmp_path / "schema.pbtxt"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"schema.pbtxt' is not a schema in text format"):
        read_schema(str(path))


def test_a_class_called_default_is_refused_because_the_word_is_taken(check):
    label = 'feature { name: "y" type: BYTES string_domain { value: "default" value: "paid" } }'
    with pytest.raises(ConfigError, match=r"a class is called 'default'.*label_groups"):
        check('feature { name: "amount" type: FLOAT }' + label)


def test_a_column_with_the_name_transform_needs_is_refused(check):
    columns = 'feature { name: "a" type: FLOAT } feature { name: "a_missing" type: FLOAT }'
    label = 'feature { name: "y" type: INT int_domain { min: 0 max: 1 } }'
    with pytest.raises(ConfigError, match="'a_missing' is in the way"):
        check(columns + label)


GROUPS = {"strategy": "smote", "group_key": "country"}


def test_the_group_key_is_a_column_that_is_no_input(check):
    features = check(data={"exclude": ["country"]}, rebalance=GROUPS)
    assert [f.name for f in features.inputs] == ["amount"]
    with pytest.raises(ConfigError, match=r"^rebalance.group_key 'country' would be a model input"):
        check(rebalance=GROUPS)
    with pytest.raises(ConfigError, match=r"group_key names 'county', .*did you mean 'country'"):
        check(rebalance={**GROUPS, "group_key": "county"})


def test_classes_to_clean_are_known_classes(check):
    with pytest.raises(ConfigError, match=r"^rebalance.sampling_strategy names the class 'legti'"):
        check(rebalance={"strategy": "tomek_links", "sampling_strategy": ["legti"]})


def test_columns_that_split_are_columns_of_the_schema(check):
    check(data={"splits": {"group_by": "country"}})
    with pytest.raises(ConfigError, match=r"data.splits.group_by names 'county', .*did you mean"):
        check(data={"splits": {"group_by": "county"}})
    with pytest.raises(ConfigError, match=r"^data.time_column names 'when', which the schema does"):
        check(data={"time_column": "when"})


def test_a_pattern_may_still_be_without_files(check, tmp_path):
    check(data={"source": str(tmp_path / "*.csv")})
    check(data={"source": str(tmp_path / "{YYYY}{MM}{DD}.csv")})


def test_a_folder_of_images_is_a_folder(check, tmp_path):
    check(data={"source": {"format": "image_folder", "path": str(tmp_path)}})
    with pytest.raises(ConfigError, match=r"is not a folder. Give the folder of the files"):
        check(data={"source": {"format": "image_folder", "path": str(tmp_path / "none")}})


def test_files_for_splits_need_a_source_of_files(check):
    files = {"files": {"train": "a.csv", "eval": "b.csv"}}
    with pytest.raises(ConfigError, match="a source that is made of files, got openml"):
        check(data={"source": {"format": "openml", "name": "adult"}, "splits": files})


def test_a_missing_serving_source_is_refused(check, tmp_path):
    with pytest.raises(ConfigError, match=r"^validate.serving '.*none.csv' is not a file"):
        check(validate={"serving": str(tmp_path / "none.csv")})


@pytest.mark.parametrize(
    ("trainer", "data", "message"),
    [
        (
            {"decision": "min_recall", "decision_parameters": {"min_recall": {"frod": 0.8}}},
            {},
            r"decision_parameters.min_recall names the class 'frod', .*did you mean",
        ),
        (
            {"decision": "min_recall", "decision_parameters": {"min_recall": "gate"}},
            {"splits": {"files": {"train": "a", "eval": "b"}}, "source": "gs://bucket/data"},
            r"min_recall: gate needs to know how many rows eval will have",
        ),
        (
            {
                "decision": "cost",
                "decision_parameters": {"cost": [[0, 1, 1], [1, 0, 1], [1, 1, 0]]},
            },
            {},
            r"decision_parameters.cost has 3 rows; it needs one for each of the 2 classes",
        ),
    ],
)
def test_a_decision_that_cannot_be_fitted_is_refused(check, trainer, data, message):
    with pytest.raises(ConfigError, match=message):
        check(trainer=trainer, data=data)


def test_a_file_on_a_volume_of_kubeflows_need_not_be_on_this_machine(check):
    section = {"root": "gs://b", "image": "i", "volumes": [{"claim": "c", "path": "/claim"}]}
    check(data={"source": "/claim/none.csv"}, kubeflow=section)
    with pytest.raises(ConfigError, match="is not a file"):
        check(data={"source": "/claims/none.csv"}, kubeflow=section)
