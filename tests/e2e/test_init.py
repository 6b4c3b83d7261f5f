"""From a CSV of one's own to a verdict, with nothing edited in between."""

import csv
import gzip
from pathlib import Path

import pytest
from support.pipeline_runs import run, tfx_rebalance

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]


def test_the_config_that_init_writes_runs_unedited(shared_data, tmp_path):
    packed = shared_data / "mammography/mammography.csv.gz"
    data = tmp_path / "Screening 2024.csv"
    data.write_bytes(gzip.decompress(packed.read_bytes()))
    assert tfx_rebalance("init", data, "--label", "class", "--output", tmp_path).exit_code == 0
    [config] = tmp_path.glob("*.yaml")

    outcome = run(config, tmp_path / "root")

    assert outcome.exit_code == 0, outcome
    assert outcome.result["classes"]["1"]["support"] == 52
    assert Path(outcome.result["model_uri"]).is_dir()


def test_awkward_columns_go_all_the_way(tmp_path):
    """Names with spaces and umlauts, missing cells of each type, a text label with quotes."""
    rows = [
        [
            i % 97 / 7 if i % 5 else "",
            i % 13 if i % 7 else "",
            "äöü"[i % 3] if i % 11 else "",
            "",
            'ja "doch"' if i % 4 == 0 else "nein",
        ]
        for i in range(1200)
    ]
    data = tmp_path / "awkward.csv"
    with data.open("w", newline="") as file:
        csv.writer(file).writerows([["größe x", "größe-x", "die, Art", "leer", "y"], *rows])
    assert tfx_rebalance("init", data, "--label", "y", "--output", tmp_path).exit_code == 0

    outcome = run(tmp_path / "awkward.yaml", tmp_path / "root", "trainer.epochs=3",
                  "evaluate.min_recall={default: 0.01}")  # fmt: skip

    assert outcome.result["verdict"] in {"released", "not_released"}, outcome
    assert set(outcome.result["classes"]) == {'ja "doch"', "nein"}
