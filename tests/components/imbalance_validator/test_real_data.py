"""On real data: what is there is found, and natural data raises nothing."""

import numpy as np
import pytest

pytestmark = pytest.mark.tfx


def dealt(frame, *, seed, shares=(0.7, 0.15, 0.15)):
    """Returns train, val and eval by chance."""
    order = np.random.default_rng(seed).permutation(len(frame))
    cuts = (np.cumsum(shares)[:-1] * len(frame)).astype(int)
    parts = np.split(order, cuts)
    names = ("train", "val", "eval")
    return {n: frame.iloc[p].reset_index(drop=True) for n, p in zip(names, parts, strict=True)}


@pytest.mark.slow
def test_ten_natural_resplits_of_adult_raise_nothing(judged, adult):
    for seed in range(10):
        splits = dealt(adult, seed=seed)
        half = {name: frame.iloc[::2].reset_index(drop=True) for name, frame in splits.items()}
        before = splits["train"].iloc[1::2].reset_index(drop=True)
        bars = {">50K": 0.9, "<=50K": 0.9}
        found = judged(half, label="income", previous=before, serving=half["val"], bars=bars)
        assert [check.sentence for check in found.checks if check.verdict != "ok"] == []


def test_small_natural_samples_of_adult_raise_no_drift(judged, adult):
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(adult))
        train, val, before = (
            adult.iloc[order[i : i + 300]].reset_index(drop=True) for i in (0, 300, 600)
        )
        found = judged({"train": train, "val": val}, label="income", previous=before)
        names = {"split_skew", "feature_skew", "drift", "label_shift"}
        wrong = [c.sentence for c in found.checks if c.name in names and c.verdict != "ok"]
        assert wrong == []


def test_a_tenfold_label_shift_stops(judged, adult):
    splits = dealt(adult, seed=0)
    rich = splits["train"]["income"] == ">50K"
    before = splits["train"][~rich | (np.arange(len(rich)) % 10 == 0)].reset_index(drop=True)
    found = judged(splits, label="income", previous=before)
    assert found.verdict == "stop"
    [told] = found.told("stop")
    assert "the classes of train are not those of previous: '>50K' is at least" in told
    shift = {c.subject: c.value for c in found.checks if c.name == "label_shift"}
    assert 6 < shift[">50K"] < 10
    assert (
        judged(
            {**splits, "train": before},
            label="income",
            previous=rich.to_frame("x").assign(income=splits["train"]["income"])[["income"]],
        ).verdict
        == "stop"
    )


def test_seventeen_labels_of_nsl_kdd_were_never_seen_in_training(judged, nsl_kdd):
    train, serving = nsl_kdd
    found = judged({"train": train}, label="label", serving=serving)
    unknown = [c for c in found.checks if c.name == "unknown_labels" and c.subject == "serving"]
    assert [(c.value, c.verdict) for c in unknown] == [(17, "warn")]
    assert "17 labels that training never saw: 'mscan' (996), 'apache2' (737)" in (
        unknown[0].sentence
    )
    names = {name for name, _ in {(c.name, c.verdict) for c in found.checks if c.verdict != "ok"}}
    assert {"skew", "label_shift", "min_class_rows", "imbalance_ratio", "near_constant"} <= names
    assert len(found.told("warn")) < 12


def test_one_in_a_thousand_is_flagged(judged, adult):
    rich = (adult["income"] == ">50K").to_numpy()
    kept = ~rich | (np.cumsum(rich) <= 37)
    train = adult[kept].reset_index(drop=True)
    found = judged({"train": train}, label="income")
    told = " ".join(found.told("warn"))
    assert "'<=50K' has 37,155 rows in train, '>50K' 37: 1,004 to 1" in told
    assert found.verdict == "warn"


def test_forty_rare_one_hot_columns_are_one_warning(judged, shared_data):
    import pandas as pd

    frame = pd.read_csv(shared_data / "covertype_100k" / "covertype_100k.csv.gz", nrows=20_000)
    found = judged({"train": frame.astype({"label": str})}, label="label")
    rare = [c for c in found.checks if c.name == "near_constant" and c.verdict == "warn"]
    assert len(rare) > 5
    assert len([told for told in found.told("warn") if "hardly vary" in told]) == 1


@pytest.mark.parametrize("leak", ["copy", "number"])
def test_a_leak_into_adult_is_found_and_nothing_else_is(judged, adult, leak):
    train = adult.iloc[:20_000].reset_index(drop=True)
    rich = train["income"] == ">50K"
    chance = np.random.default_rng(0)
    train["copy" if leak == "copy" else "tax"] = (
        np.where(rich, "high", "low")
        if leak == "copy"
        else chance.normal(size=len(rich)) + 8 * rich
    )
    found = judged({"train": train}, label="income", sliced=True)
    leaks = [c.subject for c in found.checks if c.name == "leakage" and c.verdict == "warn"]
    assert leaks == ["copy" if leak == "copy" else "tax"]
