"""The split of every row, from the keys that the first pass kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.example_gen.splitting.cuts import Cuts, Units, cut_points
from tfx_rebalance.components.example_gen.splitting.keyfile import KeyFile, RowKeys, chunks
from tfx_rebalance.components.example_gen.splitting.keys import occurrences
from tfx_rebalance.components.example_gen.splitting.rules import DROPPED, Rules
from tfx_rebalance.components.example_gen.splitting.shares import split_sizes
from tfx_rebalance.draws import Keys, keyed_draws

Integers = npt.NDArray[np.int64]
Splits = npt.NDArray[np.int8]


@dataclass(frozen=True)
class KeyedPart:
    """A part whose rows have been read once."""

    file: KeyFile
    rows: int
    """As they were read, those without a label too."""
    split: str = ""
    """What the input says; "" where rows are dealt."""


@dataclass(frozen=True)
class Assignment:
    """Where the rows go."""

    splits: tuple[Splits, ...]
    """By part, (rows,): the index of each row's split, or `DROPPED`."""
    counts: Integers
    """(splits, classes)."""
    duplicates: int
    """Rows that were dropped because they equal another one."""
    immature: int
    """Rows that were dropped because their label may still change."""
    cuts: Cuts | None
    """None where no row was dealt by a draw."""
    unlabelled: int = 0
    """Rows that have no label though they are old enough for one."""
    torn_groups: int = 0
    """Groups that the input itself has in more than one split."""


@dataclass(frozen=True)
class Chunk:
    """Some rows, all that equal each other and whole groups among them."""

    keys: RowKeys
    part: Integers
    """(n,)."""
    fixed: Splits
    """(n,): the split that is certain, `DROPPED`, or `OPEN` where a draw decides."""
    units: Units
    """What is drawn for."""
    unit_of: Integers
    """(open rows,): the unit of each row that is `OPEN`."""
    duplicates: int
    immature: int
    unlabelled: int


OPEN = -2


def assign(parts: Sequence[KeyedPart], rules: Rules) -> Assignment:
    """Returns the split of each row; rows without a key are dropped.

    Each split gets its share of every class to within a row, or as near as whole groups allow.
    """
    totals = _class_totals(parts, rules)
    read = partial(_chunks, parts, rules, totals)
    cuts = None
    if not rules.time.begins and not (rules.given and rules.cut_from is None):
        cuts = cut_points(
            lambda: (chunk.units for chunk in read()),
            strata=len(rules.classes) if rules.stratify else 1,
            sizes=lambda weight: _sizes(weight, rules),
            fill=rules.grouped and rules.min_rows > 0,
        )
    splits = [np.full(part.rows, DROPPED, dtype=np.int8) for part in parts]
    counts = np.zeros((len(rules.shares.names), len(rules.classes)), dtype=np.int64)
    duplicates = immature = unlabelled = torn = 0
    for chunk in read():
        of_rows = chunk.fixed.copy()
        if cuts is not None:
            of_rows[chunk.fixed == OPEN] = cuts.splits(chunk.units)[chunk.unit_of]
        for number in np.unique(chunk.part).tolist():
            inside = chunk.part == number
            splits[number][chunk.keys["row"][inside]] = of_rows[inside]
        kept = of_rows >= 0
        np.add.at(counts, (of_rows[kept], chunk.keys["label"][kept]), 1)
        duplicates, immature = duplicates + chunk.duplicates, immature + chunk.immature
        unlabelled += chunk.unlabelled
        if rules.grouped and rules.given:
            torn += _torn_groups(chunk.keys["group"][kept], of_rows[kept])
    return Assignment(tuple(splits), counts, duplicates, immature, cuts, unlabelled, torn)


def _torn_groups(groups: Keys, splits: Splits) -> int:
    """Returns how many groups are in more than one split."""
    names, places = np.unique(groups, return_inverse=True)
    there = np.zeros((len(names), int(splits.max(initial=0)) + 1), dtype=bool)
    there[places, splits] = True
    return int((there.sum(axis=1) > 1).sum())


