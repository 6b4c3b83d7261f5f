"""Distances are TFDV's, and chance alone seldom goes beyond its allowance."""

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.tfx

FEATURES = ["few", "many", "text", "rare", "tail", "zeros", "whole", "flag", "holes"]


@pytest.fixture(scope="module")
def table(statistics_of):
    from tfx_rebalance.components.imbalance_validator.statistics import split_of

    return lambda frame: split_of(statistics_of(frame), label="none").table


@pytest.fixture(scope="module")
def apart(table):
    from tfx_rebalance.components.imbalance_validator.distances import distances

    def measure(now, before, features=None, false_alarm=0.01):
        found = distances(
            table(now), table(before), features=features or list(now), false_alarm=false_alarm
        )
        return {d.feature: d for d in found}

    return measure


def sample(chance, rows):
    """Returns columns that give comparators trouble: long tails, ties, ids, holes."""
    return pd.DataFrame(
        {
            "few": chance.choice(["a", "b", "c"], rows),
            "many": chance.integers(0, 2000, rows).astype(str),
            "text": np.where(
                chance.random(rows) < 0.3, "top", chance.integers(0, 9, rows).astype(str)
            ),
            "rare": np.where(chance.random(rows) < 0.01, "a", "b"),
            "tail": chance.lognormal(0, 2, rows),
            "zeros": np.where(chance.random(rows) < 0.9, 0, chance.lognormal(0, 2, rows)),
            "whole": chance.poisson(3, rows),
            "flag": (chance.random(rows) < 0.05).astype(int),
            "holes": np.where(chance.random(rows) < 0.3, np.nan, chance.normal(size=rows)),
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize(("now", "before"), [(50, 200), (200, 2000), (2000, 2000)])
def test_samples_of_one_distribution_are_beyond_chance_as_seldom_as_asked(table, now, before):
    from tfx_rebalance.components.imbalance_validator.distances import distances

    chance, runs, asked = np.random.default_rng(now), 40, 0.2
    alarms = 0
    for _ in range(runs):
        one, other = table(sample(chance, now)), table(sample(chance, before))
        found = distances(one, other, features=FEATURES, false_alarm=asked)
        assert len(found) == len(FEATURES)
        alarms += any(d.beyond_chance > 0 for d in found)
        assert max(d.beyond_chance for d in found) < 0.05
    assert alarms / runs <= asked + 4 * np.sqrt(asked * (1 - asked) / runs)


def test_tfdv_alone_would_cry_wolf_over_a_long_tail(statistics_of, apart):
    import tensorflow_data_validation as tfdv
    from tensorflow_metadata.proto.v0 import schema_pb2

    chance = np.random.default_rng(0)
    one, other = sample(chance, 2000)[["zeros"]], sample(chance, 2000)[["zeros"]]
    schema = schema_pb2.Schema()
    feature = schema.feature.add(name="zeros", type=schema_pb2.FLOAT)
    feature.drift_comparator.jensen_shannon_divergence.threshold = 0.1
    anomalies = tfdv.validate_statistics(
        statistics_of(one), schema, previous_statistics=statistics_of(other)
    )
    assert "zeros" in anomalies.anomaly_info
    assert apart(one, other)["zeros"].measured < 0.01


def test_l_infinity_is_that_of_tfdv_and_of_the_definition(statistics_of, apart):
    import tensorflow_data_validation as tfdv
    from tensorflow_metadata.proto.v0 import schema_pb2

    one = pd.DataFrame({"x": ["a"] * 50 + ["b"] * 30 + ["c"] * 20})
    other = pd.DataFrame({"x": ["a"] * 20 + ["b"] * 20 + ["d"] * 160})
    schema = schema_pb2.Schema()
    feature = schema.feature.add(name="x", type=schema_pb2.BYTES)
    feature.drift_comparator.infinity_norm.threshold = 1
    [info] = tfdv.validate_statistics(
        statistics_of(one), schema, previous_statistics=statistics_of(other)
    ).drift_skew_info
    measured = apart(one, other)["x"].measured
    assert measured == pytest.approx(info.drift_measurements[0].value) == pytest.approx(0.8)


def test_jensen_shannon_is_scipys_on_whole_numbers(apart):
    from scipy.spatial.distance import jensenshannon

    one, other = ([0] * 40 + [1] * 60, [0] * 90 + [1] * 10)
    expected = jensenshannon([0.4, 0.6], [0.9, 0.1], base=2) ** 2
    found = apart(pd.DataFrame({"x": one * 10}), pd.DataFrame({"x": other * 10}))["x"]
    assert found.measured == pytest.approx(expected, abs=0.005)


def test_a_shift_is_measured_whatever_the_scale(apart):
    chance = np.random.default_rng(0)
    one = pd.DataFrame({"x": chance.normal(0, 1, 3000), "y": chance.lognormal(0, 2, 3000)})
    other = pd.DataFrame({"x": chance.normal(1.5, 1, 3000), "y": chance.lognormal(3, 2, 3000)})
    assert all(d.beyond_chance > 0.2 for d in apart(one, other).values())


def test_cells_that_go_missing_are_a_distance(apart):
    full = pd.DataFrame({"n": np.arange(1000.0), "t": ["a", "b"] * 500})
    half = full.where(pd.DataFrame({name: np.arange(1000) % 2 == 0 for name in full}))
    found = apart(half, full)
    assert found["t"].measured == pytest.approx(0.5)
    assert found["n"].measured > 0.2
    none = pd.DataFrame({"other": [1.0] * 1000})
    gone = apart(none, full, features=["n", "t"])
    assert [gone[name].measured for name in ("n", "t")] == pytest.approx([1, 1])


def test_kept_values_that_depend_on_the_size_are_no_difference(apart):
    chance = np.random.default_rng(0)
    top = np.array(["top"] * 10_000)
    one = np.where(chance.random(10_000) < 0.3, top, chance.integers(0, 20_000, 10_000).astype(str))
    found = apart(pd.DataFrame({"x": one}), pd.DataFrame({"x": one[:1500]}))["x"]
    assert found.beyond_chance == 0


def test_text_that_became_a_number_is_not_compared(apart):
    assert apart(pd.DataFrame({"x": ["1", "2"]}), pd.DataFrame({"x": [1, 2]})) == {}
