import csv as csv_module
import re

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from tfx_rebalance.components.evaluator.settings import ChampionSettings
from tfx_rebalance.components.example_gen.sources.csv import read_file
from tfx_rebalance.components.example_gen.wanted import wanted_of
from tfx_rebalance.errors import ConfigError, DataError
from tfx_rebalance.pipeline.checks import check_config, read_schema
from tfx_rebalance.pipeline.config_file import load_config
from tfx_rebalance.pipeline.init.bars import more_rows, propose, provable_bar, rows_to_prove
from tfx_rebalance.pipeline.init.infer_config import config_name
from tfx_rebalance.pipeline.init.profile import profile_csv
from tfx_rebalance.pipeline.init.scaffold import scaffold
from tfx_rebalance.pipeline.init.summary import summary


def write(path, columns):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv_module.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def started(folder, columns, *, label="y", name="data.csv", **options):
    """Runs all of init on a table; returns the config as `run` loads it, and its features."""
    csv = write(folder / name, columns)
    config, schema = folder / "made" / "c.yaml", folder / "made" / "schema.pbtxt"
    profile = profile_csv(csv, label=label)
    assert summary(profile)
    scaffold(profile, csv=csv, config=config, schema=schema, **options)
    loaded = load_config(config)
    return loaded, check_config(loaded)


def labels(rows, *values):
    return [values[i % len(values)] for i in range(rows)]


def numbers(rows):
    return [str(i * 7919 % 101 / 2) for i in range(rows)]


def feature_of(config, name):
    return next(f for f in read_schema(config.data.schema_file).feature if f.name == name)


def text(**limits):
    return st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, **limits)


NAMES = text(max_size=8).filter(lambda n: n.strip() == n)
VALUES = st.lists(text(max_size=6), min_size=2, max_size=4, unique=True)


@given(name=NAMES, label=NAMES, values=VALUES, cells=st.lists(text(max_size=5), min_size=2))
def test_any_names_and_values_make_files_that_run_accepts(
    tmp_path_factory, name, label, values, cells
):
    if len({"n", name, label}) < 3:
        return
    folder = tmp_path_factory.mktemp("any")
    columns = {name: labels(60, *cells), "n": numbers(60), label: labels(60, *values)}
    config, features = started(folder, columns, label=label)
    assert set(features.classes) == set(values)
    assert {f.name for f in features.inputs} <= {name, "n"}
    assert config.data.label == label
    source = folder / "data.csv"
    schema = read_schema(config.data.schema_file)
    [batch] = read_file(str(source), wanted_of(schema, label=label))
    assert batch.num_rows == 60
    assert batch.schema.names == list(columns)


@pytest.mark.parametrize(
    "name",
    ["a b", "größe", 'say "x"', "it's", "a: b", "# no", "yes", "null", "1", "{x}", "-", "😀"],
)
def test_awkward_column_names_survive(tmp_path, name):
    config, features = started(
        tmp_path,
        {name: ["1"] * 60, "n": numbers(60), f"{name}y": labels(60, name, "b")},
        label=f"{name}y",
    )
    assert config.data.exclude == (name,)
    assert set(features.classes) == {name, "b"}


def test_columns_are_described_as_features_reads_them(tmp_path):
    columns = {
        "real": numbers(300),
        "whole": labels(300, "1", "2", "3"),
        "gaps": labels(300, "1", "", "3", "4"),
        "few": [*labels(50, "7", "8"), *[""] * 250],
        "seldom": ["7", "8", *[""] * 298],
        "shop_code": labels(300, "10", "20", "30"),
        "colour": labels(300, "red", "blue", ""),
        "town": [f"t{i % 40}" for i in range(300)],
        "never": [""] * 300,
        "y": labels(300, "0", "0", "1", "0", "0"),
    }
    config, features = started(tmp_path, columns)
    assert {f.name: (f.dtype, f.categorical, f.optional) for f in features.inputs} == {
        "real": ("float", False, False),
        "whole": ("int", False, False),
        "gaps": ("int", False, True),
        "few": ("int", False, True),
        "shop_code": ("int", True, False),
        "colour": ("string", True, True),
        "town": ("string", True, False),
    }
    assert config.data.exclude == ("seldom", "never")
    assert features.label_dtype == "int"
    assert feature_of(config, "real").shape.dim[0].size == 1
    assert feature_of(config, "gaps").presence.min_count == 1
    assert not feature_of(config, "few").HasField("presence")  # A split may have none by chance.
    assert not feature_of(config, "never").HasField("presence")
    assert list(feature_of(config, "colour").string_domain.value) == ["blue", "red"]
    assert not feature_of(config, "town").HasField("string_domain")


