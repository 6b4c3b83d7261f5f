"""What the section `beam` comes to: flags that Beam knows, and what a person is told."""

import re

import pytest
import yaml
from click.testing import CliRunner
from pydantic import ValidationError
from support.pipeline_runs import EXAMPLES, REPOSITORY

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.beam_presets import WORKERS_ARE_HERE, beam_args, beam_needs
from tfx_rebalance.pipeline.beam_settings import FIELDS, PACKAGE_FLAGS, BeamSettings, given
from tfx_rebalance.pipeline.checks import check_config
from tfx_rebalance.pipeline.config_file import load_config
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings, VertexSettings

IMAGE = "registry.example/rebalance@sha256:0"
DATAFLOW = {
    "preset": "dataflow",
    "project": "shop",
    "region": "europe-west1",
    "temp_location": "gs://shop-temp/dataflow",
}
FLINK = {"preset": "flink", "master": "flink:8081"}
SPARK = {"preset": "spark", "master": "spark://spark:7077"}
SERVED = {"preset": "spark", "job_server": "jobs:8099"}
POOL = {"environment": "external", "worker_pool": "localhost:50000"}
REMOTE = [DATAFLOW, FLINK, SPARK, SERVED, {**FLINK, **POOL}]


def config_with(beam, *, kubeflow=IMAGE, vertex=None):
    """Returns the built-in example with another section `beam` and, if wanted, targets."""
    config = load_config(EXAMPLES / "card_fraud.yaml")
    sections = {"beam": BeamSettings.model_validate(beam)}
    if kubeflow:
        sections["kubeflow"] = KubeflowSettings(root="gs://shop/runs", image=kubeflow)
    if vertex:
        sections["vertex"] = VertexSettings(
            project="shop", location="europe-west1", root="gs://shop/runs", image=vertex
        )
    return config.model_copy(update=sections)


def refused(**beam):
    """Returns the message about a section that is refused."""
    with pytest.raises(ValidationError) as error:
        BeamSettings.model_validate(beam)
    return str(error.value)


def test_the_default_is_beams_own_runner_without_a_flag():
    assert beam_args(config_with({}), "local") == []
    assert beam_needs(config_with({})) == []


def test_dataflow_is_told_all_that_it_needs():
    beam = {**DATAFLOW, "workers": {"min": 2, "max": 8}, "service_account": "w@shop"}
    args = beam_args(config_with(beam), "kubeflow")
    assert args == [
        "--runner=DataflowRunner",
        "--project=shop",
        "--region=europe-west1",
        "--temp_location=gs://shop-temp/dataflow",
        "--experiments=use_runner_v2",
        "--service_account_email=w@shop",
        "--num_workers=2",
        "--max_num_workers=8",
        f"--sdk_container_image={IMAGE}",
    ]


@pytest.mark.parametrize(
    ("beam", "runner"),
    [
        (FLINK, ["--runner=FlinkRunner", "--flink_master=flink:8081", "--flink_submit_uber_jar"]),
        (SPARK, ["--runner=SparkRunner", "--spark_master_url=spark://spark:7077"]),
        (SERVED, ["--runner=PortableRunner", "--job_endpoint=jobs:8099"]),
    ],
)
def test_a_cluster_starts_our_code_in_a_container_of_the_image(beam, runner):
    docker = ["--environment_type=DOCKER", f"--environment_config={IMAGE}"]
    assert beam_args(config_with(beam), "kubeflow") == [
        *runner, *docker, f"--sdk_container_image={IMAGE}",
    ]  # fmt: skip


def test_a_pool_of_workers_is_asked_where_there_is_one():
    args = beam_args(config_with({**FLINK, **POOL}), "kubeflow")
    assert args[3:5] == ["--environment_type=EXTERNAL", "--environment_config=localhost:50000"]


@pytest.mark.parametrize("beam", REMOTE)
def test_args_come_after_the_preset_and_an_image_of_its_own_wins(beam):
    beam = {**beam, "image": "other:1", "args": ["--experiments=x"]}
    args = beam_args(config_with(beam), "kubeflow")
    assert args[-2:] == ["--sdk_container_image=other:1", "--experiments=x"]


def test_each_target_has_its_own_image():
    config = config_with(DATAFLOW, vertex="other:2")
    assert f"--sdk_container_image={IMAGE}" in beam_args(config, "kubeflow")
    assert "--sdk_container_image=other:2" in beam_args(config, "vertex")
    told = "\n".join(beam_needs(config))
    assert f"the image {IMAGE}," in told
    assert "the image other:2," in told


