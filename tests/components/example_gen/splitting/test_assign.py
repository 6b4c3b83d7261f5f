"""The split of every row: total, disjoint, exact, and by the rows alone."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.example_gen.splitting import keyfile
from tfx_rebalance.components.example_gen.splitting.assign import KeyedPart, assign
from tfx_rebalance.components.example_gen.splitting.keyfile import KEY, write_keys
from tfx_rebalance.components.example_gen.splitting.keys import occurrences
from tfx_rebalance.components.example_gen.splitting.rules import DROPPED, Rules, TimeRules
from tfx_rebalance.components.example_gen.splitting.shares import Shares, split_sizes
from tfx_rebalance.draws import keyed_draws, mix

pytestmark = pytest.mark.tfx

NAMES = ("train", "val", "eval")
CLASSES = ("a", "b", "c")


def rules(how=(0.6, 0.2, 0.2), seed=0, **changes):
    return Rules(Shares(NAMES, how), CLASSES, seed, **changes)


@st.composite
def shares(draw):
    parts = draw(st.lists(st.integers(1, 100), min_size=3, max_size=3))
    return tuple(part / sum(parts) for part in parts)


@st.composite
def keys(draw, min_size=3):
    """Returns rows of three classes with many duplicates, in groups of rows that look alike."""
    sizes = [draw(st.integers(min_size, 30)) for _ in range(3)]
    labels = np.repeat(np.arange(3), sizes)
    low = draw(st.lists(st.integers(0, 9), min_size=len(labels), max_size=len(labels)))
    found = np.zeros(len(labels), dtype=KEY)
    # A duplicate has its original's class and group too: they are among the cells.
    found["content"] = mix(np.array(low, dtype=np.uint64) + labels.astype(np.uint64) * 10)
    found["group"] = mix(np.array(low, dtype=np.uint64) // 2)
    found["time"] = np.array(low) * 100
    found["label"] = labels
    found["row"] = np.arange(len(labels))
    return found


def dealt(rows, how, *, parts=1, splits=()):
    """Returns the assignment of rows that lie in `parts` parts, and the split of each row."""
    pieces = [p.copy() for p in np.array_split(rows, parts)]
    for piece in pieces:
        piece["row"] = np.arange(len(piece))
    with TemporaryDirectory() as folder:
        by = "group" if how.grouped else "content"
        files = [write_keys(str(Path(folder, str(i))), p, by=by) for i, p in enumerate(pieces)]
        given = splits or [""] * parts
        keyed = [KeyedPart(f, len(p), s) for f, p, s in zip(files, pieces, given, strict=True)]
        found = assign(keyed, how)
    return found, np.concatenate([np.empty(0, np.int8), *found.splits])


def members(rows, splits):
    """Returns the multiset of contents in each split."""
    return [sorted(rows["content"][splits == i].tolist()) for i in range(-1, 3)]


@given(rows=keys(), how=shares(), seed=st.integers(0, 2**40))
def test_every_row_is_in_one_split_and_each_class_has_the_announced_rows(rows, how, seed):
    found, splits = dealt(rows, rules(how, seed))
    for label in range(3):
        sizes = split_sizes(int((rows["label"] == label).sum()), Shares(NAMES, how))
        assert found.counts[:, label].tolist() == list(sizes.values())
        counted = np.bincount(splits[rows["label"] == label], minlength=3)
        assert counted.tolist() == list(sizes.values())


@given(rows=keys(), order=st.randoms(use_true_random=False), parts=st.integers(1, 5))
@pytest.mark.parametrize("changes", [{}, {"grouped": True}, {"drop_duplicates": True}])
def test_neither_order_nor_parts_change_a_split(changes, rows, order, parts):
    shuffled = list(range(len(rows)))
    order.shuffle(shuffled)
    how = rules(**changes)
    _, before = dealt(rows, how)
    _, after = dealt(rows[shuffled], how, parts=parts)
    assert members(rows, before) == members(rows[shuffled], after)


@given(rows=keys(), chunk=st.integers(1, 50), grouped=st.booleans())
def test_the_size_of_chunks_changes_nothing(rows, chunk, grouped):
    how = rules(grouped=grouped)
    _, before = dealt(rows, how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyfile, "CHUNK_ROWS", chunk)
        _, after = dealt(rows, how)
    assert after.tolist() == before.tolist()


@given(rows=keys(min_size=0), how=shares(), stratify=st.booleans())
def test_groups_stay_whole_and_no_row_is_lost(rows, how, stratify):
    found, splits = dealt(rows, rules(how, grouped=True, stratify=stratify))
    assert (splits >= 0).all()
    for group in np.unique(rows["group"]):
        assert len(set(splits[rows["group"] == group].tolist())) == 1
    assert found.counts.sum() == len(rows)


def test_whole_groups_come_near_the_shares_of_every_class():
    random = np.random.default_rng(0)
    rows = np.zeros(60_000, dtype=KEY)
    rows["group"] = mix(np.arange(60_000, dtype=np.uint64) // 5)
    rows["content"] = mix(np.arange(60_000, dtype=np.uint64))
    rows["label"] = np.where(random.random(60_000) < 0.01, 1, 0)
    found, _ = dealt(rows, rules(grouped=True))
    shares_of = found.counts[:, :2] / found.counts[:, :2].sum(axis=0)
    assert np.abs(shares_of - np.array([[0.6], [0.2], [0.2]])).max() < 0.01


def test_a_rare_class_of_few_groups_is_in_every_split():
    rows = np.zeros(3030, dtype=KEY)
    rows["label"][:30] = 1
    rows["group"] = mix(np.arange(3030, dtype=np.uint64) // 10)
    rows["content"] = mix(np.arange(3030, dtype=np.uint64))
    found, _ = dealt(rows, rules(grouped=True))
    assert found.counts[:, 1].tolist() == [10, 10, 10]


@given(rows=keys(), how=shares())
def test_without_strata_the_shares_of_all_rows_are_exact(rows, how):
    found, _ = dealt(rows, rules(how, stratify=False))
    sizes = split_sizes(len(rows), Shares(NAMES, how), minimum=0)
    assert found.counts.sum(axis=1).tolist() == list(sizes.values())


@given(rows=keys(min_size=0))
def test_of_duplicates_one_is_kept(rows):
    found, splits = dealt(rows, rules(drop_duplicates=True, min_rows=0))
    kept = rows["content"][splits >= 0]
    assert sorted(kept.tolist()) == sorted(set(rows["content"].tolist()))
    assert found.duplicates == len(rows) - len(kept)


@given(rows=keys(min_size=0))
def test_time_splits_at_its_moments_and_leaves_young_rows_out(rows):
    time = TimeRules(mature_before=800, begins=(300, 500))
    found, splits = dealt(rows, rules(time=time))
    expected = np.select(
        [rows["time"] < 300, rows["time"] < 500, rows["time"] < 800], [0, 1, 2], -1
    )
    assert splits.tolist() == expected.tolist()
    assert found.immature == int((rows["time"] >= 800).sum())
    assert found.cuts is None


@given(rows=keys(), seed=st.integers(0, 100))
def test_what_the_files_say_is_kept_and_val_can_be_cut_from_train(rows, seed):
    half = {"given": True, "seed": seed}
    found, splits = dealt(rows, rules(**half), parts=2, splits=["train", "eval"])
    middle = len(np.array_split(rows, 2)[0])
    assert splits.tolist() == [0] * middle + [2] * (len(rows) - middle)
    assert found.cuts is None
    how = rules((0.75, 0.25, 0.0), cut_from="train", **half)
    found, splits = dealt(rows, how, parts=2, splits=["train", "eval"])
    assert set(splits[middle:].tolist()) == {2}
    train = rows["label"][:middle]
    for label in range(3):
        sizes = split_sizes(int((train == label).sum()), how.shares)
        of_class = np.bincount(splits[:middle][train == label], minlength=3)
        assert of_class.tolist() == list(sizes.values())


def test_a_row_without_a_key_is_dropped():
    rows = np.zeros(6, dtype=KEY)
    rows["row"] = np.arange(6)
    rows["content"] = mix(np.arange(6, dtype=np.uint64))
    with TemporaryDirectory() as folder:
        part = KeyedPart(write_keys(str(Path(folder, "k")), rows[1:], by="content"), 6)
        [splits] = assign([part], rules()).splits
    assert splits[0] == DROPPED
    assert (splits[1:] >= 0).all()


def test_duplicates_are_spread_over_the_splits():
    rows = np.zeros(300, dtype=KEY)
    rows["label"] = np.repeat([0, 1, 2], 100)
    rows["content"] = mix(np.repeat([7, 8, 9], 100).astype(np.uint64))
    _, splits = dealt(rows, rules())
    assert np.bincount(splits).tolist() == [180, 60, 60]


def test_another_row_leaves_almost_all_others_where_they_are():
    rows = np.zeros(3000, dtype=KEY)
    rows["content"] = mix(np.arange(3000, dtype=np.uint64))
    rows["label"] = np.arange(3000) % 3
    _, fewer = dealt(rows[:-3], rules())
    moved = np.count_nonzero(fewer != dealt(rows, rules())[1][:-3])
    assert moved <= 6  # At most one row per class over each of the two borders.


def test_the_cut_points_and_the_seed_say_where_a_row_is():
    rows = np.zeros(3000, dtype=KEY)
    rows["content"] = mix(np.arange(3000, dtype=np.uint64))
    rows["label"] = np.arange(3000) % 3
    found, splits = dealt(rows, rules(seed=5))
    draws = keyed_draws(occurrences(rows["content"]).keys, seed=5, purpose="split")
    points = found.cuts.points[rows["label"]]
    assert ((draws >= points[:, 0]).astype(int) + (draws >= points[:, 1])).tolist() == (
        splits.tolist()
    )


def test_another_seed_gives_another_split():
    rows = np.zeros(3000, dtype=KEY)
    rows["content"] = mix(np.arange(3000, dtype=np.uint64))
    rows["label"] = np.arange(3000) % 3
    one, other = (dealt(rows, rules(seed=seed))[1] for seed in (0, 1))
    # Two unrelated splits agree where 0.6² + 0.2² + 0.2² of the rows are.
    agree = np.count_nonzero(one == other)
    assert abs(agree - 3000 * 0.44) <= 4 * np.sqrt(3000 * 0.44 * 0.56)
