"""What a config's `data` may say, and what contradicts itself."""

import pytest
from pydantic import ValidationError

from tfx_rebalance.components.example_gen.settings import DataSettings

DAYS = {"val_days": 1, "eval_days": 1}


def settings_of(source="data/*.csv", **given):
    return DataSettings.model_validate({"source": source, "schema": "s", "label": "y", **given})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"splits": {"train": 0.5}}, r"train \+ val \+ eval must be 1, got 0.9"),
        ({"splits": {"time": {"val_days": 1, "eval_from": "2024-01-01"}}}, "or val_days and eval_"),
        ({"splits": {"group_by": "g", "time": DAYS}}, "contradict each other"),
        ({"splits": {"time": DAYS}}, "splits.time needs time_column"),
        ({"label_maturity_days": 1}, "label_maturity_days needs time_column"),
        ({"label_groups": {"a": ["1"], "b": ["1"]}}, "lists '1' more than once"),
        ({"lag_days": 1, "run_date": "2024-01-01"}, "lag_days needs run_date and"),
        ({"run_date": "soon"}, "is no day"),
        ({"window": 2}, r"window needs \{SPAN\}"),
        ({"span": 2}, r"span needs \{SPAN\}"),
        ({"source": {"format": "bigquery", "table": "t", "query": "q"}}, "either table or query"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(given, message):
    with pytest.raises(ValidationError, match=message):
        settings_of(**given)


@pytest.mark.parametrize("moment", ["", "now", "today", "then", "2024-13-01", "01/02/2024", "2024"])
def test_a_cut_that_is_no_moment_is_refused_before_anything_runs(moment):
    cuts = {"val_from": "2024-01-01", "eval_from": moment}
    with pytest.raises(ValidationError, match=r"eval_from .* is no moment"):
        settings_of(time_column="t", splits={"time": cuts})


def test_serving_rows_are_taken_as_they_are():
    given = {"time_column": "t", "label_maturity_days": 3, "drop_duplicates": True}
    serving = settings_of(**given, splits={"time": DAYS}).for_serving()
    assert serving.splits.time is None
    assert (serving.time_column, serving.label_maturity_days) == (None, 0)
    assert (serving.drop_duplicates, serving.missing_label) == (False, "drop")


def test_serving_rows_in_plain_files_take_no_dates_from_those_that_are_trained_on():
    days = {"run_date": "2024-01-05", "lag_days": 1, "window": 3}
    dated = settings_of("d/{YYYY}-{MM}-{DD}.csv", **days)
    plain = settings_of("serving.csv").source
    serving = dated.model_copy(update={"source": plain}).for_serving()
    assert DataSettings.model_validate_json(serving.model_dump_json(by_alias=True)) == serving
    assert (serving.window, serving.lag_days, serving.run_date) == (1, 0, "2024-01-05")
    kept = dated.for_serving()
    assert (kept.window, kept.lag_days) == (3, 1)


@pytest.mark.parametrize(
    ("source", "read_as"),
    [
        ("demo", "demo"),
        ("a/*.csv.gz", "csv"),
        ("a.PARQUET", "parquet"),
        ("a/part.pq", "parquet"),
        ("a/x.tfrecord-00000-of-00002", "tfrecord"),
    ],
)
def test_a_paths_ending_says_its_format(source, read_as):
    assert settings_of(source).source.format == read_as
