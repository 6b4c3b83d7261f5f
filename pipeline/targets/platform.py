"""What Kubernetes is told beside the pipeline: the second document of a spec for Kubeflow."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tfx_rebalance.pipeline.targets.settings import (
    KubeflowSettings,
    KubernetesTraining,
    SecretVariable,
    Toleration,
)

SPOT = "cloud.google.com/gke-spot"
"""The label and the taint of nodes of GKE that may be taken away."""


def platform_document(
    settings: KubeflowSettings, executors: Collection[str], *, training: Collection[str]
) -> dict[str, Any] | None:
    """Returns the `PlatformSpec`, or None where there is nothing to say.

    Args:
        settings: What is wanted.
        executors: The labels of all executors that are containers.
        training: Those of them that Trainer and Tuner have.
    """
    everywhere = _everywhere(settings)
    for_training = _for_training(settings.training)
    wanted = {
        name: {**everywhere, **(for_training if name in training else {})}
        for name in sorted(executors)
    }
    told = {name: config for name, config in wanted.items() if config}
    if not told:
        return None
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": told}}}}


def _everywhere(settings: KubeflowSettings) -> dict[str, Any]:
    """Returns what every step gets."""
    config: dict[str, Any] = {}
    if settings.secrets:
        config["secretAsEnv"] = _secrets(settings.secrets)
    if settings.volumes:
        config["pvcMount"] = [
            {"constant": volume.claim, "mountPath": volume.path} for volume in settings.volumes
        ]
    return config


def _secrets(variables: Sequence[SecretVariable]) -> list[dict[str, Any]]:
    keys: dict[str, list[dict[str, str]]] = {}
    for wanted in variables:
        pair = {"secretKey": wanted.key, "envVar": wanted.variable}
        keys.setdefault(wanted.secret, []).append(pair)
    return [{"secretName": name, "keyToEnv": pairs} for name, pairs in keys.items()]


def _for_training(training: KubernetesTraining) -> dict[str, Any]:
    labels: Mapping[str, str] = {
        **training.node_selector,
        **({SPOT: "true"} if training.spot else {}),
    }
    tolerations = [_toleration(toleration) for toleration in training.tolerations]
    if training.spot:
        spot = Toleration(key=SPOT, operator="Equal", value="true", effect="NoSchedule")
        tolerations.append(_toleration(spot))
    return {
        **({"nodeSelector": {"labels": labels}} if labels else {}),
        **({"tolerations": tolerations} if tolerations else {}),
    }


def _toleration(toleration: Toleration) -> dict[str, str]:
    given: dict[str, str] = toleration.model_dump(exclude_none=True)
    return given
