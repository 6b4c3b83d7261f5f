import importlib
import json
import sys
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, log_loss

pytestmark = pytest.mark.tfx

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
ROWS = 3000
SCORES = ("pr_auc", "rarest_pr_auc", "balanced_accuracy", "log_loss", "ece", "seconds")


@pytest.fixture
def part(monkeypatch):
    """Returns a module of the benchmark by its name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return lambda name: importlib.import_module(f"_quality_{name}" if name else "quality")


@pytest.fixture
def adult(part, shared_data):
    """Returns the first rows of adult, which have missing cells."""
    del shared_data
    return part("data").read("adult").take(np.arange(ROWS))


@pytest.fixture
def mammography(part, shared_data):
    del shared_data
    return part("data").read("mammography")


def flat(value, **more):
    """Returns scores that are all the same, but for those that are given."""
    return {**dict.fromkeys(SCORES, value), **more}


def results_of(part, *, ours=0.8, smote=1.04, recalls=(0.9, 0.9, 0.9, 0.9, 0.1)):
    """Returns five resplits of two models, a treatment and a promise."""
    module = part("results")
    trees = [flat(0.8 + 0.01 * i) for i in range(5)]
    chosen = [flat(ours + 0.01 * i + 0.001 * (i % 2)) for i in range(5)]
    return module.Results(
        quality={"adult": {"boosted trees": trees, "chosen": chosen}},
        treatments={"adult": {"none": [flat(1.0)], "smote": [flat(smote)]}},
        promise={"adult": module.Kept(">50K", 0.8, recalls)},
    )


@pytest.mark.slow
def test_inputs_are_those_that_transform_makes(part, adult, tmp_path):
    train = np.arange(0, ROWS, 2)
    inputs = part("data").inputs_of(adult, train)
    expected = transformed(adult, train, folder=str(tmp_path))
    assert inputs.columns.vocabulary_size == 1 + max(
        max(expected[name][i] for i in range(len(train))) + 1 for name in inputs.columns.categorical
    )
    for place, name in enumerate(inputs.columns.numeric):
        np.testing.assert_allclose(
            inputs.numeric[:, place], in_order(expected, name, train), atol=1e-5
        )
    for place, name in enumerate(inputs.columns.categorical):
        np.testing.assert_array_equal(
            inputs.categorical[:, place], in_order(expected, name, train), err_msg=name
        )
    np.testing.assert_array_equal(inputs.labels, in_order(expected, adult.features.label, train))


def transformed(table, train, *, folder):
    """Returns the outputs of `preprocessing_fn`, the rows of `train` first."""
    import functools

    import tensorflow as tf
    import tensorflow_transform.beam as tft_beam
    from tensorflow_transform.tf_metadata import dataset_metadata

    from tfx_rebalance.pipeline.preprocessing import preprocessing_fn

    types = {"float": tf.float32, "int": tf.int64, "string": tf.string}
    spec = {
        f.name: tf.io.VarLenFeature(types[f.dtype])
        if f.optional
        else tf.io.FixedLenFeature([], types[f.dtype])
        for f in table.features.inputs
    }
    label = table.features.label
    metadata = dataset_metadata.DatasetMetadata.from_feature_spec(
        {**spec, label: tf.io.FixedLenFeature([], tf.string)}
    )
    custom = {
        "features": table.features.model_dump_json(),
        "transform": table.config.transform.model_dump_json(),
    }
    function = functools.partial(preprocessing_fn, custom_config=custom)
    rows = [raw_row(table, row) for row in range(len(table.labels))]
    others = np.setdiff1d(np.arange(len(rows)), train)
    with tft_beam.Context(temp_dir=folder):
        analysed = ([rows[i] for i in train], metadata)
        (first, _), graph = analysed | tft_beam.AnalyzeAndTransformDataset(function)
        more = (([rows[i] for i in others], metadata), graph) | tft_beam.TransformDataset()
    return {name: [row[name] for row in (*first, *more[0])] for name in first[0]}


def raw_row(table, row):
    """Returns a row as ExampleGen would hand it to Transform."""
    made = {table.features.label: table.classes[table.labels[row]].encode()}
    for feature in table.features.inputs:
        cell = table.raw[feature.name].iloc[row]
        values = (
            []
            if pd.isna(cell)
            else [{"int": int, "float": float, "string": str.encode}[feature.dtype](cell)]
        )
        made[feature.name] = values if feature.optional else values[0]
    return made


def in_order(outputs, name, train):
    """Returns a column in the table's order of rows."""
    rows = len(outputs[name])
    column = np.empty(rows)
    column[np.concatenate([train, np.setdiff1d(np.arange(rows), train)])] = outputs[name]
    return column


