"""Statistics of data frames, as StatisticsGen writes them, and the evidence made of them."""

import gzip
from collections import Counter

import pandas as pd
import pytest

from tfx_rebalance.features import Feature, Features


def features_for(frame, label, classes):
    """Returns what a schema would say of a frame: text is categorical."""
    return Features(
        inputs=[
            Feature(
                name=name,
                dtype={"O": "string", "i": "int", "f": "float"}[frame[name].dtype.kind],
                categorical=frame[name].dtype.kind == "O",
                optional=True,
            )
            for name in frame
            if name != label
        ],
        label=label,
        label_dtype="string",
        classes=tuple(classes),
    )


def statistics_for(frame, *, label=None, schema=None):
    """Returns TFDV's statistics, sliced by a label if one is given."""
    import tensorflow_data_validation as tfdv

    options = tfdv.StatsOptions(schema=schema) if schema else tfdv.StatsOptions()
    whole = tfdv.generate_statistics_from_dataframe(frame, options)
    if label:
        whole.datasets[0].name = "All Examples"
        for value, rows in frame.groupby(label):
            part = tfdv.generate_statistics_from_dataframe(rows.reset_index(drop=True), options)
            whole.datasets.add().CopyFrom(part.datasets[0])
            whole.datasets[-1].name = f"{label}_{value}"
    return whole


@pytest.fixture(scope="session")
def features_of_frame():
    return features_for


@pytest.fixture(scope="session")
def statistics_of():
    return statistics_for


@pytest.fixture(scope="session")
def judged():
    """Returns a function that runs all checks on frames."""
    from tensorflow_metadata.proto.v0 import schema_pb2

    from tfx_rebalance.components.imbalance_validator.checks import all_checks
    from tfx_rebalance.components.imbalance_validator.evidence import Evidence
    from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
    from tfx_rebalance.components.imbalance_validator.statistics import split_of
    from tfx_rebalance.findings import findings_of

    def run(splits, *, label, previous=None, serving=None, sliced=False, bars=None, **settings):
        train = splits["train"]
        classes = settings.pop("classes", sorted(train[label].unique()))

        def split(frame, by=None):
            return None if frame is None else split_of(statistics_for(frame, label=by), label=label)

        evidence = Evidence(
            features=features_for(train, label, classes),
            schema=schema_pb2.Schema(),
            splits={
                name: split(frame, label if sliced and name == "train" else None)
                for name, frame in splits.items()
                if name != "eval"
            },
            counts={
                name: dict.fromkeys(classes, 0) | Counter(frame[label].tolist())
                for name, frame in splits.items()
            },
            previous=split(previous),
            serving=split(serving),
        )
        chosen = ValidateSettings(**settings)
        checks = all_checks(evidence, chosen, bars=bars or {}, confidence=0.95)
        return findings_of(checks, classes=dict(evidence.counts), settings={})

    return run


@pytest.fixture(scope="session")
def adult(shared_data):
    return pd.read_csv(shared_data / "adult" / "adult.csv.gz")


@pytest.fixture(scope="session")
def nsl_kdd(shared_data):
    """Returns the train and the test set, without the column that leaks."""

    def read(name):
        with gzip.open(shared_data / "nsl_kdd" / name) as file:
            return pd.read_csv(file).drop(columns="difficulty_level")

    return read("nsl_kdd.csv.gz"), read("nsl_kdd_test.csv.gz")
