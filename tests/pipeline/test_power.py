"""`tfx-rebalance power`: rows told before any run, the table, the JSON, and refusals."""

import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from support.pipeline_runs import EXAMPLES

from tfx_rebalance.pipeline.cli import main

SCHEMA = """
feature { name: "amount" type: FLOAT }
feature { name: "country" type: BYTES }
feature { name: "y" type: BYTES string_domain { value: "legit" value: "fraud" } }
"""
CONFIG = """
name: cards
data: {source: data.csv, schema: schema.pbtxt, label: y}
evaluate:
  min_recall: {fraud: 0.8}
  slices:
    - features: [country, amount]
      buckets: {amount: [10]}
      min_recall: {fraud: 0.5}
"""


@pytest.fixture
def power(tmp_path):
    """Returns a function that calls the command on 500 rows, a fifth of them frauds."""
    rows = [
        f"{i % 20 if i % 50 else ''},{'AT' if i % 4 else ''},{'legit' if i % 5 else 'fraud'}"
        for i in range(500)
    ]
    (tmp_path / "data.csv").write_text("\n".join(["amount,country,y", *rows, ""]))
    (tmp_path / "schema.pbtxt").write_text(SCHEMA)
    (tmp_path / "cards.yaml").write_text(CONFIG)

    def called(*args):
        return CliRunner().invoke(main, ["power", str(tmp_path / "cards.yaml"), *args])

    return called


def as_json(ended):
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


def test_rows_of_eval_are_its_share_of_those_in_the_data(power):
    found = as_json(power("--json"))
    assert found["counted"]
    assert found["rows"] == {"legit": 80, "fraud": 20}
    [cell] = found["classes"]
    assert (cell["label"], cell["rows"], cell["hits_to_pass"]) == ("fraud", 20, 20)
    assert cell["chances"][0]["recall"] == 0.7
    assert cell["chances"][0]["released"] == pytest.approx(0.7**20)
    assert [c["label"] for c in found["champion"]] == ["legit", "fraud"]


def test_rows_without_a_number_are_a_bucket_and_without_a_name_in_no_slice(power):
    found = as_json(power("--json"))["slices"]
    counted = {tuple(cell["where"].values()): cell["rows"] for cell in found}
    # Of 20 rows the frauds are 0, 5, 10 and 15; 0 has no country, and 5 times 10 has no amount:
    # 25 are below, 45 above and 5 without, of which eval gets a fifth.
    assert counted == {("AT", "below 10"): 5, ("AT", "10 and above"): 9, ("AT", "missing"): 1}


def test_given_rows_are_taken_and_the_data_left_alone(power, tmp_path):
    (tmp_path / "data.csv").write_text("")
    found = as_json(power("--json", "--positives", "fraud=50"))
    assert (found["counted"], found["rows"], found["slices"]) == (False, {"fraud": 50}, [])


def test_the_table_is_whole_however_narrow_the_place(power):
    ended = power("--positives", "fraud=50")
    assert ended.exit_code == 0, ended.stderr
    for words in ("passes from", "insufficient", "+0.05, 80%", "20% of rows differ"):
        assert words in ended.stdout
    assert "…" not in ended.stdout
    assert "slices are left out" in ended.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--positives", "fruad=5"], "names the class 'fruad', .*did you mean 'fraud'"),
        (["--positives", "fraud"], "takes CLASS=N with N >= 1, .* got 'fraud'"),
        (["--positives", "fraud=0"], "got 'fraud=0'"),
        (["--set", "data.source=gs://bucket/data.csv"], "remote .* --positives CLASS=N"),
        (["--set", "data.source=x.tfrecord.gz"], "data.source"),
        (
            [
                "--set",
                "data.time_column=amount",
                "--set",
                "data.splits.time={val_days: 1, eval_days: 1}",
            ],
            "dealt by time.* --positives CLASS=N",
        ),
        (["--set", "evaluate.max_recall_drop=0.1"], "max_recall_drop is not a known key"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_way_out(power, args, words):
    ended = power(*args)
    assert ended.exit_code == 2
    assert re.search(words, ended.stderr)


def test_it_needs_neither_tfx_nor_tensorflow():
    program = (
        "import sys\n"
        "from tfx_rebalance.pipeline.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('tensorflow', 'tfx', 'apache_beam') if name in sys.modules])\n"
    )
    command = ["power", str(EXAMPLES / "card_fraud.yaml"), "--json"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"
