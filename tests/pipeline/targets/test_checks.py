"""What a target cannot run is refused before TFX is imported, with the remedy."""

import pytest
import yaml
from support.compiled import SECTIONS, config_of
from support.pipeline_runs import EXAMPLES

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.config_file import load_config
from tfx_rebalance.pipeline.targets.checks import (
    LONGEST_SCHEMA,
    check_target,
    destination_of,
    local_paths,
    schema_text,
)

WEBHOOK = "on_exit.webhook_variable=RUN_WEBHOOK"
SECRET = "kubeflow.secrets=[{secret: web, key: address, variable: RUN_WEBHOOK}]"
DIGEST = "image: 'rebalance@sha256:0123'"


@pytest.mark.parametrize("target", ["kubeflow", "vertex"])
def test_the_example_is_fine_for_both_targets(target):
    config = config_of(WEBHOOK, SECRET)
    settings = check_target(config, target)
    assert settings.artifacts == "gs://bucket/fraud/pipeline"
    assert destination_of(config, settings) == "gs://bucket/fraud/serving/card-fraud"
    given = config_of("push.destination=gs://served/models")
    assert destination_of(given, settings) == "gs://served/models"


@pytest.mark.parametrize(
    ("target", "override", "message", "remedy"),
    [
        ("vertex", "vertex=null", "target vertex needs the section `vertex`", "--set vertex.root"),
        ("kubeflow", "kubeflow=null", "needs the section `kubeflow`", "--set kubeflow.root"),
        ("kubeflow", "name=card-fraud-", "name 'card-fraud-' is no name", "Rename the pipeline"),
        ("vertex", f"name={'a' * 64}", "is no name for vertex. Allowed are up to 63", "Rename"),
        ("vertex", "tuner={from: latest}", "works on this machine only", "Set tuner: null"),
        ("vertex", "data.source=/data/x.csv", "data.source.path (/data/x.csv)", "a bucket"),
        ("kubeflow", "data.source=/data/x.csv", "kubeflow cannot see", "kubeflow.volumes"),
        ("vertex", "validate={serving: /data/x.csv}", "validate.serving.path (/data/x", "--set"),
        ("vertex", "validate={previous: /data/stats}", "validate.previous (/data/s", "--set"),
        ("vertex", "push.destination=/srv/models", "push.destination (/srv/models)", "--set push"),
        (
            "kubeflow", "kubeflow.minimum_backend='2.13'", "needs Kubeflow 2.14",
            "Set kubeflow.minimum_backend to the version you have",
        ),
        (
            "kubeflow", "kubeflow.secrets=[]", "webhook_variable is 'RUN_WEBHOOK', which nothing",
            "Add {secret: ..., key: ..., variable: RUN_WEBHOOK} there",
        ),
        (
            "vertex", "data.source={format: tfds, name: mnist, data_dir: gs://b/d}",
            "data.source has the format tfds", "data.source: {format: tfrecord, path: gs://...}",
        ),
        (
            "kubeflow", "validate.serving={format: tfds, name: mnist, data_dir: gs://b/d}",
            "validate.serving has the format tfds", "validate.serving: {format: tfrecord, path",
        ),
        (
            "vertex", "beam={preset: flink, master: 'h:8081', environment: loopback}",
            "beam.environment loopback is for this machine only", "Set beam.environment",
        ),
    ],
)  # fmt: skip
def test_what_a_target_cannot_run_is_refused(target, override, message, remedy):
    with pytest.raises(ConfigError) as error:
        check_target(config_of(WEBHOOK, SECRET, override), target)
    assert message in str(error.value)
    assert remedy in str(error.value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "kubeflow={image: i}",
            "kubeflow.root is required: where artifacts and released models go",
        ),
        ("kubeflow={root: gs://b}", "required: what every step runs in, as REGISTRY/IMAGE:TAG."),
        (
            "vertex={project: p, location: l, image: i}",
            "vertex.root is required: where artifacts and released models go, as gs://BUCKET/pipel",
        ),
        (
            "vertex={root: gs://b, image: i, location: l}",
            "project is required: the project of Goog",
        ),
        (
            "vertex={root: gs://b, image: i, project: p}",
            "is required: the region, as europe-west4.",
        ),
        ("kubeflow={root: /tmp, image: i}", "got '/tmp': steps share no disk"),
        ("name=Card_Fraud", "got 'Card_Fraud'. Rename the pipeline, such as 'card-fraud'."),
        ("kubeflow.minimum_backend=2.16", "in quotes such as '2.14', 2.0 at least, got 2.16. With"),
        ("kubeflow.minimum_backend='2.16.1'", "got '2.16.1'. Without quotes YAML reads a number"),
        ("kubeflow.minimum_backend='1.8'", "such as '2.14', 2.0 at least, got '1.8'"),
        ("kubeflow.training={accelerator: {type: NVIDIA_L4}}", "such as 'nvidia.com/gpu', got"),
        ("vertex.training={accelerator: {type: nvidia.com/gpu}}", "got 'nvidia.com/gpu'"),
        (
            f"kubeflow={{root: gs://b, {DIGEST}, training: {{accelerator: {{type: a/b}}}}}}",
            "is named by digest, which has no -gpu behind it. Give training.image",
        ),
        (
            "kubeflow={root: gs://b, image: 'a:5000/i', training: {accelerator: {type: a/b}}}",
            "image 'a:5000/i' is named without a tag, which has no -gpu behind it. Give training",
        ),
        ("on_exit.webhook_variable=https://hooks/1", "is the name of an environment variable"),
        ("on_exit.webhook_variable=RUN-WEBHOOK", "such as RUN_WEBHOOK, got 'RUN-WEBHOOK'"),
        ("kubeflow.volumes=[{claim: data, path: data}]", "should match pattern"),
        ("vertex.registry={model: fraud}", "vertex.registry.serving_image is required"),
        ("vertex.registry={serving_image: 'serving:2'}", "such as LOCATION-docker.pkg.dev/PROJ"),
        (
            "vertex.registry={serving_image: a.pkg.dev/i, model: Fraud}",
            "vertex.registry.model string should match pattern",
        ),
    ],
)
def test_a_wrong_section_is_refused_where_it_is_read(setting, message):
    with pytest.raises(ConfigError) as error:
        load_config(EXAMPLES / "card_fraud.yaml", overrides=(*SECTIONS, setting))
    assert message in str(error.value)


