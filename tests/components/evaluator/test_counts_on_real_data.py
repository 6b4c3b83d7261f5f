"""Counts of every slice on real data against scikit-learn, through the whole node."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import confusion_matrix
from support.evaluator_runs import (
    features_of,
    rows_of,
    run_evaluator,
    save_model,
    served_decisions,
)
from support.pipeline_runs import EXAMPLES

from tfx_rebalance.components.evaluator.gating.buckets import bucket_names
from tfx_rebalance.components.evaluator.measured import read_measured
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.gate import read_gate

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

ROWS = 4_000


@dataclass(frozen=True)
class Case:
    """A data set, what a model takes of it and how it is sliced."""

    file: str
    config: str
    """That of the examples."""
    label: str
    inputs: tuple[str, ...]
    by: str
    """A column of names."""
    other: str
    """Crossed with it, and with the buckets."""
    number: str
    edges: tuple[float, ...]


CASES = {
    "adult": Case(
        "adult/adult.csv.gz",
        "adult",
        "income",
        ("age", "education_num", "capital_gain", "hours_per_week"),
        by="workclass",
        other="sex",
        number="age",
        edges=(25, 40.5, 65),
    ),
    "nsl_kdd": Case(
        "nsl_kdd/nsl_kdd.csv.gz",
        "nsl_kdd",
        "label",
        ("count", "srv_count", "serror_rate", "same_srv_rate", "dst_host_count"),
        by="flag",
        other="protocol_type",
        number="dst_host_same_srv_rate",
        edges=(0.01, 0.5),
    ),
    "covertype": Case(
        "covertype_100k/covertype_100k.csv.gz",
        "covertype",
        "label",
        ("elevation", "slope", "hillshade_9am", "horizontal_distance_to_roadways"),
        by="wilderness_area_3",
        other="wilderness_area_1",
        number="elevation",
        edges=(2500, 3000),
    ),
}


def read_rows(path, case):
    """Returns a sample of the columns that are used, with the classes of the example config."""
    frame = pd.read_csv(path)
    used = [*case.inputs, case.by, case.other, case.number, case.label]
    frame = frame[list(dict.fromkeys(used))].sample(ROWS, random_state=0, ignore_index=True)
    config = yaml.safe_load((EXAMPLES / f"{case.config}.yaml").read_text())
    groups = config["data"].get("label_groups", {})
    of_group = {raw: name for name, raws in groups.items() for raw in raws}
    return frame.assign(**{case.label: frame[case.label].map(of_group)}) if of_group else frame


def fitted(frame, case):
    """Returns weights by least squares, (1 + inputs, C), and the classes' shares, (C,)."""
    x = frame[list(case.inputs)].to_numpy(float)
    of_class = pd.get_dummies(frame[case.label]).to_numpy(float)
    design = np.column_stack([np.ones(len(x)), x])
    return 4 * np.linalg.lstsq(design, of_class, rcond=None)[0], of_class.mean(axis=0)


def slices_of(case):
    bars = {"min_recall": {"default": 0.1}}
    return [
        {"features": (case.by,), **bars},
        {"features": (case.by, case.other), **bars},
        {"features": (case.number,), "buckets": {case.number: case.edges}, **bars},
        {"features": (case.number, case.other), "buckets": {case.number: case.edges}, **bars},
    ]


def expected_of(frame, case, decided):
    """Returns where -> scikit-learn's confusion matrix, for each slice."""
    ends = [-np.inf, *case.edges, np.inf]
    names = bucket_names(case.edges)
    bucket = pd.cut(frame[case.number], ends, right=False, labels=names).astype(object)
    columns = frame.assign(**{case.number: bucket.fillna("missing"), "decided": decided})
    labels = frame[case.label].astype(str)
    classes = sorted(labels.unique())
    columns["actual"] = labels.map(classes.index)
    found = {}
    for part in slices_of(case):
        keys = sorted(part["features"])
        texts = columns[keys].dropna().astype(str)
        for values in set(texts.itertuples(index=False, name=None)):
            rows = columns.loc[texts.index[(texts == values).all(axis=1)]]
            matrix = confusion_matrix(rows["actual"], rows["decided"], labels=range(len(classes)))
            found[tuple(zip(keys, values, strict=True))] = matrix.tolist()
    return found


@pytest.mark.parametrize("name", CASES)
def test_counts_of_every_slice_are_scikit_learns(name, shared_data, tmp_path):
    case = CASES[name]
    frame = read_rows(shared_data / case.file, case)
    features = features_of(frame, *case.inputs, label=case.label)
    weights, shares = fitted(frame, case)
    model = save_model(tmp_path / "model", features, weights=weights, thresholds=shares)
    artifacts = rows_of(tmp_path, frame, label=case.label)

    found = run_evaluator(
        tmp_path,
        GateSettings(min_recall={"default": 0.1}, slices=slices_of(case)),
        classes=features.classes,
        model=model,
        **artifacts,
    )

    decided = served_decisions(model, artifacts["examples"])
    counts = read_measured(str(found.uri), classes=features.classes, cold_start=True).counts
    actual = frame[case.label].astype(str).map(features.classes.index)
    assert counts.confusion.tolist() == confusion_matrix(actual, decided).tolist()
    expected = expected_of(frame, case, decided)
    measured = {
        tuple(sorted(part.where.items())): part.confusion.tolist() for part in counts.slices
    }
    assert measured == expected
    assert len(expected) > 10
    for cell in read_gate(str(found.uri)).shares:
        if cell.where:
            row = expected[tuple(sorted(cell.where.items()))][features.classes.index(cell.label)]
            assert (cell.hits, cell.rows) == (row[features.classes.index(cell.label)], sum(row))
