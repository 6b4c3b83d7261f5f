"""What the gate lets through, what it stops and what it compares, in whole runs."""

import csv
from pathlib import Path

import pytest
from scipy.stats import beta
from support.pipeline_runs import EXAMPLES, Outcome, run, tfx_rebalance

from tfx_rebalance.gate import Gate, read_gate

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

CARD_FRAUD = EXAMPLES / "card_fraud.yaml"
BARS = "evaluate.min_recall={'1': 0.5, '0': 0.5}"
BAD_LUCK = 0.05


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> tuple[str, ...]:
    """All 360 frauds of the example with 5,000 of its customers, and few epochs."""
    folder = tmp_path_factory.mktemp("data")
    everything, source = folder / "demo.csv", folder / "source.csv"
    assert tfx_rebalance("demo-data", "--rows", "60000", "--output", everything).exit_code == 0
    with everything.open(newline="") as file:
        rows = list(csv.DictReader(file))
    others = [row for row in rows if row["is_fraud"] == "0"][:5000]
    with source.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([*(row for row in rows if row["is_fraud"] == "1"), *others])
    return f"data.source={source}", "trainer.epochs=6", "evaluate.slices=[]"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def released(root, settings) -> Outcome:
    return run(CARD_FRAUD, root, *settings, BARS)


def gate_of(root: Path) -> Gate:
    """Returns what the last run of a root decided."""
    evaluations = (root / "pipeline/Evaluator/evaluation").iterdir()
    return read_gate(str(max(evaluations, key=lambda path: int(path.name))))


def versions(root: Path) -> list[str]:
    return sorted(p.name for p in (root / "serving/card-fraud").iterdir() if p.name.isdigit())


def eval_rows(outcome: Outcome) -> int:
    return sum(of_class["support"] for of_class in outcome.result["classes"].values())


def rows_of(root: Path, split: str, run_number: int) -> list[str]:
    """Returns the rows of a split as the n-th run of a root read them, as text."""
    import tensorflow as tf

    folders = sorted((root / "pipeline/ExampleGen/examples").iterdir(), key=lambda p: int(p.name))
    [shard] = (folders[run_number] / f"Split-{split}").glob("*.gz")
    records = tf.data.TFRecordDataset(str(shard), "GZIP").as_numpy_iterator()
    examples = [tf.train.Example.FromString(record) for record in records]
    return [str(sorted(map(str, example.features.feature.items()))) for example in examples]


def test_the_first_run_has_no_champion(released, root):
    assert released.exit_code == 0, released
    assert {of_class["gate"] for of_class in released.result["classes"].values()} == {"pass"}
    gate = gate_of(root)
    assert (gate.champion, gate.champions, gate.excluded_rows) == ("cold_start", (), 0)


def test_an_equal_retrain_is_compared_on_the_same_rows_and_passes(released, root, settings):
    before = versions(root)

    again = run(CARD_FRAUD, root, *settings, BARS, "trainer.patience=9")

    assert again.exit_code == 0, again
    assert "Trainer" not in again.result["cached"]
    gate = gate_of(root)
    assert (gate.champion, gate.excluded_rows) == ("compared", 0)
    for cell in gate.champions:
        rows = again.result["classes"][cell.label]["support"]
        assert cell.both + cell.gained + cell.lost + cell.neither == rows
        assert cell.both + cell.lost == round(
            released.result["classes"][cell.label]["recall"] * rows
        )
        assert (cell.lost, cell.verdict) == (0, "pass")
    assert len(versions(root)) == len(before) + 1


def test_a_bar_that_is_missed_for_certain_fails_and_nothing_is_pushed(released, root, settings):
    before = versions(root)

    outcome = run(CARD_FRAUD, root, *settings, "evaluate.min_recall={'1': 0.5, '0': 0.999}")

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released"), outcome
    assert {k: c["gate"] for k, c in outcome.result["classes"].items()} == {
        "0": "fail",
        "1": "pass",
    }
    assert outcome.result["classes"]["0"]["recall_high"] < 0.999
    assert "below its bar 0.999" in outcome.result["reason"]
    assert (outcome.result["model_uri"], versions(root)) == (None, before)


def test_too_few_rows_are_told_with_the_number_that_would_settle_it(released, root, settings):
    before, found = versions(root), released.result["classes"]["1"]
    bar = round(found["recall"] - 0.03, 2)

    outcome = run(CARD_FRAUD, root, *settings, f"evaluate.min_recall={{'1': {bar}}}")

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released"), outcome
    assert outcome.result["classes"]["1"]["gate"] == "insufficient"
    [cell] = [c for c in gate_of(root).shares if (c.kind, c.label) == ("recall", "1")]
    assert f"{cell.needed:,} more would settle it" in outcome.result["reason"]

    def low(rows):
        hits = cell.value * rows
        return beta.ppf(BAD_LUCK, hits, rows - hits + 1)

    assert low(cell.rows + cell.needed - 1) < bar <= low(cell.rows + cell.needed)
    assert versions(root) == before


@pytest.mark.parametrize(("policy", "code"), [("pass", 0), ("fail", 4)])
def test_slices_that_are_too_small_block_only_if_asked_to(policy, code, released, root, settings):
    small = "{features: [country], min_recall: {'1': 0.99}, min_positives: 500"

    outcome = run(
        CARD_FRAUD, root, *settings, BARS, f"evaluate.slices=[{small}, insufficient: {policy}}}]"
    )

    assert outcome.exit_code == code, outcome
    cells = [cell for cell in gate_of(root).shares if cell.where and cell.label == "1"]
    assert {cell.verdict for cell in cells} == {"insufficient"}
    assert len(cells) == 9
    assert ("where country is" in outcome.result["reason"]) == (policy == "fail")


def test_a_fall_against_the_champion_blocks_a_release(released, root, settings):
    outcome = run(
        CARD_FRAUD, root, *settings, "evaluate.min_recall={default: 0.01}",
        "evaluate.insufficient=pass", "trainer.learning_rate=1.0e-9", "trainer.class_weights=none",
        "trainer.decision=argmax",
    )  # fmt: skip

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released"), outcome
    [cell] = [cell for cell in gate_of(root).champions if cell.label == "1"]
    assert (cell.verdict, cell.blocks) == ("fail", True)
    assert "recall of '1' differs by -" in outcome.result["reason"]
    assert "from the champion's" in outcome.result["reason"]


def test_rows_that_the_champion_was_fitted_on_leave_the_comparison(settings, tmp_path):
    assert run(CARD_FRAUD, tmp_path, *settings, BARS).exit_code == 0

    other = run(
        CARD_FRAUD, tmp_path, *settings, BARS, "data.seed=1", "evaluate.champion.insufficient=pass"
    )

    fitted = {*rows_of(tmp_path, "train", 0), *rows_of(tmp_path, "val", 0)}
    seen = sum(row in fitted for row in rows_of(tmp_path, "eval", 1))
    gate = gate_of(tmp_path)
    assert (gate.champion, gate.excluded_rows) == ("compared", seen), other
    assert seen > 0
    compared = sum(c.both + c.gained + c.lost + c.neither for c in gate.champions)
    assert compared == eval_rows(other) - seen
