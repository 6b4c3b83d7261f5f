"""Bad input: one clear message, the right exit code, nothing pushed, nothing half-written."""

import gzip
from pathlib import Path

import pytest
from support.pipeline_runs import EXAMPLES, Outcome, run, tfx_rebalance

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

CARD_FRAUD = EXAMPLES / "card_fraud.yaml"
SMALL = (
    "trainer.epochs=2",
    "evaluate.slices=[]",
    "evaluate.min_recall={default: 0.01}",
    "evaluate.champion=null",  # Two frauds in eval are too few to compare.
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> list[str]:
    """Lines of a small demo CSV, the header first."""
    path = tmp_path_factory.mktemp("data") / "demo.csv"
    assert tfx_rebalance("demo-data", "--rows", "2000", "--output", path).exit_code == 0
    return path.read_text().replace('"', "").splitlines()


def _run_on(lines: list[str], folder: Path) -> Outcome:
    source = folder / "data.csv"
    source.write_text("".join(line + "\n" for line in lines))
    return run(CARD_FRAUD, folder / "root", f"data.source={source}", *SMALL)


def _nothing_was_pushed(outcome: Outcome, folder: Path) -> None:
    assert "Traceback" not in outcome.stderr
    assert not (folder / "root/serving").exists()
    assert outcome.result.get("model_uri") is None


def _with_label(line: str, label: str) -> str:
    return line.rpartition(",")[0] + "," + label


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (lambda rows: [], "is empty"),
        (lambda rows: rows[:1], "has no row. Give data with rows"),
        (lambda rows: [rows[0].replace("is_fraud", "fraud"), *rows[1:]], "no column 'is_fraud'"),
        (lambda rows: [*rows, _with_label(rows[1], "7")], "'7' (1 rows)"),
        (lambda rows: [*rows, _with_label(rows[1], "")], "1 of 2001 rows have no label"),
        (lambda rows: [rows[0], *(r for r in rows if r.endswith(",0"))], "class '1' has 0 rows"),
        (lambda rows: [*rows, "a,b"], "cannot be read as the schema says"),
        (lambda rows: [rows[0].replace("card_id", "amount"), *rows[1:]], "amount more than once"),
    ],
    ids=["empty", "no row", "no label column", "unknown label", "missing label", "absent class",
         "ragged row", "repeated column"],
)  # fmt: skip
def test_unusable_data_stops_with_exit_3(lines, words, rows, tmp_path):
    outcome = _run_on(lines(rows), tmp_path)

    assert (outcome.exit_code, outcome.result["verdict"]) == (3, "stopped"), outcome
    assert words in outcome.result["reason"]
    assert words in outcome.stderr
    _nothing_was_pushed(outcome, tmp_path)


def test_data_that_does_not_fit_the_schema_stops_after_the_verdict_is_published(rows, tmp_path):
    from ml_metadata.metadata_store import MetadataStore
    from ml_metadata.proto import metadata_store_pb2 as mlmd
    from tfx.orchestration import metadata

    country = rows[0].split(",").index("country")
    cells = [line.split(",") for line in rows[1:]]
    for row in cells[:600]:
        row[country] = "ATLANTIS"

    outcome = _run_on([rows[0], *(",".join(row) for row in cells)], tmp_path)

    assert (outcome.exit_code, outcome.result["verdict"]) == (3, "stopped"), outcome
    assert "country" in outcome.result["reason"]
    _nothing_was_pushed(outcome, tmp_path)
    path = str(tmp_path / "root/metadata.sqlite")
    store = MetadataStore(metadata.sqlite_metadata_connection_config(path))
    of_schema, of_imbalance = store.get_artifacts_by_type("ExampleAnomalies")
    assert of_schema.state == of_imbalance.state == mlmd.Artifact.LIVE


def test_a_damaged_file_of_an_earlier_run_is_named_and_a_run_without_cache_mends_it(rows, tmp_path):
    first = _run_on(rows, tmp_path)
    assert first.exit_code == 0, first
    [shard] = (tmp_path / "root/pipeline/Transform/transformed_examples").glob("*/Split-train/*")
    shard.write_bytes(shard.read_bytes()[:-2000])
    settings = (*SMALL, f"data.source={tmp_path / 'data.csv'}", "rebalance.seed=1")

    outcome = run(CARD_FRAUD, tmp_path / "root", *settings)
    assert (outcome.exit_code, outcome.result["verdict"]) == (1, "stopped"), outcome
    assert str(shard) in outcome.result["reason"]
    assert "--no-cache" in outcome.result["reason"]
    rebalanced = tmp_path / "root/pipeline/Rebalance/rebalanced_examples"
    assert len(list(rebalanced.iterdir())) == 1  # What failed has left nothing behind.

    assert run(CARD_FRAUD, tmp_path / "root", *settings, cache=False).exit_code == 0


def test_a_truncated_gzip_csv_is_an_error_and_not_a_shorter_file(rows, tmp_path):
    source = tmp_path / "data.csv.gz"
    source.write_bytes(gzip.compress("\n".join(rows).encode())[:-3000])

    outcome = run(CARD_FRAUD, tmp_path / "root", f"data.source={source}", *SMALL)

    assert outcome.exit_code == 3, outcome
    assert str(source) in outcome.result["reason"]
    _nothing_was_pushed(outcome, tmp_path)


def test_a_root_that_cannot_be_written_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")

    outcome = run(CARD_FRAUD, tmp_path / "file" / "root")

    assert outcome.exit_code == 2
    assert "cannot be written" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_missing_file_is_a_usage_error(tmp_path):
    outcome = run(CARD_FRAUD, tmp_path, f"data.source={tmp_path / 'no.csv'}")

    assert outcome.exit_code == 2
    assert "no.csv" in outcome.stderr
    assert not (tmp_path / "runs").exists()
