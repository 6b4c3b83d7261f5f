"""What a config file may say, and what is told about one that says something else."""

import json
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from tfx_rebalance.components.example_gen.sources.settings import CsvSource
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.config_file import load_config

GOOD = """\
name: cards
data:
  source: data.csv
  schema: schema.pbtxt
  label: y
"""


@pytest.fixture
def load(tmp_path):
    """Returns a function that loads a text as config.yaml."""

    def write_and_load(text, *overrides):
        path = tmp_path / "config.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(path, overrides=overrides)

    return write_and_load


@pytest.fixture
def refused(load):
    """Returns a function that gives the message of a config that is refused."""

    def message(text, *overrides):
        with pytest.raises(ConfigError) as error:
            load(text, *overrides)
        return str(error.value)

    return message


def test_names_of_files_are_relative_to_the_config(load, tmp_path):
    data = load(GOOD).data
    assert data.source == CsvSource(path=str(tmp_path / "data.csv"))
    assert data.schema_file == str(tmp_path / "schema.pbtxt")


def test_remote_names_and_the_demo_are_left_alone(load):
    remote = GOOD.replace("data.csv", "gs://bucket/data.csv").replace(
        "schema.pbtxt", "gs://b/s.pbtxt"
    )
    assert load(remote).data.source.path == "gs://bucket/data.csv"
    assert load(remote).data.schema_file == "gs://b/s.pbtxt"
    assert load(GOOD.replace("data.csv", "demo")).data.is_demo


def test_the_folder_the_command_runs_in_does_not_matter(load, tmp_path, monkeypatch):
    (tmp_path / "config.yaml").write_text(GOOD)
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    assert load_config(Path("../config.yaml")) == load(GOOD)


def test_a_config_cannot_be_changed(load):
    config = load(GOOD)
    for part, key in ((config, "name"), (config.data, "seed"), (config.trainer, "epochs")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, key, 1)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none.yaml' cannot be read: No such file or directory"):
        load_config(tmp_path / "none.yaml")


