"""The compiled pipeline that is sent."""

import re
from pathlib import Path

import pytest
import yaml
from support.compiled_specs import PIPELINE, PLATFORM, small_spec, spec_text

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.schedules.spec import read_spec

WRONG_DEFAULT = {
    "inputDefinitions": {"parameters": {"run_date": {"parameterType": "STRING", "defaultValue": 5}}}
}
GOLDEN = Path(__file__).resolve().parent.parent.parent / "golden"


def test_a_file_is_taken_as_it_is(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(spec_text("kubeflow"))
    found = read_spec(path, name="cards", target="kubeflow")
    assert found.text == path.read_text()
    assert found.pipeline == PIPELINE
    assert list(found.parameters) == ["bucket", "epochs", "run_date"]


def test_the_version_is_named_for_what_is_in_it():
    first, again = small_spec("vertex"), small_spec("vertex")
    other = small_spec("vertex", sdkVersion="tfx-1.17.0")
    assert first.version == again.version != other.version
    assert re.fullmatch("cards-[0-9a-f]{16}", first.version)


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        ("", "vertex", "0 pipelines"),
        ("- 1", "vertex", "is no section"),
        ("a: {b", "vertex", "is not YAML"),
        (yaml.safe_dump({"pipelineSpec": PIPELINE}), "vertex", "is a PipelineJob"),
        (spec_text("vertex", schemaVersion="2.0.0"), "kubeflow", "'2.0.0'; 2.1.0 is wanted"),
        (spec_text("vertex", pipelineInfo={"name": "Cards"}), "vertex", "'Cards' is refused"),
        (
            spec_text("vertex", pipelineInfo={"name": "loans"}),
            "vertex",
            "is of the pipeline 'loans', the config of 'cards'",
        ),
        (
            spec_text("vertex", root={**PIPELINE["root"], **WRONG_DEFAULT}),
            "vertex",
            "run_date.defaultValue: is a number_value for a parameter of type STRING",
        ),
        (spec_text("kubeflow"), "vertex", "a document that vertex does not take"),
        (yaml.safe_dump_all([PIPELINE, PLATFORM, PLATFORM]), "kubeflow", "2 documents for platf"),
    ],
)
def test_what_is_no_pipeline_for_this_target_is_refused_with_the_command_that_makes_one(
    tmp_path, text, target, words
):
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(words)) as refused:
        read_spec(path, name="cards", target=target)
    assert f"tfx-rebalance compile CONFIG --target {target}" in str(refused.value)


def compiled_for(target, *, exit_handler=True):
    """Returns the golden pipeline without what only its target takes."""
    text = (GOLDEN / f"card_fraud.{target}.yaml").read_text()
    spec = next(yaml.safe_load_all(text))
    for executor in spec["deploymentSpec"]["executors"].values():
        executor["container"].pop("resources", None)
    if not exit_handler:
        spec["root"]["dag"] = spec["components"].pop("tfx-dag")["dag"]
    return yaml.safe_dump(spec)


@pytest.mark.parametrize(
    ("made_for", "exit_handler"), [("kubeflow", True), ("kubeflow", False), ("vertex", True)]
)
def test_a_pipeline_that_was_compiled_for_the_other_target_is_refused(
    tmp_path, made_for, exit_handler
):
    path = tmp_path / "spec.yaml"
    path.write_text(compiled_for(made_for, exit_handler=exit_handler))
    other = {"kubeflow": "vertex", "vertex": "kubeflow"}[made_for]
    options = {"name": "card-fraud", "backend": (9, 0)}
    assert read_spec(path, target=made_for, **options).name == "card-fraud"
    with pytest.raises(ConfigError, match=f"was compiled for {made_for}, not for {other}. Compile"):
        read_spec(path, target=other, **options)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"--spec '.*none.yaml' cannot be read: No such file"):
        read_spec(tmp_path / "none.yaml", name="cards", target="vertex")
    (tmp_path / "latin.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        read_spec(tmp_path / "latin.yaml", name="cards", target="vertex")
