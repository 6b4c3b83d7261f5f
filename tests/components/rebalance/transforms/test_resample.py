"""Rebalance's whole Beam graph on small shards: exact, repeatable, mixed, true to its report."""

from collections import Counter, defaultdict
from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from support.resampling import (
    PROCESSES,
    REPEATED,
    THREADS,
    example,
    job_for,
    resampled,
    values_of,
    write_split,
)
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from tfx_rebalance.components.rebalance.records import spill
from tfx_rebalance.components.rebalance.records.labels import LabelFeature
from tfx_rebalance.components.rebalance.records.layout import layout_of_schema
from tfx_rebalance.components.rebalance.transforms import emit, grow
from tfx_rebalance.errors import ConfigError, DataError

pytestmark = pytest.mark.tfx

SCHEMA = """
feature { name: "x" type: FLOAT presence { min_fraction: 1 } }
feature { name: "v" type: FLOAT shape { dim { size: 2 } } presence { min_fraction: 1 } }
feature { name: "n" type: INT presence { min_fraction: 1 } }
feature { name: "color" type: BYTES presence { min_fraction: 1 } }
feature { name: "tags" type: BYTES value_count { min: 0 max: 9 } }
feature { name: "id" type: INT }
feature { name: "patient" type: INT }
feature { name: "y" type: BYTES string_domain { value: "common" value: "rare" } }
"""
COPIED = ("id", "patient")
SIZES = {"common": 150, "rare": 30, "pair": 2, "single": 1}
CLASSES = (*SIZES, "absent")


def layout(label="y"):
    schema = text_format.Parse(SCHEMA, schema_pb2.Schema())
    return layout_of_schema(schema, label=label, copied=COPIED, inputs=None, transformed=False)


def row(number, label):
    """Returns a row in which every value tells its number; one in three has no tags."""
    return example(
        x=number / 7,
        v=[number / 3, float(-number)],
        n=number,
        color=b"red" if number % 3 else b"blue",
        tags=[b"t%d" % number] * (number % 3),
        id=number,
        patient=number % 4,
        y=label and label.encode(),
    )


def in_shards(rows, sizes):
    assert sum(sizes) == len(rows)
    return [rows[end - size : end] for end, size in zip(np.cumsum(sizes), sizes, strict=True)]


LABELS = [label for label, n in SIZES.items() for _ in range(n)]
ROWS = [row(i, label) for i, label in enumerate(LABELS)]
"""Sorted by class."""
KEYS = {
    (shard << 40) + place: record
    for shard, part in enumerate(in_shards(ROWS, (100, 60, 23)))
    for place, record in enumerate(part)
}
"""Row key -> row, as ARCHITECTURE.md says that keys are made."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Returns a function from settings and Beam's options to the outcome, over the same shards."""
    folder = tmp_path_factory.mktemp("split")
    shards = write_split(folder / "in", in_shards(ROWS, (100, 60, 23)))

    def made(settings, *options, reverse=False):
        job = job_for(
            tmp_path_factory.mktemp("run"),
            settings,
            label=LabelFeature("y", "string", CLASSES),
            layout=None if settings["strategy"] in ("none", "undersample", "oversample")
            else layout(),
        )  # fmt: skip
        return resampled(job, shards[::-1] if reverse else shards, options)

    return made


def labels_in(outcome):
    return {label.decode(): n for label, n in outcome.counts().items()}


def assert_even(outcome, *, sources):
    """Asserts that output shards differ by no more rows than there are sources."""
    sizes = [len(shard) for shard in outcome.shards]
    assert max(sizes) - min(sizes) <= sources


def assert_mixed(outcome, marked):
    """Asserts that rows marked, one bool each, lie in every shard and in it as by chance."""
    sizes = np.array([len(shard) for shard in outcome.shards])
    share = np.mean(marked)
    for part in np.split(np.array(marked), np.cumsum(sizes)[:-1]):
        sigma = np.sqrt(len(part) * share * (1 - share))
        assert abs(part.sum() - len(part) * share) <= 4 * sigma
        # Wald and Wolfowitz 1940: how often the mark changes in a random order.
        ones, zeros = part.sum(), (~part).sum()
        runs = 1 + np.count_nonzero(part[1:] != part[:-1])
        mean = 2 * ones * zeros / len(part) + 1
        variance = (mean - 1) * (mean - 2) / (len(part) - 1)
        assert abs(runs - mean) <= 4 * np.sqrt(variance)


