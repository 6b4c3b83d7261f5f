"""The example configs on the real data they are written for."""

from pathlib import Path

import pytest
from support.pipeline_runs import EXAMPLES, Outcome, run, sample_csv

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

SOURCES = {
    "adult": "adult/adult.csv.gz",
    "mammography": "mammography/mammography.csv.gz",
    "nsl_kdd": "nsl_kdd/nsl_kdd.csv.gz",
    "covertype": "covertype_100k/covertype_100k.csv.gz",
}
ROWS = {"adult": 48_842, "mammography": 11_183, "nsl_kdd": 125_973, "covertype": 100_000}
SAMPLE = 5_000


@pytest.mark.parametrize(
    "name",
    [
        "adult",
        "mammography",
        pytest.param("nsl_kdd", marks=pytest.mark.full),
        pytest.param("covertype", marks=pytest.mark.full),
    ],
)
def test_the_example_is_released_on_all_of_its_data(name, shared_data, tmp_path):
    outcome = run(EXAMPLES / f"{name}.yaml", tmp_path, f"data.source={shared_data / SOURCES[name]}")

    assert (outcome.exit_code, outcome.result["verdict"]) == (0, "released"), outcome
    _counts_add_up(outcome, rows=ROWS[name])
    for of_class in outcome.result["classes"].values():
        assert of_class["gate"] == "pass"
        assert of_class["bar"] <= of_class["recall_low"] <= of_class["recall"]
        assert of_class["recall"] <= of_class["recall_high"]
    assert Path(outcome.result["model_uri"], "saved_model.pb").is_file()


@pytest.mark.parametrize(("name", "label"), [("nsl_kdd", "label"), ("covertype", "label")])
def test_the_example_runs_to_the_gate_on_a_sample(name, label, shared_data, tmp_path):
    source = sample_csv(
        shared_data / SOURCES[name], tmp_path / "sample.csv.gz", label=label, rows=SAMPLE, keep=5
    )

    outcome = run(
        EXAMPLES / f"{name}.yaml",
        tmp_path / "root",
        f"data.source={source}",
        "rebalance={strategy: oversample, sampling_strategy: not majority}",
        "evaluate.min_recall={default: 0.01}",
        "evaluate.slices=[]",
        "trainer.epochs=3",
    )

    assert outcome.result["verdict"] in {"released", "not_released"}, outcome
    assert outcome.exit_code == {"released": 0, "not_released": 4}[outcome.result["verdict"]]
    after = {c["after"] for c in outcome.result["classes"].values()}
    assert len(after) == 1  # Exact: every class has as many training rows as the largest.


def _counts_add_up(outcome: Outcome, *, rows: int) -> None:
    classes = outcome.result["classes"].values()
    assert sum(c["before"] for c in classes) == pytest.approx(0.6 * rows, abs=len(classes))
    assert sum(c["support"] for c in classes) == pytest.approx(0.2 * rows, abs=len(classes))


def test_smote_after_transform_keeps_to_groups(shared_data, tmp_path):
    source = sample_csv(
        shared_data / SOURCES["adult"], tmp_path / "a.csv.gz", label="income", rows=3000, keep=5
    )

    outcome = run(
        EXAMPLES / "adult.yaml",
        tmp_path / "root",
        f"data.source={source}",
        "data.exclude=[fnlwgt, marital_status]",
        "rebalance={strategy: smote, sampling_strategy: 0.8, group_key: marital_status}",
        "evaluate.min_recall={default: 0.01}",
        "evaluate.slices=[]",
        "trainer.epochs=2",
    )

    assert outcome.result["verdict"] == "released", outcome
    counts = {name: c["after"] for name, c in outcome.result["classes"].items()}
    assert counts[">50K"] == int(0.8 * counts["<=50K"])
