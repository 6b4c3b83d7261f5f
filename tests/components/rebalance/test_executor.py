"""Rebalance's executor: artifacts in, artifacts out, as other components expect them."""

from collections import Counter
from pathlib import Path

import pytest
from support.rebalance_bench import Bench
from support.resampling import example, values_of

from tfx_rebalance.features import Feature, Features

pytestmark = pytest.mark.tfx

SCHEMA = """
feature { name: "x" type: FLOAT presence { min_fraction: 1 } }
feature { name: "same" type: FLOAT presence { min_fraction: 1 } }
feature { name: "y" type: %s }
"""
TEXT = SCHEMA % 'BYTES string_domain { value: "no" value: "yes" }'
TRANSFORMED = """
feature { name: "x" type: FLOAT shape {} }
feature { name: "x_missing" type: FLOAT shape {} }
feature { name: "y" type: INT shape {} }
"""
INT, FLOAT = SCHEMA % "INT int_domain { min: 0 max: 1 }", SCHEMA % "FLOAT"


def features(dtype="string", classes=("no", "yes"), *names, optional=False):
    inputs = [
        Feature(name=name, dtype="float", categorical=False, optional=optional)
        for name in names or ("x",)
    ]
    return Features(inputs=tuple(inputs), label="y", label_dtype=dtype, classes=classes)


def rows(no=b"no", yes=b"yes", count=20):
    """Returns rows of which one in five is rare."""
    labels = [yes if i % 5 == 0 else no for i in range(count)]
    return [example(x=float(i), same=3.0, y=label) for i, label in enumerate(labels)]


@pytest.fixture
def bench(tmp_path):
    """Returns an artifact of text labels, and of nothing known about it yet."""
    return Bench(tmp_path)


def splits(made):
    return {"train": [made[::2], made[1::2]], "val": [made[:7]], "eval": [made[7:], made[:2]]}


