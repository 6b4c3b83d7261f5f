"""The data is held against the last release and against what was served: warned, stopped."""

import csv
from pathlib import Path

import pytest
from support.pipeline_runs import EXAMPLES, Outcome, run, tfx_rebalance

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

CARD_FRAUD = EXAMPLES / "card_fraud.yaml"
SMALL = ("trainer.epochs=4", "evaluate.slices=[]", "evaluate.min_recall={'1': 0.2, '0': 0.2}")
ROWS = 6000


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("validation")


@pytest.fixture(scope="module")
def rows(folder) -> list[dict[str, str]]:
    path = folder / "demo.csv"
    assert tfx_rebalance("demo-data", "--rows", str(ROWS), "--output", path).exit_code == 0
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def released(folder, rows) -> Outcome:
    """A release, with requests beside it that have no label and dear goods."""
    sent = [{key: row[key] for key in row if key != "is_fraud"} for row in rows[:1000]]
    sent = [{**row, "amount": str(1e4 + float(row["amount"]))} for row in sent]
    serving = write(folder / "sent.csv", sent)
    source = write(folder / "first.csv", rows)
    return run(
        CARD_FRAUD,
        folder / "root",
        f"data.source={source}",
        f"validate.serving={serving}",
        *SMALL,
    )


def test_a_first_run_says_what_serving_has_that_training_has_not(released):
    assert released.exit_code == 0, released
    [skew] = [w for w in released.result["warnings"] if "serving" in w]
    assert "'amount'" in skew
    assert "'country'" not in skew


def test_ten_times_the_frauds_stop_the_next_run(released, folder, rows):
    from ml_metadata import MetadataStore
    from ml_metadata.proto import metadata_store_pb2 as mlmd
    from tfx.orchestration import metadata

    more = [
        {**row, "amount": f"{float(row['amount']) + copy / 100:.2f}"}
        for row in rows
        for copy in range(10 if row["is_fraud"] == "1" else 1)
    ]
    pushed = sorted((folder / "root/serving/card-fraud").iterdir())
    source = write(folder / "second.csv", more)
    outcome = run(CARD_FRAUD, folder / "root", f"data.source={source}", *SMALL)
    assert outcome.exit_code == 3
    assert outcome.result["verdict"] == "stopped"
    assert outcome.result["reason"].startswith("ValidationGate: ")
    assert "'1'" in outcome.result["reason"]
    assert "validate.label_shift" in outcome.result["reason"]
    assert sorted((folder / "root/serving/card-fraud").iterdir()) == pushed

    connection = metadata.sqlite_metadata_connection_config(str(folder / "root/metadata.sqlite"))
    store = MetadataStore(connection)
    for kind in ("ExampleAnomalies", "tfx_rebalance.ImbalanceReport"):
        newest = max(store.get_artifacts_by_type(kind), key=lambda artifact: artifact.id)
        assert newest.state == mlmd.Artifact.LIVE
        assert Path(newest.uri).is_dir()


def test_the_same_data_again_is_no_drift(released, folder):
    source = folder / "first.csv"
    outcome = run(CARD_FRAUD, folder / "root", f"data.source={source}", "data.seed=1", *SMALL)
    assert outcome.result["verdict"] != "stopped", outcome
    assert not [w for w in outcome.result["warnings"] if "release" in w or "previous" in w]
