"""A small compiled pipeline with parameters, and the settings of both targets."""

import copy

import yaml

from tfx_rebalance.pipeline.schedules.spec import Spec
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings, VertexSettings

CONTAINER = {"image": "cards:1", "command": ["python"], "args": ["-m", "ingest"]}
PIPELINE = {
    "pipelineInfo": {"name": "cards"},
    "schemaVersion": "2.1.0",
    "sdkVersion": "tfx-1.16.0",
    "components": {"Ingest": {"executorLabel": "Ingest_executor"}},
    "deploymentSpec": {"executors": {"Ingest_executor": {"container": CONTAINER}}},
    "root": {
        "dag": {"tasks": {"Ingest": {"componentRef": {"name": "Ingest"}}}},
        "inputDefinitions": {
            "parameters": {
                "run_date": {"parameterType": "STRING", "defaultValue": ""},
                "epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3},
                "bucket": {"parameterType": "STRING"},
            }
        },
    },
}
PLATFORM = {
    "platforms": {
        "kubernetes": {
            "deploymentSpec": {
                "executors": {"Ingest_executor": {"nodeSelector": {"labels": {"pool": "big"}}}}
            }
        }
    }
}
KUBEFLOW = {"root": "gs://models/pipelines", "image": "cards:1"}
VERTEX = {
    "project": "shop",
    "location": "europe-west4",
    "root": "gs://models/pipelines",
    "image": "cards:1",
    "labels": {"team": "fraud"},
}
PARAMETERS = {"run_date": "", "epochs": 3, "bucket": "gs://raw"}


def spec_text(target, **changes):
    """Returns the pipeline as `compile` writes it, with keys of it changed."""
    documents = [{**copy.deepcopy(PIPELINE), **changes}]
    if target == "kubeflow":
        documents.append(PLATFORM)
    return yaml.safe_dump_all(documents)


def small_spec(target, **changes):
    """Returns the same, read."""
    text = spec_text(target, **changes)
    return Spec(name="cards", text=text, pipeline=next(yaml.safe_load_all(text)))


def kubeflow_settings(**changes):
    """Returns the section `kubeflow` of a config."""
    return KubeflowSettings.model_validate({**KUBEFLOW, **changes})


def vertex_settings(**changes):
    """Returns the section `vertex` of a config."""
    return VertexSettings.model_validate({**VERTEX, **changes})