@pytest.mark.parametrize("beam", [DATAFLOW, FLINK, SPARK])
def test_without_an_image_nothing_is_compiled_and_nothing_is_well(beam):
    config = config_with(beam, kubeflow=None)
    for ask in (lambda: beam_args(config, "kubeflow"), lambda: beam_needs(config)):
        with pytest.raises(ConfigError, match=r"needs the image .* Set beam\.image, or image in"):
            ask()


# Old configs, and a package of TFX alone.


def test_args_alone_still_work_and_name_an_image_that_nobody_reads():
    given_args = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    args = beam_args(config_with({"args": given_args}), "local")
    assert args == [*given_args, f"--sdk_container_image={WORKERS_ARE_HERE}"]


@pytest.mark.parametrize(
    "package", ["--setup_file=./setup.py", "--extra_package=own.whl", "--sdk_container_image=i:1"]
)
def test_args_that_bring_a_package_are_taken_as_they_are(package):
    args = ["--runner=DataflowRunner", "--project=shop", package]
    assert beam_args(config_with({"args": args}), "vertex") == args


@pytest.mark.parametrize(
    "args",
    [
        ["--runner=DataflowRunner", "--project=shop"],
        ["--runner", "dataflow"],
        ["--runner=PortableRunner", "--job_endpoint=jobs:8099", "--environment_type=DOCKER"],
        ["--runner=apache_beam.runners.portability.flink_runner.FlinkRunner"],
    ],
)
def test_workers_elsewhere_without_our_package_are_refused(args):
    assert "do not say where its workers find this package" in refused(args=args)


@pytest.mark.parametrize(
    "args",
    [
        ["--runner=DirectRunner"],
        ["--runner", "FnApiRunner"],
        ["--runner=PortableRunner", "--job_endpoint=jobs:8099", "--environment_type=LOOPBACK"],
    ],
)
def test_workers_of_this_installation_need_no_package(args):
    assert beam_args(config_with({"args": args}), "local")[:-1] == args


@pytest.mark.tfx
@pytest.mark.parametrize("beam", [*REMOTE, {"args": ["--direct_num_workers=1"]}])
def test_tfx_adds_no_package_of_itself(beam, monkeypatch):
    from tfx.utils import dependency_utils

    def build():
        raise AssertionError("TFX built a package of itself.")

    monkeypatch.setattr(dependency_utils, "build_ephemeral_package", build)
    args = beam_args(config_with(beam), "kubeflow")
    assert dependency_utils.make_beam_dependency_flags(args) == args
    with pytest.raises(AssertionError, match="package of itself"):
        dependency_utils.make_beam_dependency_flags(
            [arg for arg in args if given([arg], *PACKAGE_FLAGS) is None] or ["--x"]
        )


@pytest.mark.tfx
@pytest.mark.parametrize(
    "beam", [{**DATAFLOW, "workers": {"max": 3}, "service_account": "w@shop"}, *REMOTE[1:]]
)
def test_beam_knows_every_flag_of_a_preset_and_finds_no_fault(beam):
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
    from apache_beam.runners.runner import create_runner

    args = beam_args(config_with(beam), "kubeflow")
    options = PipelineOptions([*args, "--dry_run=True"])  # Else it asks for the bucket.
    known = options.get_all_options()
    assert {arg.partition("=")[0].removeprefix("--") for arg in args} <= known.keys()
    runner = create_runner(known["runner"])
    assert PipelineOptionsValidator(options, runner).validate() == []


@pytest.mark.tfx
def test_the_flags_reach_every_step_of_a_compiled_pipeline():
    from tfx_rebalance.pipeline.targets.compiling import compiled_text

    config = config_with({**DATAFLOW, "args": ["--experiments=x"]})
    [spec, *_] = yaml.safe_load_all(compiled_text(config, check_config(config), "kubeflow"))
    executors = spec["deploymentSpec"]["executors"]
    for name in ("ExampleGen", "StatisticsGen", "Transform", "Rebalance", "Evaluator"):
        args = executors[f"{name}_executor"]["container"]["args"]
        assert args[-7:] == beam_args(config, "kubeflow")
        assert f"--sdk_container_image={IMAGE}" in args


# What is refused.


def test_a_field_of_another_preset_is_refused():
    assert "does not read project, which is for dataflow." in refused(project="shop")
    message = refused(**DATAFLOW, master="flink:8081")
    assert "with preset dataflow does not read master, which is for flink and spark." in message


@pytest.mark.parametrize("name", ["project", "region", "temp_location"])
def test_a_missing_field_of_dataflow_is_named_and_explained(name):
    message = refused(**{key: value for key, value in DATAFLOW.items() if key != name})
    assert f"with preset dataflow needs {name} ({name}: " in message


