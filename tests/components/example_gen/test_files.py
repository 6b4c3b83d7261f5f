"""The files that a config stands for: patterns, hidden files, prepared sources, fingerprints."""

import pytest
from support.sources import touch

from tfx_rebalance.components.example_gen import files
from tfx_rebalance.components.example_gen.files import fingerprint, window_of
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.components.example_gen.spans import File
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx

DAY_19754 = "2024-02-01"


def settings_of(source, **given):
    return DataSettings.model_validate(
        {"source": source, "schema": "unused", "label": "y", **given}
    )


def paths_of(folder, source, **given):
    window = window_of(settings_of(source, **given), folder="unused")
    return [file.path.removeprefix(f"{folder}/") for file in window.files]


def test_a_pattern_stands_for_its_files_in_order(tmp_path):
    touch(tmp_path, "b.csv", "a.csv", "c.txt", "d/e.csv")
    assert paths_of(tmp_path, f"{tmp_path}/*.csv") == ["a.csv", "b.csv"]
    assert paths_of(tmp_path, f"{tmp_path}/[bc].*") == ["b.csv", "c.txt"]


def test_files_of_one_name_in_different_folders_are_all_read(tmp_path):
    touch(tmp_path, "1/a.csv", "2/a.csv")
    assert paths_of(tmp_path, f"{tmp_path}/*/a.csv") == ["1/a.csv", "2/a.csv"]


def test_what_is_hidden_matches_no_wildcard(tmp_path):
    touch(tmp_path, "d/a.csv", "d/.a.csv", ".checkpoints/a.csv")
    assert paths_of(tmp_path, f"{tmp_path}/*/*.csv") == ["d/a.csv"]


def test_what_is_hidden_is_read_where_it_is_named(tmp_path):
    touch(tmp_path, ".d/a.csv", ".d/b.csv", "c/.a.csv")
    assert paths_of(tmp_path, f"{tmp_path}/.d/*.csv") == [".d/a.csv", ".d/b.csv"]
    assert paths_of(tmp_path, f"{tmp_path}/c/.a.csv") == ["c/.a.csv"]


def test_a_bracket_stands_for_its_characters_in_a_pattern_with_spans_too(tmp_path):
    touch(tmp_path, "a-1.csv", "b-1.csv", "c-1.csv", "a-2.csv")
    assert paths_of(tmp_path, f"{tmp_path}/[ab]-{{SPAN}}.csv", span=1) == ["a-1.csv", "b-1.csv"]


def test_the_splits_have_patterns_of_their_own(tmp_path):
    touch(tmp_path, "t/1.csv", "t/2.csv", "e.csv")
    source = {"format": "csv", "path": str(tmp_path)}
    given = settings_of(source, splits={"files": {"train": "t/*.csv", "eval": "e.csv"}})
    found = [
        (f.split, f.path.removeprefix(f"{tmp_path}/")) for f in window_of(given, folder="-").files
    ]
    assert found == [("train", "t/1.csv"), ("train", "t/2.csv"), ("eval", "e.csv")]


def test_the_run_date_less_the_lag_is_the_newest_day(tmp_path):
    touch(tmp_path, *(f"2024-01-{day}.csv" for day in (28, 29, 30, 31)))
    pattern = f"{tmp_path}/{{YYYY}}-{{MM}}-{{DD}}.csv"
    given = {"run_date": f"{DAY_19754}T12:00:00Z", "lag_days": 2, "window": 2}
    assert paths_of(tmp_path, pattern, **given) == ["2024-01-29.csv", "2024-01-30.csv"]


def test_the_demo_is_one_file_and_bigquery_none_yet():
    assert window_of(settings_of("demo"), folder="-").files == (File("demo", "", span=0),)
    bigquery = {"format": "bigquery", "table": "p.d.t"}
    window = window_of(settings_of(bigquery, run_date=DAY_19754), folder="-")
    assert (window.files, window.span) == ((), 19754)


class Prepares:
    """Stands for the reader of a source that names no files."""

    def __init__(self, source):
        self._source = source

    def prepare(self, folder):
        """Returns what shows how it was asked."""
        return [f"{folder}/{self._source.split}-{number}" for number in (0, 1)]


def test_a_prepared_source_is_asked_once_per_split(monkeypatch):
    monkeypatch.setattr(files, "reader_of", Prepares)
    tfds = {"format": "tfds", "name": "x"}
    whole = window_of(settings_of(tfds), folder="f").files
    assert whole == (File("f/train-0", "", 0), File("f/train-1", "", 0))
    splits = {"files": {"train": "train", "eval": "test"}}
    dealt = window_of(settings_of(tfds, splits=splits), folder="f").files
    assert [(f.split, f.path) for f in dealt] == [
        ("train", "f/train-0"), ("train", "f/train-1"), ("eval", "f/test-0"), ("eval", "f/test-1"),
    ]  # fmt: skip


def test_what_cannot_be_listed_is_an_error_of_the_data(tmp_path):
    with pytest.raises(DataError, match="no file matches"):
        paths_of(tmp_path, f"{tmp_path}/*.csv")
    with pytest.raises(DataError, match="cannot be listed"):
        paths_of(tmp_path, "nowhere://bucket/*.csv")


def test_a_fingerprint_is_told_by_split_and_changes_with_size_and_time(tmp_path):
    touch(tmp_path, "a", "b")
    both = [File(str(tmp_path / name), split, 0) for name, split in (("a", "train"), ("b", "eval"))]
    before = fingerprint(both)
    assert [line.partition(",")[0] for line in before.splitlines()] == ["split:train", "split:eval"]
    assert fingerprint([File(str(tmp_path / "a"), "", 0)]).startswith(
        "split:single_split,num_files:1,"
    )
    (tmp_path / "a").write_text("longer than before")
    assert fingerprint(both) != before
