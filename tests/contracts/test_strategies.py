"""What every strategy of Rebalance promises, whatever its name.

A new strategy is tested by being listed. If it has parameters without defaults, or is not for
everything the data here has, it needs an entry in CASES.
"""

import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.resampling import THREADS, example, job_for, resampled, values_of, write_split
from support.smote_family import streamed
from support.splits import all_but_the_smallest, split_of, wanted_of
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.rebalance.records.labels import LabelFeature
from tfx_rebalance.components.rebalance.records.layout import layout_of_schema
from tfx_rebalance.components.rebalance.registry import STRATEGIES, strategy_named
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.strategies.edited_nearest_neighbours import Cleaner
from tfx_rebalance.components.rebalance.strategies.smote_tomek import SMOTEThenCleaner
from tfx_rebalance.components.rebalance.strategy import Informed, Sampler
from tfx_rebalance.components.rebalance.targets.plan import row_draws
from tfx_rebalance.draws import shard_row_keys
from tfx_rebalance.errors import ConfigError

pytestmark = [pytest.mark.tfx, pytest.mark.parametrize("name", STRATEGIES)]

IMAGES = {"image": "img", "shape": [2, 2, 1], "operations": {"rotation": 30, "brightness": 0.2}}
CUT = {"common": 20, "rare": 9}
CASES: dict[str, dict[str, Any]] = {
    "augment_images": {"parameters": IMAGES},
    "undersample": {"sampling_strategy": CUT},
    "near_miss": {"sampling_strategy": CUT},
    "smote_n": {"copied": ("id", "img", "x", "z")},
}
"""Strategy -> settings without which it cannot do its part here; see DEFAULT."""
DEFAULT: dict[str, Any] = {"copied": ("id", "img")}
DRAW_NOTHING = {
    "none",
    "tomek_links",
    "edited_nearest_neighbours",
    "near_miss",
    "neighbourhood_cleaning",
}
"""Strategies for which another seed changes no choice."""

SCHEMA = """
feature { name: "x" type: FLOAT presence { min_fraction: 1 } }
feature { name: "z" type: FLOAT presence { min_fraction: 1 } }
feature { name: "color" type: BYTES presence { min_fraction: 1 } }
feature { name: "size" type: INT int_domain { is_categorical: true } }
feature { name: "img" type: FLOAT shape { dim { size: 4 } } }
feature { name: "id" type: INT }
feature { name: "y" type: BYTES string_domain { value: "common" value: "rare" } }
"""
SIZES = {"common": 40, "rare": 12, "equal": 5, "single": 1}
CLASSES = (*SIZES, "absent")
LABELS = [label for label, n in SIZES.items() for _ in range(n)]


def settings_for(name, **more):
    """Returns settings that make a strategy do something, or fails for want of an entry."""
    try:
        return RebalanceSettings(strategy=name, **{**DEFAULT, **CASES.get(name, {}), **more})
    except ValidationError as error:
        pytest.fail(f"strategy {name!r} needs an entry in CASES of {__file__}: {error}")


def strategy_for(name):
    return strategy_named(name, CASES.get(name, {}).get("parameters"))


# Names, parameters and targets.


def test_it_loads_by_name_and_the_config_takes_it(name):
    settings = settings_for(name)
    assert settings.strategy == name
    assert settings.chosen == strategy_for(name)
    assert RebalanceSettings.model_validate_json(settings.model_dump_json()) == settings


def test_its_name_can_be_written_in_a_config_and_a_wrong_one_is_put_right(name):
    assert re.fullmatch(r"[a-z][a-z_0-9]*", name)
    with pytest.raises(ValidationError, match=f"did you mean '{name}'"):
        RebalanceSettings(strategy=name + "s")


def test_an_unknown_parameter_is_refused_with_those_it_takes(name):
    parameters = {**CASES.get(name, {}).get("parameters", {}), "no_such": 1}
    with pytest.raises(ValidationError) as error:
        RebalanceSettings(strategy=name, parameters=parameters)
    assert f"parameters.no_such of strategy: {name} is wrong" in str(error.value)
    allowed = ", ".join(type(strategy_for(name)).model_fields) or "none"
    assert f"It takes: {allowed}" in str(error.value)


