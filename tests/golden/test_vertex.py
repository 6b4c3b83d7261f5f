"""The compiled pipeline, whole, as it would be submitted; `make golden` writes it anew."""

import difflib
import os
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from support.pipeline_runs import EXAMPLES, REPOSITORY

pytestmark = pytest.mark.tfx

GOLDEN = Path(__file__).parent / "card_fraud.vertex.yaml"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> str:
    return _compile(tmp_path_factory.mktemp("first"))


def _compile(folder: Path) -> str:
    from tfx_rebalance.pipeline.cli import main

    output = folder / "spec.yaml"
    command = ["compile", str(EXAMPLES / "card_fraud.yaml"), "--target", "vertex"]
    ended = CliRunner().invoke(main, [*command, "--output", str(output)])
    assert ended.exit_code == 0, ended.output
    assert "data.schema is a place on this machine" in ended.stderr
    return output.read_text().replace(str(REPOSITORY), "$ROOT")


def test_the_spec_is_the_reviewed_one(compiled):
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(compiled)
    diff = difflib.unified_diff(
        GOLDEN.read_text().splitlines(), compiled.splitlines(), "golden", "compiled", lineterm=""
    )
    changes = "\n".join(diff)
    assert not changes, f"{changes}\nIf this is what you want: make golden"


def test_compiling_twice_gives_the_same_bytes(compiled, tmp_path):
    assert _compile(tmp_path) == compiled


def test_the_spec_is_schema_2_1_and_judges_are_never_cached(compiled):
    spec = yaml.safe_load(compiled)
    assert spec["schemaVersion"] == "2.1.0"
    cached = {
        name: task.get("cachingOptions", {}).get("enableCache", False)
        for name, task in spec["root"]["dag"]["tasks"].items()
    }
    assert not cached["ValidationGate"]
    assert not cached["ExampleGen"]
    assert cached["Trainer"]


def test_every_executor_and_artifact_of_ours_imports_by_the_name_in_the_spec(compiled):
    import importlib
    import re

    for path in set(re.findall(r"tfx_rebalance(?:\.\w+)+\.Executor", compiled)):
        module, _, name = path.rpartition(".")
        assert getattr(importlib.import_module(module), name)
    for title in set(re.findall(r"title: (tfx_rebalance\.\w+)", compiled)):
        module, _, name = title.rpartition(".")
        assert title == getattr(importlib.import_module(module), name).TYPE_NAME