def _sizes(weight: int, rules: Rules) -> Sequence[int]:
    minimum = rules.min_rows if rules.stratify else 0
    return list(split_sizes(weight, rules.shares, minimum=minimum).values())


def _class_totals(parts: Sequence[KeyedPart], rules: Rules) -> Integers:
    totals = np.zeros(len(rules.classes), dtype=np.int64)
    if rules.grouped and rules.stratify:
        for keys, _ in chunks([part.file for part in parts]):
            known = keys["label"] >= 0
            totals += np.bincount(keys["label"][known], minlength=len(totals))
    return totals


def _chunks(parts: Sequence[KeyedPart], rules: Rules, totals: Integers) -> Iterator[Chunk]:
    names = rules.shares.names
    given = np.array([names.index(p.split) if p.split else OPEN for p in parts], dtype=np.int8)
    if rules.cut_from is not None:
        given[given == names.index(rules.cut_from)] = OPEN
    for keys, part in chunks([part.file for part in parts]):
        found = occurrences(keys["content"])
        fixed = given[part] if rules.given else np.full(len(keys), OPEN, dtype=np.int8)
        if rules.time.begins:
            fixed = np.searchsorted(rules.time.begins, keys["time"], side="right").astype(np.int8)
        repeated = (found.number > 0) & rules.drop_duplicates
        young = np.zeros(len(keys), dtype=bool)
        if rules.time.mature_before is not None:
            young = keys["time"] >= rules.time.mature_before
        bare = keys["label"] < 0
        fixed = np.where(repeated | young | bare, np.int8(DROPPED), fixed)
        is_open = fixed == OPEN
        units, unit_of = _units(keys[is_open], found.keys[is_open], rules, totals)
        yield Chunk(
            keys=keys,
            part=part,
            fixed=fixed,
            units=units,
            unit_of=unit_of,
            duplicates=int((repeated & ~bare).sum()),
            immature=int((young & ~(repeated & ~bare)).sum()),
            unlabelled=int((bare & ~young).sum()),
        )


def _units(
    keys: RowKeys, row_keys: npt.NDArray[np.uint64], rules: Rules, totals: Integers
) -> tuple[Units, Integers]:
    """Returns what is drawn for, and the unit of each row."""
    labels = keys["label"].astype(np.int64)
    if not rules.grouped:
        draws = keyed_draws(row_keys, seed=rules.seed, purpose="split")
        strata = labels if rules.stratify else np.zeros(len(keys), dtype=np.int64)
        return Units(draws, strata, np.ones(len(keys), dtype=np.int64)), np.arange(len(keys))
    groups, unit_of = np.unique(keys["group"], return_inverse=True)
    draws = keyed_draws(groups, seed=rules.seed, purpose="split group")
    if not rules.stratify:
        weights = np.bincount(unit_of, minlength=len(groups))
        return Units(draws, np.zeros(len(groups), dtype=np.int64), weights), unit_of
    strata = _rarest_class(labels, unit_of, groups=len(groups), totals=totals)
    weights = np.bincount(unit_of[labels == strata[unit_of]], minlength=len(groups))
    return Units(draws, strata, weights), unit_of


def _rarest_class(
    labels: Integers, unit_of: Integers, *, groups: int, totals: Integers
) -> Integers:
    """Returns the class of each group that has the fewest rows in the data, (groups,)."""
    by_rarity = np.argsort(totals, kind="stable")
    rank = np.empty(len(totals), dtype=np.int64)
    rank[by_rarity] = np.arange(len(totals))
    lowest = np.full(groups, len(totals), dtype=np.int64)
    np.minimum.at(lowest, unit_of, rank[labels])
    rarest: Integers = by_rarity[lowest]
    return rarest
