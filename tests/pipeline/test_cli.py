"""The command before anything heavy: help, usage, config errors, init, demo data."""

import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner
from support.pipeline_runs import EXAMPLES

from tfx_rebalance.pipeline.cli import main

CARD_FRAUD = str(EXAMPLES / "card_fraud.yaml")
HEAVY = (
    "tensorflow", "tfx", "apache_beam", "keras", "pandas", "sklearn", "pyarrow", "matplotlib",
)  # fmt: skip


def call(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.mark.parametrize(
    ("command", "allowed"),
    [
        (["--help"], ()),
        (["run", "--help"], ()),
        (["report", "--root", "no such folder"], ()),
        (["check", CARD_FRAUD], ()),
        (["run", CARD_FRAUD, "--set", "data.labels=x"], ()),
        (["compile", CARD_FRAUD, "--target", "vertex", "--output", "no such folder/spec"], ()),
        (["check-spec", CARD_FRAUD, "--target", "kubeflow"], ()),
    ],
    ids=[
        "help",
        "run help",
        "report of nothing",
        "check",
        "config error",
        "no section of a target",
        "a spec's faults",
    ],
)
def test_nothing_heavy_is_imported_until_it_is_needed(command, allowed):
    program = (
        "import sys\n"
        "from tfx_rebalance.pipeline.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == f"HEAVY {list(allowed)}"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("data.labels=x", "did you mean 'label'?"),
        ("trainer.epochs=many", "got 'many'"),
        ("evaluate.min_recall={fraud: 0.8}", "names the class 'fraud'"),
        ("rebalance.strategy=undersampel", "did you mean 'undersample'?"),
        ("no-equals-sign", "--set takes KEY=VALUE"),
    ],
)
def test_a_wrong_setting_is_told_in_a_line_and_exits_2(setting, words, tmp_path):
    ended = call("run", CARD_FRAUD, "--root", tmp_path / "root", "--set", setting)

    assert ended.exit_code == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "root").exists()


def test_debug_shows_the_traceback_too():
    ended = call("check", CARD_FRAUD, "--set", "data.labels=x", "--debug")

    assert ended.exit_code == 2
    assert "Traceback" in ended.stderr


def test_a_config_that_is_not_there_is_a_usage_error(tmp_path):
    ended = call("check", tmp_path / "no.yaml")

    assert (ended.exit_code, "cannot be read" in ended.stderr) == (2, True)


def test_demo_data_that_cannot_be_written_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")

    ended = call("demo-data", "--rows", 1000, "--output", tmp_path / "file" / "x.csv")

    assert (ended.exit_code, "cannot be written" in ended.stderr) == (2, True)


def test_init_writes_what_check_accepts_and_overwrites_only_when_told(tmp_path):
    data = tmp_path / "payments.csv"
    assert call("demo-data", "--rows", 3000, "--output", data).exit_code == 0

    first = call("init", data, "--label", "is_fraud", "--output", tmp_path)
    assert first.exit_code == 0, first.stderr
    assert "card_id" in first.stdout  # Told as a likely id.
    config = tmp_path / "payments.yaml"
    assert "card_id" in yaml.safe_load(config.read_text())["data"]["exclude"]
    assert call("check", config).exit_code == 0

    again = call("init", data, "--label", "is_fraud", "--output", tmp_path)
    assert (again.exit_code, "--force" in again.stderr) == (2, True)
    assert call("init", data, "--label", "is_fraud", "--output", tmp_path, "--force").exit_code == 0


def test_init_with_a_label_that_is_no_column_names_the_nearest(tmp_path):
    data = tmp_path / "payments.csv"
    assert call("demo-data", "--rows", 1000, "--output", data).exit_code == 0

    ended = call("init", data, "--label", "is_fruad", "--output", tmp_path)

    assert ended.exit_code == 2
    assert "is_fraud" in ended.stderr


@pytest.mark.tfx
def test_predict_without_a_model_is_a_usage_error(tmp_path):
    (tmp_path / "in.csv").write_text("a\n1\n")

    ended = call("predict", tmp_path, tmp_path / "in.csv", tmp_path / "out.csv")

    assert (ended.exit_code, "no SavedModel" in ended.stderr) == (2, True)


def test_check_tells_of_an_image(tmp_path):
    mnist = EXAMPLES / "mnist-longtail.yaml"

    ended = call("check", mnist, "--set", f"data.source.path={tmp_path}")

    assert ended.exit_code == 0, ended.output
    assert "image inputs (1): image" in ended.output