def test_scale_and_vocabulary_are_of_the_training_rows_alone(part, adult):
    module, train = part("data"), np.arange(0, ROWS, 2)
    before = module.inputs_of(adult, train)
    changed = adult.raw.copy()
    changed.loc[changed.index[1::2], "age"] = 1000.0
    changed.loc[changed.index[1::2], "workclass"] = "Astronaut"
    other = module.Table(adult.config, adult.features, changed, adult.labels)
    after = module.inputs_of(other, train)
    np.testing.assert_array_equal(before.numeric[train], after.numeric[train])
    np.testing.assert_array_equal(before.categorical[train], after.categorical[train])
    place = after.columns.categorical.index("workclass")
    assert (after.categorical[1::2, place] == after.columns.vocabulary_size - 1).all()


def test_rows_are_dealt_once_and_each_class_in_the_same_shares(part):
    labels = np.repeat([0, 1], (900, 100))
    dealt = part("data").dealt(labels, seed=3)
    together = np.concatenate([dealt.train, dealt.val, dealt.eval])
    assert np.sort(together).tolist() == list(range(1000))
    counts = [np.bincount(labels[rows]).tolist() for rows in (dealt.train, dealt.val, dealt.eval)]
    assert counts == [[540, 60], [180, 20], [180, 20]]
    assert not np.array_equal(dealt.eval, part("data").dealt(labels, seed=4).eval)


def test_classes_are_the_groups_of_the_example(part, shared_data):
    del shared_data
    table = part("data").read("nsl_kdd")
    assert np.bincount(table.labels).sum() == 125_973
    assert np.bincount(table.labels)[table.classes.index("u2r")] == 52
    assert "difficulty_level" not in table.raw


def test_quality_agrees_with_scikit_learn(part):
    chance = np.random.default_rng(0)
    p = chance.dirichlet(np.ones(3), 500)
    labels = np.array([chance.choice(3, p=row) for row in p])
    decisions = p.argmax(axis=1)
    natural = np.array([0.5, 0.2, 0.3])
    found = part("models").quality(p, labels, decisions=decisions, natural=natural)
    each = [average_precision_score(labels == c, p[:, c]) for c in range(3)]
    assert found["pr_auc"] == pytest.approx(mean(each))
    assert found["rarest_pr_auc"] == pytest.approx(each[1])
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(labels, decisions))
    assert found["log_loss"] == pytest.approx(log_loss(labels, p))


@pytest.mark.slow
def test_ours_and_the_baseline_beat_chance_on_the_same_rows(part, mammography):
    models, data = part("models"), part("data")
    resplit = models.Resplit.of(mammography, data.dealt(mammography.labels, seed=100))
    settings = part("plans").settings_of(mammography, {"epochs": 2, "class_weights": "none"})
    for strategy in ("none", "oversample"):
        found = models.ours(resplit, settings, models.Treatment(strategy))
        assert found["balanced_accuracy"] > 0.7
    assert models.baseline(resplit, seed=0)["balanced_accuracy"] > 0.7


def test_every_setting_of_every_plan_is_allowed(part, shared_data):
    del shared_data
    plans = part("plans")
    for name, plan in plans.PLANS.items():
        table = part("data").read(name)
        assert set(plans.compared(name, table)) == {"example", "chosen", *plans.ENSEMBLES}
        assert next(iter(plans.treated(name, table, table.labels))) == "none"
        if plan.promised is not None:
            assert plan.promised.label in table.classes


