"""The shared data sets through the whole executor."""

import gzip
import random
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.ingestion import Ingest, report_of, splits_of
from tfx.types import artifact_utils
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from tfx_rebalance.components.example_gen.columns import conform
from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted
from tfx_rebalance.content import content_hashes
from tfx_rebalance.records import read_records, shard_paths

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
SHARES = (0.6, 0.2, 0.2)
SETS = {
    "adult": ("income", 48_842, 0),
    "mammography": ("class", 11_183, 3_334),
    "nsl_kdd": ("label", 125_973, 0),
    "covertype": ("label", 100_000, 0),
}
"""Label, rows, and rows that equal another one where they are dropped."""


def file_of(folder, name):
    """Returns the data set's file."""
    folder /= {"covertype": "covertype_100k"}.get(name, name)
    return folder / f"{folder.name}.csv.gz"


def groups_of(name):
    """Returns the `label_groups` of the example config."""
    config = yaml.safe_load((ROOT / "examples" / f"{name}.yaml").read_text())
    return config["data"].get("label_groups")


def ingest_of(name, folder):
    schema = (ROOT / "schemas" / name / "schema.pbtxt").read_text()
    return Ingest(folder, schema, label=SETS[name][0])


def hashes_of(examples):
    """Returns a hash of each row in each split, sorted: the multiset of the rows."""
    found = {}
    for split in artifact_utils.decode_split_names(examples.split_names):
        paths = shard_paths(artifact_utils.get_split_uri([examples], split))
        records = [r for path in paths for batch in read_records(path) for r in batch]
        batch = ExamplesToRecordBatchDecoder().DecodeBatch(records)
        rows = conform(batch, Wanted({}, "-"), name=split, bad=BadRows())
        found[split] = np.sort(content_hashes(rows))
    return found


def shuffle(source, folder):
    """Writes the rows of a file to two others in another order."""
    with gzip.open(source, "rt") as file:
        header, *rows = file.read().splitlines()
    random.Random(0).shuffle(rows)
    folder.mkdir()
    for number in range(2):
        (folder / f"{number}.csv").write_text("\n".join([header, *rows[number::2], ""]))
    return str(folder / "*.csv")


@pytest.mark.parametrize(
    "name",
    [
        "adult",
        "mammography",
        *(pytest.param(name, marks=pytest.mark.full) for name in ("nsl_kdd", "covertype")),
    ],
)
def test_every_class_has_its_shares_whatever_the_order_of_the_rows(name, shared_data, tmp_path):
    _, rows, duplicates = SETS[name]
    source = file_of(shared_data, name)
    settings = {"drop_duplicates": duplicates > 0, "label_groups": groups_of(name)}
    ingest = ingest_of(name, tmp_path)
    examples = ingest(str(source), **settings)
    report = report_of(examples)
    assert (report["rows"], report["duplicates"], report["bad_rows"]) == (rows, duplicates, 0)
    counts = [list(split["classes"].values()) for split in report["splits"].values()]
    for of_class in zip(*counts, strict=True):
        exact = [share * sum(of_class) for share in SHARES]
        assert all(abs(n - e) < 1 for n, e in zip(of_class, exact, strict=True)), of_class
    found = hashes_of(examples)
    assert sum(map(len, found.values())) == rows - duplicates
    if duplicates:
        every = np.concatenate(list(found.values()))
        assert len(np.unique(every)) == len(every)
    shuffled = hashes_of(ingest(shuffle(source, tmp_path / "shuffled"), **settings))
    assert all(np.array_equal(found[split], shuffled[split]) for split in found)


def test_attacks_never_seen_in_training_come_through_as_they_were_sent(shared_data, tmp_path):
    with gzip.open(file_of(shared_data, "nsl_kdd"), "rt") as file:
        place = next(file).rstrip().split(",").index("label")
        seen = {line.rstrip().split(",")[place] for line in file}
    groups = {name: [v for v in of if v in seen] for name, of in groups_of("nsl_kdd").items()}
    sent = shared_data / "nsl_kdd" / "nsl_kdd_test.csv.gz"
    ingest = ingest_of("nsl_kdd", tmp_path)
    examples = ingest(str(sent), serving=1, label_groups=groups)
    labels = splits_of(examples, "label")["serving"]
    new = set(labels) - {name.encode() for name in groups}
    assert len(labels) == 22_544
    assert len(new) == 17
    assert not {label.decode() for label in new} & seen
    told = report_of(examples)["splits"]["serving"]["classes"]
    assert {label.decode() for label in new} <= set(told)
    assert sum(told.values()) == 22_544
