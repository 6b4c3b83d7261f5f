"""The simulated transactions: how many, the same for a seed, learnable but not fully."""

import numpy as np
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.example_gen import demo_data
from tfx_rebalance.components.example_gen.demo_data import START, card_transactions, write_demo_data
from tfx_rebalance.components.example_gen.settings import DemoSettings

ROWS = st.integers(1_000, 4_000)
DAYS = st.integers(1, 60)
SEEDS = st.integers(0, 2**32)


def test_the_default_is_60000_rows_over_30_days_with_360_frauds():
    table = card_transactions(DemoSettings())
    assert table.num_rows == 60_000
    assert pc.sum(table["is_fraud"]).as_py() == 360
    assert set(days_of(table)) == set(range(30))


@given(rows=ROWS, days=DAYS, seed=SEEDS)
def test_any_size_has_its_exact_share_of_frauds(rows, days, seed):
    table = card_transactions(DemoSettings(rows=rows, days=days, seed=seed))
    assert table.num_rows == rows
    assert pc.sum(table["is_fraud"]).as_py() == round(0.006 * rows)


@given(rows=ROWS, days=DAYS, seed=SEEDS)
def test_rows_are_sorted_within_the_days_and_the_hour_is_that_of_the_time(rows, days, seed):
    table = card_transactions(DemoSettings(rows=rows, days=days, seed=seed))
    times = times_of(table)
    assert (np.diff(times) >= np.timedelta64(0)).all()
    assert 0 <= days_of(table).min() <= days_of(table).max() < days
    hours = (times - times.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    assert (hours == table["hour"].to_numpy()).all()


@given(settings=st.builds(DemoSettings, rows=ROWS, days=DAYS, seed=SEEDS, drift_day=DAYS))
def test_the_same_settings_give_the_same_rows(settings):
    assert card_transactions(settings).equals(card_transactions(settings))


@given(seed=SEEDS)
def test_another_seed_gives_other_rows(seed):
    one, other = (card_transactions(DemoSettings(rows=1_000, seed=s)) for s in (seed, seed + 1))
    assert not one.equals(other)


@given(days=st.integers(2, 40), drift_day=st.integers(0, 50), seed=SEEDS)
def test_a_drift_leaves_the_days_before_it_as_they_were(days, drift_day, seed):
    plain = DemoSettings(rows=1_000, days=days, seed=seed)
    before = card_transactions(plain)
    drifted = card_transactions(plain.model_copy(update={"drift_day": drift_day}))
    kept = int((days_of(before) < drift_day).sum())
    assert drifted.slice(0, kept).equals(before.slice(0, kept))
    assert (days_of(drifted)[kept:] >= drift_day).all()


def test_after_a_drift_amounts_are_higher_and_frauds_have_left_the_night():
    table = card_transactions(DemoSettings(rows=100_000, drift_day=15))
    late, fraud = days_of(table) >= 15, table["is_fraud"].to_numpy() == 1
    amount, hour = table["amount"].to_numpy(), table["hour"].to_numpy()
    assert np.median(amount[late & ~fraud]) > 1.2 * np.median(amount[~late & ~fraud])
    night = (hour < 6) | (hour >= 22)
    assert night[late & fraud].mean() < night[~late & fraud].mean() - 0.25


@given(seed=SEEDS)
def test_only_device_and_card_age_have_empty_cells_and_few_of_them(seed):
    table = card_transactions(DemoSettings(rows=4_000, seed=seed))
    shares = {name: table[name].null_count / table.num_rows for name in table.column_names}
    assert {name for name, share in shares.items() if share} == {"device", "card_age_days"}
    # 3 % of the customers' cells; at most 10 % of the 24 frauds'; 4 sigma.
    assert max(shares.values()) < 0.031 + 4 * (0.031 / 4_000) ** 0.5


def test_card_testing_comes_in_bursts_on_few_cards():
    frauds = card_transactions(DemoSettings()).filter(pc.field("is_fraud") == 1)
    tiny = frauds.filter(pc.less(frauds["amount"], 5))
    per_card = pc.value_counts(tiny["card_id"]).field("counts").to_numpy()
    assert tiny.num_rows > 100
    assert np.sort(per_card)[-20:].mean() >= 5


def test_a_rule_of_thumb_finds_most_frauds_but_not_all_and_not_frauds_alone():
    table = card_transactions(DemoSettings())
    fraud, amount = table["is_fraud"].to_numpy() == 1, table["amount"].to_numpy()
    new = pc.starts_with(table["device"].fill_null(""), "new").to_numpy()
    suspicious = new & ((amount < 5) | (amount > 100))
    assert 0.5 < suspicious[fraud].mean() < 0.95
    assert 0 < suspicious[~fraud].mean() < 0.05


def test_the_file_holds_the_table_and_is_the_same_each_time(tmp_path):
    settings = DemoSettings(rows=2_000, drift_day=10)
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    write_demo_data(str(one), settings)
    write_demo_data(str(other), settings)
    assert one.read_bytes() == other.read_bytes()
    as_text = pyarrow.csv.ConvertOptions(
        column_types={"timestamp": "string"}, strings_can_be_null=True
    )
    assert pyarrow.csv.read_csv(one, convert_options=as_text).equals(card_transactions(settings))
    assert sorted(tmp_path.iterdir()) == [one, other]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "transactions.csv"
    path.write_text("old")

    def half(_, target):
        with open(target, "w") as file:
            file.write("half")
        raise OSError("disk full")

    monkeypatch.setattr(demo_data.pa.csv, "write_csv", half)
    with pytest.raises(OSError, match="disk full"):
        write_demo_data(str(path), DemoSettings(rows=1_000))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def times_of(table):
    assert all(text.endswith("Z") for text in table["timestamp"].to_pylist())
    return np.array([text[:-1] for text in table["timestamp"].to_pylist()], "datetime64[s]")


def days_of(table):
    return (times_of(table) - START).astype("timedelta64[D]").astype(int)