@pytest.mark.parametrize(
    ("rows", "grown", "cut"),
    [((1000, 20), [1000, 100], [200, 20]), ((300, 100), [300, 300], [100, 100])],
)
def test_resampling_goes_to_ten_to_one_or_to_equal_classes(part, rows, grown, cut):
    labels = np.repeat([0, 1], rows)
    assert part("plans").grown_rows(labels) == grown
    assert part("plans").cut_rows(labels) == cut


def test_resampled_rows_are_as_many_as_the_treatment_says(part, mammography):
    models, data, plans = part("models"), part("data"), part("plans")
    resplit = models.Resplit.of(mammography, data.dealt(mammography.labels, seed=0))
    train = resplit.labels(resplit.dealt.train)
    job = plans.treated("mammography", mammography, train)["undersample"]
    split = models.trained_on(resplit, job.treatment, seed=0)
    assert split.mass.tolist() == plans.cut_rows(train)


def test_wanted_rows_are_named_by_class_and_counted_by_index(part):
    by_index = part("models").by_index
    assert by_index({"b": 5, "a": 0.5}, ("a", "b")) == {"1": 5, "0": 0.5}
    assert by_index("auto", ("a", "b")) == "auto"


def test_the_interval_is_that_of_paired_differences(part):
    ours, theirs = [0.8, 0.7, 0.9, 0.8, 0.7], [0.7, 0.7, 0.75, 0.7, 0.7]
    found = part("results").paired(ours, theirs)
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    assert found.mean == pytest.approx(mean(differences))
    # 2.776: Student's t, 4 degrees of freedom.
    assert found.half == pytest.approx(2.776 * stdev(differences) / 5**0.5, rel=1e-3)


def test_targets_are_met_and_missed(part):
    module = part("results")
    good = {n: m.met for n, m in module.metrics_of(results_of(part)).items() if m.target}
    assert good == {
        "data_sets_level_with_boosted_trees": True,
        "adult/smote/log_loss_vs_none": True,
        "promise_kept": True,
    }
    worse = results_of(part, ours=0.7, smote=1.06, recalls=(0.9, 0.9, 0.9, 0.1, float("nan")))
    assert not any(m.met for m in module.metrics_of(worse).values() if m.target)


def test_a_treatment_has_no_target_where_only_its_cost_is_shown(part):
    results = results_of(part)
    results.treatments["mammography"] = results.treatments["adult"]
    found = part("results").metrics_of(results)
    assert found["mammography/smote/log_loss_vs_none"].target is None


def test_the_tables_tell_means_and_differences(part):
    text = part("results").tables_of(results_of(part, ours=0.7))
    assert "| boosted trees (5) | 0.820 | 0.820 | 0.820 | 0.8200 | 0.8200 | 0.8 |" in text
    assert "| chosen (5) | 0.720 (**-0.100 ± 0.001**) |" in text
    assert "| smote | 1.040 |" in text
    assert "| adult, >50K | 0.8 | 0.740 | 80 % of 5 |" in text


def test_one_resplit_has_a_difference_and_no_interval(part):
    models = {"boosted trees": [flat(0.8), flat(0.9)], "bagging": [flat(0.7)]}
    text = part("results").quality_table("adult", models)
    assert "| bagging (1) | 0.700 (-0.100) |" in text


def test_json_has_the_five_keys_of_the_contract(part, monkeypatch, capsys):
    module = part("")
    monkeypatch.setattr(module, "measure", lambda _: results_of(part))
    monkeypatch.setattr(module, "SHARED", BENCHMARKS)
    monkeypatch.setattr(sys, "argv", ["quality.py", "--json"])
    assert module.main() == 0
    told = json.loads(capsys.readouterr().out)
    assert {frozenset(metric) for metric in told.values()} == {
        frozenset({"value", "target", "unit", "baseline", "ours"})
    }


def test_without_the_data_nothing_is_measured_and_that_is_said(part, monkeypatch, capsys, tmp_path):
    module = part("")
    monkeypatch.setattr(module, "SHARED", tmp_path / "absent")
    monkeypatch.setattr(sys, "argv", ["quality.py", "--json"])
    assert module.main() == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {}
    assert "not measured" in err
