"""Where Beam runs: the section `beam` of the config; what it comes to is in `beam_presets.py`."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from tfx_rebalance.settings import Settings

Preset = Literal["direct", "dataflow", "flink", "spark"]
Environment = Literal["docker", "external", "loopback"]

CLUSTER = ("image", "master", "job_server", "environment", "worker_pool")
FIELDS: dict[Preset, tuple[str, ...]] = {
    "direct": (),
    "dataflow": ("image", "project", "region", "temp_location", "service_account", "workers"),
    "flink": CLUSTER,
    "spark": CLUSTER,
}
"""Which fields each preset reads, `args` beside them."""
DATAFLOW_NEEDS = {
    "project": "the project that pays for the workers",
    "region": "where the workers run, such as europe-west1: that of the buckets",
    "temp_location": "a folder for the job's own files, such as gs://bucket/dataflow",
}
PACKAGE_FLAGS = (
    "--extra_package",
    "--extra_packages",
    "--setup_file",
    "--requirements_file",
    "--worker_harness_container_image",
    "--sdk_container_image",
)
"""Any of them keeps TFX from sending workers a package of itself alone."""
IN_PROCESS = ("direct", "fnapi", "bundlebaseddirect", "switchingdirect")
"""Runners whose workers are of this installation."""


class WorkerSettings(Settings):
    """How many machines."""

    min: int = Field(default=1, ge=1)
    """What a job begins with; Dataflow's scaling may fall below it later."""
    max: int = Field(ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> "WorkerSettings":
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}. Swap them")
        return self


class BeamSettings(Settings):
    """A preset and what it needs."""

    preset: Preset = "direct"
    image: str | None = None
    """What workers run in: kubeflow/Dockerfile; null: the image of the section `kubeflow` or
    `vertex`."""
    project: str | None = None
    region: str | None = None
    temp_location: str | None = Field(default=None, pattern=r"^gs://[^/]+")
    service_account: str | None = None
    """Who the workers are; null: the project's default account of Compute Engine."""
    workers: WorkerSettings | None = None
    master: str | None = None
    """Flink: the REST address, `host:8081`; Spark: `spark://host:7077`."""
    job_server: str | None = Field(default=None, pattern=r"^[^/]+:\d+$")
    """`host:8099` of a Beam job server that is running, in place of `master`."""
    environment: Environment | None = None
    """How Flink's or Spark's machines start our code. docker (null is the same): a container of
    the image; external: a pool at `worker_pool` that was started from it; loopback: in the process
    that asks, so for this machine only."""
    worker_pool: str | None = Field(default=None, pattern=r"^[^/]+:\d+$")
    """Where such a pool listens, as the cluster's machines see it: `localhost:50000`."""
    args: tuple[str, ...] = ()
    """Any flag of Beam, after those of the preset; of two the later one counts."""

    @model_validator(mode="after")
    def _complete(self) -> "BeamSettings":
        _no_others_fields(self)
        match self.preset:
            case "direct":
                _no_strangers_without_us(self.args)
            case "dataflow":
                _complete_dataflow(self)
            case _:
                _complete_cluster(self)
        if self.preset != "direct" and given(self.args, "--runner"):
            raise ValueError(
                f"sets --runner in args, which preset {self.preset} says. Take it out of args, or "
                "set preset: direct"
            )
        return self


def given(args: Sequence[str], *names: str) -> str | None:
    """Returns the last value of a flag, "" where it has none, None where it is not there."""
    found = None
    for number, arg in enumerate(args):
        name, equals, value = arg.partition("=")
        if name in names:
            after = args[number + 1] if number + 1 < len(args) else ""
            found = value if equals else "" if after.startswith("--") else after
    return found


def _no_others_fields(beam: BeamSettings) -> None:
    for name in BeamSettings.model_fields:
        if name in {"preset", "args", *FIELDS[beam.preset]} or getattr(beam, name) is None:
            continue
        readers = " and ".join(preset for preset, fields in FIELDS.items() if name in fields)
        raise ValueError(
            f"with preset {beam.preset} does not read {name}, which is for {readers}. Take it out, "
            "or set the preset"
        )


def _no_strangers_without_us(args: Sequence[str]) -> None:
    """Workers elsewhere need our code; TFX would send them a package of TFX alone."""
    runner = (given(args, "--runner") or "direct").rsplit(".", 1)[-1].lower().removesuffix("runner")
    environment = given(args, "--environment_type") or ""
    here = runner in IN_PROCESS or environment == "LOOPBACK" or "subprocess" in environment
    if not here and given(args, *PACKAGE_FLAGS) is None:
        raise ValueError(
            f"has args for {given(args, '--runner')} that do not say where its workers find this "
            "package. Set preset to dataflow, flink or spark, or add "
            "--sdk_container_image=IMAGE to args"
        )


def _complete_dataflow(beam: BeamSettings) -> None:
    missing = [name for name in DATAFLOW_NEEDS if getattr(beam, name) is None]
    if missing:
        wanted = "; ".join(f"{name}: {DATAFLOW_NEEDS[name]}" for name in missing)
        raise ValueError(f"with preset dataflow needs {', '.join(missing)} ({wanted})")


def _complete_cluster(beam: BeamSettings) -> None:
    if (beam.master is None) == (beam.job_server is None):
        example = "host:8081" if beam.preset == "flink" else "spark://host:7077"
        raise ValueError(
            f"with preset {beam.preset} needs either master, such as {example}, or job_server, "
            "such as host:8099, and not both"
        )
    if beam.preset == "spark" and not (beam.master or "spark://").startswith("spark://"):
        raise ValueError(f"master must be spark://host:port for Spark, got {beam.master!r}")
    if (beam.environment == "external") != (beam.worker_pool is not None):
        raise ValueError(
            "needs worker_pool, such as localhost:50000, with environment: external, and only with "
            f"it; got environment {beam.environment or 'docker'} and worker_pool "
            f"{beam.worker_pool or 'null'}"
        )
