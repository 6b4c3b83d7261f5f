"""OpenML through scikit-learn's own client, against a double of openml.org on this machine."""

import pyarrow as pa
import pytest
from support.fake_openml import ANSWERS, DESCRIPTION, openml_double
from support.sources import rows_of

from tfx_rebalance.components.example_gen.sources.openml import OpenMLReader
from tfx_rebalance.components.example_gen.sources.settings import OpenMLSource
from tfx_rebalance.components.example_gen.sources.source import Wanted
from tfx_rebalance.errors import DataError

WANTED = Wanted({"n": pa.int64(), "x": pa.float64(), "s": pa.string()}, "y")
ROWS = [
    {"n": 1, "x": 0.5, "s": "red", "y": "neg"},
    {"n": 2, "x": None, "s": "green", "y": "pos"},
    {"n": 3, "x": 1.5, "s": None, "y": "neg"},
]


@pytest.fixture
def double(monkeypatch):
    """Returns a server that stands for openml.org."""
    with openml_double(monkeypatch) as server:
        yield server


def reader(tmp_path, **settings):
    return OpenMLReader(OpenMLSource(**{"name": "tiny", "cache": str(tmp_path / "c"), **settings}))


@pytest.mark.parametrize("version", ["active", 1])
def test_rows_come_through_the_client_and_again_from_its_cache(double, tmp_path, version):
    tiny = reader(tmp_path, version=version)
    paths = tiny.prepare(str(tmp_path / "first"))
    assert rows_of(tiny, paths, wanted=WANTED)[0] == ROWS
    double.shutdown()
    double.server_close()
    again = tiny.prepare(str(tmp_path / "second"))
    assert again != paths
    assert rows_of(tiny, again, wanted=WANTED)[0] == ROWS


@pytest.mark.tfx
@pytest.mark.usefixtures("double")
def test_the_file_may_be_elsewhere(tmp_path, monkeypatch):
    """A pipeline root is often in a bucket; a folder of that name here would be none."""
    monkeypatch.chdir(tmp_path)
    tiny = reader(tmp_path)
    [path] = tiny.prepare(f"file://{tmp_path}/elsewhere")
    assert path == f"file://{tmp_path}/elsewhere/openml.parquet"
    assert (tmp_path / "elsewhere" / "openml.parquet").is_file()
    assert not (tmp_path / "file:").exists()
    assert rows_of(tiny, [path], wanted=WANTED)[0] == ROWS


@pytest.mark.usefixtures("double")
def test_an_unknown_name_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"'other', version active, cannot be fetched: .*version"):
        reader(tmp_path, name="other").prepare(str(tmp_path))


@pytest.mark.filterwarnings("ignore:A network error occurred:UserWarning")
def test_without_a_network_the_cache_is_named(double, tmp_path):
    double.shutdown()
    double.server_close()
    with pytest.raises(DataError, match=r"openml.org cannot be reached: .*Check the network, or"):
        reader(tmp_path).prepare(str(tmp_path))


@pytest.mark.filterwarnings("ignore:Invalid cache, redownloading file:RuntimeWarning")
@pytest.mark.usefixtures("double")
def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    changed = {**DESCRIPTION, "md5_checksum": "0" * 32}
    monkeypatch.setitem(ANSWERS, "/api/v1/json/data/7", {"data_set_description": changed})
    with pytest.raises(DataError, match="cannot be fetched: md5 checksum"):
        reader(tmp_path).prepare(str(tmp_path))