@pytest.mark.parametrize(
    ("values", "dtype"), [(("-1", "1"), "string"), (("3", "4"), "int"), (("a", "b"), "string")]
)
def test_label_type(tmp_path, values, dtype):
    _, features = started(tmp_path, {"n": numbers(60), "y": labels(60, *values)})
    assert features.label_dtype == dtype
    assert features.classes == values


def test_reasons_stand_beside_what_is_left_out(tmp_path):
    y = labels(90, "no", "no", "yes")
    columns = {
        "row": [str(i) for i in range(90)],
        "day": labels(90, "2024-01-01", "2024-01-02"),
        "again": ["1" if v == "yes" else "0" for v in y],
        "n": numbers(90),
        "y": [*y[:-1], ""],
    }
    config, _ = started(tmp_path, columns)
    assert config.data.exclude == ("row", "day", "again")
    assert config.data.missing_label == "drop"
    written = (tmp_path / "made" / "c.yaml").read_text()
    for line in ("row  # id: running number", "day  # date: ISO dates", "again  # leak: alone"):
        assert f"    - {line}" in written
    said = "\n".join(summary(profile_csv(tmp_path / "data.csv", label="y")))
    assert "left out  again: leak" in said
    assert "1 more without" in said


def test_bars_of_the_config_are_the_provable_ones(tmp_path):
    y = ["common"] * 400 + ["rare"] * 55 + ["hardly"] * 10
    config, _ = started(tmp_path, {"n": numbers(len(y)), "y": y})
    assert config.evaluate.min_recall == {"common": 0.7, "rare": 0.4}
    assert config.evaluate.bar("hardly") is None
    written = (tmp_path / "made" / "c.yaml").read_text()
    assert "# No bar for 'hardly': 2 rows in eval are too few for 0.4; with 11 there" in written
    assert "rare: 0.4  # 8 of its 11 rows in eval prove it; 93% of such models have" in written


def test_rows_too_few_to_compare_with_a_champion_do_not_block_each_later_release(tmp_path):
    y = ["common"] * 400 + ["rare"] * 39
    config, _ = started(tmp_path, {"n": numbers(len(y)), "y": y})
    assert config.evaluate.champion == ChampionSettings(insufficient="pass")
    written = (tmp_path / "made" / "c.yaml").read_text()
    assert "# 8 rows of class 'rare' rule such a loss out for 0% of the equally good" in written


def test_enough_rows_are_compared_with_a_champion(tmp_path):
    y = ["common"] * 600 + ["rare"] * 550
    config, _ = started(tmp_path, {"n": numbers(len(y)), "y": y})
    assert config.evaluate.champion == ChampionSettings()


def test_config_is_valid_when_no_class_can_prove_anything(tmp_path):
    config, _ = started(tmp_path, {"n": numbers(20), "y": labels(20, "a", "b")})
    assert config.evaluate.min_recall == {"default": 0.5}


@given(st.integers(0, 5000))
def test_bar_is_the_highest_that_a_good_model_proves_often(rows):
    hits = np.arange(rows + 1)
    proven = np.where(hits > 0, beta.ppf(0.05, hits, rows - hits + 1), 0.0)

    def chance(bar):
        return binom.pmf(hits, rows, 0.85)[proven >= bar].sum()

    bar = provable_bar(rows)
    assert bar is None or chance(bar) >= 0.9
    higher = 0.4 if bar is None else round(bar + 0.05, 2)
    assert higher > 0.8 or chance(higher) < 0.9


def test_the_next_number_of_rows_with_a_bar_has_one():
    assert [more_rows(n) for n in (0, 10, 11)] == [11, 11, 12]


def test_rows_to_prove_come_to_eval():
    [a, _] = propose({"a": rows_to_prove(5), "b": 1000})
    assert a.eval_rows == 5
    [a, _] = propose({"a": rows_to_prove(5) - 1, "b": 1000})
    assert a.eval_rows == 4


def test_values_too_rare_to_be_split_are_pooled(tmp_path):
    y = ["a"] * 100 + ["other"] * 50 + ["c"] * 5 + ["d"] * 2 + ["b"]
    config, features = started(tmp_path, {"n": numbers(len(y)), "y": y})
    assert features.classes == ("a", "other", "c", "other_2")
    assert config.data.label_groups["other_2"] == ("b", "d")


def test_pool_takes_the_next_rarest_only_while_too_small():
    assert [c.values for c in propose({"a": 100, "b": 9, "c": 3, "d": 2})][-1] == ("d", "c")
    numbered = propose({"0": 100, "1": 50, "2": 2, "3": 1})
    assert [c.name for c in numbered] == ["0", "1", "other"]


