"""Hashes of rows by what is in them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pandas.util import hash_array
from pyarrow import types

from tfx_rebalance.draws import Keys, mix

HASHED_TOGETHER = 1 << 14
"""Rows whose cells of a column fit into a processor's cache."""

_NONE = np.uint64(2**64 - 1)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def row_keys(records: npt.NDArray[np.object_]) -> Keys:
    """Returns a 64-bit key of each row by its features' names and values, (n,).

    The bytes will not do: the features of a tf.Example are in any order. A feature without a value
    is as one that is not there.

    Args:
        records: Serialized tf.Examples, (n,), object of bytes.
    """
    from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

    batch = ExamplesToRecordBatchDecoder().DecodeBatch(list(records))
    sums = np.zeros(batch.num_rows, np.uint64)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if types.is_null(column.type):  # In no row has it a value.
            continue
        hashes = mix(content_hashes(pa.record_batch([column], names=[name])) + _name_key(name))
        lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
        sums += np.where(lengths > 0, hashes, np.uint64(0))
    return mix(sums)


def _name_key(name: str) -> np.uint64:
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "big"))


def keys_of(folders: Iterable[str]) -> Keys:
    """Returns the keys of all rows of some splits, (n,), in the order of their files.

    Raises:
        CorruptArtifactError: If there is no shard, or one is damaged.
    """
    from tfx_rebalance.records import read_records, shard_paths  # Imports TensorFlow.

    shards = [shard for folder in folders for shard in shard_paths(folder)]
    return np.concatenate([row_keys(rows) for shard in shards for rows in read_records(shard)])


def rows_digest(folder: str) -> str:
    """Returns the SHA-256 over the sorted keys of a split: the same for the same rows."""
    return hashlib.sha256(np.sort(keys_of([folder])).tobytes()).hexdigest()


@dataclass(frozen=True)
class _Cells:
    """A number per row that stands for a cell: its bits or, if it is mixed, its hash."""

    values: Keys
    is_mixed: bool = False

    def hashes(self, rows: slice) -> Keys:
        values = self.values[rows]
        return values if self.is_mixed else _mixed(values)


def content_hashes(batch: pa.RecordBatch) -> Keys:
    """Returns a hash of each row's cells, in the order of the columns' names, (rows,), uint64.

    It depends on nothing but the row's cells: not on the rows beside it, nor on the columns' order.
    For scalars it is that of `pandas.util.hash_pandas_object`, with a column more for each of
    integers, which says where they are there.
    """
    cells: list[_Cells] = []
    for name in sorted(batch.schema.names):
        cells += _cells(batch.column(batch.schema.get_field_index(name)))
    result = np.full(batch.num_rows, 0x345678, dtype=np.uint64)
    for start in range(0, batch.num_rows, HASHED_TOGETHER):
        rows = slice(start, start + HASHED_TOGETHER)
        factor = 1000003
        for place, column in enumerate(cells):
            result[rows] ^= column.hashes(rows)
            result[rows] *= np.uint64(factor)
            factor += 82520 + 2 * (len(cells) - place)
    return result + np.uint64(97531)


def _cells(column: pa.Array) -> Iterator[_Cells]:
    if types.is_list(column.type) or types.is_large_list(column.type):
        yield _Cells(_list_hashes(column), is_mixed=True)
    elif types.is_floating(column.type):
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        missing = np.isnan(values)  # Of which there are many in binary; they are one here.
        yield _Cells((np.where(missing, np.nan, values) if missing.any() else values).view("u8"))
    elif types.is_integer(column.type):
        yield _Cells(column.fill_null(0).cast(pa.int64()).to_numpy().view("u8"))
        yield _Cells(column.is_valid().to_numpy(zero_copy_only=False).astype("u8"))
    else:
        yield _Cells(_text_hashes(column), is_mixed=True)


def _text_hashes(column: pa.Array) -> Keys:
    """Returns a hash of each text or its bytes, which have the same, (rows,), uint64."""
    encoded = column.dictionary_encode()
    hashes = np.append(
        hash_array(encoded.dictionary.to_pandas().to_numpy(), categorize=False), _NONE
    )
    places = encoded.indices.fill_null(len(hashes) - 1).to_numpy()
    of_rows: Keys = hashes[places]
    return of_rows


def _list_hashes(column: pa.ListArray) -> Keys:
    """Returns a hash of each list's values and their places in it; of null if there is none."""
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(lengths)
    values = content_hashes(pa.RecordBatch.from_arrays([column.flatten()], names=[""]))
    places = np.arange(len(values)) - np.repeat(ends - lengths, lengths)
    sums = np.cumsum(np.r_[np.uint64(0), mix(values + mix(places.astype(np.uint64)))])
    hashes = mix(sums[ends] - sums[ends - lengths] + mix(lengths.astype(np.uint64)))
    hashes[column.is_null().to_numpy(zero_copy_only=False)] = _NONE
    return hashes


def _mixed(values: Keys) -> Keys:
    """Returns pandas' hash of numbers: SplitMix64's finaliser."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values ^= values >> np.uint64(27)
    values *= _MIX_2
    values ^= values >> np.uint64(31)
    return values
