"""What Kubeflow Pipelines and Vertex AI Pipelines are told: one section of the config each."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from tfx_rebalance.components.registrar.settings import RegistrySettings
from tfx_rebalance.settings import Settings

Target = Literal["kubeflow", "vertex"]
Backend = tuple[int, int]
"""A version of Kubeflow's API server."""
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
Memory = Annotated[float, Field(gt=0)]
"""In gigabytes."""

VERTEX_ACCELERATORS = (
    "NVIDIA_TESLA_K80",
    "NVIDIA_TESLA_P100",
    "NVIDIA_TESLA_V100",
    "NVIDIA_TESLA_P4",
    "NVIDIA_TESLA_T4",
    "NVIDIA_TESLA_A100",
    "NVIDIA_A100_80GB",
    "NVIDIA_L4",
    "NVIDIA_H100_80GB",
    "NVIDIA_H100_MEGA_80GB",
    "NVIDIA_H200_141GB",
    "NVIDIA_B200",
    "NVIDIA_GB200",
    "NVIDIA_RTX_PRO_6000",
)
"""GPUs by the names of `google.cloud.aiplatform_v1.types.AcceleratorType`; TensorFlow's TPUs are
not for this Trainer."""


class AcceleratorSettings(Settings):
    """GPUs of one step."""

    type: str = Field(min_length=1)
    """Kubeflow: a resource name of Kubernetes such as `nvidia.com/gpu`; Vertex: such as
    `NVIDIA_TESLA_T4`."""
    count: int = Field(default=1, ge=1, le=16)


class TrainingSettings(Settings):
    """What Trainer and Tuner run on; null: what the target gives every step."""

    image: str | None = None
    """Null: the target's image, or its tag with `-gpu` behind where there is an accelerator."""
    cpu: Annotated[float, Field(gt=0)] | None = None
    memory: Memory | None = None
    accelerator: AcceleratorSettings | None = None


class Toleration(Settings):
    """A taint that Trainer and Tuner may run in spite of, as Kubernetes says it."""

    key: str
    operator: Literal["Exists", "Equal"] = "Exists"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None


class KubernetesTraining(TrainingSettings):
    """The same with what Kubernetes chooses nodes by."""

    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    spot: bool = False
    """Whether nodes that may be taken away are asked for (the label and taint of GKE)."""

    @field_validator("accelerator")
    @classmethod
    def _resource_name(cls, found: AcceleratorSettings | None) -> AcceleratorSettings | None:
        if found is not None and "/" not in found.type:
            raise ValueError(
                f"type must be a resource name of Kubernetes such as 'nvidia.com/gpu', got "
                f"{found.type!r}. Vertex's names do not work there"
            )
        return found


class VertexTraining(TrainingSettings):
    """The same, checked against Vertex's names."""

    @field_validator("accelerator")
    @classmethod
    def _known(cls, found: AcceleratorSettings | None) -> AcceleratorSettings | None:
        if found is not None and found.type not in VERTEX_ACCELERATORS:
            raise ValueError(
                f"type must be one of {', '.join(VERTEX_ACCELERATORS)}, got {found.type!r}"
            )
        return found


class SecretVariable(Settings):
    """A key of a Kubernetes secret as an environment variable of every step."""

    secret: str = Field(min_length=1)
    key: str = Field(min_length=1)
    variable: str = Field(pattern=VARIABLE)


class Volume(Settings):
    """A persistent volume claim that every step sees."""

    claim: str = Field(min_length=1)
    path: str = Field(pattern=r"^/[^/]")


class TargetSettings(Settings):
    """What every target is told."""

    root: str = Field(
        description="where artifacts and released models go, as gs://BUCKET/pipelines"
    )
    image: str = Field(min_length=1, description="what every step runs in, as REGISTRY/IMAGE:TAG")
    """Of kubeflow/Dockerfile, best by digest."""
    retries: int = Field(default=1, ge=0, le=10)
    """How often a step is tried again that may be: not ValidationGate and Pusher."""
    training: TrainingSettings = TrainingSettings()

    @property
    def artifacts(self) -> str:
        """Where the artifacts of runs go."""
        return f"{self.root}/pipeline"

    @property
    def training_image(self) -> str:
        """What Trainer and Tuner run in."""
        on_gpu = f"{self.image}-gpu" if self.training.accelerator is not None else self.image
        return self.training.image or on_gpu

    @model_validator(mode="after")
    def _has_a_training_image(self) -> "TargetSettings":
        training = self.training
        if training.accelerator is None or training.image is not None:
            return self
        found = "by digest" if "@" in self.image else ""
        found = found or ("" if ":" in self.image.rpartition("/")[2] else "without a tag")
        if found:
            raise ValueError(
                f"has an accelerator, and its image {self.image!r} is named {found}, which has "
                "no -gpu behind it. Give training.image, the one of the Dockerfile's stage gpu"
            )
        return self