@pytest.mark.parametrize("classes", [{"a": 100, "b": 2}, {"a": 9, "b": 1}, {"a": 2, "b": 2}])
def test_too_rare_with_nothing_to_pool_with_is_refused(classes):
    with pytest.raises(DataError, match=r"too few rows of .*'b' \(\d rows\).* each class needs 3"):
        propose(classes)


def test_no_input_left_is_refused_and_nothing_written(tmp_path):
    columns = {"k": ["1"] * 60, "y": labels(60, "a", "b")}
    with pytest.raises(DataError, match=r"no column is left .*: 'k' .constant"):
        started(tmp_path, columns)
    with pytest.raises(DataError, match="the label is the only column"):
        started(tmp_path, {"y": labels(60, "a", "b")})
    assert not (tmp_path / "made").exists()


def test_existing_files_are_kept_unless_forced(tmp_path):
    columns = {"n": numbers(60), "y": labels(60, "a", "b")}
    started(tmp_path, columns)
    (tmp_path / "made" / "c.yaml").write_text("mine")
    with pytest.raises(ConfigError, match=r"c\.yaml.*schema\.pbtxt.*--force"):
        started(tmp_path, columns)
    assert (tmp_path / "made" / "c.yaml").read_text() == "mine"
    started(tmp_path, columns, force=True)
    assert sorted(p.name for p in (tmp_path / "made").iterdir()) == ["c.yaml", "schema.pbtxt"]


def test_data_is_never_overwritten(tmp_path):
    csv = write(tmp_path / "data.csv", {"n": numbers(60), "y": labels(60, "a", "b")})
    before = csv.read_bytes()
    profile = profile_csv(csv, label="y")
    with pytest.raises(ConfigError, match="must be three files"):
        scaffold(profile, csv=csv, config=csv, schema=tmp_path / "s.pbtxt", force=True)
    assert csv.read_bytes() == before


def test_unwritable_place_is_a_usage_error_and_leaves_nothing(tmp_path):
    csv = write(tmp_path / "data.csv", {"n": numbers(60), "y": labels(60, "a", "b")})
    (tmp_path / "file").write_text("")
    profile = profile_csv(csv, label="y")
    with pytest.raises(ConfigError, match="cannot be written"):
        scaffold(profile, csv=csv, config=tmp_path / "c.yaml", schema=tmp_path / "file" / "s.pbtxt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.csv", "file"]


@pytest.mark.parametrize("name", ["demo", "~x.csv", "Two Words.CSV", "a#b.csv", "2024.csv.gz", "ß"])
def test_awkward_file_names_are_found_again(tmp_path, name):
    csv = write(tmp_path / name, {"n": numbers(60), "y": labels(60, "a", "b")})
    config = tmp_path / "c.yaml"
    scaffold(profile_csv(csv, label="y"), csv=csv, config=config, schema=tmp_path / "s.pbtxt")
    loaded = load_config(config)
    check_config(loaded)
    assert loaded.data.source.path == str(csv.resolve())
    assert not yaml.safe_load(config.read_text())["data"]["schema"].startswith("/")


@given(st.text(max_size=90).map(lambda t: t.replace("/", "").replace("\0", "")))
def test_config_name_is_a_pipeline_name(tmp_path_factory, stem):
    name = config_name(tmp_path_factory.getbasetemp() / f"{stem}.csv.gz")
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,63}", name)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Card Fraud_2024.csv.gz", "card-fraud-2024"),
        ("2024.CSV", "data-2024"),
        ("日本.csv", "data"),
    ],
)
def test_config_name_is_the_file_name(tmp_path, file, name):
    assert config_name(tmp_path / file) == name


@pytest.mark.parametrize(
    ("file", "label", "inputs", "classes"),
    [
        ("adult/adult.csv.gz", "income", 14, 2),
        ("mammography/mammography.csv.gz", "class", 6, 2),
        ("nsl_kdd/nsl_kdd.csv.gz", "label", 41, 22),
        ("covertype_100k/covertype_100k.csv.gz", "label", 54, 7),
    ],
)
def test_real_data_makes_files_that_run_accepts(
    tmp_path, shared_data, file, label, inputs, classes
):
    csv = shared_data / file
    config = tmp_path / "c.yaml"
    scaffold(
        profile_csv(csv, label=label), csv=csv, config=config, schema=tmp_path / "schema.pbtxt"
    )
    features = check_config(load_config(config))
    assert len(features.inputs) == inputs
    assert len(features.classes) == classes