def test_a_password_in_the_address_of_kubeflow_is_refused_and_not_said_again(tmp_path):
    path = tmp_path / "config.yaml"
    kubeflow = {"root": "gs://b", "image": "i", "host": "https://user:geheim@host"}
    example = yaml.safe_load((EXAMPLES / "card_fraud.yaml").read_text())
    path.write_text(yaml.safe_dump({**example, "kubeflow": kubeflow}))
    with pytest.raises(ConfigError, match=r"kubeflow\.host has a name or password") as error:
        load_config(path)
    assert "geheim" not in str(error.value)
    assert "in the environment variable KFP_TOKEN" in str(error.value)
    with pytest.raises(
        ConfigError, match=r"--set kubeflow\.host=https://\*\*\*@host: kubeflow"
    ) as error:
        config_of("kubeflow.host=https://user:geheim@host")
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize("asked", ["spot: true", "tolerations: [{key: nvidia.com/gpu}]"])
def test_a_kubeflow_that_ignores_tolerations_is_refused_where_they_are_asked_for(asked):
    training = f"kubeflow.training={{{asked}}}"
    check_target(config_of(training, "kubeflow.minimum_backend='2.2'"), "kubeflow")
    check_target(config_of(training, "kubeflow.minimum_backend='2.1'"), "vertex")
    with pytest.raises(
        ConfigError, match=r"needs Kubeflow 2\.2, and .* is 2\.1.*Set kubeflow\.min"
    ):
        check_target(config_of(training, "kubeflow.minimum_backend='2.1'"), "kubeflow")


def test_an_accelerator_for_a_trainer_that_wants_none_is_a_contradiction():
    gpu = "vertex.training={accelerator: {type: NVIDIA_L4}}"
    check_target(config_of(gpu), "vertex")
    with pytest.raises(ConfigError, match=r"asks for NVIDIA_L4\. Remove one of them"):
        check_target(config_of(gpu, "trainer.accelerator=cpu"), "vertex")


def test_a_path_on_a_volume_is_no_local_one():
    config = config_of("data.source=/data/x.csv", "kubeflow.volumes=[{claim: d, path: /data}]")
    assert local_paths(config, "kubeflow") == {}
    assert local_paths(config, "vertex") == {"data.source.path": "/data/x.csv"}
    beside = config_of("data.source=/database/x", "kubeflow.volumes=[{claim: d, path: /data}]")
    assert local_paths(beside, "kubeflow") == {"data.source.path": "/database/x"}


def test_the_message_names_every_key_that_is_local():
    with pytest.raises(ConfigError) as error:
        check_target(config_of("data.source=/a.csv", "push.destination=/b"), "vertex")
    wanted = "--set data.source.path=gs://... --set push.destination=gs://..."
    assert wanted in str(error.value)


def test_a_schema_of_this_machine_travels_in_the_spec_unless_it_is_too_long(tmp_path):
    schema = EXAMPLES.parent / "schemas" / "card_fraud" / "schema.pbtxt"
    assert schema_text(config_of()) == schema.read_text()
    assert schema_text(config_of("data.schema=gs://b/schema.pbtxt")) is None
    long = tmp_path / "schema.pbtxt"
    long.write_text(schema.read_text() + "#" * LONGEST_SCHEMA)
    with pytest.raises(ConfigError, match=r"may have 60,000\. Put it into a bucket"):
        check_target(config_of(f"data.schema={long}"), "vertex")


def test_an_image_with_a_tag_has_a_sister_for_gpus():
    gpu = "vertex.training={accelerator: {type: NVIDIA_L4}}"
    assert config_of().vertex.training_image == "rebalance:1"
    assert config_of(gpu).vertex.training_image == "rebalance:1-gpu"
    named = "vertex.training={image: 'other:2', accelerator: {type: NVIDIA_L4}}"
    assert config_of(named).vertex.training_image == "other:2"


def test_a_model_for_the_registry_has_to_be_released_to_a_bucket_of_googles():
    registry = "vertex.registry={serving_image: europe-docker.pkg.dev/p/r/serving:1}"
    check_target(config_of(registry), "vertex")
    elsewhere = "push.destination=s3://served/models"
    check_target(config_of(registry, elsewhere), "kubeflow")
    check_target(config_of(elsewhere), "vertex")
    with pytest.raises(ConfigError, match=r"is 's3://served/models'.*gs:// only\. Set push\.desti"):
        check_target(config_of(registry, elsewhere), "vertex")