COUNTS = (
    st.lists(st.integers(0, 1000), min_size=2, max_size=5)
    .filter(any)
    .map(lambda sizes: {f"class {i}": n for i, n in enumerate(sizes)})
)
HOW = st.one_of(
    st.sampled_from(["auto", "minority", "majority", "not minority", "not majority", "all"]),
    st.floats(0.001, 1),
    st.dictionaries(st.sampled_from(["class 0", "class 1"]), st.integers(1, 2000)),
    st.dictionaries(st.sampled_from(["class 0", "class 1"]), st.floats(0.01, 0.99)),
    st.lists(st.sampled_from(["class 0", "class 1"]), unique=True).map(tuple),
)


def unless_refused(ask):
    """Returns the answer, or None where it is refused, which names the key to change."""
    try:
        return ask()
    except ConfigError as error:
        words = str(error)
    assert words.startswith("rebalance.sampling_strategy ")
    return None


@given(counts=COUNTS, how=HOW)
def test_its_targets_are_rows_of_every_class_or_refused_with_the_key_to_change(name, counts, how):
    before = dict(counts)
    targets = unless_refused(lambda: strategy_for(name).targets(counts, how))
    if targets is None:
        return
    assert list(targets) == list(counts)
    assert all(isinstance(n, int) for n in targets.values())
    # No class ends, and none begins.
    assert [n > 0 for n in targets.values()] == [n > 0 for n in counts.values()]
    assert counts == before


@given(counts=COUNTS, how=HOW)
def test_the_classes_it_may_take_rows_from_have_some_or_it_refuses(name, counts, how):
    strategy = strategy_for(name)
    if not isinstance(strategy, Informed):
        return
    chosen = unless_refused(lambda: strategy.chosen(counts, how))
    if chosen is not None:
        assert all(counts[label] for label in chosen)
        assert len(set(chosen)) == len(chosen)


@given(counts=COUNTS, how=HOW)
def test_it_goes_the_way_its_kind_says(name, counts, how):
    targets = unless_refused(lambda: strategy_for(name).targets(counts, how))
    if targets is None:
        return
    change = [targets[label] - n for label, n in counts.items()]
    if name in ("undersample", "near_miss"):
        assert max(change) <= 0
    elif name == "none" or isinstance(strategy_for(name), Cleaner):
        assert not any(change)
    else:
        assert min(change) >= 0


# Through the Beam graph: several classes, a tiny one, one of equal rows.


def row(number, label):
    """Returns a row; classes overlap, and rows of `equal` differ in nothing."""
    number = 7 if label == "equal" else number
    shift = {"common": 0.0, "rare": 1.0, "equal": 0.5, "single": 3.0}[label]
    return example(
        x=number * 0.618 % 1 * 3 + shift,
        z=number * 0.414 % 1 * 3 - shift,
        color=[b"red", b"green", b"blue"][number % 3],
        size=number % 2,
        img=[(number * 37 + i * 59) % 256 / 1.0 for i in range(4)],
        id=number,
        y=label.encode(),
    )


ROWS = [row(i, label) for i, label in enumerate(LABELS)]
SHARDS = [ROWS[:30], ROWS[30:]]


def content_of(record):
    """Returns what a row says, without what only new rows have."""
    return tuple(
        (name, tuple(values_of(record, name)))
        for name in ("x", "z", "color", "size", "img", "id", "y")
    )


def run(name, folder, *options, reverse=False):
    schema = text_format.Parse(SCHEMA, schema_pb2.Schema())
    settings = settings_for(name)
    if not isinstance(settings.chosen, Sampler):
        settings = settings_for(name, provenance=True)
    job = job_for(
        folder,
        settings.model_dump(exclude_unset=True),
        label=LabelFeature("y", "string", CLASSES),
        layout=layout_of_schema(
            schema, label="y", copied=settings.copied, inputs=None, transformed=False
        ),
    )
    shards = write_split(folder / "in", SHARDS)
    return resampled(job, shards[::-1] if reverse else shards, options)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Returns a function from a strategy's name to what it did, done once."""
    known = {}

    def of(name):
        if name not in known:
            try:
                known[name] = run(name, tmp_path_factory.mktemp(name))
            except ConfigError as error:
                pytest.fail(f"strategy {name!r} needs an entry in CASES of {__file__}: {error}")
        return known[name]

    return of