def assert_counters(outcome):
    """Asserts that the counters say what the report says, and both what is there."""
    written = labels_in(outcome)
    for name, found in outcome.report.classes.items():
        assert found.before == SIZES.get(name, 0)
        assert found.after == written.get(name, 0)
        assert outcome.counters[f"train/{name}/before"] == found.before
        assert outcome.counters[f"train/{name}/after"] == found.after
        assert outcome.counters.get(f"train/{name}/synthetic", 0) == found.synthetic
    assert outcome.counters["train/written"] == len(outcome.rows)


# No resampling.


@pytest.fixture(scope="module")
def untouched(run):
    return run({"strategy": "none"})


def test_without_resampling_every_row_comes_out_once(untouched):
    assert Counter(untouched.rows) == Counter(ROWS)
    assert_counters(untouched)


def test_rows_sorted_by_class_come_out_mixed_in_shards_of_one_size(untouched):
    assert_even(untouched, sources=3)
    assert_mixed(untouched, [label == b"common" for label in untouched.column("y")])


def test_shards_have_the_names_that_tfx_gives_them(untouched):
    assert sorted(untouched.files) == [f"data_tfrecord-0000{i}-of-00003.gz" for i in range(3)]


# Undersampling.


@pytest.fixture(scope="module")
def undersampled(run):
    how = {"common": 50, "rare": 20}
    return run({"strategy": "undersample", "sampling_strategy": how, "seed": 3})


def test_undersampling_keeps_exactly_as_many_rows_each_once(undersampled):
    assert labels_in(undersampled) == {"common": 50, "rare": 20, "pair": 2, "single": 1}
    assert not Counter(undersampled.rows) - Counter(ROWS)
    assert_counters(undersampled)
    assert_even(undersampled, sources=3)
    assert_mixed(undersampled, [label == b"common" for label in undersampled.column("y")])


def test_threads_and_the_order_of_shards_change_no_byte_of_undersampling(run, undersampled):
    settings = {"strategy": "undersample", "sampling_strategy": {"common": 50, "rare": 20}}
    again = run({**settings, "seed": 3}, *THREADS, reverse=True)
    assert again.files == undersampled.files


def test_another_seed_keeps_other_rows(run, undersampled):
    settings = {"strategy": "undersample", "sampling_strategy": {"common": 50, "rare": 20}}
    other = run({**settings, "seed": 4})
    assert Counter(other.rows) != Counter(undersampled.rows)
    # Two unrelated choices of 50 in 150 share a third of 50: hypergeometric.
    shared = sum((Counter(other.rows) & Counter(undersampled.rows))[r] for r in ROWS[:150])
    sigma = np.sqrt(50 * 1 / 3 * 2 / 3 * 100 / 149)
    assert abs(shared - 50 / 3) <= 4 * sigma


# Oversampling.


@pytest.fixture(scope="module")
def oversampled(run):
    return run({"strategy": "oversample", "seed": 3})


