"""The part of the contract about what Kubernetes is told: the second document of a spec."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tfx_rebalance.pipeline.targets.faults import Fault

ANY_NAME = "*"
_LABELS = {ANY_NAME: str}
_PARAMETER = {ANY_NAME: object}
"""Where a value comes from, as a task's inputs say it."""
_SECRET = {"secretName": str, "secretNameParameter": _PARAMETER, "optional": bool}
_CONFIG_MAP = {"configMapName": str, "configMapNameParameter": _PARAMETER, "optional": bool}
_METADATA = {"labels": _LABELS, "annotations": _LABELS}
_REQUIREMENTS = [{"key": str, "operator": str, "values": [str]}]

FIELDS: Mapping[str, Any] = {
    "activeDeadlineSeconds": int,
    "configMapAsEnv": [{**_CONFIG_MAP, "keyToEnv": [{"configMapKey": str, "envVar": str}]}],
    "configMapAsVolume": [{**_CONFIG_MAP, "mountPath": str}],
    "emptyDirMounts": [{"volumeName": str, "mountPath": str, "medium": str, "sizeLimit": str}],
    "enabledSharedMemory": {"volumeName": str, "size": str},
    "fieldPathAsEnv": [{"name": str, "fieldPath": str}],
    "genericEphemeralVolume": [
        {
            "volumeName": str, "mountPath": str, "accessModes": [str], "size": str,
            "defaultStorageClass": bool, "storageClassName": str, "metadata": _METADATA,
        }
    ],
    "imagePullPolicy": str,
    "imagePullSecret": [{"secretName": str, "secretNameParameter": _PARAMETER}],
    "nodeAffinity": [
        {
            "matchExpressions": _REQUIREMENTS, "matchFields": _REQUIREMENTS, "weight": int,
            "nodeAffinityJson": _PARAMETER,
        }
    ],
    "nodeSelector": {"labels": _LABELS, "nodeSelectorJson": _PARAMETER},
    "podAffinity": [
        {
            "matchPodExpressions": _REQUIREMENTS, "matchPodLabels": _LABELS, "topologyKey": str,
            "namespaces": [str], "matchNamespaceExpressions": _REQUIREMENTS,
            "matchNamespaceLabels": _LABELS, "weight": int, "anti": bool,
        }
    ],
    "podMetadata": _METADATA,
    "pvcMount": [
        {
            "taskOutputParameter": _PARAMETER, "constant": str, "componentInputParameter": str,
            "mountPath": str, "pvcNameParameter": _PARAMETER, "subPath": str,
        }
    ],
    "secretAsEnv": [{**_SECRET, "keyToEnv": [{"secretKey": str, "envVar": str}]}],
    "secretAsVolume": [{**_SECRET, "mountPath": str}],
    "securityContext": {"runAsUser": int, "runAsGroup": int, "runAsNonRoot": bool},
    "tolerations": [
        {
            "key": str, "operator": str, "value": str, "effect": str, "tolerationSeconds": int,
            "tolerationJson": _PARAMETER,
        }
    ],
}  # fmt: skip
"""`KubernetesExecutorConfig` of kfp-kubernetes 2.15: what each field holds; a list's one element
says what its elements are."""
_WORDS = {str: "a text", int: "an integer", bool: "true or false"}


def executor_config_faults(
    executors: Mapping[str, Any], known: Collection[str], place: str
) -> Iterator[Fault]:
    """Yields what is wrong with what Kubernetes is told of each executor.

    Args:
        executors: Label -> its `KubernetesExecutorConfig`.
        known: The labels of the pipeline's executors.
        place: The keys that lead there.
    """
    for label, config in sorted(executors.items()):
        if label not in known:
            yield Fault(f"{place}.{label}", "names an executor that the pipeline has not")
        yield from _faults(config, FIELDS, f"{place}.{label}")


def _faults(value: Any, wanted: Any, place: str) -> Iterator[Fault]:
    if value is None or wanted is object:
        return
    if isinstance(wanted, list):
        yield from _list_faults(value, wanted[0], place)
    elif isinstance(wanted, Mapping):
        yield from _section_faults(value, wanted, place)
    elif type(value) is not wanted and not (wanted is int and _is_long(value)):
        yield Fault(place, f"is {value!r}, not {_WORDS[wanted]}")


def _list_faults(value: Any, wanted: Any, place: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(place, f"is {value!r}, not a list")
        return
    for index, element in enumerate(value):
        yield from _faults(element, wanted, f"{place}[{index}]")


def _section_faults(value: Any, wanted: Mapping[str, Any], place: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(place, f"is {value!r}, not a section with keys")
        return
    for name, inner in value.items():
        if name in wanted or ANY_NAME in wanted:
            yield from _faults(inner, wanted.get(name, wanted.get(ANY_NAME)), f"{place}.{name}")
        else:
            yield Fault(f"{place}.{name}", "is no field that Kubeflow knows")


def _is_long(value: Any) -> bool:
    """Returns whether it is a 64 bit integer as protobuf writes one in JSON."""
    return isinstance(value, str) and value.isdigit()