@pytest.mark.parametrize(
    ("beam", "message"),
    [
        ({**DATAFLOW, "temp_location": "/tmp"}, "temp_location"),
        ({**DATAFLOW, "workers": {"min": 3, "max": 2}}, "min 3 is above max 2"),
        ({**DATAFLOW, "args": ["--runner=FnApiRunner"]}, "sets --runner in args, which preset"),
        ({"preset": "flink"}, "needs either master, such as host:8081, or job_server"),
        ({**FLINK, "job_server": "jobs:8099"}, "and not both"),
        ({**SPARK, "master": "spark:7077"}, "must be spark://host:port for Spark, got"),
        ({**FLINK, "environment": "external"}, "needs worker_pool, such as localhost:50000"),
        ({**FLINK, "worker_pool": "localhost:50000"}, "got environment docker and worker_pool"),
        ({"preset": "flinc"}, "preset"),
    ],
)
def test_what_does_not_go_together_is_refused(beam, message):
    assert message in refused(**beam)


@pytest.mark.parametrize("beam", [DATAFLOW, FLINK, SPARK])
def test_a_run_here_has_no_workers_that_cannot_see_this_disk(beam):
    with pytest.raises(ConfigError, match=r"do not see the disk .* --set beam=\{\}"):
        beam_args(config_with(beam), "local")


def test_loopback_is_for_this_machine():
    config = config_with({**SERVED, "environment": "loopback"})
    assert "--environment_type=LOOPBACK" in beam_args(config, "local")
    with pytest.raises(ConfigError, match=r"loopback is for this machine only: on vertex"):
        beam_args(config, "vertex")


# What a person is told.


@pytest.mark.parametrize("beam", REMOTE)
def test_every_field_that_was_given_is_in_what_has_to_be_there(beam):
    told = "\n".join(beam_needs(config_with(beam)))
    assert told.startswith(f"beam on {beam['preset']} has to find:\n")
    for name in FIELDS[beam["preset"]]:
        if name not in {"environment"} and beam.get(name):
            assert beam[name] in told
    assert IMAGE in told


def test_permissions_of_dataflow_are_told():
    told = "\n".join(beam_needs(config_with({**DATAFLOW, "service_account": "w@shop"})))
    assert "w@shop: roles/dataflow.worker, roles/storage.objectAdmin" in told
    assert "roles/iam.serviceAccountUser" in told


def test_check_tells_it_and_a_section_from_the_command_line_is_named(tmp_path):
    from tfx_rebalance.pipeline.cli import main

    command = ["check", str(EXAMPLES / "card_fraud.yaml"), "--set"]
    section = ", ".join(f"{key}: {value}" for key, value in DATAFLOW.items())
    done = CliRunner().invoke(main, [*command, f"beam={{{section}, image: {IMAGE!r}}}"])
    assert done.exit_code == 0
    assert "project shop: dataflow.googleapis.com" in done.stdout
    done = CliRunner().invoke(main, [*command, "beam.preset=dataflow"])
    assert done.exit_code == 2
    message = "error: --set beam.preset=dataflow: beam with preset dataflow needs project, region"
    assert done.stderr.startswith(message)
    done = CliRunner().invoke(main, [*command, f"beam={{{section}}}"])
    assert done.exit_code == 2
    assert done.stdout == ""


def test_a_run_here_is_refused_before_anything_is_written(tmp_path):
    from tfx_rebalance.pipeline.cli import main

    section = ", ".join(f"{key}: {value}" for key, value in DATAFLOW.items())
    command = ["run", str(EXAMPLES / "card_fraud.yaml"), "--root", str(tmp_path / "output")]
    done = CliRunner().invoke(main, [*command, "--set", f"beam={{{section}}}"])
    assert done.exit_code == 2
    assert "do not see the disk of this machine" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_examples_of_the_page_are_sections():
    page = (REPOSITORY / "docs" / "beam.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    found = [BeamSettings.model_validate(block["beam"]).preset for block in blocks]
    assert found == ["dataflow", "flink"]
    for preset, fields in FIELDS.items():
        [row] = re.findall(rf"^\| `{preset}` \|.*$", page, re.MULTILINE)
        named = row if "the same" not in row else row + "environment worker_pool image"
        assert [name for name in fields if name not in named] == []


def test_the_last_value_of_a_flag_counts():
    assert given(["--a=1", "--a", "2"], "--a") == "2"
    assert given(["--a", "--b"], "--a") == ""
    assert given(["--aa=1"], "--a") is None
