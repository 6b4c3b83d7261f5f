"""The comparison of two models on the same rows, through TFMA."""

import json

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from support.evaluations import Scored, evaluate, measured, simulated

from tfx_rebalance.components.evaluator.eval_config import METRICS_MODULE, eval_config
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.records import write_shard
from tfx_rebalance.releases import write_row_keys

pytestmark = pytest.mark.tfx

ROWS = 600
PAIRED = "decision_scores/paired_decisions"
SLICES = [{"features": ("half",), "min_recall": {"default": 0.5}}]
KNOWN = np.arange(ROWS) % 7 == 0
"""Rows the baseline was fitted on."""


def record(number, *, order):
    """Returns a tf.Example with its features in this order: entries of a map are concatenated."""
    values = {
        "n": tf.train.Feature(int64_list=tf.train.Int64List(value=[number])),
        "s": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"s"])),
    }
    entries = [tf.train.Features(feature={name: values[name]}) for name in order]
    inner = b"".join(entry.SerializeToString() for entry in entries)
    return b"\n" + bytes([len(inner)]) + inner


@pytest.fixture(scope="module")
def rows():
    """Returns what two models say of the same rows; the labels are both's."""
    (one, labels), (other, _) = simulated(ROWS), simulated(ROWS, seed=1)
    return {"candidate": one, "baseline": other}, labels


@pytest.fixture(scope="module")
def uri(rows, tmp_path_factory):
    """Returns an evaluation whose second metric does not know what the baseline was fitted on."""
    said, labels = rows
    folder = tmp_path_factory.mktemp("paired")
    seen = [record(n, order="sn") for n in np.flatnonzero(KNOWN)]
    write_shard(str(folder / "train" / "shard.gz"), seen)
    write_row_keys(str(folder / "keys"), [str(folder / "train")])

    config = eval_config(GateSettings(slices=SLICES), "abc", fitted_rows=str(folder / "keys"))
    blind = tfma.MetricConfig(
        class_name="PairedDecisions", module=METRICS_MODULE, config=json.dumps({"name": "blind"})
    )
    config.metrics_specs[0].metrics.append(blind)
    features = {"half": np.array(["left", "right"])[np.arange(ROWS) % 2]}
    records = [record(n, order="ns") for n in range(ROWS)]
    evaluate(folder, Scored(labels, said, features, records), config)
    return folder


def pairs_of(rows, chosen):
    """Returns rows by class and who finds them: both, the candidate, the baseline, none."""
    said, labels = rows
    one, two = (s["decision_scores"].argmax(axis=1) == labels for s in said.values())
    ways = [one & two, one & ~two, ~one & two, ~one & ~two]
    return [[int((way & chosen & (labels == c)).sum()) for way in ways] for c in range(3)]


@pytest.mark.parametrize(
    ("where", "chosen"),
    [((), np.ones(ROWS, bool)), ((("half", "right"),), np.arange(ROWS) % 2 == 1)],
)
def test_rows_that_the_baseline_knows_are_in_no_pair_whatever_their_features_order(
    rows, uri, where, chosen
):
    found = measured(uri, model="candidate")[where]
    assert found[PAIRED][:, :4].tolist() == pairs_of(rows, chosen & ~KNOWN)
    known = np.bincount(rows[1][chosen & KNOWN], minlength=3)
    assert found[PAIRED][:, 4].tolist() == known.tolist()
    assert found["decision_scores/blind"][:, :4].tolist() == pairs_of(rows, chosen)


def test_both_models_are_measured_and_the_pairs_are_the_candidates(rows, uri):
    said, _ = rows
    matrices = {}
    for model in said:
        found = measured(uri, model=model)[()]
        matrices[model] = found["decision_scores/confusion_matrix"].tolist()
        assert (PAIRED in found) == (model == "candidate")
    assert matrices["candidate"] != matrices["baseline"]


def test_curves_of_two_models_have_one_shape_for_tfma_to_subtract(uri):
    for model in ("candidate", "baseline"):
        found = measured(uri, model=model)[()]
        assert found["probabilities/class_pr_curve/a"].shape == (200, 2)
        assert found["probabilities/class_reliability/a"].shape == (15, 3)


def test_alone_there_are_no_pairs(rows, tmp_path):
    said, labels = rows
    evaluate(tmp_path, Scored(labels, {"": said["candidate"]}), eval_config(GateSettings(), "abc"))
    assert PAIRED not in measured(tmp_path)[()]
