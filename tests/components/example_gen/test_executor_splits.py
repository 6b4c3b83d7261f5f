"""What holds for the splits of any data, through the whole executor."""

import random
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.ingestion import Ingest, records_of, splits_of

from tfx_rebalance.components.example_gen.splitting.shares import Shares, split_sizes

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

FEW = settings(max_examples=3, phases=(Phase.explicit, Phase.generate))
"""Each example is two runs of Beam, half a second each; to shrink one would take minutes."""
COLUMNS = """
feature { name: "n" type: INT } feature { name: "g" type: INT } feature { name: "x" type: FLOAT }
feature { name: "y" type: BYTES string_domain { value: "a" value: "b" value: "c" } }
"""
NAMES = ("train", "val", "eval")


@st.composite
def tables(draw):
    """Returns rows of three classes in groups; `n` is unique, without it some are equal."""
    sizes = [draw(st.integers(30, 120)) for _ in range(3)]
    labels = [label for label, size in zip("abc", sizes, strict=True) for _ in range(size)]
    chance = random.Random(draw(st.integers(0, 2**32)))
    per_group = draw(st.integers(1, 5))
    return pa.table(
        {
            "n": list(range(len(labels))),
            "g": [chance.randrange(max(30, len(labels) // per_group)) for _ in labels],
            "x": [chance.randrange(4) / 4 for _ in labels],
            "y": labels,
        }
    )


@st.composite
def layouts(draw):
    """Returns how rows lie in files: a seed for their order, how many files, rows per group."""
    return draw(st.integers(0, 99)), draw(st.integers(1, 3)), draw(st.integers(1, 200))


def write(table, folder, layout):
    """Writes the rows in another order, to files of some row groups; returns the pattern."""
    seed, files, row_group_size = layout
    order = list(range(table.num_rows))
    random.Random(seed).shuffle(order)
    folder.mkdir()
    for number in range(files):
        part = table.take(pa.array(order[number::files], pa.int64()))
        path = folder / f"{number}.parquet"
        pyarrow.parquet.write_table(part, path, row_group_size=max(row_group_size, len(part) // 2))
    return str(folder / "*.parquet")


def run(table, layout, **given):
    """Returns the records of each split, and which rows (`n`) and groups are in it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        ingest = Ingest(folder, COLUMNS, label="y")
        examples = ingest(write(table, folder / "data", layout), **given)
        return records_of(examples), splits_of(examples, "n"), splits_of(examples, "g")


@FEW
@given(table=tables(), layout=layouts(), seed=st.integers(0, 2**40), train=st.sampled_from((5, 7)))
def test_splits_are_total_disjoint_exact_and_of_the_rows_alone(table, layout, seed, train):
    rest = (10 - train) / 20
    given_shares = {"train": train / 10, "val": rest, "eval": rest}
    how = {"seed": seed, "splits": given_shares}
    records, rows, _ = run(table, (0, 1, 1000), **how)
    found = [n for split in NAMES for n in rows[split]]
    assert sorted(found) == table["n"].to_pylist()
    labels = dict(zip(table["n"].to_pylist(), table["y"].to_pylist(), strict=True))
    shares = Shares(NAMES, tuple(given_shares.values()))
    for label, size in Counter(labels.values()).items():
        counted = {s: sum(labels[n] == label for n in rows[s]) for s in NAMES}
        assert counted == split_sizes(size, shares)
    assert run(table, layout, **how)[0] == records


@FEW
@given(table=tables(), layout=layouts())
def test_groups_are_whole_in_any_layout(table, layout):
    how = {"splits": {"group_by": "g", "min_rows": 0}}
    records, rows, groups = run(table, (0, 1, 1000), **how)
    assert sorted(n for split in NAMES for n in rows[split]) == table["n"].to_pylist()
    apart = [set(groups[split]) for split in NAMES]
    assert sum(map(len, apart)) == len(set.union(*apart))
    assert run(table, layout, **how)[0] == records


@FEW
@given(table=tables(), layout=layouts())
def test_of_equal_rows_one_is_kept_in_any_layout(table, layout):
    plain = table.drop(["n"]).append_column("n", pa.array([0] * table.num_rows))
    plain = plain.select(["n", "g", "x", "y"])
    how = {"splits": {"min_rows": 0}, "drop_duplicates": True}
    records = run(plain, (0, 1, 1000), **how)[0]
    kept = sum(records.values(), Counter())
    assert set(kept.values()) == {1}
    assert len(kept) == len({tuple(row.values()) for row in plain.to_pylist()})
    assert run(plain, layout, **how)[0] == records
