"""What the section `beam` comes to: Beam's flags, and what has to be there for them."""

from typing import Literal

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.beam_settings import PACKAGE_FLAGS, BeamSettings, given
from tfx_rebalance.pipeline.config import PipelineConfig

Place = Literal["local", "kubeflow", "vertex"]
"""Where a pipeline's steps run; Beam's workers may be elsewhere."""

WORKERS_ARE_HERE = "workers-of-this-installation"
"""An image that nobody reads: it keeps TFX from building a package of itself, 2 s a node."""


def beam_args(config: PipelineConfig, place: Place) -> list[str]:
    """Returns the flags that every Beam step gets; the same for the same config.

    Raises:
        ConfigError: If the preset's workers cannot work for steps at that place, or nobody says
            what they run in.
    """
    beam = config.beam
    if beam.preset == "direct":
        has_package = not beam.args or given(beam.args, *PACKAGE_FLAGS) is not None
        return [*beam.args, *([] if has_package else [_container(WORKERS_ARE_HERE)])]
    _reachable(beam, place)
    image = WORKERS_ARE_HERE if place == "local" else worker_image(config, place)
    flags = _dataflow(beam) if beam.preset == "dataflow" else _cluster(beam, image)
    return [*flags, _container(image), *beam.args]


def worker_image(config: PipelineConfig, place: Place) -> str:
    """Returns what workers run in.

    Raises:
        ConfigError: If neither `beam` nor the place's section says it.
    """
    section = {"kubeflow": config.kubeflow, "vertex": config.vertex}.get(place)
    image = config.beam.image or (section.image if section else None)
    if image is None:
        raise ConfigError(
            f"beam with preset {config.beam.preset} needs the image that its workers run in. Set "
            "beam.image, or image in the section kubeflow or vertex; kubeflow/Dockerfile builds it."
        )
    return image


def beam_needs(config: PipelineConfig) -> list[str]:
    """Returns what a person has to have ready for the preset, a line each; direct needs nothing.

    Raises:
        ConfigError: As `beam_args` for each place that the config has a section for.
    """
    beam = config.beam
    if beam.preset == "direct":
        return []
    places: list[Place] = [
        place for place in ("kubeflow", "vertex") if getattr(config, place) is not None
    ]
    if not places and beam.environment in {"loopback", "external"}:
        places = ["local"]
    if not places:
        worker_image(config, "local")
    for place in places:
        beam_args(config, place)
    images = dict.fromkeys(worker_image(config, place) for place in places if place != "local")
    lines = _dataflow_needs(beam) if beam.preset == "dataflow" else _cluster_needs(beam)
    return [
        f"beam on {beam.preset} has to find:",
        *(f"  the image {image}, with this version of this package in it" for image in images),
        *(f"  {line}" for line in lines),
    ]


def _container(image: str) -> str:
    return f"--sdk_container_image={image}"


def _reachable(beam: BeamSettings, place: Place) -> None:
    if place == "local" and (beam.preset == "dataflow" or beam.environment in {None, "docker"}):
        raise ConfigError(
            f"beam with preset {beam.preset} has workers that do not see the disk of this machine, "
            "where a run here keeps its artifacts. Run here with --set beam={}, or compile for "
            "kubeflow or vertex."
        )
    if place != "local" and beam.environment == "loopback":
        raise ConfigError(
            f"beam.environment loopback is for this machine only: on {place} a step's pod is not "
            "where the cluster looks for it. Set beam.environment to docker or external."
        )


def _dataflow(beam: BeamSettings) -> list[str]:
    flags = [
        "--runner=DataflowRunner",
        f"--project={beam.project}",
        f"--region={beam.region}",
        f"--temp_location={beam.temp_location}",
        "--experiments=use_runner_v2",
    ]
    if beam.service_account is not None:
        flags.append(f"--service_account_email={beam.service_account}")
    if beam.workers is not None:
        flags.append(f"--num_workers={beam.workers.min}")
        flags.append(f"--max_num_workers={beam.workers.max}")
    return flags


def _cluster(beam: BeamSettings, image: str) -> list[str]:
    if beam.job_server is not None:
        flags = ["--runner=PortableRunner", f"--job_endpoint={beam.job_server}"]
    elif beam.preset == "flink":
        # The job goes to Flink as one file, so that a step needs no Java.
        flags = ["--runner=FlinkRunner", f"--flink_master={beam.master}", "--flink_submit_uber_jar"]
    else:
        flags = ["--runner=SparkRunner", f"--spark_master_url={beam.master}"]
    match beam.environment:
        case "loopback":
            return [*flags, "--environment_type=LOOPBACK"]
        case "external":
            pool = f"--environment_config={beam.worker_pool}"
            return [*flags, "--environment_type=EXTERNAL", pool]
        case _:
            return [*flags, "--environment_type=DOCKER", f"--environment_config={image}"]


def _dataflow_needs(beam: BeamSettings) -> list[str]:
    account = beam.service_account or "the default account of Compute Engine"
    count = beam.workers.max if beam.workers is not None else "as many as Dataflow chooses"
    return [
        f"project {beam.project}: dataflow.googleapis.com and compute.googleapis.com enabled",
        f"quota in {beam.region}: CPUs, disks and addresses for workers ({count})",
        f"bucket of {beam.temp_location}, and that of the pipeline root: in {beam.region}",
        f"{account}: roles/dataflow.worker, roles/storage.objectAdmin on these buckets, "
        "roles/artifactregistry.reader on the image",
        "the account of the steps: roles/dataflow.developer, roles/iam.serviceAccountUser on "
        "the workers' account",
    ]


def _cluster_needs(beam: BeamSettings) -> list[str]:
    lines = [f"a pipeline root that the steps and every worker of {beam.preset} read and write"]
    if beam.job_server is not None:
        lines.append(f"a Beam job server of the image's version at {beam.job_server}")
    elif beam.preset == "flink":
        lines.append(f"Flink's REST port at {beam.master}; Beam's job server file, from Maven")
        lines.append("  Central or args: [--flink_job_server_jar=FILE]")
    else:
        lines.append(f"Spark at {beam.master}; in the steps Java and Beam's job server file, from")
        lines.append("  Maven Central or args: [--spark_job_server_jar=FILE]; job_server needs no")
        lines.append("  Java")
    match beam.environment:
        case "external":
            lines.append(f"a pool of the image, started with --worker_pool, at {beam.worker_pool}")
        case "loopback":
            lines.append("the cluster on this machine")
        case _:
            lines.append("a Docker engine on every worker, with the right to pull the image")
    return lines