def test_a_folder_is_no_config(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; it needs at least `name` and `data`"),
        ("# nothing\n", "is empty"),
        ("name: [cards\n", "is not YAML: "),
        ("name:\tcards\n  x: 1\n", "is not YAML: "),
        (b"name: \xff\n", "is not UTF-8 text"),
        ("- name\n", "expected sections such as `data:`, got ['name']"),
        ("cards\n", "expected sections such as `data:`, got 'cards'"),
        ("name: cards\n", "line 1: data is required."),
        ("data: {}\n", "line 1: data.source is required."),
        (GOOD + "name: other\n", "line 6: key 'name' is given twice. Keep one."),
        (GOOD + "  label: z\n", "line 6: key 'label' is given twice. Keep one."),
        (
            GOOD + "rebalanse: {}\n",
            "line 6: rebalanse is not a known key (did you mean 'rebalance'?)",
        ),
        (
            GOOD + "trainer:\n  epochs: 3\n  learning_rat: 1\n",
            "line 8: trainer.learning_rat is not a known key (did you mean 'learning_rate'?)",
        ),
        (GOOD + "trainer:\n  epochs: many\n", "line 7: trainer.epochs must be a valid integer"),
        (GOOD + "trainer:\n  epochs: many\n", "got 'many'."),
        (GOOD + "trainer:\n  epochs: 0\n", "must be greater than or equal to 1, got 0."),
        (GOOD + "trainer: 5\n", "line 6: trainer must be an object"),
        (GOOD + "trainer:\n  epochs: [64]\n", "line 7: trainer.epochs must be"),
        (
            GOOD + "tuner: {trials: 5}\n",
            "line 6: tuner.trials is not a known key (did you mean 'max_trials'?). Allowed here: ",
        ),
        (
            GOOD + "tuner: {from: last}\n",
            "line 6: tuner.from must be 'latest', got 'last'",
        ),
        (
            GOOD + "tuner: {from: latest, seed: 1}\n",
            "line 6: tuner from: latest searches nothing, got seed too. Take them out.",
        ),
        (
            GOOD + "tuner: {max_trials: 5}\n",
            "line 6: tuner max_trials means nothing with algorithm: hyperband, only with random",
        ),
        (
            GOOD + "tuner:\n  search:\n    batch_size: {lo: 1, high: 2}\n",
            "line 8: tuner.search.batch_size.lo is not a known key (did you mean 'low'?). Allowed",
        ),
        (
            GOOD + "tuner:\n  search:\n    learning_rate: {low: 2, high: 1}\n",
            "line 8: tuner.search.learning_rate needs low < high, got 2 and 1.",
        ),
        (
            GOOD + "tuner:\n  search:\n    optimizer: {choices: [adam, adam]}\n",
            "line 8: tuner.search.optimizer has 'adam' twice among its choices. Keep one.",
        ),
        (GOOD.replace("cards", "Cards!"), "line 1: name must be up to 64 of small"),
        (
            GOOD + "  splits: {train: 0.6, val: 0.3, eval: 0.3}\n",
            "line 6: data.splits train + val + eval must be 1, got 1.2.",
        ),
        (
            GOOD + "  label_groups:\n    a: [x]\n    b: [x]\n",
            "line 2: data label_groups lists 'x' more than once.",
        ),
        (
            GOOD + "rebalance:\n  strategy: smotte\n",
            "line 7: rebalance.strategy must be one of none, undersample, oversample",
        ),
        (
            GOOD + "rebalance:\n  upweight: true\n",
            "line 6: rebalance upweight goes with strategy: undersample, got strategy: none.",
        ),
        (
            GOOD + "evaluate:\n  min_recall:\n    yes_: 2\n",
            "line 8: evaluate.min_recall.yes_ must be",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_value(refused, text, message):
    assert message in refused(text)


@pytest.mark.parametrize("value", ["even", "1.5", "{a: 0}", "[1]"])
def test_the_branches_of_a_union_share_a_line(refused, value):
    message = refused(GOOD + f"rebalance:\n  sampling_strategy: {value}\n")
    assert message.count("line 7: rebalance.sampling_strategy") == len(message.splitlines())
    assert "or " in message


def test_every_wrong_key_has_a_line_of_its_own(refused):
    message = refused(GOOD + "trainer: {epochs: 0, patience: 0}\nevaluat_: {}\n")
    keys = [line.split(": ")[1].split(" ")[0] for line in message.splitlines()]
    assert sorted(keys) == ["evaluat_", "trainer.epochs", "trainer.patience"]


@pytest.mark.parametrize(
    ("override", "reads"),
    [
        ("trainer.epochs=3", lambda c: c.trainer.epochs == 3),
        ("data.label=z", lambda c: c.data.label == "z"),
        ("rebalance.strategy=oversample", lambda c: c.rebalance.strategy == "oversample"),
        ("rebalance.sampling_strategy=0.5", lambda c: c.rebalance.sampling_strategy == 0.5),
        ("rebalance.sampling_strategy={a: 5}", lambda c: c.rebalance.sampling_strategy == {"a": 5}),
        (
            "trainer.model_parameters={hidden_units: [8, 4]}",
            lambda c: c.trainer.chosen_model.hidden_units == (8, 4),
        ),
        ("evaluate.champion=null", lambda c: c.evaluate.champion is None),
        ("data.label=a=b", lambda c: c.data.label == "a=b"),
    ],
)
def test_set_overrides_one_key_with_a_value_read_as_yaml(load, override, reads):
    assert reads(load(GOOD + "rebalance: {strategy: undersample}\n", override))


def test_of_two_sets_the_last_wins_and_both_win_over_the_file(load):
    text = GOOD + "trainer: {epochs: 9, batch_size: 50}\n"
    trainer = load(text, "trainer.epochs=3", "trainer.epochs=4").trainer
    assert (trainer.epochs, trainer.batch_size) == (4, 50)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.epochs", "--set takes KEY=VALUE such as rebalance.seed=1, got 'trainer.epochs'"),
        ("=3", "--set takes KEY=VALUE"),
        ("trainer..epochs=3", "--set takes KEY=VALUE"),
        ("name.x=3", "--set name.x=3: name is 'cards', not a section"),
        ("trainer.epochs=[", "--set trainer.epochs=[: the value is not YAML"),
        ("trainer.epochs=0", "trainer.epochs must be greater than or equal to 1, got 0."),
        ("trainer.epoch=1", "trainer.epoch is not a known key (did you mean 'epochs'?)"),
    ],
)
def test_a_set_that_cannot_be_is_refused(refused, override, message):
    assert message in refused(GOOD, override)


def test_upweight_goes_with_undersample(load):
    assert load(GOOD + "rebalance: {strategy: undersample, upweight: true}\n").rebalance.upweight


def test_a_file_that_is_given_as_json_is_read_too(load):
    assert load(json.dumps(yaml.safe_load(GOOD))) == load(GOOD)


@pytest.mark.parametrize("text", ["? [a]\n: b", "name: !foo x", "name: 2024-99-99", "a: &a [*a]"])
def test_yaml_that_cannot_be_built_is_a_config_error(text, refused):
    assert "config.yaml" in refused(text)


