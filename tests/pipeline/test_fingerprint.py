"""What makes TFX read the data again."""

import os

import pytest
from support.sources import touch

from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.pipeline import fingerprint as room
from tfx_rebalance.pipeline.fingerprint import fingerprint_of

pytestmark = pytest.mark.tfx


def of(source, **given):
    return fingerprint_of(
        DataSettings.model_validate({"source": source, "schema": "unused", "label": "y", **given})
    )


def test_the_same_files_have_the_same_hash_in_whatever_order_they_were_written(tmp_path):
    touch(tmp_path, "a.csv", "b.csv")
    before = of(f"{tmp_path}/*.csv")
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).unlink()
        touch(tmp_path, name)
        os.utime(tmp_path / name, (0, 0))
    assert of(f"{tmp_path}/*.csv") == before
    assert len(before) == 64


def test_content_names_and_number_of_files_count(tmp_path):
    touch(tmp_path, "a.csv", "b.csv")
    seen = {of(f"{tmp_path}/*.csv")}
    (tmp_path / "b.csv").write_text("B.csv")  # As long as before.
    seen.add(of(f"{tmp_path}/*.csv"))
    (tmp_path / "b.csv").rename(tmp_path / "c.csv")
    seen.add(of(f"{tmp_path}/*.csv"))
    (tmp_path / "c.csv").unlink()
    seen.add(of(f"{tmp_path}/*.csv"))
    assert len(seen) == 4


def test_another_version_of_this_package_reads_again(tmp_path, monkeypatch):
    touch(tmp_path, "a.csv")
    before = of(f"{tmp_path}/a.csv"), of("demo")
    monkeypatch.setattr(room, "__version__", "0.0.0")
    after = of(f"{tmp_path}/a.csv"), of("demo")
    assert not set(before) & set(after)


def test_only_the_window_and_the_span_before_it_count(tmp_path):
    touch(tmp_path, *(f"{span}.csv" for span in range(5)))
    pattern = f"{tmp_path}/{{SPAN}}.csv"
    before = of(pattern, window=2)
    (tmp_path / "0.csv").write_text("other")
    (tmp_path / "1.csv").write_text("other")
    assert of(pattern, window=2) == before
    (tmp_path / "2.csv").write_text("other")
    assert of(pattern, window=2) != before


def test_which_file_is_for_which_split_counts(tmp_path):
    touch(tmp_path, "a", "b")
    source = {"format": "csv", "path": str(tmp_path)}
    one, other = ({"train": t, "eval": e} for t, e in (("a", "b"), ("b", "a")))
    assert of(source, splits={"files": one}) != of(source, splits={"files": other})


def test_the_images_in_a_folder_count(tmp_path):
    touch(tmp_path, "images/cat/1.png", "images/dog/1.png")
    source = {"format": "image_folder", "path": str(tmp_path / "images")}
    before = of(source)
    (tmp_path / "images/dog/1.png").write_text("other")
    assert of(source) != before


@pytest.mark.parametrize(
    "source",
    [
        "gs://bucket/data.csv",
        {"format": "tfds", "name": "mnist"},
        {"format": "bigquery", "table": "p.d.t"},
        {"format": "openml", "name": "adult"},
    ],
)
def test_what_is_not_in_files_of_this_machine_has_none(source):
    assert of(source) == ""


def test_what_cannot_be_found_or_read_has_none(tmp_path, monkeypatch):
    assert fingerprint_of(None) == ""
    assert of(f"{tmp_path}/*.csv") == ""
    touch(tmp_path, "a.csv")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert of(f"{tmp_path}/a.csv") == ""