def test_the_report_and_the_counters_say_what_is_there(name, outcomes):
    outcome = outcomes(name)
    found = Counter(label.decode() for label in outcome.column("y"))
    for label, said in outcome.report.classes.items():
        assert said.before == SIZES.get(label, 0)
        assert said.after == found[label] == said.kept + said.duplicated + said.synthetic
        assert said.kept <= said.before
        numbers = {"before": said.before, "after": said.after, "synthetic": said.synthetic}
        for what, number in numbers.items():
            assert outcome.counters.get(f"train/{label}/{what}", 0) == number
    assert outcome.counters["train/written"] == len(outcome.rows)


def test_the_counts_are_exactly_the_targets_but_for_what_a_cleaner_takes(name, outcomes):
    settings = settings_for(name)
    counts = {label: SIZES.get(label, 0) for label in CLASSES}
    targets = settings.chosen.targets(counts, settings.sampling_strategy)
    after = {label: said.after for label, said in outcomes(name).report.classes.items()}
    if isinstance(settings.chosen, Cleaner | SMOTEThenCleaner):
        assert all(after[label] <= target for label, target in targets.items())
        assert sum(after.values()) < sum(targets.values())  # Else the data shows nothing.
    else:
        assert after == targets


def test_a_class_with_rows_keeps_some_and_one_without_gets_none(name, outcomes):
    for label, said in outcomes(name).report.classes.items():
        assert (said.after > 0) == (said.before > 0), label


def test_rows_that_stay_are_the_same_bytes_and_copies_say_the_same(name, outcomes):
    outcome = outcomes(name)
    report = outcome.report.classes.values()
    assert sum((Counter(outcome.rows) & Counter(ROWS)).values()) == sum(c.kept for c in report)
    known = {content_of(record) for record in ROWS}
    others = sum(content_of(record) not in known for record in outcome.rows)
    assert others <= sum(c.synthetic for c in report)


def test_a_new_row_says_so_and_names_its_parents(name, outcomes):
    if isinstance(strategy_for(name), Sampler):
        return
    outcome = outcomes(name)
    new = [record for record in outcome.rows if values_of(record, "synthetic") == [1]]
    assert len(new) == sum(said.synthetic for said in outcome.report.classes.values())
    for record in new:
        seed, partner = values_of(record, "parents")
        label = values_of(record, "y")
        assert values_of(SHARDS[seed >> 40][seed % 2**40], "y") == label
        assert partner == -1 or SHARDS[partner >> 40][partner % 2**40]
        assert partner != seed
    known = {content_of(record) for record in ROWS}
    old = [record for record in outcome.rows if values_of(record, "synthetic") != [1]]
    assert all(content_of(record) in known for record in old)


@pytest.mark.e2e
def test_threads_and_the_order_of_shards_change_no_byte(name, outcomes, tmp_path):
    assert run(name, tmp_path, *THREADS, reverse=True).files == outcomes(name).files


# Seeds.


def choice_of(name, seed):
    """Returns a strategy's choices over a split in memory, as something to compare."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1], [60, 20]))
    split = split_of(rng.normal(size=(80, 2)) + labels[:, np.newaxis], labels)
    strategy = strategy_for(name)
    if isinstance(strategy, Sampler):
        return row_draws(shard_row_keys(0, 80), seed=seed).tolist() if strategy.draws_lots else []
    if not isinstance(strategy, Informed):
        return fields_of(streamed(strategy, split, 30, seed=seed).pairs)
    grows = strategy.targets({"0": 60, "1": 20}, "auto")["1"] > 20
    targets = {1: 50} if grows else {0: 30}
    chosen = all_but_the_smallest(split) if isinstance(strategy, Cleaner) else ()
    verdict = strategy.judged(split, wanted_of(split, chosen=chosen, targets=targets, seed=seed))
    return [verdict.kept.tolist(), {i: fields_of(p) for i, p in verdict.pairs.items()}]


def fields_of(pairs):
    return [pairs.seed.tolist(), pairs.partner.tolist(), pairs.gap.tolist()]


def test_the_same_seed_chooses_the_same_and_another_one_otherwise(name):
    first = choice_of(name, 0)
    assert choice_of(name, 0) == first
    assert (choice_of(name, 1) == first) == (name in DRAW_NOTHING)