class KubeflowSettings(TargetSettings):
    """Open-source Kubeflow Pipelines.

    `root` is gs://, or s3:// with a file system for it in the image.
    """

    host: str | None = None
    """The API's address, without a password; null: the environment variable KFP_HOST."""
    namespace: str = "kubeflow"
    experiment: str = "tfx-rebalance"
    service_account: str | None = None
    minimum_backend: str = "2.0"
    """The oldest backend that has to run it. From 2.2 it heeds tolerations, from 2.14 there is an
    exit handler, from 2.17 the time of the schedule."""
    training: KubernetesTraining = KubernetesTraining()
    secrets: tuple[SecretVariable, ...] = ()
    volumes: tuple[Volume, ...] = ()

    def is_on_volume(self, path: str) -> bool:
        """Returns whether every step sees a path on one of the volumes."""
        return any(Path(path).is_relative_to(volume.path) for volume in self.volumes)

    @property
    def backend(self) -> Backend:
        """Major and minor number of that version."""
        major, minor = self.minimum_backend.split(".")
        return int(major), int(minor)

    @field_validator("host")
    @classmethod
    def _no_password(cls, host: str | None) -> str | None:
        if host is not None and "@" in host:
            raise ValueError(
                "has a name or password (before the @), which everybody who sees the config would "
                "see. Give the address alone, and a token in the environment variable KFP_TOKEN"
            )
        return host

    @field_validator("minimum_backend", mode="before")
    @classmethod
    def _version(cls, found: object) -> object:
        if not isinstance(found, str) or not re.fullmatch(r"[2-9]\.\d+", found):
            raise ValueError(
                f"must be a version in quotes such as '2.14', 2.0 at least, got {found!r}. Without "
                "quotes YAML reads a number, and 2.10 as 2.1"
            )
        return found

    @field_validator("root")
    @classmethod
    def _remote(cls, root: str) -> str:
        if not re.match(r"(gs|s3)://[^/]", root):
            raise ValueError(
                f"must be a place such as gs://bucket/pipelines or s3://..., got {root!r}: steps "
                "share no disk"
            )
        return root.rstrip("/")


class VertexSettings(TargetSettings):
    """Vertex AI Pipelines; `root` is gs://."""

    project: str = Field(description="the project of Google Cloud that pays")
    location: str = Field(description="the region, as europe-west4")
    service_account: str | None = None
    network: str | None = None
    labels: dict[str, str] = {}
    training: VertexTraining = VertexTraining()
    registry: RegistrySettings | None = None
    """None: what is released is registered nowhere."""

    @field_validator("root")
    @classmethod
    def _bucket(cls, root: str) -> str:
        if not re.match(r"gs://[^/]", root):
            raise ValueError(f"must be a place such as gs://bucket/pipelines, got {root!r}")
        return root.rstrip("/")


class ExitSettings(Settings):
    """What is done when a run has ended in whatever way."""

    webhook_variable: Annotated[str, Field(min_length=1)] | None = None
    """The environment variable with the address that the final state is posted to; its value is
    in no spec, log or report."""

    @model_validator(mode="after")
    def _a_name(self) -> "ExitSettings":
        if self.webhook_variable is not None and "://" in self.webhook_variable:
            raise ValueError(
                "webhook_variable is the name of an environment variable, not the address itself: "
                "addresses of webhooks are secrets"
            )
        if self.webhook_variable is not None and not re.match(VARIABLE, self.webhook_variable):
            raise ValueError(
                "webhook_variable must be the name of an environment variable, such as "
                f"RUN_WEBHOOK, got {self.webhook_variable!r}"
            )
        return self
