"""What Kubernetes is told."""

from support.compiled import spec, text_of

from tfx_rebalance.pipeline.targets.contract import faults_of
from tfx_rebalance.pipeline.targets.platform import platform_document
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings

LABELS = ("Read_executor", "Train_executor")


def told(**settings):
    section = KubeflowSettings.model_validate({"root": "gs://b", "image": "i", **settings})
    document = platform_document(section, LABELS, training=["Train_executor", "Tuner_executor"])
    if document is None:
        return None
    assert faults_of(text_of(spec(), document), "kubeflow") == []
    return document["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def test_where_nothing_is_asked_there_is_no_document():
    assert told() is None


def test_nodes_are_chosen_for_training_alone():
    toleration = {"key": "nvidia.com/gpu", "effect": "NoSchedule"}
    assert told(training={"node_selector": {"pool": "gpu"}, "tolerations": [toleration]}) == {
        "Train_executor": {
            "nodeSelector": {"labels": {"pool": "gpu"}},
            "tolerations": [{**toleration, "operator": "Exists"}],
        }
    }


def test_spot_is_the_label_and_the_taint_of_gke_beside_what_else_is_asked():
    found = told(training={"spot": True, "node_selector": {"pool": "gpu"}})["Train_executor"]
    spot = "cloud.google.com/gke-spot"
    assert found["nodeSelector"] == {"labels": {"pool": "gpu", spot: "true"}}
    assert found["tolerations"] == [
        {"key": spot, "operator": "Equal", "value": "true", "effect": "NoSchedule"}
    ]


def test_every_step_gets_secrets_and_volumes():
    secrets = [
        {"secret": "web", "key": "address", "variable": "RUN_WEBHOOK"},
        {"secret": "web", "key": "token", "variable": "TOKEN"},
        {"secret": "store", "key": "id", "variable": "STORE_ID"},
    ]
    found = told(secrets=secrets, volumes=[{"claim": "data", "path": "/data"}])
    assert found["Read_executor"] == found["Train_executor"]
    assert found["Read_executor"] == {
        "secretAsEnv": [
            {
                "secretName": "web",
                "keyToEnv": [
                    {"secretKey": "address", "envVar": "RUN_WEBHOOK"},
                    {"secretKey": "token", "envVar": "TOKEN"},
                ],
            },
            {"secretName": "store", "keyToEnv": [{"secretKey": "id", "envVar": "STORE_ID"}]},
        ],
        "pvcMount": [{"constant": "data", "mountPath": "/data"}],
    }