@pytest.mark.parametrize(
    ("labels", "told", "counts"),
    [
        ((b"no", b"yes"), {"features": features()}, {b"no": 4, b"yes": 4}),
        ((b"no", b"yes"), {"label": "y", "schema": TEXT}, {b"no": 4, b"yes": 4}),
        ((7, -1), {"features": features("int", ("-1", "7"))}, {7: 4, -1: 4}),
        ((0, 1), {"label": "y", "schema": INT}, {0: 4, 1: 4}),
        (
            (0.0, 1.0),
            {"label": "y", "classes": ["0", "1"], "schema": FLOAT},
            {0.0: 4, 1.0: 4},
        ),
        ((0, 1), {"features": features(), "transformed": INT}, {0: 4, 1: 4}),
        ((0, 1), {"label": "y", "classes": ["no", "yes"], "transformed": INT}, {0: 4, 1: 4}),
    ],
    ids=["text", "text, schema", "int", "int, schema", "float", "index", "index, named"],
)
def test_the_label_may_be_of_any_type_and_be_told_in_any_way(bench, labels, told, counts):
    bench.write(splits(rows(*labels))).told(**told).run(strategy="undersample")
    assert Counter(bench.column("y")) == counts


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Returns what a run left behind that undersampled with weights."""
    made = Bench(tmp_path_factory.mktemp("done")).write(splits(rows())).told(features=features())
    made.source.span, made.source.version = 4, 2
    made.source.set_int_custom_property("span", 4)
    made.source.set_string_custom_property("version", "2")
    made.source.set_string_custom_property("file_format", "tfrecords_gzip")
    return made.run(strategy="undersample", sampling_strategy={"no": 8}, upweight=True, seed=5)


def test_what_other_components_read_from_the_artifact_is_passed_on(done):
    assert done.target.split_names == done.source.split_names
    assert (done.target.span, done.target.version) == (4, 2)
    for key in ("span", "version", "payload_format", "file_format"):
        value = done.source.get_custom_property(key)
        assert done.target.get_custom_property(key) == value
        assert value


def test_nothing_but_the_splits_is_left_in_the_artifact(done):
    assert sorted(path.name for path in Path(done.target.uri).iterdir()) == [
        "Split-eval",
        "Split-train",
        "Split-val",
    ]
    names = [path.name for path in Path(done.target.uri, "Split-train").iterdir()]
    assert sorted(names) == [f"data_tfrecord-0000{i}-of-00002.gz" for i in range(2)]


def test_the_report_says_what_was_done(done):
    report = done.read_report()
    assert report["settings"]["seed"] == 5
    assert report["seconds"] > 0
    assert report["rows_per_second"] > 0
    train = report["splits"]["train"]
    assert train["classes"]["no"] == {
        "before": 16,
        "after": 8,
        "kept": 8,
        "duplicated": 0,
        "synthetic": 0,
        "rate": 0.5,
        "mean_weight": 2.0,
        "k_neighbors": None,
        "neighbour_recall": None,
        "notes": [],
    }
    assert train["natural_priors"] == train["resulting_priors"] == {"no": 0.8, "yes": 0.2}
    assert (train["unlabelled"], train["shards"]) == (0, 2)


def test_the_report_has_a_picture_of_the_counts(done):
    assert sorted(path.name for path in Path(done.report.uri).iterdir()) == [
        "counts-train.svg",
        "report.json",
    ]
    picture = Path(done.report.uri, "counts-train.svg").read_text()
    assert picture.startswith("<svg")
    assert "train: rows per class, undersample" in picture


# New rows, raw and transformed.


@pytest.fixture(scope="module")
def smoted(tmp_path_factory):
    """Returns compression -> what a run left behind on raw examples compressed like that."""
    found = {}
    for compression in ("", "GZIP", "ZLIB"):
        made = Bench(tmp_path_factory.mktemp("smoted"))
        made.write(splits(rows()), compression=compression).told(label="y", schema=TEXT)
        found[compression] = made.run(strategy="smote")
    return found


def test_raw_examples_with_their_schema(smoted):
    made = smoted["GZIP"]
    assert Counter(made.column("y")) == {b"no": 16, b"yes": 16}
    new = set(made.rows()) - set(rows())
    assert len(new) == 12
    assert all(0 <= values_of(record, "x")[0] <= 15 for record in new)


def test_neither_another_run_nor_the_compression_of_the_input_changes_a_byte(smoted):
    first, *others = (made.files(made.target, "train") for made in smoted.values())
    assert others == [first, first]


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_other_splits_stay_the_same_bytes_in_any_compression(smoted, compression):
    made = smoted[compression]
    for split in ("val", "eval"):
        assert made.files(made.target, split) == made.files(made.source, split)


def test_transformed_examples_with_their_graph(bench):
    """After Transform labels are class indices, and a flag says where a number was missing."""
    made = [
        example(x=0.0 if i % 7 == 0 else i / 10 + 1, x_missing=float(i % 7 == 0), y=int(i % 5 == 0))
        for i in range(60)
    ]
    told = features("string", ("no", "yes"), optional=True)
    bench.write(splits(made)).told(features=told, transformed=TRANSFORMED)
    bench.run(strategy="smote", provenance=True)
    assert Counter(bench.column("y")) == {0: 48, 1: 48}
    new = [record for record in bench.rows() if values_of(record, "synthetic") == [1]]
    assert len(new) == 36
    shards = splits(made)["train"]
    for record in new:
        assert values_of(record, "y") == [1]
        seed, partner = (shards[k >> 40][k % 2**40] for k in values_of(record, "parents"))
        [x], [one], [other] = (values_of(r, "x") for r in (record, seed, partner))
        assert values_of(record, "x_missing") == values_of(seed, "x_missing")
        if values_of(seed, "x_missing") == [1.0] or values_of(partner, "x_missing") == [1.0]:
            assert x == one
        else:
            assert min(one, other) <= x <= max(one, other)


def test_a_feature_that_never_changes_has_no_part_in_distances(smoted):
    made = smoted["GZIP"]
    assert set(made.column("same")) == {3.0}
    assert made.read_report()["splits"]["train"]["classes"]["yes"]["k_neighbors"] == 3


def test_new_rows_of_equal_rows_are_equal_to_them(bench):
    made = [example(x=2.0, same=3.0, y=b"no" if i % 5 else b"yes") for i in range(20)]
    bench.write(splits(made)).told(label="y", schema=TEXT).run(strategy="smote")
    assert set(bench.column("x")) == {2.0}
    assert Counter(bench.column("y")) == {b"no": 16, b"yes": 16}


def test_rows_without_a_label_are_counted_and_dropped_within_the_bound(bench):
    made = [*rows(), *(example(x=1.0, same=3.0, y=None) for _ in range(5))]
    bench.write(splits(made)).told(features=features())
    bench.run(strategy="oversample", max_missing_labels=0.2)
    assert Counter(bench.column("y")) == {b"no": 16, b"yes": 16}
    assert bench.read_report()["splits"]["train"]["unlabelled"] == 5
