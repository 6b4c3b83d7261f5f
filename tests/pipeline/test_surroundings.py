"""What a run ran in."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance import __version__
from tfx_rebalance.pipeline.surroundings import (
    LINES,
    _modules,
    code_digest,
    log_tail,
    seeds_of,
    versions,
)


def test_versions_name_this_project_python_and_what_decides_results():
    found = versions()
    assert found["tfx-rebalance"] == __version__
    assert {"python", "tfx", "tensorflow", "keras", "apache-beam"} <= found.keys()
    assert all(found.values())


def test_the_code_is_every_module_by_the_name_it_is_imported_by():
    names = set(_modules())
    assert {
        "tfx_rebalance.gate.py",
        "tfx_rebalance.pipeline.run.py",
        "tfx_rebalance.components.report.page.py",
        "tfx_rebalance.components.rebalance.targets.plan.py",
    } <= names
    assert re.fullmatch("[0-9a-f]{64}", code_digest())
    assert code_digest() == code_digest()


def test_seeds_are_found_wherever_they_are():
    config = {"seed": 1, "a": {"seed": 2, "b": {"seed": 3, "seeds": 4}}, "c": {"seed": None}}
    assert seeds_of(config) == {"seed": 1, "a.seed": 2, "a.b.seed": 3}


@given(lines=st.lists(st.text(st.characters(categories=["L", "N"]), max_size=9), max_size=60))
def test_the_tail_of_a_log_is_its_last_lines(lines, tmp_path_factory):
    log = tmp_path_factory.mktemp("log") / "log.txt"
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert list(log_tail(log)) == lines[-LINES:]


def test_a_log_that_is_no_text_or_not_there_is_no_error(tmp_path):
    (tmp_path / "log.txt").write_bytes(b"\xff\xfe\n" * 100_000)
    assert len(log_tail(tmp_path / "log.txt")) == LINES
    assert log_tail(tmp_path / "none.txt") == ()
