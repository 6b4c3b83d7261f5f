import gzip
import importlib
import json
import sys
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest
from sklearn.metrics import log_loss

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SIZES = (60, 15)
CUT = ("undersample", "undersample + upweight", "near_miss")
GROWN = ("oversample", "smote", "borderline_smote", "adasyn")
NATURAL, EVEN = np.array([0.9, 0.1]), np.array([0.5, 0.5])


@pytest.fixture
def part(monkeypatch):
    """Returns a module of the benchmark by its name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return lambda name: importlib.import_module(f"_strategies_{name}" if name else "strategies")


@pytest.fixture
def parts(part):
    chance = np.random.default_rng(0)
    labels = np.repeat([0, 1], SIZES)
    numeric = chance.normal(size=(len(labels), 3)) + labels[:, np.newaxis]
    data = part("data").Data(numeric, chance.integers(0, 3, (len(labels), 2)), labels)
    return part("data").parted(data, data.take(np.arange(40, len(labels))))


def results_of(part, *, smote=0.9, corrected=0.1):
    """Returns one repeat of the strong model on one data set."""
    scores = {
        "none": {"decided_balanced_accuracy": 0.9, "balanced_accuracy": 0.6, "log_loss": 0.1},
        "smote": {"decided_balanced_accuracy": smote, "balanced_accuracy": smote, "log_loss": 0.2},
        "undersample": {"decided_balanced_accuracy": 0.9, "balanced_accuracy": 0.9, "log_loss": 1},
    }
    more = {
        "average_precision": 0.7,
        "corrected_log_loss": corrected,
        "fit_seconds": 1,
        "resample_seconds": 1,
    }
    run = part("results").Run
    return {run("mammography", "strong", name): [{**more, **of}] for name, of in scores.items()}


@pytest.mark.parametrize(
    ("variant", "rows"), [*((v, min(SIZES)) for v in CUT), *((v, max(SIZES)) for v in GROWN)]
)
def test_a_variant_with_a_target_makes_the_classes_equal(part, parts, variant, rows):
    module = part("resampling")
    training = module.resampled(parts.train, module.VARIANTS[variant], seed=1)
    assert np.bincount(training.labels).tolist() == [rows, rows]
    assert len(training.rows) == len(training.weights) == 2 * rows


def test_every_variant_leaves_rows_of_both_classes(part, parts):
    module = part("resampling")
    for variant in module.VARIANTS.values():
        training = module.resampled(parts.train, variant, seed=1)
        assert np.unique(training.labels).tolist() == [0, 1]
        assert np.isfinite(training.rows.numeric).all()


def test_upweight_keeps_the_mass_of_each_class_and_class_weights_make_it_even(part, parts):
    module = part("resampling")

    def masses(variant):
        training = module.resampled(parts.train, module.VARIANTS[variant], seed=1)
        return np.bincount(training.labels, training.weights)

    np.testing.assert_allclose(masses("undersample + upweight"), SIZES)
    np.testing.assert_allclose(masses("class weights"), [37.5, 37.5])


def test_the_scale_is_that_of_the_training_part(part, parts):
    np.testing.assert_allclose(parts.train.rows.numeric.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(parts.train.rows.numeric.std(axis=0), 1)
    np.testing.assert_array_equal(parts.test.numeric, parts.train.rows.numeric[40:])


def test_a_shift_of_the_prior_is_undone_by_the_correction(part):
    chance = np.random.default_rng(0)
    rare = chance.beta(1, 9, 500)
    labels = (chance.random(500) < rare).astype(np.int64)
    true = np.stack([1 - rare, rare], axis=1)
    learnt = true * EVEN / NATURAL
    learnt /= learnt.sum(axis=1, keepdims=True)
    quality = part("models").quality
    shifted = quality(learnt, labels, natural=NATURAL, trained=EVEN)
    unshifted = quality(true, labels, natural=NATURAL, trained=NATURAL)
    assert shifted["log_loss"] == pytest.approx(log_loss(labels, learnt))
    assert shifted["corrected_log_loss"] == pytest.approx(log_loss(labels, true))
    assert shifted["average_precision"] == pytest.approx(unshifted["average_precision"])
    # At even classes the model's own argmax is the balanced decision.
    assert shifted["balanced_accuracy"] == unshifted["decided_balanced_accuracy"]
    assert shifted["balanced_accuracy"] > unshifted["balanced_accuracy"]


def test_a_probability_of_nothing_costs_a_finite_loss(part):
    loss = part("models").log_loss(np.array([[1.0, 0.0]]), np.array([1]))
    assert loss == pytest.approx(-np.log(1e-15))


@pytest.mark.parametrize("model", ["strong", "strong, l2 = 1", "weak"])
def test_each_model_takes_numbers_and_categories(part, parts, model):
    module = part("resampling")
    training = module.resampled(parts.train, module.VARIANTS["smote"], seed=1)
    scores = part("models").scores_of(model, training, parts, values=[3, 3], seed=1)
    assert all(np.isfinite(score) for score in scores.values())


def test_the_interval_is_wider_than_that_of_independent_repeats(part):
    ours, theirs = [0.8, 0.7, 0.9, 0.8, 0.7], [0.7, 0.7, 0.7, 0.7, 0.7]
    found = part("results").difference(ours, theirs)
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    assert found.mean == pytest.approx(mean(differences))
    # 2.776: Student's t, 4 degrees of freedom; test / train is 3 / 7.
    assert found.half == pytest.approx(2.776 * stdev(differences) * (1 / 5 + 3 / 7) ** 0.5, 1e-3)
    assert found.is_noise


def test_one_repeat_proves_nothing(part):
    assert part("results").difference([0.9], [0.1]).is_noise


def test_the_targets_are_missed_when_smote_is_needed_or_the_correction_fails(part):
    targeted = part("results").targeted
    assert {name: m.met for name, m in targeted(results_of(part)).items()} == {
        "balanced_decision_vs_smote": True,
        "corrected_log_loss_vs_uncorrected": True,
    }
    worse = targeted(results_of(part, smote=0.95, corrected=0.6))
    assert not any(metric.met for metric in worse.values())


def test_json_has_the_five_keys_of_the_contract(part, capsys):
    part("").show(results_of(part), as_json=True)
    told = json.loads(capsys.readouterr().out)
    keys = {"value", "target", "unit", "baseline", "ours"}
    assert all(set(metric) == keys for metric in told.values())
    assert told["balanced_decision_vs_smote"]["target"] == 0.98
    assert told["mammography/strong/undersample/log_loss"] == {
        "value": 0.9,
        "target": None,
        "unit": "difference",
        "baseline": 0.1,
        "ours": 1,
    }


def test_the_tables_tell_differences_to_none(part):
    text = part("tables").tables_of(results_of(part))
    assert "**strong: log loss, not corrected**" in text
    assert "| none | 0.1000 |" in text
    assert "| smote | +0.1000 ± inf |" in text
    assert "| adasyn | - |" in text


@pytest.mark.parametrize(("sizes", "cut"), [((300, 100), False), ((3000, 100), True)])
def test_a_cut_that_would_cut_no_class_is_left_out(part, sizes, cut):
    source = part("data").Source("folder", "label", skipped=("smote",))
    found = part("").variants_for(np.repeat([0, 1], sizes), source)
    assert ("undersample 10:1 + upweight" in found) == cut
    assert "smote" not in found


def test_a_source_may_name_the_variants(part):
    source = part("data").Source("folder", "label", only=("none", "smote"))
    assert part("").variants_for(np.repeat([0, 1], (30, 10)), source) == ["none", "smote"]


def test_the_variants_that_sources_name_exist(part):
    for source in part("data").SOURCES.values():
        assert {*source.only, *source.skipped} <= set(part("resampling").VARIANTS)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ((0.02, 0.01), "**+0.020 ± 0.010**"),
        ((-0.02, 0.01), "**-0.020 ± 0.010**"),
        ((0.01, 0.02), "+0.010 ± 0.020"),
    ],
)
def test_what_is_beyond_noise_is_bold(part, found, text):
    assert part("results").Difference(*found).text(3) == text


def test_columns_are_read_for_what_they_are(part, monkeypatch, tmp_path):
    module = part("data")
    monkeypatch.setattr(module, "SHARED", tmp_path)
    text = "a,soil_1,soil_2,colour,id,y\n1,0,1,red,7,no\n1,0,1,red,7,no\n2,1,0,blue,8,yes\n"
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "set.csv.gz").write_bytes(gzip.compress(text.encode()))
    source = module.Source(
        "set", "y", nominal=("colour",), left_out=("id",), one_hot={"soil_": 2}, distinct=True
    )
    data = module.read(source, seed=0)
    assert data.numeric.tolist() == [[1.0], [2.0]]
    assert data.nominal.tolist() == [[1, 1], [0, 0]]
    assert data.labels.tolist() == [0, 1]
    assert data.values == [2, 2]


def test_a_sample_has_the_shares_of_the_whole(part, monkeypatch, shared_data):
    module = part("data")
    monkeypatch.setattr(module, "SHARED", shared_data)
    data = module.read(module.Source("mammography", "class", rows=1118), seed=0)
    assert np.bincount(data.labels).tolist() == [1092, 26]


def test_without_the_data_nothing_is_measured_and_that_is_said(part, monkeypatch, capsys, tmp_path):
    module = part("")
    monkeypatch.setattr(module, "SHARED", tmp_path / "absent")
    monkeypatch.setattr(sys, "argv", ["strategies.py", "--json"])
    assert module.main() == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {}
    assert "not measured" in err