def test_a_wrong_override_is_told_as_such_and_not_as_a_line_of_the_file(refused):
    assert refused(GOOD, "trainer.epochs=no").startswith("--set trainer.epochs=no: trainer.epochs")
    assert "--set trainer.epochs=2024-99-99" in refused(GOOD, "trainer.epochs=2024-99-99")


@pytest.mark.parametrize(
    "setting",
    ["trainer.epochs=yes", "trainer.epochs='5'", "trainer.learning_rate=.inf",
     "rebalance={strategy: undersample, sampling_strategy: true}"],
)  # fmt: skip
def test_text_yes_and_infinity_are_no_numbers(setting, refused):
    assert setting.partition("=")[0] in refused(GOOD, setting)


def test_a_class_that_looks_like_a_number_needs_no_quotes(load):
    assert load(GOOD, "evaluate.min_recall={1: 0.8, 0: 0.9}").evaluate.min_recall == {
        "1": 0.8,
        "0": 0.9,
    }


def test_paths_are_relative_to_the_file_and_typed_ones_to_where_one_is(load, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    config = load(GOOD + "push: {destination: out}\n", "data.source=typed.csv")
    assert config.data.schema_file == str(tmp_path / "schema.pbtxt")
    assert config.push.destination == str(tmp_path / "out")
    assert config.data.source.path == str(elsewhere / "typed.csv")


SOURCE = "  source: data.csv\n"


def test_a_paths_ending_says_the_format(load, tmp_path):
    for name, kind in (
        ("d.csv.gz", "csv"),
        ("d.parquet", "parquet"),
        ("s/{SPAN}/*.tfrecord.gz", "tfrecord"),
    ):
        source = load(GOOD, f"data.source={tmp_path}/{name}").data.source
        assert (source.format, source.path) == (kind, f"{tmp_path}/{name}")


def test_a_source_may_be_a_section_with_paths_relative_to_the_config(load, tmp_path):
    section = "  source: {format: csv, path: 'day/{YYYY}{MM}{DD}.csv', delimiter: ';'}\n"
    source = load(GOOD.replace(SOURCE, section)).data.source
    assert source == CsvSource(path=f"{tmp_path}/day/{{YYYY}}{{MM}}{{DD}}.csv", delimiter=";")
    section = "  source: {format: tfds, name: mnist, data_dir: prepared}\n"
    assert load(GOOD.replace(SOURCE, section)).data.source.data_dir == str(tmp_path / "prepared")


def test_serving_and_previous_statistics_are_found_from_the_config(load, tmp_path):
    config = load(GOOD + "validate:\n  serving: sent.csv\n  previous: statistics\n")
    assert config.serving_data.source.path == str(tmp_path / "sent.csv")
    assert config.validation.checks.previous == str(tmp_path / "statistics")
    assert load(GOOD).serving_data is None
    assert load(GOOD).validation.previous == "champion"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{format: csv, path: x, delimitr: ';'}", "data.source.delimitr is not a known key (did"),
        ("{format: csv, path: x, delimiter: ';;'}", "data.source.delimiter string should have at"),
        (
            "{format: excel, path: x}",
            "data.source has a format 'excel' that nobody knows. Allowed: 'demo', 'csv'",
        ),
        ("{path: x}", "data.source needs a format, got {'path': 'x'}."),
        ("{format: tfds}", "data.source.name is required."),
        ("{format: bigquery}", "data.source bigquery takes either table or query"),
        ("", "data.source must be an object, got None."),
    ],
)
def test_a_wrong_source_is_explained(refused, section, message):
    assert message in refused(GOOD.replace(SOURCE, f"  source: {section}\n"))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("  splits: {time: {val_days: 3}}", "data.splits.time time takes val_from and eval_from"),
        ("  splits: {time: {val_days: 3, eval_days: 4}}", "splits.time needs time_column"),
        ("  label_maturity_days: 3", "label_maturity_days needs time_column"),
        ("  run_date: yesterday", "'yesterday' is no day. Allowed are YYYY-MM-DD"),
        ("  lag_days: 2", "lag_days needs run_date and {YYYY}, {MM} and {DD} in the path"),
        ("  splits: {group_by: c, time: {val_days: 3, eval_days: 4}}", "contradict each other"),
        ("  window: 0", "data.window must be greater than or equal to 1, got 0."),
    ],
)
def test_dates_and_splits_that_do_not_fit_are_explained(refused, lines, message):
    assert message in refused(GOOD + lines + "\n")


def test_a_schedulers_placeholder_is_left_for_the_run(load):
    line = "  run_date: '{{$.pipeline_job_schedule_time_utc}}'\n"
    assert "{{" in load(GOOD + line).data.run_date