def test_oversampling_repeats_rows_as_evenly_as_can_be(oversampled):
    assert labels_in(oversampled) == {"common": 150, "rare": 150, "pair": 150, "single": 150}
    times = Counter(oversampled.rows)
    assert set(times) == set(ROWS)
    for record, label in zip(ROWS, LABELS, strict=True):
        assert times[record] in {150 // SIZES[label], -(-150 // SIZES[label])}
    assert_counters(oversampled)
    assert_even(oversampled, sources=3)
    assert_mixed(oversampled, [label == b"single" for label in oversampled.column("y")])


def test_a_bundle_that_is_run_again_changes_no_byte_of_oversampling(run, oversampled):
    again = run({"strategy": "oversample", "seed": 3}, *REPEATED)
    assert again.files == oversampled.files


# Weights.


@pytest.fixture(scope="module")
def upweighted(run):
    how = {"strategy": "undersample", "sampling_strategy": {"common": 50}, "upweight": True}
    return run(how)


def test_tensorflow_reads_the_weights_and_every_class_keeps_its_mass(upweighted):
    spec = {
        "y": tf.io.FixedLenFeature([], tf.string),
        "example_weight": tf.io.FixedLenFeature([], tf.float32),
    }
    found = {k: v.numpy() for k, v in tf.io.parse_example(upweighted.rows, spec).items()}
    for name, before in SIZES.items():
        mass = found["example_weight"][found["y"] == name.encode()].sum(dtype=np.float64)
        assert mass == pytest.approx(before, rel=1e-6)
        assert upweighted.report.classes[name].mean_weight == pytest.approx(
            before / upweighted.report.classes[name].after
        )


def test_tfx_bsl_reads_the_weights(upweighted):
    schema = text_format.Parse(SCHEMA, schema_pb2.Schema())
    schema.feature.add(name="example_weight", type=schema_pb2.FLOAT)
    batch = ExamplesToRecordBatchDecoder(schema.SerializeToString()).DecodeBatch(upweighted.rows)
    rows = batch.to_pydict()
    assert sum(weight for [weight] in rows["example_weight"]) == pytest.approx(len(ROWS), abs=1e-4)
    assert all(len(x) == len(y) == 1 for x, y in zip(rows["x"], rows["y"], strict=True))


def test_a_weight_is_all_that_is_added_to_a_row(upweighted):
    by_id = {values_of(record, "id")[0]: record for record in ROWS}
    for record in upweighted.rows:
        features = tf.train.Example.FromString(record).features.feature
        [weight] = features.pop("example_weight").float_list.value
        assert weight == (3 if values_of(record, "y") == [b"common"] else 1)
        before = tf.train.Example.FromString(by_id[features["id"].int64_list.value[0]])
        assert dict(features) == dict(before.features.feature)


def test_without_upweight_no_weight_is_added(undersampled):
    assert set(undersampled.column("example_weight")) == {None}


# New rows.

SMOTE = {"strategy": "smote", "provenance": True, "seed": 5}


@pytest.fixture(scope="module")
def smoted(run):
    return run(SMOTE)


def new_rows(outcome):
    return [record for record in outcome.rows if values_of(record, "synthetic") == [1]]


def parents_of(record):
    return [KEYS[key] for key in values_of(record, "parents")]


def test_every_class_with_rows_ends_at_the_largest(smoted):
    assert labels_in(smoted) == {"common": 150, "rare": 150, "pair": 150, "single": 150}
    assert_counters(smoted)
    report = smoted.report.classes
    assert [(c.kept, c.synthetic, c.duplicated) for c in report.values()] == [
        (150, 0, 0),
        (30, 120, 0),
        (2, 148, 0),
        (1, 0, 149),
        (0, 0, 0),
    ]
    assert len(new_rows(smoted)) == 120 + 148


def test_every_row_of_the_input_is_there_to_the_byte_once(smoted):
    found = Counter(smoted.rows)
    assert [found[record] for record in ROWS] == [1] * len(ROWS)


def test_originals_and_new_rows_lie_interleaved_in_shards_of_one_size(smoted):
    assert_even(smoted, sources=3 + 3)  # Shards, and a block of new rows per growing class.
    originals = set(ROWS)
    assert_mixed(smoted, [record in originals for record in smoted.rows])


def test_parents_are_rows_of_the_class_and_the_new_row_lies_between_them(smoted):
    for record in new_rows(smoted):
        seed, partner = parents_of(record)
        assert values_of(record, "y") == values_of(seed, "y") == values_of(partner, "y")
        assert seed != partner
        gaps = []
        for name in ("x", "v"):
            new, one, other = (np.array(values_of(r, name)) for r in (record, seed, partner))
            gaps += ((new - one) / (other - one)).tolist()
        assert gaps == pytest.approx([gaps[0]] * 3, abs=1e-3)  # On the segment, to float32.
        assert -1e-6 <= gaps[0] <= 1
        [n], [one], [other] = (values_of(r, "n") for r in (record, seed, partner))
        assert abs(n - (one + gaps[0] * (other - one))) <= 0.5 + 1e-3 * abs(other - one)


def test_what_is_not_interpolated_comes_from_the_seed_and_a_category_from_the_class(smoted):
    for record in new_rows(smoted):
        seed, _ = parents_of(record)
        for name in ("id", "patient", "tags", "y"):
            assert values_of(record, name) == values_of(seed, name)
        assert values_of(record, "color") in ([b"red"], [b"blue"])


def test_partners_are_among_the_nearest_of_the_class(smoted):
    """By an independent search: all pairs, in standard scores over all rows."""
    numbers = np.array([[*values_of(r, "x"), *values_of(r, "v"), *values_of(r, "n")] for r in ROWS])
    points = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    rare = np.flatnonzero(np.array(LABELS) == "rare")
    mismatch = np.median(points[rare].std(axis=0)) ** 2
    colors = np.array([values_of(ROWS[i], "color")[0] for i in rare])
    squares = ((points[rare][:, np.newaxis] - points[rare]) ** 2).sum(axis=2)
    squares += mismatch * (colors[:, np.newaxis] != colors)
    np.fill_diagonal(squares, np.inf)
    fifth = np.sort(squares, axis=1)[:, 4]
    for record in new_rows(smoted):
        seed, partner = (values_of(parent, "id")[0] for parent in parents_of(record))
        if LABELS[seed] == "rare":
            one, other = np.searchsorted(rare, [seed, partner])
            assert squares[one, other] <= fifth[one] * (1 + 1e-6)


def test_every_row_of_a_class_is_a_seed_as_often_as_any_other(smoted):
    seeds = Counter(values_of(parents_of(record)[0], "id")[0] for record in new_rows(smoted))
    assert {seeds[i] for i in range(150, 180)} == {4}
    assert {seeds[i] for i in (180, 181)} == {74}


def test_a_class_of_one_row_is_repeated_and_the_report_says_so(smoted):
    single = [r for r in smoted.rows if values_of(r, "y") == [b"single"]]
    features = {str(tf.train.Example.FromString(r).features) for r in single}
    assert len(single) == 150
    assert len({frozenset(f.splitlines()) for f in features}) == 1
    assert all(values_of(r, "synthetic") == values_of(r, "parents") == [] for r in single)
    assert "It has one row, which is repeated" in smoted.report.classes["single"].notes[0]


def test_a_class_of_two_rows_has_one_neighbour_and_the_report_says_so(smoted):
    pair = smoted.report.classes["pair"]
    assert pair.k_neighbors == 1
    assert "k_neighbors is 1 to 1 instead of 5: of 2 rows" in pair.notes[0]


def test_threads_and_the_order_of_shards_change_no_byte_of_new_rows(run, smoted):
    assert run(SMOTE, *THREADS, reverse=True).files == smoted.files


def test_bundles_that_are_run_again_and_small_windows_change_no_byte(run, smoted, monkeypatch):
    monkeypatch.setattr(spill, "WINDOW_BYTES", 2000)
    assert run(SMOTE, *REPEATED).files == smoted.files


def test_how_rows_are_cut_into_blocks_changes_none_of_them(run, smoted, monkeypatch):
    monkeypatch.setattr(emit, "BLOCK_ROWS", 19)
    monkeypatch.setattr(grow, "BLOCK_ROWS", 17)
    again = run(SMOTE)
    assert Counter(again.rows) == Counter(smoted.rows)
    assert_even(again, sources=3 + 8 + 9 + 9)
    assert_counters(again)


@pytest.mark.e2e
def test_processes_change_no_byte(run, smoted):
    assert run(SMOTE, *PROCESSES).files == smoted.files


def test_without_provenance_new_rows_have_the_features_of_the_others(run, smoted):
    plain = run({**SMOTE, "provenance": False})
    names = {frozenset(tf.train.Example.FromString(r).features.feature) for r in plain.rows}
    assert not {"synthetic", "parents"} & frozenset().union(*names)
    stripped = []
    for record in smoted.rows:
        features = tf.train.Example.FromString(record)
        for name in ("synthetic", "parents"):
            features.features.feature.pop(name, None)
        stripped.append(features.SerializeToString(deterministic=True))
    rewritten = [
        tf.train.Example.FromString(r).SerializeToString(deterministic=True) for r in plain.rows
    ]
    assert Counter(rewritten) == Counter(stripped)


def test_parents_share_the_group_if_asked(run):
    outcome = run({**SMOTE, "group_key": "patient"})
    assert labels_in(outcome)["rare"] == 150
    made = new_rows(outcome)
    for record in made:
        seed, partner = parents_of(record)
        assert values_of(seed, "patient") == values_of(partner, "patient")
        assert values_of(record, "patient") == values_of(seed, "patient")
    # The two rows of the pair are of two patients: nobody to go towards.
    pair = outcome.report.classes["pair"]
    assert (pair.synthetic, pair.duplicated) == (0, 148)
    assert Counter(values_of(r, "y")[0] for r in made) == {b"rare": 120}
    assert_counters(outcome)


@pytest.mark.parametrize(
    ("strategy", "options"), [("borderline_smote", THREADS), ("smote_tomek", ())]
)
def test_strategies_that_see_other_classes_are_as_repeatable(run, strategy, options):
    settings = {"strategy": strategy, "seed": 1}
    alone = run(settings)
    again = run(settings, *options, reverse=True)
    assert again.files == alone.files
    assert_counters(alone)


def test_a_large_class_is_searched_in_cells_and_the_recall_is_reported(run, monkeypatch):
    in_cells = partial(grow.tasks_of, exact_rows=20)
    monkeypatch.setattr(grow, "tasks_of", in_cells)
    outcome = run(SMOTE)
    assert_counters(outcome)
    assert labels_in(outcome)["rare"] == 150
    recalls = {name: c.neighbour_recall for name, c in outcome.report.classes.items()}
    assert 0 < recalls.pop("rare") <= 1
    assert set(recalls.values()) == {None}  # Exact.


def test_where_all_features_are_categories_nearness_is_by_how_classes_occur_with_them(tmp_path):
    """Rare rows among their like are safe; two among common ones are in danger, and alone seeds."""
    made = [
        example(color=color, y=label)
        for color, label, n in [
            (b"blue", b"rare", 12),
            (b"red", b"rare", 2),
            (b"red", b"common", 9),
            (b"green", b"common", 30),
        ]
        for _ in range(n)
    ]
    schema = text_format.Parse(
        """feature { name: "color" type: BYTES presence { min_fraction: 1 } }
        feature { name: "y" type: BYTES }""",
        schema_pb2.Schema(),
    )
    job = job_for(
        tmp_path,
        {"strategy": "borderline_smote", "provenance": True},
        label=LabelFeature("y", "string", ("common", "rare")),
        layout=layout_of_schema(schema, label="y", copied=(), inputs=None, transformed=False),
    )
    shards = in_shards(made, (20, 33))
    new = new_rows(resampled(job, write_split(tmp_path / "in", shards)))
    seeds = [shards[key >> 40][key % 2**40] for key in (values_of(r, "parents")[0] for r in new)]
    assert len(seeds) == 25
    assert {values_of(record, "color")[0] for record in seeds} == {b"red"}


# Two classes, for every form of sampling strategy.


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    """Returns a function from settings to the outcome over 90 common and 10 rare rows."""
    rows = [row(i, "rare" if i % 10 == 0 else "common") for i in range(100)]
    shards = write_split(tmp_path_factory.mktemp("binary"), [rows])

    def made(**settings):
        label = LabelFeature("y", "string", ("common", "rare"))
        folder = tmp_path_factory.mktemp("run")
        return resampled(job_for(folder, settings, label=label, layout=layout()), shards)

    return made


@pytest.mark.parametrize(
    ("settings", "common", "rare"),
    [
        ({"strategy": "undersample"}, 10, 10),
        ({"strategy": "undersample", "sampling_strategy": 0.4}, 25, 10),
        ({"strategy": "undersample", "sampling_strategy": {"common": 33, "rare": 7}}, 33, 7),
        ({"strategy": "undersample", "sampling_strategy": {"common": 0.75}}, 30, 10),
        ({"strategy": "oversample", "sampling_strategy": 0.5}, 90, 45),
        ({"strategy": "oversample", "sampling_strategy": {"rare": 33}}, 90, 33),
        ({"strategy": "oversample", "sampling_strategy": {"rare": 0.25}}, 90, 30),
        ({"strategy": "oversample", "max_growth": 2.5}, 90, 25),
        ({"strategy": "oversample", "min_class_size": 11}, 90, 10),
        ({"strategy": "smote", "sampling_strategy": {"rare": 33}}, 90, 33),
        ({"strategy": "smote", "sampling_strategy": {"rare": 0.25, "common": 0.75}}, 90, 30),
    ],
    ids=str,
)
def test_the_counts_are_exactly_what_is_asked(binary, settings, common, rare):
    outcome = binary(**settings)
    assert outcome.counts() == {b"common": common, b"rare": rare}
    report = outcome.report.classes
    assert (report["common"].after, report["rare"].after) == (common, rare)
    limit = settings.keys() & {"max_growth", "min_class_size"}
    assert [name in " ".join(report["rare"].notes) for name in limit] == [True] * len(limit)


def test_a_class_that_does_not_grow_needs_no_new_rows(binary):
    outcome = binary(strategy="smote", sampling_strategy={"rare": 10})
    assert outcome.counts() == {b"common": 90, b"rare": 10}


def test_a_target_out_of_reach_is_refused(binary):
    with pytest.raises(ConfigError, match=r"asks \w+ for 5 rows of 'rare', which has 10"):
        binary(strategy="smote", sampling_strategy={"rare": 5})


# Rows without a label, empty shards, few rows.


def outcome_of(folder, shards, settings, *, classes=("common", "rare")):
    label = LabelFeature("y", "string", classes)
    return resampled(
        job_for(folder, settings, label=label, layout=layout()), write_split(folder / "in", shards)
    )


UNLABELLED = [row(i, None) for i in range(200, 206)]


@pytest.mark.parametrize(
    ("settings", "unlabelled"),
    [
        ({"strategy": "undersample", "missing_labels": "keep"}, 1),
        ({"strategy": "smote", "missing_labels": "drop"}, 0),
        ({"strategy": "tomek_links", "missing_labels": "keep"}, 1),
    ],
    ids=str,
)
def test_rows_without_a_label_are_passed_on_or_dropped(tmp_path, settings, unlabelled):
    rows = [row(i, "rare" if i < 10 else "common") for i in range(40)]
    shards = [UNLABELLED[:4] + rows[:20], rows[20:] + UNLABELLED[4:]]
    outcome = outcome_of(tmp_path, shards, {**settings, "max_missing_labels": 0.2})
    found = Counter(outcome.rows)
    assert [found[record] for record in UNLABELLED] == [unlabelled] * 6
    assert outcome.report.unlabelled == 6
    assert sum(c.before for c in outcome.report.classes.values()) == 40
    if settings["strategy"] == "smote":
        assert [found[record] for record in rows] == [1] * 40


def test_upweight_gives_rows_without_a_label_the_weight_one(tmp_path):
    rows = [row(i, "rare" if i < 10 else "common") for i in range(40)] + UNLABELLED
    settings = {"strategy": "undersample", "upweight": True, "missing_labels": "keep"}
    outcome = outcome_of(tmp_path, [rows], {**settings, "max_missing_labels": 0.2})
    weights = defaultdict(set)
    for label, weight in zip(outcome.column("y"), outcome.column("example_weight"), strict=True):
        weights[label].add(weight)
    assert weights == {None: {1.0}, b"rare": {1.0}, b"common": {3.0}}


def test_more_rows_without_a_label_than_allowed_are_refused(tmp_path):
    rows = [row(i, "common") for i in range(14)] + UNLABELLED
    settings = {"strategy": "undersample", "max_missing_labels": 0.2}
    with pytest.raises(DataError, match=r"split 'train': 6 of 20 rows \(0.3\) have no label"):
        outcome_of(tmp_path, [rows], settings)


@pytest.mark.parametrize("strategy", ["undersample", "smote"])
def test_empty_shards_and_few_rows_are_no_trouble(tmp_path, strategy):
    rows = [row(0, "common"), row(1, "common"), row(2, "rare")]
    outcome = outcome_of(tmp_path, [[], rows[:2], rows[2:]], {"strategy": strategy})
    n = {"undersample": 1, "smote": 2}[strategy]
    assert outcome.counts() == {b"common": n, b"rare": n}
    assert len(outcome.shards) == min(3, 2 * n)


# Order of the input.


def test_classes_in_turn_come_out_mixed(tmp_path):
    """As data lies that was dealt from two queues: every other row of one class."""
    rows = [row(i, "rare" if i % 2 else "common") for i in range(400)]
    outcome = outcome_of(tmp_path, [rows[:200], rows[200:]], {"strategy": "none"})
    assert_even(outcome, sources=2)
    assert_mixed(outcome, [label == b"rare" for label in outcome.column("y")])
