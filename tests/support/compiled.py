"""A compiled pipeline as TFX writes it, small: two steps, one of which reads the other's output."""

import copy
import json
from typing import Any

import yaml
from support.pipeline_runs import EXAMPLES

from tfx_rebalance.pipeline.config_file import load_config

SECTIONS = (
    "kubeflow={root: gs://bucket/fraud, image: 'rebalance:1', minimum_backend: '2.17'}",
    "vertex={project: p, location: europe-west1, root: gs://bucket/fraud, image: 'rebalance:1'}",
)


def config_of(*overrides: str):
    """Returns the built-in example with both targets' sections."""
    return load_config(EXAMPLES / "card_fraud.yaml", overrides=(*SECTIONS, *overrides))


def spec() -> dict[str, Any]:
    """Returns a spec that both targets take."""
    return copy.deepcopy(_SPEC)


def text_of(*documents: dict[str, Any]) -> str:
    return yaml.safe_dump_all(documents)


def with_exit_handler(given: dict[str, Any]) -> dict[str, Any]:
    """Returns a spec as TFX compiles one with an exit handler: all tasks move into `tfx-dag`."""
    given["components"]["tfx-dag"] = {"dag": given["root"]["dag"]}
    final = {"final_status": {"parameterType": "STRING"}}
    given["components"]["Exit"] = _component("Exit", {"parameters": final})
    given["deploymentSpec"]["executors"]["Exit_executor"] = _executor({"parameters": final})
    given["root"]["dag"] = {
        "tasks": {
            "tfx-dag": {"componentRef": {"name": "tfx-dag"}, "taskInfo": {"name": "tfx-dag"}},
            "Exit": {
                "componentRef": {"name": "Exit"},
                "taskInfo": {"name": "Exit"},
                "dependentTasks": ["tfx-dag"],
                "inputs": {
                    "parameters": {"final_status": {"taskFinalStatus": {"producerTask": "tfx-dag"}}}
                },
                "triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"},
            },
        }
    }
    return given


def with_dynamic_property(given: dict[str, Any], *, task: str = "Read_task") -> dict[str, Any]:
    """Returns a spec in which Train's `rows` is Read's output, as TFX compiles it: wrongly."""
    components = given["components"]
    components["Read"]["outputDefinitions"]["parameters"] = {
        "rows": {"parameterType": "NUMBER_INTEGER"}
    }
    components["Train"]["inputDefinitions"]["parameters"]["rows"] = {"parameterType": "STRING"}
    given["root"]["dag"]["tasks"]["Train"]["inputs"]["parameters"]["rows"] = {
        "taskOutputParameter": {"producerTask": task, "outputParameterKey": "rows"}
    }
    arguments = given["deploymentSpec"]["executors"]["Train_executor"]["container"]["args"]
    arguments[-1] = json.dumps(components["Train"]["inputDefinitions"])
    return given


def _component(name: str, inputs: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    given = {"executorLabel": f"{name}_executor", "inputDefinitions": copy.deepcopy(inputs)}
    return {**given, **({"outputDefinitions": {"artifacts": outputs}} if outputs else {})}


def _executor(inputs: dict[str, Any]) -> dict[str, Any]:
    arguments = ["--executor_class_path", "package.module.Executor"]
    arguments += ["--json_serialized_invocation_args", "{{$}}"]
    arguments += ["--json_serialized_inputs_spec_args", json.dumps(inputs)]
    return {"container": {"image": "i:1", "command": ["python", "-m", "m"], "args": arguments}}


_EXAMPLES = {"artifactType": {"instanceSchema": "title: tfx.Examples\ntype: object\n"}}
_READ = {"parameters": {"run_date": {"parameterType": "STRING"}}}
_TRAIN = {
    "artifacts": {"examples": _EXAMPLES},
    "parameters": {"steps": {"parameterType": "NUMBER_INTEGER"}},
}
_SPEC = {
    "pipelineInfo": {"name": "card-fraud"},
    "schemaVersion": "2.1.0",
    "sdkVersion": "tfx-1.16.0",
    "components": {
        "Read": _component("Read", _READ, examples=_EXAMPLES),
        "Train": _component("Train", _TRAIN),
    },
    "deploymentSpec": {
        "executors": {"Read_executor": _executor(_READ), "Train_executor": _executor(_TRAIN)}
    },
    "root": {
        "inputDefinitions": {
            "parameters": {"run_date": {"parameterType": "STRING", "defaultValue": ""}}
        },
        "dag": {
            "tasks": {
                "Read": {
                    "componentRef": {"name": "Read"},
                    "taskInfo": {"name": "Read"},
                    "cachingOptions": {"enableCache": True},
                    "inputs": {"parameters": {"run_date": {"componentInputParameter": "run_date"}}},
                },
                "Train": {
                    "componentRef": {"name": "Train"},
                    "taskInfo": {"name": "Train"},
                    "cachingOptions": {"enableCache": True},
                    "dependentTasks": ["Read"],
                    "inputs": {
                        "artifacts": {
                            "examples": {
                                "taskOutputArtifact": {
                                    "producerTask": "Read",
                                    "outputArtifactKey": "examples",
                                }
                            }
                        },
                        "parameters": {"steps": {"runtimeValue": {"constant": 5}}},
                    },
                },
            }
        },
    },
}
